"""Connections that are open and free, the youngest first: it is the least likely to have been closed."""

import asyncio

from proxy.upstream.connection import Connection
from proxy.upstream.dial import Dialer


class Pool:
    """Connections of one upstream. Whoever takes one gives it back, or aborts it."""

    def __init__(self, dialer: Dialer, keepalive: float, most: int) -> None:
        self._dialer, self._keepalive, self._most = dialer, keepalive, most
        self._loop = asyncio.get_running_loop()  # which asks the system, in Python 3.11: not for every request
        self._idle: list[Connection] = []
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> int:
        """How many are free."""
        return len(self._idle)

    def take(self) -> Connection | None:
        """A free connection, None if there is none."""
        now = self._loop.time()
        while self._idle:
            connection = self._idle.pop()
            if connection.open and now - connection.since < self._keepalive:
                return connection
            connection.abort()
        return None

    async def open(self) -> Connection:
        """A new connection. Raises as `Dialer.open` does."""
        return await self._dialer.open()

    def give_back(self, connection: Connection) -> None:
        """A connection that is not needed any more; kept if it can serve again."""
        if len(self._idle) >= self._most:
            self._idle = [idle for idle in self._idle if idle.open]
        if not connection.reusable or len(self._idle) >= self._most:
            connection.abort()
            return
        connection.keep()
        self._idle.append(connection)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(self._keepalive, self._sweep)

    def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        while self._idle:
            self._idle.pop().abort()

    def _sweep(self) -> None:
        """End those that nobody has taken for so long; look again while any is left."""
        long_ago = self._loop.time() - self._keepalive
        for connection in self._idle:
            if connection.since <= long_ago or not connection.open:
                connection.abort()
        self._idle = [connection for connection in self._idle if connection.open]
        self._sweeper = self._loop.call_later(self._keepalive, self._sweep) if self._idle else None

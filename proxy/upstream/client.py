"""Requests to the upstream in exact bytes, over connections that are kept. Knows nothing of who asks."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec
from yarl import URL

from proxy.headers import RawPairs, lines
from proxy.settings.config import UpstreamSettings
from proxy.telemetry.counters import Counters
from proxy.upstream.connection import Connection
from proxy.upstream.dial import Dialer
from proxy.upstream.faults import PROBLEMS, ConnectionLost, upstream_error
from proxy.upstream.pool import Pool
from proxy.wire.framing import LAST_CHUNK
from proxy.wire.heads import ReplyHead, request_head

_CHUNKED = b"Transfer-Encoding: chunked\r\n"

OnInterim = Callable[[ReplyHead], Awaitable[None]]


class OutgoingBody(Protocol):
    """The body of a request. To iterate over it gives what is still to come; what that raises, `send` raises."""

    chunks: list[bytes]
    """What has come of it and is held."""
    complete: bool
    """Whether all of it has come."""
    whole: bool
    """Whether all that has come is held: then it can be sent again."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...


class Request(msgspec.Struct):
    """What is to be sent, and what `send` reports of how that went, whether or not there is a reply.

    `lines` are the headers that travel end to end, as they are sent. `chunked` says how the body is framed; `upgrade`
    are the headers that ask for another protocol, if any do.
    """

    method: bytes
    target: bytes
    lines: bytes
    body: OutgoingBody
    chunked: bool = False
    upgrade: RawPairs | tuple[()] = ()
    waited: float = 0.0
    """Seconds that were spent in waiting for the upstream, or for the rest of the body."""
    retried: bool = False
    """Whether it was sent twice, the first time in vain."""

    def waited_for(self, seconds: float) -> None:
        """Seconds in which the upstream, or the rest of the body, was waited for."""
        self.waited += seconds

    def sent_again(self) -> None:
        """The first time was in vain."""
        self.retried = True

    def framed(self, chunks: Iterable[bytes]) -> list[bytes]:
        """Chunks of the body as they are sent; when it is complete, with its end."""
        if not self.chunked:
            return [*chunks]
        parts = [part for chunk in chunks for part in (b"%x\r\n" % len(chunk), chunk, b"\r\n")]
        return [*parts, LAST_CHUNK] if self.body.complete else parts


class Upstream:
    """The upstream of this process, with its one pool of connections."""

    def __init__(self, settings: UpstreamSettings, pool: Pool, counters: Counters) -> None:
        url = URL(settings.url)
        self._name, self._pool, self._counters = url.host, pool, counters
        self._host, self._prefix = lines([(b"Host", url.raw_authority.encode())]), url.raw_path.rstrip("/").encode()
        self._perhaps_tls = url.scheme == "http"
        """Whether it is spoken to in plain http, and has never replied."""

    @property
    def idle(self) -> int:
        """How many connections are open and free."""
        return self._pool.idle

    async def send(self, request: Request, on_interim: OnInterim) -> tuple[Connection, ReplyHead]:
        """Send a request; gives the final head of its reply, and the connection that brings the rest.

        The connection is to be given back by `release`. `on_interim` gets the heads before the final one. Raises
        `UpstreamError` when there is no reply, and what the body raises.

        A pooled connection that turns out to be closed costs one retry, on a fresh one, if the upstream as good as
        certainly read nothing of the request, and its body is still held.
        """
        try:
            connection = await self._take(request)
            try:
                head = await self._ask(connection, request, on_interim)
            except ConnectionLost as error:
                if not (error.unread and request.body.whole):
                    raise
                request.sent_again()
                connection = await self._take(request, fresh=True)
                head = await self._ask(connection, request, on_interim)
        except PROBLEMS as error:
            raise upstream_error(error, self._name, perhaps_tls=self._perhaps_tls) from error
        self._perhaps_tls = False
        self._counters.reply_begun(time.time())
        return connection, head

    def release(self, connection: Connection) -> None:
        """The reply is done with, at its end or before."""
        self._counters.reply_ended()
        self._pool.give_back(connection)

    async def _take(self, request: Request, *, fresh: bool = False) -> Connection:
        connection = None if fresh else self._pool.take()
        if connection is not None:
            self._counters.connection_reused()
            return connection
        begun = time.perf_counter()
        try:
            connection = await self._pool.open()
        finally:
            request.waited_for(time.perf_counter() - begun)
        self._counters.connection_opened()
        return connection

    async def _ask(self, connection: Connection, request: Request, on_interim: OnInterim) -> ReplyHead:
        """Send the request, and wait for the final head of its reply.

        What is not there yet of the body follows while the reply is awaited: an upstream may answer before it has
        the whole of it. When anything fails, the connection is ended.
        """
        begun = time.perf_counter()
        try:
            connection.begin(request.method, upgrade=bool(request.upgrade))
            connection.write([self._head(request), *request.framed(request.body.chunks)])
            begun = time.perf_counter()
            if not request.body.complete:
                connection.send_alongside(_send_rest(connection, request))
            while (head := await connection.head()).interim:
                await on_interim(head)
            return head
        except BaseException:
            connection.abort()
            raise
        finally:
            request.waited_for(time.perf_counter() - begun)

    def _head(self, request: Request) -> bytes:
        framing = _CHUNKED if request.chunked else b""
        header_lines = b"".join((self._host, request.lines, lines(request.upgrade), framing))
        return request_head(request.method, self._prefix + request.target, header_lines)


async def _send_rest(connection: Connection, request: Request) -> None:
    try:
        async for chunk in request.body:
            connection.write(request.framed([chunk]))
            await connection.drain()
        connection.write(request.framed([]))
    except Exception as error:  # the client's fault, or one of ours: whoever awaits the reply must hear of it
        connection.fail(error)


@asynccontextmanager
async def connected(settings: UpstreamSettings, counters: Counters) -> AsyncIterator[Upstream]:
    """The upstream, for as long as the application runs. Raises OSError when `upstream.ca_file` cannot be used."""
    pool = Pool(Dialer(settings), settings.keepalive_timeout, settings.max_idle_connections)
    try:
        yield Upstream(settings, pool, counters)
    finally:
        pool.close()
        await asyncio.sleep(0)  # aborted transports close their sockets in the loop's next turn

"""Somebody else's requests while one client does its worst: how long the proxy kept each of them waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.process import Process
from tests.raw import Peer, raw_client
from tests.sockets.given import head, receive
from tests.waiting import until


@dataclass(slots=True)
class Bystander:
    """Asks `/-/health` back to back.

    `waits` are how long each reply took, in seconds that the proxy's one thread worked: what it does for somebody else
    counts, and what else a busy machine does, does not.
    """

    process: Process
    waits: list[float] = field(default_factory=list)

    @property
    def longest(self) -> float:
        return max(self.waits)

    def _worked(self) -> float:
        """Seconds on a processor (proc(5), `schedstat`)."""
        pid = self.process.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9

    async def ask(self, peer: Peer, request: bytes) -> None:
        while True:
            began = self._worked()
            await peer.send(request)
            assert (await receive(peer)).status == 200
            self.waits.append(self._worked() - began)


@asynccontextmanager
async def bystander(process: Process, port: int) -> AsyncIterator[Bystander]:
    """One that asks for as long as the context lasts, and has been answered when it begins."""
    async with raw_client(port) as peer:
        one = Bystander(process)
        asking = asyncio.create_task(one.ask(peer, head(port, b"GET /-/health HTTP/1.1")))
        try:
            await until(lambda: bool(one.waits))
            yield one
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

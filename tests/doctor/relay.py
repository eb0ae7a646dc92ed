"""Stand-ins for Sidestep, each with one fault, for the self-test to find."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from proxy.commands.doctor.bench import Bench, scripted, serving
from proxy.commands.doctor.plain_http import Address

Change = Callable[[bytes], bytes]

REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


def _same(data: bytes) -> bytes:
    return data


@dataclass(frozen=True, slots=True)
class Relay:
    """Passes bytes on, both ways, and refuses other hosts; each field is a way to go wrong."""

    request: Change = _same
    reply: Change = _same
    holds_back: bool = False
    """Keeps a reply until the upstream has ended it."""
    goes_on: bool = False
    """Lets a request go on when its client has gone."""
    any_host: bool = False
    hangs_up: bool = False

    async def serve(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if b"rebound.example" in head and not self.any_host:
                writer.write(REFUSED)
            elif not self.hangs_up:
                await self._pass_on(head, port, reader, writer)

    async def _pass_on(
        self, head: bytes, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        to_read, to_write = await asyncio.open_connection("127.0.0.1", port)
        back = asyncio.create_task(self._back(to_read, writer))
        there = asyncio.create_task(self._there(head, reader, to_write))
        try:
            await asyncio.wait([back] if self.goes_on else [back, there], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (back, there):
                task.cancel()
            to_write.transport.abort()

    async def _there(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(self.request(head))
            while data := await reader.read(65536):
                writer.write(self.request(data))

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await (reader.read() if self.holds_back else reader.read(65536)):
                writer.write(self.reply(data))


@asynccontextmanager
async def bench(relay: Relay) -> AsyncIterator[Bench]:
    """The self-test's bench with `relay` in Sidestep's place."""
    async with scripted({}) as (script, port), serving(partial(relay.serve, port)) as own:
        yield Bench(Address("127.0.0.1", own), script)

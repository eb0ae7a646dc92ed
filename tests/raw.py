"""Peers of raw bytes, with no HTTP library in between: a scripted upstream, and a client."""

import asyncio
import os
import select
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

LIMIT = 1024 * 1024
"""Bytes that a head may have, and about half of what a peer that does not read holds of what comes."""


@dataclass(slots=True)
class Peer:
    """One connection, from either side."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self) -> bytes:
        """A message's head, with the blank line."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def sized(self, head: bytes) -> bytes:
        """The body that the head's Content-Length announces."""
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                return await self.reader.readexactly(int(value))
        return b""

    async def chunk(self) -> bytes:
        """The next chunk of a chunked body; empty at its end."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        data = await self.reader.readexactly(size)
        assert await self.reader.readexactly(2) == b"\r\n"
        return data

    async def chunks(self) -> list[bytes]:
        """All chunks of a body, as they were cut."""
        found = []
        while chunk := await self.chunk():
            found.append(chunk)
        return found

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the other side has closed or reset the connection."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def abort(self) -> None:
        self.writer.transport.abort()

    def stop_reading(self) -> None:
        """Leave in the kernel whatever comes from now on."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def close_unread(self, *, after_fin: bool = False) -> None:
        """End the connection as soon as something stands in the kernel: a reset, `after_fin` with a FIN before it."""
        with socket.socket(fileno=os.dup(self.writer.get_extra_info("socket").fileno())) as below:
            while not select.select([below], [], [], 0)[0]:  # noqa: ASYNC110 - reading it would tell, and is not to be
                await asyncio.sleep(0.001)
            if after_fin:
                below.shutdown(socket.SHUT_RDWR)
                await asyncio.sleep(0.005)
        self.abort()


Script = Callable[[Peer], Awaitable[None]]


@dataclass(slots=True)
class RawUpstream:
    """An upstream whose every connection follows the script; `peers` has them in the order in which they came."""

    script: Script
    url: str = ""
    peers: list[Peer] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def address(self) -> str:
        """`host:port`."""
        return self.url.partition("://")[2]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self.peers.append(peer)
        task = asyncio.current_task()
        assert task
        self._running.add(task)
        try:
            await self.script(peer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception as error:
            self.failures.append(error)
        finally:
            self._running.discard(task)
            writer.close()

    async def stop(self) -> None:
        """Break off every connection; raises what a script raised."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running)
        for peer in self.peers:
            peer.abort()
        failures, self.failures = self.failures, []
        assert not failures


@asynccontextmanager
async def raw_upstream(
    script: Script, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawUpstream]:
    upstream = RawUpstream(script)
    server = await asyncio.start_server(upstream.serve, host, 0, limit=LIMIT, ssl=tls)
    scheme, authority = "https" if tls else "http", f"[{host}]" if ":" in host else host
    upstream.url = f"{scheme}://{authority}:{server.sockets[0].getsockname()[1]}"
    async with server:
        try:
            yield upstream
        finally:
            await upstream.stop()


@asynccontextmanager
async def raw_client(port: int) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LIMIT)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()


def reply(body: bytes, *, status: str = "200 OK", headers: str = "content-type: application/json") -> bytes:
    """A complete reply with a length."""
    return f"HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def request(
    port: int, target: str = "/v1/messages", body: bytes = b"", *, method: str = "POST", more: str = ""
) -> bytes:
    """A complete request with a length; `more` are further header lines, each with its line end."""
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}"
    return (head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body

"""Large bodies, and peers that do not read: what is on its way costs no memory."""

import asyncio
import hashlib

import pytest

from tests.raw import Peer
from tests.sockets.given import CHUNKED, CLAUDE, MEBIBYTE, OK, Message, Wire, chunk, peak_from_now
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

PIECE = bytes(range(256)) * 256
BOUND = 16 * MEBIBYTE
"""More than what is held of a body to look into it, or to send it again; far less than the bodies here."""
STREAMED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def _until_blocked(peer: Peer, most: int) -> int:
    """Write chunks until the other side takes no more for a moment, `most` bytes at most; how many were written."""
    written = 0
    while written < most:
        peer.writer.write(chunk(PIECE))
        written += len(PIECE)
        try:
            await asyncio.wait_for(peer.writer.drain(), 0.5)
        except TimeoutError:
            break
    return written


async def _hashed(peer: Peer, size: int) -> str:
    """The digest of so many bytes of body, in either framing; read slowly at first."""
    head = await peer.head()
    digest, left, reads = hashlib.sha256(), size, 0
    sized = bool(Message(head).values(b"content-length"))
    while left:
        data = await (peer.reader.read(min(left, 65536)) if sized else peer.chunk())
        assert data
        digest.update(data)
        left -= len(data)
        reads += 1
        if reads < 50:
            await asyncio.sleep(0.002)
    assert sized or not await peer.chunk()
    return digest.hexdigest()


@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("path", ["/v1/messages", "/api/batch"])
async def test_a_body_of_32_mebibytes_streams_through_in_bounded_memory(wire: Wire, path: str, framing: str) -> None:
    """The first path is looked into, up to a limit that this body is beyond."""
    pieces = 32 * MEBIBYTE // len(PIECE)
    digests: list[str] = []

    async def script(peer: Peer) -> None:
        digests.append(await _hashed(peer, pieces * len(PIECE)))
        await peer.send(OK)

    wire.upstream.script = script
    field = b"Content-Length: %d" % (pieces * len(PIECE)) if framing == "sized" else CHUNKED
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        before = peak_from_now(wire.process)
        await client.send(wire.head(f"POST {path} HTTP/1.1".encode(), CLAUDE, field))
        for _ in range(pieces):
            await client.send(PIECE if framing == "sized" else chunk(PIECE))
        if framing == "chunked":
            await client.send(chunk(b""))
        assert b" 200 " in await client.head()
    assert digests == [hashlib.sha256(PIECE * pieces).hexdigest()]
    assert wire.process.memory("VmHWM") - before < BOUND


async def test_a_client_that_stops_reading_stops_the_upstream_and_costs_no_memory(wire: Wire) -> None:
    written: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(STREAMED)
        written.set_result(await _until_blocked(peer, 64 * MEBIBYTE))
        await peer.send(chunk(b""))

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        before = peak_from_now(wire.process)
        await client.send(wire.head(b"GET /v1/models HTTP/1.1"))
        await client.head()
        assert await written < 64 * MEBIBYTE
        assert wire.process.memory("VmHWM") - before < BOUND
        received = 0
        while data := await client.chunk():
            received += len(data)
    assert received == await written


@pytest.mark.parametrize("path", ["/v1/messages", "/api/batch"])
async def test_an_upstream_that_stops_reading_stops_the_client_and_costs_no_memory(wire: Wire, path: str) -> None:
    go_on = asyncio.Event()
    received = 0

    async def script(peer: Peer) -> None:
        nonlocal received
        await peer.head()
        await go_on.wait()
        while data := await peer.chunk():
            received += len(data)
        await peer.send(OK)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        before = peak_from_now(wire.process)
        await client.send(wire.head(f"POST {path} HTTP/1.1".encode(), CLAUDE, CHUNKED))
        written = await _until_blocked(client, 64 * MEBIBYTE)
        assert written < 64 * MEBIBYTE
        assert wire.process.memory("VmHWM") - before < BOUND
        go_on.set()
        await client.send(chunk(b""))
        assert b" 200 " in await client.head()
    assert received == written

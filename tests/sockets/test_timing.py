"""What has come goes on at once: each step of one side waits until the other has seen the step before."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from tests.raw import Peer
from tests.sockets.given import CHUNKED, CLAUDE, OK, Wire, chunk, chunked
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENTS = [b"event: ping\ndata: {}\n\n", b": comment\n\n", b"\n", b"d", b"ata: x\r\n\r\n", b"x" * 200_000]
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


class Steps:
    """The reader tells how much it has seen; the writer goes on when that is all."""

    def __init__(self) -> None:
        self._seen = asyncio.Event()

    def seen(self) -> None:
        self._seen.set()

    async def write(self, peer: Peer, data: bytes) -> None:
        await peer.send(data)
        await asyncio.wait_for(self._seen.wait(), PATIENCE)
        self._seen.clear()


@pytest_asyncio.fixture(loop_scope="session")
async def steps() -> Steps:
    return Steps()


@pytest_asyncio.fixture(loop_scope="session")
async def asked(wire: Wire) -> AsyncIterator[Callable[[Callable[[Peer], Awaitable[None]]], Awaitable[Peer]]]:
    """A client that has sent a request, which the upstream answers by a script."""
    async with asyncio.timeout(PATIENCE), wire.client() as client:

        async def ask(answer: Callable[[Peer], Awaitable[None]]) -> Peer:
            async def script(peer: Peer) -> None:
                await peer.sized(await peer.head())
                await answer(peer)

            wire.upstream.script = script
            await client.send(wire.head(b"POST /v1/messages HTTP/1.1", CLAUDE, b"Content-Length: 2") + b"{}")
            return client

        yield ask


Ask = Callable[[Callable[[Peer], Awaitable[None]]], Awaitable[Peer]]


@pytest.mark.parametrize("framing", [b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n", b""])
async def test_the_head_arrives_before_the_first_body_byte_is_sent(asked: Ask, steps: Steps, framing: bytes) -> None:
    async def answer(peer: Peer) -> None:
        await steps.write(peer, STREAM + framing + b"\r\n")
        await peer.send(chunked(b"body") if b"chunked" in framing else b"body")

    client = await asked(answer)
    assert b" 200 OK\r\n" in await client.head()
    steps.seen()


async def test_each_chunk_arrives_before_the_next_is_sent(asked: Ask, steps: Steps) -> None:
    """Events, pings, comments, and parts of them."""

    async def answer(peer: Peer) -> None:
        await peer.send(STREAM + b"Transfer-Encoding: chunked\r\n\r\n")
        for event in EVENTS:
            await steps.write(peer, chunk(event))
        await peer.send(chunked())

    client = await asked(answer)
    await client.head()
    for event in EVENTS:
        came = b""
        while len(came) < len(event):
            came += await client.chunk()
        assert came == event
        steps.seen()
    assert await client.chunk() == b""


async def test_each_byte_of_a_body_with_a_length_arrives_before_the_next_is_sent(asked: Ask, steps: Steps) -> None:
    async def answer(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        for byte in b"bytes":
            await steps.write(peer, bytes([byte]))

    client = await asked(answer)
    await client.head()
    for byte in b"bytes":
        assert await client.reader.readexactly(1) == bytes([byte])
        steps.seen()


async def test_half_a_chunk_arrives_before_its_other_half_is_sent(asked: Ask, steps: Steps) -> None:
    """A chunk is no unit of meaning: what is there of it goes on."""

    async def answer(peer: Peer) -> None:
        await peer.send(STREAM + b"Transfer-Encoding: chunked\r\n\r\n")
        await steps.write(peer, b"a\r\nfirst")
        await peer.send(b"-half\r\n0\r\n\r\n")

    client = await asked(answer)
    await client.head()
    assert await client.chunk() == b"first"
    steps.seen()
    assert b"".join(await client.chunks()) == b"-half"


async def test_each_part_of_a_body_that_ends_with_its_connection_arrives_at_once(asked: Ask, steps: Steps) -> None:
    async def answer(peer: Peer) -> None:
        await peer.send(STREAM + b"\r\n")
        for part in (b"one", b"two"):
            await steps.write(peer, part)

    client = await asked(answer)
    await client.head()
    for part in (b"one", b"two"):
        assert await client.chunk() == part
        steps.seen()
    assert await client.chunk() == b""


@pytest.mark.parametrize("field", [b"Content-Length: 4", CHUNKED], ids=["sized", "chunked"])
async def test_the_head_of_an_upload_arrives_before_its_first_byte_is_sent(
    wire: Wire, steps: Steps, field: bytes
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        steps.seen()
        await peer.send(OK)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await steps.write(client, wire.head(b"POST /api/batch HTTP/1.1", field))
        assert b" 200 " in await client.head()


@pytest.mark.parametrize("framing", ["sized", "chunked"])
async def test_each_part_of_an_upload_arrives_before_the_next_is_sent(wire: Wire, steps: Steps, framing: str) -> None:
    parts = [b"one", b"two", b"three"]
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        await peer.head()
        for part in parts:
            got.append(await (peer.reader.readexactly(len(part)) if framing == "sized" else peer.chunk()))
            steps.seen()
        await peer.send(OK)

    wire.upstream.script = script
    field = b"Content-Length: 11" if framing == "sized" else CHUNKED
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(b"POST /api/batch HTTP/1.1", field))
        for part in parts:
            await steps.write(client, part if framing == "sized" else chunk(part))
        if framing == "chunked":
            await client.send(chunked())
        assert b" 200 " in await client.head()
    assert got == parts


async def test_both_directions_flow_at_the_same_time(wire: Wire) -> None:
    """The upstream echoes each chunk while the upload goes on."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(STREAM + b"Transfer-Encoding: chunked\r\n\r\n")
        while data := await peer.chunk():
            await peer.send(chunk(data))
        await peer.send(chunked())

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(b"POST /api/batch HTTP/1.1", CHUNKED) + chunk(b"one"))
        assert b" 200 " in await client.head()
        assert await client.chunk() == b"one"
        for part in (b"two", b"three"):
            await client.send(chunk(part))
            assert await client.chunk() == part
        await client.send(chunked())
        assert await client.chunk() == b""

"""How an exchange ends when one side does not do its part: never with half taken for a whole."""

import asyncio

import pytest

from tests.raw import Peer
from tests.sockets.given import CHUNKED, CLAUDE, MEBIBYTE, OK, Message, Wire, chunk, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET = b"GET /v1/models HTTP/1.1"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TRUNCATED = {
    "of its length, nothing": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
    "of its length, half": b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf",
    "before the first chunk": STREAM,
    "between chunks": STREAM + b"4\r\nhalf\r\n",
    "within a size": STREAM + b"4\r\nhalf\r\n1",
    "behind a size": STREAM + b"4\r\nhalf\r\n10\r\n",
    "within a chunk": STREAM + b"4\r\nhalf\r\n10\r\nless than",
    "before a chunk's line end": STREAM + b"4\r\nhalf",
    "within the last chunk": STREAM + b"4\r\nhalf\r\n0\r\n",
    "within the trailers": STREAM + b"4\r\nhalf\r\n0\r\nX-Sum: 1\r\n",
}


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("name", TRUNCATED)
async def test_a_truncated_reply_is_never_a_clean_end(wire: Wire, name: str, reset: bool) -> None:
    """The client sees its connection break off with the framing unfinished, or has been told 502 before the head."""
    seen = asyncio.Event()

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(TRUNCATED[name])
        await seen.wait()
        if reset:
            peer.abort()

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(b"GET /v1/truncated HTTP/1.1"))
        head = Message(await client.head())
        assert head.status == 200
        seen.set()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await (client.sized(head.head) if head.values(b"content-length") else client.chunks())
    assert (await wire.process.line("request", path="/v1/truncated", outcome="failed"))["status"] == 200


async def test_a_truncated_reply_to_a_client_of_http_1_0_is_a_reset(wire: Wire) -> None:
    """To this client a closed connection would be a clean end."""
    seen = asyncio.Event()

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(STREAM + chunk(b"half"))
        await seen.wait()

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(b"GET /v1/models HTTP/1.0"))
        await client.head()
        assert await client.reader.readexactly(4) == b"half"
        seen.set()
        with pytest.raises(ConnectionResetError):
            await client.reader.read()


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
@pytest.mark.parametrize("stage", ["before the reply", "during the reply", "during its upload"])
async def test_a_client_that_goes_ends_the_upstream_request_at_once(wire: Wire, stage: str, reset: bool) -> None:
    there, ended = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        if stage == "during the reply":
            await peer.send(STREAM + chunk(b"first"))
        there.set()
        await peer.gone()
        ended.set()

    wire.upstream.script = script
    path = "/gone/" + stage.replace(" ", "-")
    upload = stage == "during its upload"
    async with asyncio.timeout(PATIENCE):
        async with wire.client() as client:
            head = wire.head(f"POST {path} HTTP/1.1".encode(), b"Content-Length: %d" % (100 * upload))
            await client.send(head + b"x" * upload)
            await there.wait()
            if stage == "during the reply":
                await client.head()
            if reset:
                client.abort()
        await ended.wait()
        assert (await wire.process.line("request", path=path))["status"] == 499
    assert len(wire.upstream.peers) == 1


async def test_a_client_that_goes_before_its_upload_was_looked_into_reaches_no_upstream(wire: Wire) -> None:
    async with asyncio.timeout(PATIENCE):
        async with wire.client() as client:
            await client.send(wire.head(b"POST /v1/messages HTTP/1.1", CLAUDE, b"Content-Length: 100") + b"{")
        assert (await wire.process.line("request", path="/v1/messages"))["status"] == 499
    assert wire.upstream.peers == []


EARLY = b'{"type":"error","error":{"type":"request_too_large"}}'


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("path", ["/v1/messages", "/api/batch"])
async def test_an_upstream_that_answers_early_and_closes_is_relayed_whole(
    wire: Wire, path: str, framing: str, reset: bool
) -> None:
    """It has read the first bytes of a large upload. Ten times in a row: whether it goes well must not be chance.

    Where it resets, that comes when the client has the reply's head.
    """
    received = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.reader.read(1000)
        await peer.send(b"HTTP/1.1 413 Too Large\r\nX-Kept: 1\r\nContent-Length: %d\r\n\r\n%s" % (len(EARLY), EARLY))
        if reset:
            await received.wait()
            peer.abort()

    wire.upstream.script = script
    size = 12 * MEBIBYTE
    field = b"Content-Length: %d" % size if framing == "sized" else CHUNKED
    piece = bytes(65536)

    async def upload(client: Peer) -> None:
        for _ in range(size // len(piece)):
            await client.send(piece if framing == "sized" else chunk(piece))

    for _ in range(10):
        received.clear()
        async with asyncio.timeout(PATIENCE), wire.client() as client:
            await client.send(wire.head(f"POST {path} HTTP/1.1".encode(), CLAUDE, field))
            uploading = asyncio.create_task(upload(client))
            head = await client.head()
            received.set()
            came = Message(head, await client.sized(head))
            uploading.cancel()
            await asyncio.gather(uploading, return_exceptions=True)
        assert (came.line, came.body, came.values(b"x-kept")) == (b"HTTP/1.1 413 Too Large", EARLY, [b"1"])


async def test_an_early_answer_over_a_connection_that_stays_open_is_relayed_whole(wire: Wire) -> None:
    """The client has not ended its upload, and need not."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await peer.gone()

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(b"POST /api/batch HTTP/1.1", CHUNKED) + chunk(b"one"))
        assert (await receive(client)).body == b'{"ok":true}'
        assert len(wire.upstream.peers) == 1

"""One client at its worst: what it sends costs nobody else anything, and no part of it is taken for something else."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.process import running
from tests.raw import LIMIT, Peer, raw_upstream
from tests.sockets.bystander import bystander
from tests.sockets.given import CHUNKED, MEBIBYTE, OK, Wire, answers, broken_off, chunk, peak_from_now, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET, POST = b"GET /v1/models HTTP/1.1", b"POST /api/batch HTTP/1.1"
FIELD = b"X-Filler: " + b"y" * 8000 + b"\r\n"
BOUND = 4 * MEBIBYTE
"""More than a head, what is read at once and what the allocator keeps; far less than what is sent here."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hasty() -> AsyncIterator[Wire]:
    """A proxy that waits for a head for half a second."""
    async with raw_upstream(answers) as upstream, running(upstream.url, "limits.head_timeout=0.5") as (process, port):
        yield Wire(process, port, upstream)


async def _flood(peer: Peer, piece: bytes, most: int = 32 * MEBIBYTE) -> int:
    """Send over and over, until nothing more is taken for a while or the connection ends; gives the bytes written."""
    written = 0
    try:
        while written < most:
            peer.writer.write(piece)
            written += len(piece)
            await asyncio.wait_for(peer.writer.drain(), 0.5)
    except (TimeoutError, ConnectionError, RuntimeError):  # the last is uvloop's word for a transport that has closed
        pass
    return written


@pytest.mark.parametrize("begun", [b"", GET + b"\r\n"], ids=["of requests", "of one head"])
async def test_a_flood_behind_a_running_request_waits_at_the_clients_side(begun: bytes) -> None:
    """What the kernel holds of it is not ours to bound."""
    go_on = asyncio.Event()
    served: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            served.append((await receive(peer)).line)
            await go_on.wait()
            await peer.send(OK)

    async with raw_upstream(script) as upstream, running(upstream.url) as (process, port):
        wire = Wire(process, port, upstream)
        flood = FIELD * 8 if begun else wire.head(GET, FIELD[:-2]) * 8
        async with asyncio.timeout(PATIENCE), wire.client() as client:
            before = peak_from_now(process)
            await client.send(wire.head(GET) + begun)
            written = await _flood(client, flood)
            assert written < 32 * MEBIBYTE
            assert process.memory("VmHWM") - before < BOUND
            assert len(served) == 1
            go_on.set()
            assert (await receive(client)).status == 200


SECOND = {
    "larger than 256 KiB": (FIELD * 33, b"HTTP/1.1 431 "),
    "of 600 headers": (b"X: y\r\n" * 600, b"HTTP/1.1 400 "),
    "malformed": (b"X : y\r\n", b"HTTP/1.1 400 "),
}


@pytest.mark.parametrize("together", [True, False], ids=["together", "later"])
@pytest.mark.parametrize("name", SECOND)
async def test_a_head_behind_a_running_request_is_refused_as_any_other(wire: Wire, name: str, together: bool) -> None:
    """In its turn, behind the reply that is due; and the upstream sees nothing of it."""
    there, go_on = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await receive(peer)
        there.set()
        await go_on.wait()
        await peer.send(OK)
        await peer.gone()

    wire.upstream.script = script
    fields, refusal = SECOND[name]
    second = wire.head(GET)[:-2] + fields + b"\r\n"
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(GET) + (second if together else b""))
        await there.wait()
        client.writer.write(b"" if together else second)
        go_on.set()
        assert (await receive(client)).status == 200
        assert (await broken_off(client)).startswith(refusal)
    assert len(wire.upstream.peers) == 1


async def test_half_a_head_behind_a_request_must_be_whole_in_time(hasty: Wire) -> None:
    async with asyncio.timeout(PATIENCE), hasty.client() as client:
        await client.send(hasty.head(GET) + GET + b"\r\nHost")
        assert (await receive(client)).status == 200
        assert await broken_off(client) == b""
    told = await hasty.process.line("connection closed", reason="no whole head in time")
    assert told["bytes_in"] == len(GET + b"\r\nHost")


async def test_half_a_head_does_not_shorten_the_request_before_it(hasty: Wire) -> None:
    """Its time runs from when it is due: until then, another client that sends none at all is closed."""

    async def script(peer: Peer) -> None:
        await receive(peer)
        async with hasty.client() as silent:
            await broken_off(silent)
        await peer.send(OK)
        await answers(peer)

    hasty.upstream.script = script
    async with asyncio.timeout(PATIENCE), hasty.client() as client:
        whole = hasty.head(GET)
        await client.send(whole + whole[:-2])
        assert (await receive(client)).status == 200
        await client.send(whole[-2:])
        assert (await receive(client)).status == 200


async def test_trailers_without_an_end_are_refused(wire: Wire) -> None:
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        before = peak_from_now(wire.process)
        await client.send(wire.head(POST, CHUNKED) + b"1\r\nx\r\n0\r\n")
        written = await _flood(client, FIELD * 8)
        came = await broken_off(client)
    assert written < 32 * MEBIBYTE
    assert not came or came.startswith(b"HTTP/1.1 400 ")
    assert wire.process.memory("VmHWM") - before < BOUND


async def test_trailers_of_almost_64_kibibytes_are_passed_over(wire: Wire) -> None:
    """And leave the connection as it was."""
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        for _ in range(2):
            await client.send(wire.head(POST, CHUNKED) + b"1\r\nx\r\n0\r\n" + FIELD * 8 + b"\r\n")
            assert (await receive(client)).status == 200


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"404 Not Found", b"200 OK"])
async def test_a_trailer_behind_an_early_reply_is_no_header_of_the_next_request(wire: Wire, status: bytes) -> None:
    """The last bytes before the reply are data that look like the end of a body without trailers."""
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
        await peer.gone()

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(POST, CHUNKED) + b"6\r\n\n0\r\n\r\n")
        assert status.startswith(b"%d" % (await receive(client)).status)
        await wire.process.line("request", path="/api/batch")
        await client.send(b"\r\n0\r\nX-Api-Key: planted\r\nX-Last: planted\r\n\r\n" + wire.head(GET))
        assert status.startswith(b"%d" % (await receive(client)).status)
    assert len(heads) == 2
    assert b"planted" not in heads[1]


LINES = [
    *(b"GET /a RTSP/1.0", b"SETUP /a RTSP/1.0", b"SOURCE /a ICE/1.0", b"SOURCE /a ICE/1.1", b"GET /a HTTPS/1.1"),
    *(b"GET  /a HTTP/1.1", b"GET /a  HTTP/1.1", b" GET /a HTTP/1.1", b"GET /a HTTP/1.1 ", b"GET   /a   HTTP/1.1"),
    *(b"GET\t/a HTTP/1.1", b"GET /a\tHTTP/1.1", b"\tGET /a HTTP/1.1", b"GET /a HTTP/1.1\t", b"GET /\ta HTTP/1.1"),
    *(b"\nGET /a HTTP/1.1", b"\rGET /a HTTP/1.1", b"\r\n\r\nGET /a HTTP/1.1", b"\n\nGET /a HTTP/1.1"),
    *(b"GET /a HTTP/1.1\r", b"GET /a\x0bHTTP/1.1", b"GET \x0c/a HTTP/1.1", b"GET /a HTTP/01.1", b"GET /a HTTP/1.01"),
    *(b"GET /a", b"GET /a HTTP", b"GET /a HTTP/", b"GET /a HTTP/1", b"GET /a HTTP/1.", b"GET /a HTTP/.1", b"GET"),
    *(b"get /a HTTP/1.1", b"GET /a http/1.1", b"GET /a HTTP/1,1", b"GET /a\x00 HTTP/1.1", b"\x00GET /a HTTP/1.1"),
]


@pytest.mark.parametrize("line", LINES, ids=repr)
async def test_a_request_line_that_would_have_to_be_tidied_is_refused(wire: Wire, line: bytes) -> None:
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(line, b"Connection: close"))
        assert (await broken_off(client)).startswith(b"HTTP/1.1 400 ")
    assert wire.upstream.peers == []


@pytest.mark.parametrize("line", [b"SOURCE /a HTTP/1.1", b"M-SEARCH /a HTTP/1.1", b"GET /a//b/../c?d=//#e HTTP/1.1"])
async def test_an_unusual_request_line_that_is_in_order_goes_on_as_it_is(wire: Wire, line: bytes) -> None:
    arrived, _ = await wire.carry(b"\r\n" + wire.head(line))
    assert arrived.line == line


async def test_a_client_that_closes_its_half_of_the_connection_has_gone(wire: Wire) -> None:
    """It cannot be told from one that has, and its request is to end at once."""
    there, ended = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await receive(peer)
        there.set()
        await peer.gone()
        ended.set()

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(b"GET /half-closed HTTP/1.1"))
        await there.wait()
        client.writer.write_eof()
        await ended.wait()
        assert await broken_off(client) == b""
        assert (await wire.process.line("request", path="/half-closed"))["status"] == 499


async def test_an_upload_of_a_million_chunks_holds_up_others_for_50_ms_at_most(wire: Wire) -> None:
    million = 1_000_000
    uploads: list[bytes] = []

    async def script(peer: Peer) -> None:
        """Takes the bytes as they are: the bystander's loop is this one, and has no time for their chunks."""
        await peer.head()
        pieces = [await peer.reader.read(LIMIT)]
        while not b"".join(pieces[-2:]).endswith(b"\r\n0\r\n\r\n"):
            pieces.append(await peer.reader.read(LIMIT))
        uploads.append(b"".join(pieces))
        await peer.send(OK)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client, bystander(wire.process, wire.port) as other:
        await client.send(wire.head(POST, CHUNKED) + chunk(b"x") * million + chunk(b""))
        assert (await receive(client)).status == 200
    assert [upload.count(b"x") for upload in uploads] == [million]
    assert other.longest < 0.05

"""What the client is told when the upstream gives no reply that can be passed on, and what is tried again."""

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from proxy.upstream import tcp
from tests.process import running
from tests.raw import Peer, raw_upstream
from tests.sockets.given import CHUNKED, CLAUDE, OK, Message, Wire, answers, ask, chunked, head, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET = b"GET /v1/models HTTP/1.1"


async def _error(upstream_url: str, *settings: str) -> tuple[int, str, str]:
    """Status, type and message of what a client is told about this upstream, in the API's shape."""
    async with running(upstream_url, *settings) as (process, port):
        came = await ask(port, head(port, b"POST /v1/messages HTTP/1.1", CLAUDE, b"Content-Length: 2") + b"{}")
        line = await process.line("request")
    error = came.error
    assert (line["outcome"], line["status"]) == ("failed", came.status)
    assert error["message"].startswith("Sidestep: the upstream ")
    return came.status, error["type"], error["message"]


async def test_an_upstream_that_refuses_is_a_502_that_asks_whether_it_runs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    status, kind, message = await _error(f"http://127.0.0.1:{port}")
    assert (status, kind) == (502, "api_error")
    assert "cannot be reached" in message
    assert "upstream.url" in message


async def test_a_name_that_does_not_resolve_is_a_502_that_names_it_and_the_setting() -> None:
    status, kind, message = await _error("http://no-such-host.invalid")
    assert (status, kind) == (502, "api_error")
    assert "no-such-host.invalid cannot be resolved" in message
    assert "upstream.url" in message


@pytest.mark.parametrize("way", ["full backlog", "no TLS handshake"])
async def test_an_upstream_that_takes_too_long_to_accept_is_a_504(way: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        port = silent.getsockname()[1]
        waiting = [socket.socket() for _ in range(4 if way == "full backlog" else 0)]
        try:
            for other in waiting:
                other.setblocking(False)
                other.connect_ex(("127.0.0.1", port))
            scheme = "http" if waiting else "https"
            status, kind, message = await _error(f"{scheme}://127.0.0.1:{port}", "upstream.connect_timeout=0.2")
        finally:
            for other in waiting:
                other.close()
    assert (status, kind) == (504, "timeout_error")
    assert "too long" in message


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hasty() -> AsyncIterator[Wire]:
    """A proxy that takes 0.3 seconds of silence for the end of an upstream."""
    async with raw_upstream(answers) as upstream, running(upstream.url, "upstream.idle_timeout=0.3") as (process, port):
        yield Wire(process, port, upstream)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX-Half: "], ids=["from the first", "within its head"])
async def test_an_upstream_that_falls_silent_before_its_head_is_complete_is_a_504(hasty: Wire, start: bytes) -> None:
    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(start)
        await peer.gone()

    hasty.upstream.script = script
    before = len(hasty.upstream.peers)
    came = await hasty.ask(hasty.head(GET))
    assert (came.status, came.error["type"]) == (504, "timeout_error")
    assert "silent" in came.error["message"]
    assert len(hasty.upstream.peers) == before + 1


async def test_an_upstream_that_falls_silent_within_its_reply_breaks_off_the_reply(hasty: Wire) -> None:
    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        await peer.gone()

    hasty.upstream.script = script
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await hasty.ask(hasty.head(b"GET /silent HTTP/1.1"))
    assert (await hasty.process.line("request", path="/silent"))["outcome"] == "failed"


async def test_an_upstream_that_waits_for_a_slow_upload_is_not_taken_for_a_silent_one(hasty: Wire) -> None:
    """The silence that counts is that of an upstream whose turn it is."""
    hasty.upstream.script = answers
    async with asyncio.timeout(PATIENCE), hasty.client() as client:
        await client.send(hasty.head(b"POST /api/batch HTTP/1.1", b"Content-Length: 6"))
        for byte in b"slowly":
            await asyncio.sleep(0.1)
            await client.send(bytes([byte]))
        assert (await receive(client)).status == 200


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nX: y\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"]
)
async def test_death_before_the_head_is_complete_is_a_502(wire: Wire, start: bytes, reset: bool) -> None:
    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(start)
        if reset:
            peer.abort()

    wire.upstream.script = script
    came = await wire.ask(wire.head(GET))
    assert (came.status, came.error["type"]) == (502, "api_error")
    assert "closed the connection" in came.error["message"]


GARBAGE = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no line ends": b"\x00\xff" * 64 + b"\r\n\r\n",
    "another version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a version of nonsense": b"HTTP/x.y 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no status": b"HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "a status of letters": b"HTTP/1.1 2OO OK\r\nContent-Length: 0\r\n\r\n",
    "both framings": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "two lengths in one": b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "a length of letters": b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nab",
    "an unknown transfer coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
    "a folded line": b"HTTP/1.1 200 OK\r\nX-Fold: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "a blank before the colon": b"HTTP/1.1 200 OK\r\nX-Name : a\r\nContent-Length: 0\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nX-Name\r\nContent-Length: 0\r\n\r\n",
    "no name": b"HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "bare CR in a value": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "switching unasked": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "a head of 2 MiB": b"HTTP/1.1 200 OK\r\n" + b"X-Flood: %s\r\n" % (b"v" * 4096) * 512 + b"Content-Length: 0\r\n\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\nX: " + b"v" * 2 * 1024 * 1024,
    "hints without an end": b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 50_000,
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_a_reply_that_is_not_sound_http_is_a_502_and_no_byte_of_it_is_passed_on(wire: Wire, name: str) -> None:
    """Where one reader might see another reply than the next, nobody is shown either."""

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(GARBAGE[name])
        await peer.gone()

    wire.upstream.script = script
    came = await wire.ask(wire.head(GET))
    assert (came.status, came.error["type"]) == (502, "api_error")
    assert {name.lower() for name, _ in came.fields} <= {b"request-id", b"content-type", b"content-length", b"date"}
    assert len(wire.upstream.peers) == 1


async def test_bytes_behind_a_reply_are_no_reply_to_the_next_request(wire: Wire) -> None:
    """A connection on which something came unasked is not used again."""

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(OK + b"HTTP/1.1 200 OK\r\nX-Poison: 1\r\nContent-Length: 0\r\n\r\n")
        await receive(peer)
        await peer.send(OK)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        for _ in range(3):
            await client.send(wire.head(GET))
            came = await receive(client)
            assert came.body == b'{"ok":true}'
            assert not came.values(b"x-poison")


REQUESTS = {
    "a GET": (GET, [], b""),
    "a body that was looked into": (b"POST /v1/messages HTTP/1.1", [CLAUDE, b"Content-Length: 9"], b'{"n": 12}'),
    "a body that was not": (b"POST /api/batch HTTP/1.1", [b"Content-Length: 9"], b'{"n": 12}'),
    "a body in chunks": (b"POST /api/batch HTTP/1.1", [CHUNKED], chunked(b'{"n":', b" 12}")),
}


@pytest.mark.parametrize("after_fin", [False, True], ids=["closes", "shuts down and closes"])
@pytest.mark.parametrize("name", REQUESTS)
async def test_a_kept_connection_that_ends_upon_a_request_costs_one_retry_and_no_error(
    wire: Wire, name: str, after_fin: bool
) -> None:
    """The upstream ends its first connection upon the second request, unread; it arrives whole on another."""
    arrived: list[tuple[int, Message]] = []

    async def script(peer: Peer) -> None:
        arrived.append((len(wire.upstream.peers), await receive(peer)))
        peer.stop_reading()
        await peer.send(OK)
        await peer.close_unread(after_fin=after_fin)

    wire.upstream.script = script
    line, fields, body = REQUESTS[name]
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        for _ in range(2):
            await client.send(wire.head(line, *fields) + body)
            assert (await receive(client)).status == 200
    assert [number for number, _ in arrived] == [1, 2]
    assert arrived[0][1] == arrived[1][1]
    assert (await wire.process.line("request", retried=True))["outcome"] == "forwarded"


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_that_was_worked_on_is_never_sent_again(wire: Wire, name: str, reset: bool) -> None:
    """It may have been paid for: whether to ask once more is the client's to say (RFC 9110, section 9.2.2)."""
    arrived: list[Message] = []

    async def script(peer: Peer) -> None:
        arrived.append(await receive(peer))
        await peer.send(OK)
        arrived.append(await receive(peer))
        if reset:
            await asyncio.sleep(2 * tcp._AT_ONCE)  # a reset at once says that nothing was read
            handle = peer.writer.get_extra_info("socket")
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    wire.upstream.script = script
    line, fields, body = REQUESTS[name]
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        for status in (200, 502):
            await client.send(wire.head(line, *fields) + body)
            assert (await receive(client)).status == status
    assert len(arrived) == 2
    assert len(wire.upstream.peers) == 1


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_fresh_connection_that_dies_is_not_tried_again(wire: Wire, name: str) -> None:
    async def script(peer: Peer) -> None:
        await receive(peer)

    wire.upstream.script = script
    line, fields, body = REQUESTS[name]
    assert (await wire.ask(wire.head(line, *fields) + body)).status == 502
    assert len(wire.upstream.peers) == 1


@pytest.mark.parametrize("start", [b"HTTP/1.1 2", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["bytes", "interim"])
async def test_a_pooled_connection_that_dies_after_a_byte_of_reply_is_not_tried_again(wire: Wire, start: bytes) -> None:
    """The upstream has begun to answer: it may have done what was asked."""

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(OK)
        await receive(peer)
        await peer.send(start)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(GET))
        assert (await receive(client)).status == 200
        await client.send(wire.head(GET))
        assert (await receive(client)).status == 502
    assert len(wire.upstream.peers) == 1


@pytest.mark.parametrize("status", ["408 Request Timeout", "429 Slow", "500 No", "502 No", "503 No", "529 Overloaded"])
async def test_an_error_of_the_upstream_is_relayed_and_not_tried_again(wire: Wire, status: str) -> None:
    _, came = await wire.carry(wire.head(GET), f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno".encode())
    assert (came.line, came.body) == (f"HTTP/1.1 {status}".encode(), b"no")


async def test_a_message_names_neither_file_nor_class_nor_memory_address(wire: Wire) -> None:
    """Words for people: what a library's exception says is not."""
    for answer in (b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"):

        async def script(peer: Peer, answer: bytes = answer) -> None:
            await receive(peer)
            await peer.send(answer)

        wire.upstream.script = script
        message = (await wire.ask(wire.head(GET))).error["message"]
        assert not re.search(r"0x[0-9a-f]{4}|Error\b|Exception|Traceback|\.py|aiohttp|asyncio|errno|<|>", message, re.I)

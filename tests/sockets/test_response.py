"""A reply arrives at the client as the upstream sent it."""

import asyncio
import gzip

import pytest

from tests.raw import Peer
from tests.sockets.given import OK, Message, Wire, chunked, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET = b"GET /v1/models HTTP/1.1"


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 201 Made",
        b"HTTP/1.1 299 ",
        b"HTTP/1.1 200",
        b"HTTP/1.1 400 Bad Request",
        b"HTTP/1.1 404 Nothing  here,\tsir (really): 100%",
        b"HTTP/1.1 429 Too Many Requests",
        b"HTTP/1.1 500 caf\xe9",
        b"HTTP/1.1 529 Site Is Overloaded",
        b"HTTP/1.1 529 ok",
        b"HTTP/1.1 999 Odd",
    ],
)
async def test_status_and_reason_arrive(wire: Wire, line: bytes) -> None:
    _, came = await wire.carry(wire.head(GET), line + b"\r\nContent-Length: 2\r\n\r\n{}")
    assert came.line.rstrip(b" ") == line.rstrip(b" ")
    assert came.body == b"{}"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([b"X-UPPER: 1", b"x-lower: 2", b"X-miXed: 3", b"DATE: never", b"server: own"], id="case"),
        pytest.param([b"Z: 1", b"a: 2", b"M: 3", b"Server: s", b"Date: d", b"Content-Type: t"], id="order"),
        pytest.param([b"Set-Cookie: b=2", b"X: -", b"Set-Cookie: a=1", b"Set-Cookie: b=2"], id="duplicates"),
        pytest.param([b"set-cookie: a", b"X: -", b"Set-Cookie: b", b"SET-COOKIE: a"], id="names by case"),
        pytest.param([b"X-Empty:", b"X-Blank:  ", b"X-Empty:", b"Content-Type:", b"Server: "], id="empty values"),
        pytest.param([b"X-Large: " + b"v" * 16384, b"Set-Cookie: " + b"v" * 16384], id="16 KiB values"),
        pytest.param([b"X-Latin: caf\xe9", b"X-Bytes: " + bytes(range(128, 256))], id="obs-text"),
        pytest.param([b"anthropic-ratelimit-x: 1", b"Request-Id: r", b"CF-RAY: x", b"Retry-After: 3"], id="meant"),
        pytest.param([b"X-Inner: a  b\tc , d", b"Via: 1.1 other", b"X!#$%&'*+-.^_`|~: token"], id="odd text"),
        pytest.param([b"X-Many-%d: %d" % (n, n) for n in range(200)], id="200 of them"),
    ],
)
async def test_headers_arrive_with_case_order_duplicates_and_values(wire: Wire, fields: list[bytes]) -> None:
    answer = b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"content-LENGTH: 0", b"", b""])
    _, came = await wire.carry(wire.head(GET), answer)
    assert came.fields == Message(answer).fields


async def test_no_date_server_or_content_type_is_invented(wire: Wire) -> None:
    for line in (b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found", b"HTTP/1.1 529 Overloaded"):
        _, came = await wire.carry(wire.head(GET), line + b"\r\nContent-Length: 1\r\n\r\nx")
        assert came.fields == [(b"Content-Length", b"1")]
        _, came = await wire.carry(wire.head(GET), line + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"x"))
        assert [name.lower() for name, _ in came.fields] == [b"transfer-encoding"]
        assert came.body == b"x"


async def test_hop_by_hop_headers_and_those_that_connection_names_do_not_arrive(wire: Wire) -> None:
    hops = b"Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\n"
    answer = b"HTTP/1.1 200 OK\r\n" + hops + b"X-Kept: 1\r\nContent-Length: 0\r\n\r\n"
    _, came = await wire.carry(wire.head(GET), answer)
    assert came.fields == [(b"X-Kept", b"1"), (b"Content-Length", b"0")]


@pytest.mark.parametrize("framing", ["sized", "chunked", "closed"])
@pytest.mark.parametrize(
    ("field", "body"),
    [
        (b"Content-Type: application/octet-stream", bytes(range(256)) * 5),
        (b"Content-Encoding: gzip", gzip.compress(b"packed" * 100, mtime=0)),
        (b"Content-Encoding: br", b"not brotli at all"),
        (b"Content-Encoding: unheard-of", b"\x00"),
        (b"Content-Type: text/event-stream", b"event: ping\ndata: {}\n\n: comment\r\n\r\n"),
    ],
    ids=["every byte", "gzip", "broken br", "unknown encoding", "events"],
)
async def test_body_bytes_and_their_encoding_arrive_unchanged(
    wire: Wire, field: bytes, body: bytes, framing: str
) -> None:
    answer = {
        "sized": field + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
        "chunked": field + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body[:1], *filter(None, [body[1:]])),
        "closed": field + b"\r\n\r\n" + body,
    }[framing]
    _, came = await wire.carry(wire.head(GET), b"HTTP/1.1 200 OK\r\n" + answer)
    assert came.body == body
    assert b": ".join(came.forwarded[0]) == field


async def test_a_reply_of_http_1_0_arrives(wire: Wire) -> None:
    _, came = await wire.carry(wire.head(GET), b"HTTP/1.0 200 OK\r\nX-Kept: 1\r\n\r\nuntil the end")
    assert (came.status, came.body) == (200, b"until the end")
    assert came.forwarded == [(b"X-Kept", b"1")]


BODILESS = {
    "HEAD with a length": (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    "HEAD of an error": (b"HEAD", b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n"),
    "HEAD in chunks": (b"HEAD", b"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "204": (b"DELETE", b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"),
    "304": (b"GET", b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'),
    "304 with a length": (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"),
    "length of zero": (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
}


@pytest.mark.parametrize("name", BODILESS)
async def test_a_reply_without_a_body_arrives_and_its_connections_go_on(wire: Wire, name: str) -> None:
    """Twice on one connection, then a reply with a body: nothing of a body was made up or waited for."""
    method, answer = BODILESS[name]

    async def script(peer: Peer) -> None:
        while True:
            arrived = await receive(peer)
            await peer.send(OK if b"/last" in arrived.line else answer)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        for _ in range(2):
            await client.send(wire.head(method + b" /v1/models HTTP/1.1"))
            came = await receive(client, bodiless=True)
            assert came.line == Message(answer).line
            assert came.forwarded == Message(answer).forwarded
        await client.send(wire.head(b"GET /last HTTP/1.1"))
        assert (await receive(client)).body == b'{"ok":true}'
    assert len(wire.upstream.peers) == 1


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"303 See Other", b"307 Temporary", b"308 Permanent"])
async def test_a_redirect_is_not_followed(wire: Wire, status: bytes) -> None:
    location = wire.upstream.url.encode() + b"/elsewhere"
    answer = b"HTTP/1.1 %s\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, location)
    _, came = await wire.carry(wire.head(GET), answer)
    assert came.line == b"HTTP/1.1 " + status
    assert came.values(b"location") == [location]


async def test_a_cookie_is_not_kept_for_the_next_request(wire: Wire) -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nContent-Length: 0\r\n\r\n"
    await wire.carry(wire.head(GET), answer)
    arrived, _ = await wire.carry(wire.head(GET), answer)
    assert not arrived.values(b"cookie")


@pytest.mark.parametrize(
    "hints",
    [
        [b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
        [b"HTTP/1.1 102 Processing\r\n\r\n"],
        [b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"] * 3,
        [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n\r\n"],
    ],
    ids=["103", "100", "102", "103 thrice", "100 and 103"],
)
@pytest.mark.parametrize("body", [b"", b"{}"], ids=["no body", "body"])
async def test_interim_replies_before_the_final_one_are_tolerated(wire: Wire, hints: list[bytes], body: bytes) -> None:
    """They may be relayed or not; the final reply is that of the upstream, and so is the next on this connection."""
    sent = wire.head(b"POST /v1/messages HTTP/1.1", b"Content-Length: %d" % len(body)) + body

    async def script(peer: Peer) -> None:
        while True:
            await receive(peer)
            await peer.send(b"".join(hints) + OK)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        for _ in range(2):
            await client.send(sent)
            came = await receive(client)
            assert (came.line, came.body) == (b"HTTP/1.1 200 OK", b'{"ok":true}')
            assert came.fields == Message(OK.partition(b"{")[0]).fields


@pytest.mark.parametrize(
    "end",
    [b"0\r\nX-Sum: 1\r\n\r\n", b"0\r\nA: 1\r\nX-Kept: 2\r\n\r\n", b"0;z\r\n\r\n", b"0\r\nContent-Length: 9\r\n\r\n"],
    ids=["one", "two", "none", "that of framing"],
)
async def test_trailers_and_chunk_extensions_are_dropped_cleanly(wire: Wire, end: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nX-Kept: 1\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def script(peer: Peer) -> None:
        while True:
            await receive(peer)
            await peer.send(head + b'3;a="b;c"\r\none\r\n0003;x\r\ntwo\r\n' + end)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        for _ in range(2):
            await client.send(wire.head(GET))
            came = await receive(client)
            assert (came.body, came.forwarded) == (b"onetwo", [(b"X-Kept", b"1")])
    assert len(wire.upstream.peers) == 1


async def test_a_reply_closed_by_the_upstream_leaves_the_clients_connection_usable(wire: Wire) -> None:
    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        for _ in range(3):
            await client.send(wire.head(GET))
            assert (await receive(client)).body == b"ok"
    assert len(wire.upstream.peers) == 3

"""A request arrives at the upstream as the client sent it."""

import asyncio
import gzip

import pytest

from tests.raw import Peer
from tests.sockets.given import CHUNKED, CLAUDE, OK, Message, Wire, chunked, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVERY_BYTE = bytes(range(256))
GET = b"GET /v1/models HTTP/1.1"
POST = b"POST /api/batch HTTP/1.1"
SIZED = b"Content-Length: 2"


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/?",
        b"/x?",
        b"/x??",
        b"//x",
        b"//evil.example/x",
        b"/a//b///",
        b"/a/../b",
        b"/a/./b/.",
        b"/a%2Fb",
        b"/a%2fb",
        b"/%7Euser/%41",
        b"/%E4%00%zz%",
        b"/a|b{c}",
        b'/^`"<>[]\\',
        b"/a;b=c,d:e@f!$&'()*+",
        b"/x?a=1&&b=%20+&a=2&=",
        b"/x?url=http://y.example/z?w",
        b"/" + b"long/" * 2000,
    ],
)
async def test_the_target_arrives_byte_for_byte(wire: Wire, target: bytes) -> None:
    arrived, _ = await wire.carry(wire.head(b"GET " + target + b" HTTP/1.1"))
    assert arrived.line == b"GET " + target + b" HTTP/1.1"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"])
async def test_the_method_arrives(wire: Wire, method: str) -> None:
    arrived, _ = await wire.carry(wire.head(f"{method} /v1/models HTTP/1.1".encode()))
    assert arrived.line == f"{method} /v1/models HTTP/1.1".encode()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([b"X-UPPER: 1", b"x-lower: 2", b"X-miXed: 3", b"aCCEPT: */*", b"COOKIE: a=b"], id="case"),
        pytest.param([b"Z: 1", b"a: 2", b"M: 3", b"User-Agent: x", b"Accept: y"], id="order"),
        pytest.param([b"X-Two: b", b"X-Other: -", b"X-Two: a", b"X-Two: b"], id="duplicates"),
        pytest.param([b"anthropic-BETA: 1", b"X: -", b"Anthropic-Beta: 2", b"ANTHROPIC-BETA: 1"], id="names by case"),
        pytest.param([b"X-Empty:", b"X-Blank:  ", b"X-Empty:"], id="empty values"),
        pytest.param([b"X-Large: " + b"v" * 16384, b"Cookie: " + b"k=v; " * 3276], id="16 KiB values"),
        pytest.param([b"X-Text: caf\xc3\xa9", b"X-Latin: caf\xe9", b"X-Bytes: " + EVERY_BYTE[128:]], id="obs-text"),
        pytest.param([b"X-Inner: a  b\tc , d", b'X-Quoted: "a, \\"b"', b"X!#$%&'*+-.^_`|~: token"], id="odd text"),
        pytest.param([b"x-api-key: k", b"Authorization: Bearer t", b"Via: 1.1 other", b"Forwarded: for=x"], id="meant"),
        pytest.param([b"X-Many-%d: %d" % (n, n) for n in range(200)], id="200 of them"),
    ],
)
async def test_headers_arrive_with_case_order_duplicates_and_values(wire: Wire, fields: list[bytes]) -> None:
    sent = wire.head(GET, *fields)
    arrived, _ = await wire.carry(sent)
    assert arrived.forwarded == Message(sent).forwarded


async def test_only_host_and_hop_by_hop_headers_differ(wire: Wire) -> None:
    hops = [b"Keep-Alive: timeout=5", b"TE: trailers", b"Proxy-Authorization: Basic x", b"Proxy-Connection: close"]
    named = [b"Connection: keep-alive, X-Hop", b"x-hop: 1", b"connection: x-OTHER", b"X-Other: 2"]
    arrived, _ = await wire.carry(wire.head(GET, *hops, b"X-Kept: 1", *named, b"X-Kept: 2"))
    assert arrived.values(b"host") == [wire.upstream.address.encode()]
    rest = [(name, value) for name, value in arrived.fields if name.lower() not in (b"host", b"connection")]
    assert rest == [(b"X-Kept", b"1"), (b"X-Kept", b"2")]


@pytest.mark.parametrize("named", [b"Content-Length", b"Host", b"close, content-length, host"])
async def test_connection_cannot_take_framing_or_host_away(wire: Wire, named: bytes) -> None:
    """A body without its length would be read as the next request."""
    arrived, _ = await wire.carry(wire.head(POST, b"Connection: " + named, b"Content-Length: 4") + b"body")
    assert arrived.values(b"host") == [wire.upstream.address.encode()]
    assert (arrived.forwarded, arrived.body) == ([(b"Content-Length", b"4")], b"body")


async def test_nothing_is_added_to_a_bare_request(wire: Wire) -> None:
    for line in (GET, POST, b"DELETE /x HTTP/1.1"):
        arrived, _ = await wire.carry(wire.head(line))
        assert [name.lower() for name, _ in arrived.fields] == [b"host"], line


@pytest.mark.parametrize("path", ["/api/batch", "/v1/messages"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (EVERY_BYTE * 4, b"X: y"),
        (b"\r\n\r\n0\r\n\r\n", b"X: y"),
        (gzip.compress(b'{"messages": []}', mtime=0), b"Content-Encoding: gzip"),
        (b"not what it says", b"Content-Encoding: br"),
        (b"\x00", b"Content-Encoding: unheard-of"),
    ],
    ids=["every byte", "looks like framing", "gzip", "broken br", "unknown encoding"],
)
async def test_body_bytes_arrive_unchanged_in_either_framing(wire: Wire, path: str, body: bytes, field: bytes) -> None:
    line = f"POST {path} HTTP/1.1".encode()
    sized = wire.head(line, CLAUDE, field, b"content-LENGTH: %d" % len(body))
    arrived, _ = await wire.carry(sized + body)
    assert arrived.forwarded == Message(sized).forwarded
    assert arrived.body == body
    in_chunks = wire.head(line, CLAUDE, CHUNKED, field)
    arrived, _ = await wire.carry(in_chunks + chunked(*(body[n : n + 7] for n in range(0, len(body), 7))))
    assert arrived.forwarded == Message(in_chunks).forwarded
    assert [value.lower() for value in arrived.values(b"transfer-encoding")] == [b"chunked"]
    assert arrived.body == body


async def test_an_empty_body_keeps_the_framing_it_came_with(wire: Wire) -> None:
    arrived, _ = await wire.carry(wire.head(POST, b"Content-Length: 0"))
    assert arrived.forwarded == [(b"Content-Length", b"0")]
    arrived, _ = await wire.carry(wire.head(POST, CHUNKED) + chunked())
    assert [name.lower() for name, _ in arrived.fields] == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS"])
async def test_a_body_of_a_method_that_seldom_has_one_arrives(wire: Wire, method: str) -> None:
    arrived, _ = await wire.carry(wire.head(f"{method} /x HTTP/1.1".encode(), b"Content-Length: 4") + b"body")
    assert arrived.body == b"body"


async def test_chunk_extensions_and_trailers_of_an_upload_leave_its_body_whole(wire: Wire) -> None:
    arrived: list[Message] = []

    async def script(peer: Peer) -> None:
        while True:
            arrived.append(await receive(peer))
            await peer.send(OK)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE):
        for _ in range(2):
            body = b'3;name="a b"\r\none\r\n03;x\r\ntwo\r\n0;last\r\nX-Trailer: t\r\nX-Other: u\r\n\r\n'
            async with wire.client() as client:
                await client.send(wire.head(POST, CHUNKED, b"Trailer: X-Trailer") + body)
                assert (await receive(client)).status == 200
    assert [message.body for message in arrived] == [b"onetwo"] * 2


@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("path", ["/v1/messages", "/api/batch"])
async def test_a_client_that_expects_100_continue_gets_it_and_its_body_arrives(
    wire: Wire, path: str, framing: str
) -> None:
    arrived: list[Message] = []

    async def script(peer: Peer) -> None:
        arrived.append(await receive(peer))
        await peer.send(OK)

    wire.upstream.script = script
    field, body = (b"Content-Length: 2", b"{}") if framing == "sized" else (CHUNKED, chunked(b"{}"))
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(f"POST {path} HTTP/1.1".encode(), CLAUDE, field, b"eXpect: 100-Continue"))
        assert (await client.head()).startswith(b"HTTP/1.1 100 ")
        await client.send(body)
        assert (await receive(client)).body == b'{"ok":true}'
    assert arrived[0].body == b"{}"


async def test_pipelined_requests_are_answered_in_their_order(wire: Wire) -> None:
    async def script(peer: Peer) -> None:
        while True:
            arrived = await receive(peer)
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(arrived.line), arrived.line))

    wire.upstream.script = script
    lines = [b"GET /%d HTTP/1.1" % number for number in range(5)]
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(b"".join(map(wire.head, lines)))
        assert [(await receive(client)).body for _ in lines] == lines


async def test_a_client_of_http_1_0_is_served_and_its_connection_closed(wire: Wire) -> None:
    """It knows no chunks: the end of the connection is the end of the body."""
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"one", b"two")
    arrived, came = await wire.carry(wire.head(b"GET /x HTTP/1.0", b"X-Kept: 1"), answer)
    assert arrived.forwarded == [(b"X-Kept", b"1")]
    assert not came.values(b"transfer-encoding")
    assert (came.status, came.body) == (200, b"onetwo")


async def test_an_expectation_is_answered_only_when_the_request_is_let_in(wire: Wire) -> None:
    async with asyncio.timeout(PATIENCE):
        async with wire.client() as client:
            await client.send(wire.head(POST, b"Origin: https://evil.example", b"Expect: 100-continue", SIZED))
            assert (await client.head()).startswith(b"HTTP/1.1 403 ")
        async with wire.client() as client:
            await client.send(wire.head(POST, b"Expect: 100-continue", SIZED))
            assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(b"{}")
            assert (await receive(client)).status == 200


async def test_an_unknown_expectation_is_a_417_and_goes_nowhere(wire: Wire) -> None:
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(POST, b"Expect: planted", SIZED))
        came = await receive(client)
    assert (came.status, came.error["type"]) == (417, "invalid_request_error")
    assert b"planted" not in came.body
    assert wire.upstream.peers == []


@pytest.mark.parametrize("together", [False, True], ids=["one after the other", "together"])
async def test_a_trailer_is_no_header_of_the_next_request(wire: Wire, together: bool) -> None:
    """Which is served all the same, by the same connection."""
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            heads.append(await peer.head())
            if b"chunked" in heads[-1].lower():
                await peer.chunks()
            await peer.send(OK)

    wire.upstream.script = script
    first = wire.head(POST, CHUNKED) + b"1\r\nx\r\n0\r\nX-One: planted\r\nX-Two: planted\r\n\r\n"
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(first + wire.head(GET) * together)
        assert (await receive(client)).status == 200
        await client.send(wire.head(GET) * (not together))
        assert (await receive(client)).status == 200
    assert len(heads) == 2
    assert b"planted" not in b"".join(heads)


async def test_a_chunked_body_without_trailers_leaves_the_connection_open(wire: Wire) -> None:
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        for _ in range(2):
            await client.send(wire.head(POST, CHUNKED) + chunked(b"body"))
            assert (await receive(client)).status == 200


@pytest.mark.parametrize("target", [b"/%2d/health", b"/%2D/", b"/-%2fready", b"/x/../-/health"])
async def test_a_path_that_only_decodes_to_one_of_sidesteps_own_is_forwarded(wire: Wire, target: bytes) -> None:
    arrived, _ = await wire.carry(wire.head(b"GET %b HTTP/1.1" % target))
    assert arrived.line == b"GET %b HTTP/1.1" % target

"""Bytes made to be read in two ways, or to wear the proxy out: refused, and no upstream sees any of them."""

import asyncio
import json
import re
from contextlib import suppress

import pytest

from tests.cases import every
from tests.raw import Peer, raw_client
from tests.sockets.given import CHUNKED, CLAUDE, OK, Wire, broken_off, chunk
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
POST = b"POST /api/batch HTTP/1.1"


def _fields(*fields: bytes, body: bytes = b"0\r\n\r\n") -> bytes:
    return b"\r\n".join([POST, b"Host: 127.0.0.1:{port}", *fields, b"", b""]) + body


def _size(line: bytes) -> bytes:
    """A chunked body of one chunk of three bytes, whose size is written so."""
    return _fields(CHUNKED, body=line + b"\r\nabc\r\n0\r\n\r\n")


SMUGGLING = {
    "both framings": _fields(b"Content-Length: 5", CHUNKED),
    "both framings, turned": _fields(CHUNKED, b"Content-Length: 5"),
    "both framings, a length of none": _fields(CHUNKED, b"Content-Length: 0"),
    "two lengths": _fields(b"Content-Length: 5", b"Content-Length: 0"),
    "two lengths, turned": _fields(b"Content-Length: 0", b"content-length: 5"),
    "two lengths in one": _fields(b"Content-Length: 5, 0"),
    "a length with a plus": _fields(b"Content-Length: +5"),
    "a length with a minus": _fields(b"Content-Length: -5"),
    "a length of two words": _fields(b"Content-Length: 5 0"),
    "a length in hexadecimal": _fields(b"Content-Length: 0x5"),
    "a length with an underscore": _fields(b"Content-Length: 0_5"),
    "a length in other digits": _fields("Content-Length: ٥".encode()),
    "a length with a point": _fields(b"Content-Length: 5.0"),
    "a length of nothing": _fields(b"Content-Length:"),
    "a length beyond all": _fields(b"Content-Length: " + b"9" * 40),
    "an unknown coding": _fields(b"Transfer-Encoding: xchunked"),
    "chunked, but not last": _fields(b"Transfer-Encoding: chunked, identity"),
    "a target beyond ASCII": _fields().replace(b"/api/batch", b"/caf\xe9"),
    "a query beyond ASCII": _fields().replace(b"/api/batch", b"/x?caf\xc3\xa9"),
    "a method of nobody's": _fields().replace(b"POST", b"FOO"),
    "chunked twice": _fields(CHUNKED, CHUNKED),
    "chunked twice in one": _fields(b"Transfer-Encoding: chunked, chunked"),
    "chunked, quoted": _fields(b'Transfer-Encoding: "chunked"'),
    "chunked behind a vertical tab": _fields(b"Transfer-Encoding: \x0bchunked"),
    "chunked and a NUL": _fields(b"Transfer-Encoding: chunked\x00"),
    "identity, with a length": _fields(b"Transfer-Encoding: identity", b"Content-Length: 5"),
    "a coding of nothing": _fields(b"Transfer-Encoding:", b"Content-Length: 5"),
    "chunks in HTTP/1.0": _fields(CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "a blank before the colon": _fields(b"Transfer-Encoding : chunked"),
    "a blank before the colon of a length": _fields(b"Content-Length : 5"),
    "a blank in a name": _fields(b"X Y: z", b"Content-Length: 5"),
    "a folded line": _fields(b"X: y", b" z", b"Content-Length: 5"),
    "a folded coding": _fields(b"Transfer-Encoding:", b" chunked"),
    "a first line that is folded": _fields(b" X: y").replace(b"Host: 127.0.0.1:{port}\r\n X", b" X", 1),
    "a bare CR in a value": _fields(b"X: y\rTransfer-Encoding: chunked", b"Content-Length: 5"),
    "a bare CR before a name": _fields(b"\rX: y", b"Content-Length: 5"),
    "a bare CR for a line end": _fields(b"Content-Length: 5").replace(b"\r\nContent", b"\rContent"),
    "a bare LF in a value": _fields(b"X: y\nTransfer-Encoding: chunked", b"Content-Length: 5"),
    "bare LFs for line ends": _fields(b"Content-Length: 0", body=b"").replace(b"\r\n", b"\n"),
    "a NUL in a value": _fields(b"X: y\x00z", b"Content-Length: 5"),
    "a NUL in a name": _fields(b"X\x00: y", b"Content-Length: 5"),
    "a name with a separator": _fields(b"X(y): z", b"Content-Length: 5"),
    "a name of other bytes": _fields(b"X\xe9: z", b"Content-Length: 5"),
    "no name": _fields(b": y", b"Content-Length: 5"),
    "no colon": _fields(b"Content-Length", b"Content-Length: 5"),
    "two Hosts": _fields(b"Host: evil.example", b"Content-Length: 5"),
    "the same Host twice": _fields(b"hOST: 127.0.0.1:{port}", b"Content-Length: 5"),
    "a size of no digits": _size(b"x"),
    "a size of nothing": _size(b""),
    "a size with a plus": _size(b"+3"),
    "a size with a minus": _size(b"-3"),
    "a size with 0x": _size(b"0x3"),
    "a size with an underscore": _size(b"0_3"),
    "a size behind a blank": _size(b" 3"),
    "a size before a bare LF": _size(b"3").replace(b"3\r\n", b"3\n"),
    "a size before a bare CR": _size(b"3").replace(b"3\r\n", b"3\r"),
    "a size beyond all": _size(b"1" + b"0" * 16 + b"3"),
    "a size too small": _size(b"2"),
    "a size too large": _size(b"4"),
    "a bare LF in an extension": _size(b"3;x\ny"),
    "a chunk without its line end": _fields(CHUNKED, body=b"3\r\nabc0\r\n\r\n"),
    "a chunk ended by a bare LF": _fields(CHUNKED, body=b"3\r\nabc\n0\r\n\r\n"),
    "a request line without version": _fields(b"X: y", body=b"").replace(b" HTTP/1.1", b"", 1),
    "another version": _fields(b"X: y", body=b"").replace(b"HTTP/1.1", b"HTTP/3.0", 1),
    "a version with more digits": _fields(b"X: y", body=b"").replace(b"HTTP/1.1", b"HTTP/1.11", 1),
    "a version in lower case": _fields(b"X: y", body=b"").replace(b"HTTP/1.1", b"http/1.1", 1),
    "a blank in the target": _fields(b"X: y", body=b"").replace(b"/batch", b"/ba tch", 1),
    "a tab before the target": _fields(b"X: y", body=b"").replace(b"POST ", b"POST\t", 1),
    "a NUL in the target": _fields(b"X: y", body=b"").replace(b"/batch", b"/bat\x00ch", 1),
    "a bare CR in the target": _fields(b"X: y", body=b"").replace(b"/batch", b"/bat\rch", 1),
    "a method that is no token": _fields(b"X: y", body=b"").replace(b"POST", b"PO(ST", 1),
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(64) + b"\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


async def _is_refused(wire: Wire, sent: bytes, *, statuses: tuple[int, ...] = (400,)) -> bytes:
    """One error reply or none, then the end of the connection; the upstream has seen nothing at all."""
    came = b""
    async with asyncio.timeout(PATIENCE), raw_client(wire.port) as client:
        with suppress(ConnectionError):
            await client.send(sent)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            came = await client.head()
            if came.startswith(b"HTTP/1.1 501 "):
                await _say_no_more(wire, client)
        came += await broken_off(client)
    peers, wire.upstream.peers[:] = [*wire.upstream.peers], []
    assert len(re.findall(rb"HTTP/1\.[01] [0-9]{3} ", came)) <= 1, came
    assert not came or int(came.split(b" ")[1]) in statuses, came
    assert peers == []
    return came


async def _say_no_more(wire: Wire, client: Peer) -> None:
    """End the wait for a body that nobody wants, when whatever the proxy made of what stands behind it has begun."""
    await wire.ask(wire.head(b"GET /-/ready HTTP/1.1"))
    client.writer.write_eof()


@every("path", ["/api/batch", "/v1/messages"])
@every("name", SMUGGLING)
async def test_what_two_readers_might_read_in_two_ways_is_refused(wire: Wire, name: str, path: str) -> None:
    """Behind it comes a request that a fooled reader would take for one of its own."""
    sent = (SMUGGLING[name] + SMUGGLED).replace(b"{port}", b"%d" % wire.port)
    if path == "/v1/messages":
        sent = sent.replace(b"/api/batch", b"/v1/messages", 1).replace(b"\r\nHost", b"\r\n" + CLAUDE + b"\r\nHost", 1)
    came = await _is_refused(wire, sent, statuses=(400, 501, 505))
    assert b"smuggled" not in came


@pytest.mark.parametrize("bad", [b"x\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\nabc\r\n0\r\n\r\n"])
async def test_a_bad_chunk_behind_a_good_one_leaves_the_upstream_with_half_a_request(wire: Wire, bad: bytes) -> None:
    """The good one has gone on by then. What never comes is the end of that request, or another one behind it."""
    begun, ended = asyncio.Event(), asyncio.Event()
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        await peer.head()
        got.append(await peer.chunk())
        begun.set()
        got.append(await broken_off(peer))
        ended.set()

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(POST, CHUNKED) + chunk(b"good"))
        await begun.wait()
        await client.send(bad + SMUGGLED)
        came = await broken_off(client)
        await ended.wait()
    assert not came or came.startswith(b"HTTP/1.1 400 ")
    assert got[0] == b"good"
    assert b"0\r\n\r\n" not in got[1]
    assert b"smuggled" not in got[1]
    assert len(wire.upstream.peers) == 1


FLOODS = {
    "600 headers": [b"X-%d: y" % number for number in range(600)],
    "a header of 1 MiB": [b"X: " + b"y" * 1024 * 1024],
    "a name of 1 MiB": [b"X" * 1024 * 1024 + b": y"],
    "1 MiB of headers": [b"X-%d: %s" % (number, b"y" * 8192) for number in range(128)],
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_of_headers_is_refused(wire: Wire, name: str) -> None:
    await _is_refused(
        wire, wire.head(b"GET /v1/models HTTP/1.1", b"Connection: close", *FLOODS[name]), statuses=(400, 431)
    )


async def test_a_target_of_1_mebibyte_is_refused(wire: Wire) -> None:
    sent = wire.head(b"GET /" + b"x" * 1024 * 1024 + b" HTTP/1.1", b"Connection: close")
    await _is_refused(wire, sent, statuses=(400, 414, 431))


async def test_a_flood_without_an_end_is_refused_before_it_has_one(wire: Wire) -> None:
    sent = wire.head(b"GET /v1/models HTTP/1.1", *[b"X-%d: %s" % (number, b"y" * 1024) for number in range(1024)])
    await _is_refused(wire, sent[:-2], statuses=(400, 431))


@pytest.mark.parametrize("name", ["both framings", "a blank before the colon", "two Hosts", "another version"])
async def test_what_is_refused_is_told_so_in_the_shape_of_the_api(wire: Wire, name: str) -> None:
    """And names no server: nobody need know what stands here."""
    came = await wire.ask(SMUGGLING[name].replace(b"{port}", b"%d" % wire.port))
    assert came.error["type"] == "invalid_request_error"
    assert not came.values(b"server")


async def test_a_good_request_is_served_after_all_that(wire: Wire) -> None:
    for name in ("both framings", "a size of no digits"):
        await _is_refused(wire, SMUGGLING[name].replace(b"{port}", b"%d" % wire.port))
    await wire.carry(wire.head(b"GET /v1/models HTTP/1.1"))


DEEP = 100_000
ODDITIES = {
    "nothing but a blank": b" ",
    "cut off": b'{"model": "m", "messages": [{"role": "us',
    "trailing bytes": b'{"messages": []} x',
    "two documents": b'{"messages": []}{"messages": []}',
    "trailing commas": b'{"messages": [1, 2, ], }',
    "comments": b'{"messages": [] /* none */}',
    "single quotes": b"{'messages': []}",
    "a byte order mark": b'\xef\xbb\xbf{"messages": []}',
    "UTF-16": '{"messages": []}'.encode("utf-16"),
    "NaN": b'{"messages": NaN, "max_tokens": Infinity, "x": -Infinity}',
    "numbers beyond all": b'{"max_tokens": 1e999999, "messages": [-1e-999999, ' + b"9" * 100_000 + b"]}",
    "numbers written oddly": b'{"max_tokens": 01, "messages": [+1, .5, 1., 0x1]}',
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep lists without an end": b"[" * DEEP,
    "deep objects": b'{"messages":' * DEEP + b"1" + b"}" * DEEP,
    "a deep message": b'{"messages": [{"role": "user", "content": ' + b"[" * DEEP + b"]" * DEEP + b"}]}",
    "duplicate keys": b'{"model": "a", "model": "b", "messages": [], "messages": [{"role": "user", "content": "x"}]}',
    "invalid UTF-8": b'{"messages": [{"role": "user", "content": "\xff\xfe\xc0\x80\xed\xa0\x80"}]}',
    "a name that is not UTF-8, in a large body": b'{"\xff": 1, "messages": [{"role": "user", "content": "x"}]}'
    + b" " * 5000,
    "lone surrogates": b'{"messages": [{"role": "user", "content": "\\ud800 \\udc00\\ud800"}]}',
    "control characters": b'{"messages": [{"role": "user", "content": "\x00\x01\r\n\t\x7f"}]}',
    "an escaped NUL": b'{"mess\\u0061ges": [{"role": "user", "content": "\\u0000"}]}',
    "messages of the wrong kind": b'{"model": 1, "max_tokens": [], "messages": {"role": null}, "stream": "yes"}',
    "null": b"null",
    "a string": b'"messages"',
    "blanks everywhere": b' \r\n\t{ "messages" \n:\t[ ] } \r\n',
    "many keys": json.dumps({f"key{number}": number for number in range(50_000)}).encode(),
}


@pytest.mark.parametrize("name", ODDITIES)
async def test_odd_json_is_forwarded_byte_for_byte(wire: Wire, name: str) -> None:
    """The body is looked into, and what cannot be made sense of is the upstream's to judge."""
    body = ODDITIES[name]
    head = wire.head(b"POST /v1/messages HTTP/1.1", CLAUDE, b"Content-Length: %d" % len(body))
    arrived, came = await wire.carry(head + body)
    assert arrived.body == body
    assert came.body == OK.partition(b"\r\n\r\n")[2]
    assert (await wire.process.line("request", path="/v1/messages", bytes_in=len(body)))["outcome"] == "forwarded"

"""Messages over bare streams: whole, byte by byte, and cut short."""

import asyncio

import pytest

from proxy.commands.doctor.plain_http import Address, HttpMessage, read_message
from tests.cases import every

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: 1\r\n\r\nabc"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n"
BARE = b"HTTP/1.1 204 No Content\r\n\r\n"


async def _read(*pieces: bytes, until_end: bool = False, end: bool = True) -> HttpMessage:
    reader = asyncio.StreamReader()
    for piece in pieces:
        reader.feed_data(piece)
    if end:
        reader.feed_eof()
    return await read_message(reader, until_end=until_end)


@every(("raw", "body"), [(SIZED, b"abc"), (CHUNKED, b"a0123456789"), (BARE, b"")], ids=["sized", "chunked", "bare"])
@every("trailing", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["alone", "with another behind"])
async def test_a_message_ends_where_its_head_says(raw: bytes, body: bytes, trailing: bytes) -> None:
    whole = await _read(raw + trailing, end=False)
    assert whole.body == body
    assert await _read(*(bytes([byte]) for byte in raw + trailing), end=False) == whole


async def test_without_a_length_a_reply_goes_on_until_the_end() -> None:
    assert (await _read(b"HTTP/1.1 200 OK\r\n\r\nto the end", until_end=True)).body == b"to the end"


async def test_first_line_and_headers_are_kept_as_they_came() -> None:
    read = await _read(SIZED)
    assert (read.first, read.lines) == (b"HTTP/1.1 200 OK", (b"Content-Length: 3", b"X-A: 1"))
    assert (read.status, read.header("x-a"), read.header("x-b")) == (200, "1", "")


@pytest.mark.parametrize("cut", [10, len(SIZED) - 1])
async def test_a_message_that_is_cut_short_is_an_end_too_early(cut: int) -> None:
    with pytest.raises(EOFError):
        await _read(SIZED[:cut])


@pytest.mark.parametrize("first", [b"220 mail ready", b"noise", b"GET /"])
async def test_what_is_no_reply_has_no_status_of_one(first: bytes) -> None:
    assert (await _read(first + b"\r\n\r\n")).status == 0


def test_a_request_names_address_token_and_length() -> None:
    address = Address("::1", 5, token="secret")
    assert address.request("POST /x", ["A: b"], b"12") == (
        b"POST /x HTTP/1.1\r\nHost: [::1]:5\r\nx-sidestep-token: secret\r\nA: b\r\nContent-Length: 2\r\n\r\n12"
    )
    assert b"Host: other\r\n" in address.request("GET /", host="other")

"""A reply's head from its bytes: whole, in pieces, with bytes behind it, and everything that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.headers import lines
from proxy.wire.heads import (
    MAX_HEAD,
    MAX_HEADERS,
    BadReply,
    ReplyHead,
    head_end,
    parse_reply_head,
    reply_head,
    request_head,
)
from tests.cases import every

HEADS = [
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\n\n",
    b"HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n",
    b"HTTP/1.1 200 OK\nA: 1\nB: 2\n\n",
    b"HTTP/1.1 200 OK\r\nA: 1\nB: 2\r\n\n",
    b"HTTP/1.1 200 OK\nA: 1\r\nB: 2\n\r\n",
]
BEHIND = [b"", b"body", b"\r\n\r\n", b"\n\n", b"HTTP/1.1 200 OK\r\n\r\n"]

TOKENS = st.text("!#$%&'*+-.^_`|~abcXYZ019", min_size=1, max_size=12).map(str.encode)
_CONTROLS = set(range(9)) | set(range(10, 32)) | {127}
VALUES = st.lists(st.sampled_from(sorted(set(range(256)) - _CONTROLS)), max_size=20).map(
    lambda b: bytes(b).strip(b" \t")
)


def whole(head: bytes) -> ReplyHead:
    assert head_end(head) == len(head)
    return parse_reply_head(head)


@every("behind", BEHIND)
@every("head", HEADS)
def test_a_head_ends_at_its_first_blank_line(head: bytes, behind: bytes) -> None:
    assert head_end(head + behind) == len(head)


@every("head", HEADS)
def test_no_part_of_a_head_is_a_whole_one(head: bytes) -> None:
    assert [head_end(head[:cut]) for cut in range(len(head))] == [-1] * len(head)


@every("behind", BEHIND)
@every("head", HEADS)
def test_looking_on_from_any_cut_finds_the_same_end(head: bytes, behind: bytes) -> None:
    """As a connection does: what came earlier is looked at again for three bytes alone."""
    sent = head + behind
    for cut in range(len(head)):
        assert head_end(bytearray(sent), max(0, cut - 3)) == len(head)


@given(st.sampled_from(HEADS), st.sampled_from(BEHIND), st.lists(st.integers(1, 7), max_size=40))
def test_a_head_in_any_pieces_ends_at_the_same_place(head: bytes, behind: bytes, sizes: list[int]) -> None:
    sent, received = head + behind, bytearray()
    for size in [*sizes, len(sent)]:
        start = max(0, len(received) - 3)
        received += sent[len(received) : len(received) + size]
        if (end := head_end(received, start)) > 0:
            break
    assert end == len(head)


def test_a_head_may_be_as_large_as_the_limit_and_no_larger() -> None:
    frame = len(b"HTTP/1.1 200 OK\r\nA: \r\n\r\n")
    fits = b"HTTP/1.1 200 OK\r\nA: %b\r\n\r\n" % (b"x" * (MAX_HEAD - frame))
    assert head_end(fits) == MAX_HEAD
    assert head_end(fits + b"a large body" * 100_000) == MAX_HEAD
    with pytest.raises(BadReply, match="too large"):
        head_end(fits.replace(b"A: ", b"AB: "))


def test_a_head_without_an_end_is_given_up_at_the_limit() -> None:
    assert head_end(b"x" * MAX_HEAD) == -1
    with pytest.raises(BadReply, match="too large"):
        head_end(b"x" * (MAX_HEAD + 1), MAX_HEAD)


def test_order_case_duplicates_and_empty_values_stay() -> None:
    head = whole(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX:\r\nset-cookie: b\r\nX: \r\nSET-COOKIE: a=1\r\n\r\n")
    assert head.headers == [
        (b"Set-Cookie", b"a=1"),
        (b"X", b""),
        (b"set-cookie", b"b"),
        (b"X", b""),
        (b"SET-COOKIE", b"a=1"),
    ]


@every(
    ("line", "value"),
    [
        (b"A:1", b"1"),
        (b"A: \t 1 \t ", b"1"),
        (b"A: 1 \t 2", b"1 \t 2"),
        (b"A: caf\xc3\xa9 \xff\x80", b"caf\xc3\xa9 \xff\x80"),
        (b"A: b: c", b"b: c"),
        (b"A: \xa0", b"\xa0"),
        (b"A: \x85x", b"\x85x"),
    ],
)
@every("end", [b"\r\n", b"\n"])
def test_a_value_loses_the_blanks_around_it_and_nothing_else(line: bytes, value: bytes, end: bytes) -> None:
    assert whole(b"HTTP/1.1 200 OK" + end + line + end + end).headers == [(b"A", value)]


def test_many_blanks_in_a_value_are_read_at_once() -> None:
    """A pattern that tries every blank as the last one would not come back from this one for minutes."""
    value = b"a" + b" " * (MAX_HEAD - 100) + b"b"
    assert whole(b"HTTP/1.1 200 OK\r\nA: %b\r\n\r\n" % value).headers == [(b"A", value)]


@every(
    ("line", "read"),
    [
        (b"HTTP/1.1 200 OK", (1, 200, b"OK")),
        (b"HTTP/1.0 404 Not Found", (0, 404, b"Not Found")),
        (b"HTTP/1.1 529 Site Is Overloaded", (1, 529, b"Site Is Overloaded")),
        (b"HTTP/1.1 200", (1, 200, b"")),
        (b"HTTP/1.1 200 ", (1, 200, b"")),
        (b"HTTP/1.1 200  two  blanks ", (1, 200, b" two  blanks ")),
        (b"HTTP/1.1 200 caf\xe9\t!", (1, 200, b"caf\xe9\t!")),
        (b"HTTP/1.9 999 Odd", (9, 999, b"Odd")),
    ],
)
def test_a_status_line_is_read_as_it_stands(line: bytes, read: tuple[int, int, bytes]) -> None:
    head = whole(line + b"\r\n\r\n")
    assert (head.minor, head.status, head.reason) == read


@every(
    "line",
    [
        b"",
        b"\r",
        b"SSH-2.0-OpenSSH_9.2",
        b"http/1.1 200 OK",
        b"HTTP/2 200 OK",
        b"HTTP/2.0 200 OK",
        b"HTTP/1 200 OK",
        b"HTTP/1.11 200 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 2x0 OK",
        b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK",
        b"HTTP/1.1 200OK",
        b" HTTP/1.1 200 OK",
        b"HTTP/1.1 200 O\x00K",
        b"HTTP/1.1 200 O\rK",
        b"HTTP/1.1 200 OK\r",
        b"HTTP/1.1 200 O\x7fK",
        b"ICY 200 OK",
    ],
)
def test_what_is_no_status_line_is_no_reply(line: bytes) -> None:
    with pytest.raises(BadReply, match="not an HTTP reply"):
        parse_reply_head(line + b"\r\nA: 1\r\n\r\n")


@every(
    "line",
    [
        b"A : 1",
        b"A\t: 1",
        b" A: 1",
        b"\tfolded",
        b" folded: yes",
        b": 1",
        b"no colon",
        b"A B: 1",
        b"A(: 1",
        b"caf\xc3\xa9: 1",
        b"A\x00: 1",
        b"A: 1\r",
        b"A: 1\r2",
        *(b"A: x%cy" % control for control in sorted(_CONTROLS - {10})),
    ],
)
@every("end", [b"\r\n", b"\n"])
def test_a_header_that_two_readers_could_read_differently_is_refused(line: bytes, end: bytes) -> None:
    line = line + b"\r" if line == b"A: 1\r" else line  # one alone would belong to the line's end
    with pytest.raises(BadReply, match="malformed header") as caught:
        parse_reply_head(end.join([b"HTTP/1.1 200 OK", b"Before: 1", line, b"After: 2", b"", b""]))
    assert str(caught.value) == "sent a malformed header"


def test_there_may_be_as_many_headers_as_the_limit_and_no_more() -> None:
    assert len(whole(b"HTTP/1.1 200 OK\r\n" + b"A: 1\r\n" * MAX_HEADERS + b"\r\n").headers) == MAX_HEADERS
    with pytest.raises(BadReply, match="too many headers"):
        parse_reply_head(b"HTTP/1.1 200 OK\r\n" + b"A: 1\r\n" * (MAX_HEADERS + 1) + b"\r\n")


@every(
    ("status", "interim"),
    [(100, True), (101, False), (102, True), (103, True), (199, True), (200, False), (304, False)],
)
def test_all_below_200_but_101_are_followed_by_another_head(status: int, interim: bool) -> None:
    assert ReplyHead(1, status, b"", []).interim is interim


@given(st.integers(100, 999), VALUES, st.lists(st.tuples(TOKENS, VALUES), max_size=10))
def test_what_is_written_is_read_again(status: int, reason: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    assert whole(reply_head(status, reason, headers)) == ReplyHead(1, status, reason, headers)


@given(st.binary(max_size=200))
def test_no_bytes_at_all_bring_anything_but_a_head_or_a_refusal(noise: bytes) -> None:
    sent = b"HTTP/1.1 200 OK\r\n" + noise + b"\r\n\r\n"
    try:
        head = parse_reply_head(sent[: head_end(sent)])
    except BadReply:
        return
    assert not any(_CONTROLS & set(name + value) for name, value in head.headers)


def test_a_request_has_its_target_and_headers_byte_for_byte() -> None:
    head = request_head(b"POST", b"/a%2Fb?x|{}", lines([(b"X-a", b"caf\xe9"), (b"x-A", b""), (b"X-a", b"2")]))
    assert head == b"POST /a%2Fb?x|{} HTTP/1.1\r\nX-a: caf\xe9\r\nx-A: \r\nX-a: 2\r\n\r\n"

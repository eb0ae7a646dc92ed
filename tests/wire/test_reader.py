"""A reply taken apart as it comes: whole, byte by byte, with bytes behind it, and at the end of its connection."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.heads import BadReply
from proxy.wire.reader import ReplyReader
from tests.cases import every

EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_END = b"HTTP/1.1 200 OK\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A reply, and what becomes of it when all of it has come."""

    sent: bytes
    body: bytes = b""
    statuses: tuple[int, ...] = (200,)
    method: bytes = b"GET"
    complete: bool = True
    last: bool = False
    upgrade: bool = False


CASES = {
    "a length": Case(LENGTH + b"hello", b"hello"),
    "no body": Case(b"HTTP/1.1 204 No Content\r\n\r\n", statuses=(204,)),
    "the reply to HEAD": Case(LENGTH, method=b"HEAD"),
    "chunks": Case(CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n", b"hello"),
    "interim replies": Case(EARLY * 32 + LENGTH + b"hello", b"hello", (*[103] * 32, 200)),
    "the end of the connection": Case(UNTIL_END + b"hello", b"hello", complete=False),
    "half of a length": Case(LENGTH + b"hel", b"hel", complete=False),
    "half of its chunks": Case(CHUNKED + b"2\r\nhe\r\n3\r\nl", b"hel", complete=False),
    "half a head": Case(LENGTH[:-2], statuses=(), complete=False),
    "Connection: close": Case(LENGTH[:-2] + b"Connection: a, Close\r\n\r\nhello", b"hello", last=True),
    "HTTP/1.0": Case(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi", last=True),
    "an upgrade": Case(
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n", statuses=(101,), complete=False, last=True, upgrade=True
    ),
}


def fed(reader: ReplyReader, pieces: Iterable[bytes]) -> bytes:
    """All of the body, taken apart to its end after each piece."""
    body = b""
    for piece in pieces:
        body += reader.feed(piece)
        while reader.rest:
            body += reader.feed(b"")
    return body


def read(case: Case, pieces: Iterable[bytes]) -> ReplyReader:
    reader = ReplyReader(case.method, upgrade=case.upgrade)
    assert fed(reader, pieces) == case.body
    assert tuple(head.status for head in reader.heads) == case.statuses
    assert (reader.complete, reader.last) == (case.complete, case.last)
    return reader


@every("case", CASES.values(), ids=CASES)
def test_a_reply_is_the_same_whole_and_byte_by_byte(case: Case) -> None:
    read(case, [case.sent])
    read(case, [bytes([byte]) for byte in case.sent])


@given(st.sampled_from(list(CASES.values())), st.lists(st.integers(0, 2000), max_size=8))
def test_a_reply_is_the_same_however_it_is_cut(case: Case, cuts: list[int]) -> None:
    at = [0, *sorted(min(cut, len(case.sent)) for cut in cuts), len(case.sent)]
    read(case, [case.sent[start:end] for start, end in itertools.pairwise(at)])


@every("apart", [False, True])
@every("name", ["a length", "chunks", "the reply to HEAD", "no body"])
def test_what_comes_behind_a_reply_is_none_of_it_and_ends_the_use_of_its_connection(name: str, apart: bool) -> None:
    case = CASES[name]
    reader = ReplyReader(case.method)
    assert fed(reader, [case.sent, LENGTH] if apart else [case.sent + LENGTH]) == case.body
    assert (reader.complete, reader.last, len(reader.heads)) == (True, True, 1)


@every(
    ("name", "whole", "cut"),
    [
        ("a length", True, True),
        ("the end of the connection", True, False),
        ("half of a length", False, False),
        ("half of its chunks", False, False),
        ("half a head", False, False),
    ],
)
def test_the_end_completes_what_only_it_can_end_unless_it_was_cut(name: str, whole: bool, cut: bool) -> None:
    for was_cut, expected in ((False, whole), (True, cut)):
        reader = read(CASES[name], [CASES[name].sent])
        assert reader.end(cut=was_cut) is expected
        assert (reader.complete, reader.last) == (expected, True)


@every(
    ("sent", "words"),
    [
        (b"\x15\x03\x03\x00\x02\x02\x46", "speaks TLS there"),
        (b"\x16", "speaks TLS there"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "switched protocols unasked"),
        (EARLY + b"\x16\r\n\r\n", "^(?!speaks TLS)"),
        (EARLY * 33, "interim replies without an end"),
        (LENGTH[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", "contradictory framing"),
    ],
)
def test_what_cannot_be_relayed_is_refused_and_its_head_not_given(sent: bytes, words: str) -> None:
    for pieces in ([sent], [bytes([byte]) for byte in sent]):
        reader = ReplyReader(b"GET")
        with pytest.raises(BadReply, match=words):
            fed(reader, pieces)
        assert all(head.interim for head in reader.heads)
        assert reader.body is None or not reader.complete


def test_bytes_of_tls_within_a_reply_are_a_body() -> None:
    assert fed(ReplyReader(b"GET"), [LENGTH, b"\x16\x15\x16\x15\x16"]) == b"\x16\x15\x16\x15\x16"

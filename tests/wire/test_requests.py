"""Where a client's requests begin and end: whole, byte by byte, cut at random, and with others behind them."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.heads import MAX_HEAD
from proxy.wire.requests import _CHUNKS_AT_ONCE, _MAX_SIZE_LINE, MAX_TRAILERS, BadRequest, RequestReader
from tests.cases import every

GET = b"GET /v1/models?x= HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\ntransfer-ENCODING:\t Chunked \r\nX: y\r\n\r\n"


def sized(body: bytes, name: bytes = b"Content-Length") -> bytes:
    return b"POST / HTTP/1.1\r\n%b: %d\r\nX: y\r\n\r\n%b" % (name, len(body), body)


def merged(piece: bytes) -> tuple[bytes, bytes]:
    """Head and body of a request as it was given on; its chunks must be as we write them, with nothing behind them."""
    head, _, rest = piece.partition(b"\r\n\r\n")
    if b"chunked" not in head.lower():
        return head + b"\r\n\r\n", rest
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        body, rest = body + rest[:count], rest[count:]
        assert rest.startswith(b"\r\n")
        rest = rest[2:]
        if not count:
            assert rest == b""
            return head + b"\r\n\r\n", body


def read(pieces: Iterable[bytes], reader: RequestReader | None = None) -> list[bytes]:
    """Every request that comes whole, each served as soon as its body has ended."""
    reader = reader or RequestReader()
    found, current = [], b""
    for piece in pieces:
        current += reader.feed(piece)
        while reader.busy:
            current += reader.feed(b"")
        while reader.serving and not reader.in_body:
            found.append(current)
            reader.served()
            current = reader.feed(b"")
    return found


def bytewise(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


REQUESTS = {
    GET: (GET, b""),
    b"\r\n" + GET: (GET, b""),
    sized(b""): (sized(b""), b""),
    sized(b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"): (sized(b"x" * 22)[:-22], b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    sized(b"four", b"CONTENT-length"): (sized(b"four", b"CONTENT-length")[:-4], b"four"),
    CHUNKED + b"0\r\n\r\n": (CHUNKED, b""),
    CHUNKED + b"4\r\nfour\r\n0\r\n\r\n": (CHUNKED, b"four"),
    CHUNKED + b'004;a="b c";d\r\nfour\r\n0B\r\n0\r\n\r\nX: y\r\n\r\n000;last\r\nX: y\r\nZ:\r\n\r\n': (
        CHUNKED,
        b"four0\r\n\r\nX: y\r\n",
    ),
    b"SOURCE * HTTP/1.0\r\n\r\n": (b"SOURCE * HTTP/1.0\r\n\r\n", b""),
}


@every("sent", REQUESTS)
def test_a_request_is_given_on_whole_and_by_itself(sent: bytes) -> None:
    for pieces in ([sent], bytewise(sent), [sent[:-1], sent[-1:]], [sent[:1], sent[1:]], [sent + GET], [sent + b"G"]):
        assert merged(read(pieces)[0]) == REQUESTS[sent]


@given(st.lists(st.sampled_from([*REQUESTS]), max_size=5), st.lists(st.integers(0, 400)))
def test_requests_cut_anywhere_are_the_same(sent: list[bytes], places: list[int]) -> None:
    data = b"".join(sent)
    cuts = sorted({0, len(data), *(place for place in places if place < len(data))})
    pieces = [data[begin:end] for begin, end in pairwise(cuts)]
    assert [merged(found) for found in read(pieces)] == [REQUESTS[one] for one in sent]


@given(st.lists(st.sampled_from([*REQUESTS]), min_size=2, max_size=4), st.integers(1, 500))
def test_nothing_behind_a_request_is_given_on_before_that_is_served(sent: list[bytes], size: int) -> None:
    data, reader = b"".join(sent), RequestReader()
    given_on = b"".join(reader.feed(data[at : at + size]) for at in range(0, len(data), size))
    assert merged(given_on) == REQUESTS[sent[0]]
    assert (reader.serving, reader.in_body, reader.idle) == (True, False, False)
    reader.served()
    assert merged(reader.feed(b"")) == REQUESTS[sent[1]]


def test_the_rest_of_a_body_belongs_to_a_request_that_has_been_served() -> None:
    for begun, rest in ((sized(b"four")[:-2], b"ur"), (CHUNKED + b"4\r\nfo", b"ur\r\n0\r\nX: y\r\n\r\n")):
        reader = RequestReader()
        first = reader.feed(begun)
        reader.served()
        assert (reader.serving, reader.in_body, reader.idle) == (False, True, False)
        assert merged(first + reader.feed(rest + GET))[1] == b"four"
        assert reader.feed(b"") == GET


def test_a_body_that_is_there_is_given_on_without_a_copy() -> None:
    reader = RequestReader()
    data = sized(b"x" * 1000)
    assert reader.feed(data) is data
    reader.served()
    reader.feed(data[:-500])
    assert reader.feed(data[-500:]) == data[-500:]
    piece = b"y" * 100
    reader.served()
    reader.feed(data[:-500])
    assert reader.feed(piece) is piece


BAD = {
    "nothing known": b"planted\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two blanks": GET.replace(b" ", b"  ", 1),
    "RTSP": GET.replace(b"HTTP", b"RTSP"),
    "a tab": GET.replace(b" ", b"\t", 1),
    "bytes beyond ASCII": GET.replace(b"models", b"caf\xe9"),
    "LF alone": GET.replace(b"\r\n", b"\n"),
    "one LF alone": GET.replace(b"\r\n", b"\n", 1),
    "two empty lines": b"\r\n\r\n" + GET,
    "two lengths": sized(b"four").replace(b"X: y", b"Content-Length: 4"),
    "a length and chunks": CHUNKED.replace(b"X: y", b"Content-Length: 4"),
    "chunks twice": CHUNKED.replace(b"X: y", b"Transfer-Encoding: chunked"),
    "no length": GET[:-2] + b"Content-Length:\r\n\r\n",
    "a signed length": GET[:-2] + b"Content-Length: +4\r\n\r\n",
    "a length beyond all": GET[:-2] + b"Content-Length: %b\r\n\r\n" % (b"9" * 19),
    "no size": CHUNKED + b"\r\n",
    "a size that is none": CHUNKED + b"x",
    "a size with a blank": CHUNKED + b"4 \r\nfour\r\n",
    "a size beyond all": CHUNKED + b"1" * 16,
    "a size before LF alone": CHUNKED + b"4\nfour\r\n",
    "LF alone in an extension": CHUNKED + b"4;a\nfour\r\n",
    "a size line without an end": CHUNKED + b"4;" + b"x" * _MAX_SIZE_LINE,
    "a chunk that is longer than its size": CHUNKED + b"4\r\nfours\r\n",
    "a chunk behind LF alone": CHUNKED + b"4\r\nfour\n0\r\n\r\n",
    "a trailer without a colon": CHUNKED + b"0\r\nX\r\n\r\n",
    "a trailer with a blank": CHUNKED + b"0\r\nX : y\r\n\r\n",
    "a trailer that is folded": CHUNKED + b"0\r\nX: y\r\n z\r\n\r\n",
    "a trailer with a control character": CHUNKED + b"0\r\nX: y\x00\r\n\r\n",
    "a trailer that ends in LF alone": CHUNKED + b"0\r\nX: y\nZ: y\r\n\r\n",
}


@every("name", BAD)
def test_what_is_malformed_is_refused_in_pieces_of_any_size(name: str) -> None:
    """With the very byte that says so; then nothing more is taken."""
    for pieces in ([BAD[name]], bytewise(BAD[name])):
        reader = RequestReader()
        with pytest.raises(BadRequest) as caught:
            read(pieces, reader)
        assert not caught.value.too_large
        assert "planted" not in str(caught.value)
        assert reader.feed(GET) == b""
        assert not reader.held


def test_a_request_is_no_better_for_what_stood_before_it() -> None:
    for bad in (BAD["two blanks"], BAD["two lengths"], BAD["a size that is none"]):
        for good in REQUESTS:
            with pytest.raises(BadRequest):
                read([good + bad])


def test_malformed_chunks_that_come_with_the_head_are_no_request_at_all() -> None:
    reader = RequestReader()
    with pytest.raises(BadRequest):
        reader.feed(BAD["a chunk behind LF alone"])
    assert (reader.idle, reader.new) == (True, True)


def test_of_a_request_in_another_coding_the_head_alone_is_given_on() -> None:
    """`downstream.access` refuses it, and ends its connection."""
    for head in (CHUNKED.replace(b"Chunked", b"gzip, chunked"), CHUNKED.replace(b"1.1", b"1.0"), CHUNKED[:-2]):
        head = head if head.endswith(b"\r\n\r\n") else head.replace(b"Chunked", b"") + b"\r\n"
        assert read([head + b"4\r\nfour\r\n0\r\n\r\n" + GET, GET]) == [head]


def _head(size: int) -> bytes:
    return (GET[:-4] + b"\r\nX: ").ljust(size, b"x") + b"\r\n\r\n"


@pytest.mark.parametrize("step", [1000, 65536, 2 * MAX_HEAD])
@pytest.mark.parametrize("before", [b"", sized(b"four"), CHUNKED + b"0\r\n\r\n"], ids=["first", "second", "third"])
def test_a_head_has_256_kibibytes_at_most(before: bytes, step: int) -> None:
    for size in (MAX_HEAD, MAX_HEAD + 1):
        data, reader = before + _head(size), RequestReader()
        pieces = [data[at : at + step] for at in range(0, len(data), step)]
        if size == MAX_HEAD:
            assert read(pieces, reader)[-1] == _head(size)
        else:
            with pytest.raises(BadRequest) as caught:
                read(pieces, reader)
            assert caught.value.too_large
    with pytest.raises(BadRequest):
        read([before + b"GET /" + b"x" * MAX_HEAD])


def test_trailers_have_64_kibibytes_at_most() -> None:
    trailer = b"X: ".ljust(MAX_TRAILERS // 2 - 2, b"y") + b"\r\n"
    whole = CHUNKED + b"0\r\n" + trailer * 2
    assert len(read([whole + b"\r\n"])) == 1
    for more in (b"X:\r\n\r\n", b"X"):
        with pytest.raises(BadRequest):
            read([whole, more])
        with pytest.raises(BadRequest):
            read([whole + more])


def test_what_waits_behind_a_request_is_full_at_the_size_of_a_head() -> None:
    reader = RequestReader()
    reader.feed(GET)
    reader.feed(b"x" * MAX_HEAD)
    assert not reader.full
    reader.feed(b"x")
    assert reader.full
    assert reader.feed(b"") == b""


def test_only_so_many_chunks_are_taken_apart_at_once() -> None:
    reader = RequestReader()
    chunks = 3 * _CHUNKS_AT_ONCE + 1
    taken = [reader.feed(CHUNKED + b"1\r\nx\r\n" * chunks + b"0\r\n\r\n" + GET)]
    while reader.busy:
        assert reader.full
        taken.append(reader.feed(b""))
    assert [len(merged(taken[0] + b"0\r\n\r\n")[1])] == [_CHUNKS_AT_ONCE]
    assert len(taken) == 4
    assert merged(b"".join(taken)) == (CHUNKED, b"x" * chunks)
    reader.served()
    assert reader.feed(b"") == GET


def test_what_is_held_goes_to_whoever_takes_the_connection_over() -> None:
    reader = RequestReader()
    reader.feed(GET + b"frames")
    assert reader.stop() == b"frames"
    assert not reader.full
    assert reader.feed(b"more") == b""

"""Where a reply's body ends: every row of RFC 9112, section 6.3, and each framing whole, in pieces and spoiled."""

import itertools

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.headers import RawPairs
from proxy.wire.framing import _AT_ONCE, BodyReader, Chunked, Sized, UntilClose, body_reader
from proxy.wire.heads import BadReply, ReplyHead
from tests.cases import every

CHUNKED = (b"Transfer-Encoding", b"chunked")
FIVE = (b"Content-Length", b"5")
CONTRADICTORY, INVALID = "contradictory framing", "invalid length"

# As they are sent, and what they hold.
BODIES = {
    "one chunk": (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    "two chunks": (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
    "no chunk": (b"0\r\n\r\n", b""),
    "many zeros": (b"0003\r\nabc\r\n000\r\n\r\n", b"abc"),
    "hexadecimal": (b"a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", b"01234567890123456789a"),
    "extensions": (b'3;a=1;b="q;\t\xff"\r\nabc\r\n0;last\r\n\r\n', b"abc"),
    "blanks": (b"3 \t\r\nabc\r\n0 ;x\r\n\r\n", b"abc"),
    "line ends alone": (b"3\nabc\n0\n\n", b"abc"),
    "line ends within": (b"6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", b"\r\n0\r\n\r"),
    "trailers": (b"3\r\nabc\r\n0\r\nA: 1\r\nB: 2\r\n\r\n", b"abc"),
}


def framed(method: bytes, status: int, headers: RawPairs, minor: int = 1) -> BodyReader:
    return body_reader(method, ReplyHead(minor, status, b"", headers))


@every("headers", [[], [FIVE], [CHUNKED]])
@every(("method", "status"), [(b"HEAD", 200), (b"HEAD", 404), (b"GET", 204), (b"POST", 304)])
def test_some_replies_have_no_body_whatever_their_heads_say(method: bytes, status: int, headers: RawPairs) -> None:
    body = framed(method, status, headers)
    assert (body.done, body.length, body.end()) == (True, None, True)
    assert body.feed(b"x") == b""
    assert body.over


@every(
    ("headers", "kind"),
    [
        ([CHUNKED], Chunked),
        ([(b"TRANSFER-ENCODING", b" Chunked ")], Chunked),
        ([(b"transfer-encoding", b",chunked,")], Chunked),
        ([FIVE], Sized),
        ([FIVE, (b"CONTENT-length", b"5")], Sized),
        ([], UntilClose),
        ([(b"X", b"chunked")], UntilClose),
    ],
)
def test_the_head_tells_how_a_body_is_framed(headers: RawPairs, kind: type) -> None:
    assert isinstance(framed(b"GET", 200, headers), kind)


def test_chunks_in_http_1_0_are_taken_apart() -> None:
    """RFC 9112, section 6.1, has the connection end behind them, and does not have the reply refused."""
    assert isinstance(framed(b"GET", 200, [CHUNKED], 0), Chunked)


def test_what_follows_an_upgrade_ends_with_its_connection() -> None:
    assert isinstance(framed(b"GET", 101, []), UntilClose)


@every(
    ("headers", "minor", "fault"),
    [
        ([CHUNKED, FIVE], 1, CONTRADICTORY),
        ([FIVE, CHUNKED], 1, CONTRADICTORY),
        ([CHUNKED, FIVE], 0, CONTRADICTORY),
        ([CHUNKED, CHUNKED], 1, CONTRADICTORY),
        ([(b"Transfer-Encoding", b"gzip, chunked")], 1, CONTRADICTORY),
        ([(b"Transfer-Encoding", b"chunked, identity")], 1, CONTRADICTORY),
        ([(b"Transfer-Encoding", b"identity")], 1, CONTRADICTORY),
        ([(b"Transfer-Encoding", b"xchunked")], 1, CONTRADICTORY),
        ([(b"Transfer-Encoding", b"chunked;q=1")], 1, CONTRADICTORY),
        ([FIVE, (b"content-length", b"6")], 1, INVALID),
        ([FIVE, (b"content-length", b"05")], 1, INVALID),
        *(
            ([(b"Content-Length", length)], 1, INVALID)
            for length in (b"", b"-1", b"+5", b"5 5", b"5, 5", b"0x5", b"5.0", b"five", b"1_0", b"\xb2", b"9" * 19)
        ),
    ],
)
@every("status", [200, 500])
def test_framing_that_two_readers_could_read_differently_is_refused(
    headers: RawPairs, minor: int, fault: str, status: int
) -> None:
    with pytest.raises(BadReply, match=fault):
        framed(b"GET", status, headers, minor)


@every("status", [101, 200, 204, 304])
@every("method", [b"GET", b"HEAD"])
def test_a_reply_without_a_body_may_not_contradict_itself_either(method: bytes, status: int) -> None:
    with pytest.raises(BadReply, match=CONTRADICTORY):
        framed(method, status, [CHUNKED, FIVE])


def fed(body: BodyReader, data: bytes) -> bytes:
    """What of the data is body, however often it has to be asked."""
    found = body.feed(data)
    while body.rest:
        found += body.feed(b"")
    return found


def test_a_body_with_a_length_ends_there() -> None:
    body = Sized(5)
    assert (body.length, body.done, body.end()) == (5, False, False)
    assert (body.feed(b"hel"), body.done, body.end()) == (b"hel", False, False)
    assert (body.feed(b"lo"), body.done, body.over, body.end()) == (b"lo", True, False, True)


@pytest.mark.parametrize("pieces", [[b"hello, and more"], [b"hel", b"lo, and more"], [b"hello", b", and more"]])
def test_what_comes_behind_a_length_is_no_body_and_is_told(pieces: list[bytes]) -> None:
    body = Sized(5)
    assert b"".join(body.feed(piece) for piece in pieces) == b"hello"
    assert body.done
    assert body.over


def test_a_length_of_zero_is_told_and_leaves_nothing_to_wait_for() -> None:
    body = framed(b"GET", 200, [(b"Content-Length", b"0")])
    assert (body.done, body.length) == (True, 0)


def test_a_body_without_framing_is_whole_at_the_end_of_its_connection_alone() -> None:
    body = UntilClose()
    assert (body.feed(b"any"), body.feed(b"thing"), body.done, body.over) == (b"any", b"thing", False, False)
    assert body.end()
    assert body.done


@every("name", BODIES)
def test_a_chunked_body_is_read_whole(name: str) -> None:
    sent, held = BODIES[name]
    body = Chunked()
    assert body.feed(sent) == held
    assert (body.done, body.over, body.length, body.end()) == (True, False, None, True)


@every("name", BODIES)
def test_a_chunked_body_is_read_byte_by_byte_and_is_whole_at_its_last_byte(name: str) -> None:
    sent, held = BODIES[name]
    body, found = Chunked(), b""
    for byte in sent:
        assert not body.done
        assert not body.end()
        found += body.feed(bytes([byte]))
    assert (found, body.done, body.over) == (held, True, False)


@every("behind", [b"x", b"\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
@every("name", BODIES)
def test_what_comes_behind_a_chunked_body_is_none_of_it_and_is_told(name: str, behind: bytes) -> None:
    sent, held = BODIES[name]
    for cut in range(len(sent) + 1):
        body = Chunked()
        assert body.feed(sent[:cut]) + body.feed(sent[cut:] + behind) == held
        assert body.done
        assert body.over


@every(
    ("sent", "fault"),
    [
        *(
            (size + b"\r\nabc\r\n0\r\n\r\n", "without a valid size")
            for size in (b"", b"g", b"-3", b"+3", b"0x3", b" 3", b"3 3", b"3,", b"\xb3", b"3\r", b"3;a\x00", b"3;\x7f")
        ),
        (b"f" * 16 + b"\r\n", "without a valid size"),
        (b"3;a\rb\r\nabc\r\n0\r\n\r\n", "without a valid size"),
        (b"3\r\nabcd\r\n0\r\n\r\n", "longer than its size"),
        (b"3\r\nabc0\r\n\r\n", "longer than its size"),
        (b"3\r\nabc\r\r\n0\r\n\r\n", "longer than its size"),
        (b"3\r\nabc\r\n\r\n0\r\n\r\n", "without a valid size"),
        (b"1;" + b"x" * 9000 + b"\r\na\r\n0\r\n\r\n", "line without an end"),
        (b"0" * 9000, "line without an end"),
        (b"3\r\nabc" + b"x" * 9000, "line without an end"),
        (b"0\r\n" + b"A: 1\r\n" * 20_000 + b"\r\n", "endless trailers"),
    ],
)
@every("step", [1, 1000, 1_000_000])
def test_a_chunked_body_that_is_spoiled_is_refused_in_pieces_of_any_size(sent: bytes, fault: str, step: int) -> None:
    body = Chunked()
    with pytest.raises(BadReply, match=fault):
        _feed(body, [sent[start : start + step] for start in range(0, len(sent), step)])
    assert not body.end()


TINY = {
    "plain": (b"1\r\nx\r\n", 1),
    "with extensions": (b"1;a\r\nx\r\n", 3),
    "bare": (b"1\nx\n", 3),
}
"""Chunks, and in how many steps each is taken apart."""


@pytest.mark.parametrize("name", TINY)
def test_many_chunks_are_taken_apart_a_bounded_number_at_once(name: str) -> None:
    """A million of them would keep everybody waiting for a second; normal ones never come to as many."""
    one, steps = TINY[name]
    many = 4 * _AT_ONCE
    body = Chunked()
    pieces = [body.feed(one * many + b"0\r\n\r\n")]
    while body.rest:
        assert not body.done
        pieces.append(body.feed(b""))
    assert b"".join(pieces) == b"x" * many
    assert max(map(len, pieces)) == _AT_ONCE // steps + (steps > 1)
    assert (body.done, body.over) == (True, False)


@pytest.mark.parametrize("behind", [b"", b"x"])
def test_what_comes_before_all_is_taken_apart_stands_in_line(behind: bytes) -> None:
    body = Chunked()
    found = body.feed(b"1\r\nx\r\n" * (2 * _AT_ONCE))
    assert len(found) == _AT_ONCE
    found += fed(body, b"1\r\ny\r\n0\r\n\r\n" + behind)
    assert found == b"x" * (2 * _AT_ONCE) + b"y"
    assert (body.done, body.over) == (True, bool(behind))


def test_trailers_are_taken_apart_a_bounded_number_at_once() -> None:
    body = Chunked()
    assert body.feed(b"0\r\n" + b"a\n" * (2 * _AT_ONCE) + b"\n") == b""
    assert not body.done
    assert fed(body, b"") == b""
    assert body.done


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=8),
    st.lists(st.integers(1, 30), max_size=30),
    st.binary(max_size=5),
)
def test_chunks_cut_anywhere_hold_what_an_independent_reader_finds(
    chunks: list[bytes], sizes: list[int], behind: bytes
) -> None:
    sent = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nX-Sum: 1\r\n\r\n"
    stream = sent + behind
    body, found, position = Chunked(), b"", 0
    for size in itertools.chain(sizes, itertools.repeat(len(stream) or 1)):
        if position >= len(stream):
            break
        found += body.feed(stream[position : position + size])
        position += size
    assert found == _by_h11(sent) == b"".join(chunks)
    assert body.done


def _by_h11(sent: bytes) -> bytes:
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + sent)
    found = b""
    while not isinstance(event := reader.next_event(), h11.EndOfMessage):
        found += bytes(event.data) if isinstance(event, h11.Data) else b""
    return found


@given(st.lists(st.sampled_from([b"0", b"1", b"a", b"\r", b"\n", b"\r\n", b";", b" ", b"x", b"\x00"]), max_size=20))
def test_any_bytes_are_taken_alike_whole_and_one_by_one(parts: list[bytes]) -> None:
    sent = b"".join(parts)
    whole, single = _outcome([sent]), _outcome([sent[at : at + 1] for at in range(len(sent))])
    assert whole[1] == single[1]
    if not whole[1]:
        assert whole == single


def _outcome(pieces: list[bytes]) -> tuple[bytes, str, bool]:
    """What was found, the fault if there was one, and whether the body is whole."""
    body, found = Chunked(), list[bytes]()
    try:
        _feed(body, pieces, found)
    except BadReply as error:
        return b"".join(found), str(error), body.done
    return b"".join(found), "", body.done


def _feed(body: BodyReader, pieces: list[bytes], found: list[bytes] | None = None) -> None:
    for piece in pieces:
        part = fed(body, piece)
        if found is not None:
            found.append(part)

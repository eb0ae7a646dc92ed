"""Server-sent events, fed whole, byte by byte, and cut anywhere."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.sse import Decoder, Event, encode
from tests.cases import every

CHUNKINGS = st.lists(st.integers(1, 40), max_size=60)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=12)
DATA = st.binary(max_size=40).map(lambda raw: raw.replace(b"\r", b""))
EVENTS = st.lists(st.builds(Event, NAMES, DATA), max_size=6)

# What a stream is made of; a byte order mark counts only at the very start, so it is no part of the rest.
PIECES = [b"data", b"data:", b"data: ", b"event: ", b"id: 1", b"retry: 5", b":", b" ", b"x", b"\xff", "\u2028".encode()]
PIECES += [b"\r", b"\n", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"]
STREAMS = st.tuples(st.sampled_from([b"", b"\xef\xbb\xbf"]), st.lists(st.sampled_from(PIECES), max_size=30))


def fed(chunks: list[bytes]) -> list[Event]:
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def cut(raw: bytes, sizes: list[int]) -> list[bytes]:
    places = [0, *(place for place in itertools.accumulate(sizes) if place < len(raw)), len(raw)]
    return [raw[start:end] for start, end in itertools.pairwise(places)]


def bytewise(raw: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in raw]


def data(*values: bytes) -> list[Event]:
    return [Event("message", value) for value in values]


@every(
    ("event", "raw"),
    [
        (Event("ping", b'{"type":"ping"}'), b'event: ping\ndata: {"type":"ping"}\n\n'),
        (Event("x", b"a\nb"), b"event: x\ndata: a\ndata: b\n\n"),
        (Event("x", b""), b"event: x\ndata: \n\n"),
        (Event("x", b"a\n"), b"event: x\ndata: a\ndata: \n\n"),
        (Event("é", b"\xff"), b"event: \xc3\xa9\ndata: \xff\n\n"),
    ],
)
def test_an_event_is_an_event_line_data_lines_and_a_blank_line(event: Event, raw: bytes) -> None:
    assert encode(event) == raw


# `str.splitlines` would cut at each of these.
NO_LINE_ENDS = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg".encode()

READ = [
    pytest.param(b"data: a\n\n", data(b"a"), id="no event line"),
    pytest.param(b"event: ping\ndata: a\n\ndata: b\n\n", [Event("ping", b"a"), *data(b"b")], id="a name counts once"),
    pytest.param(b"event: ping\n\ndata: a\n\n", data(b"a"), id="a name without data"),
    pytest.param(b"event: a\nevent: b\ndata: x\n\n", [Event("b", b"x")], id="the last name"),
    pytest.param(b"event:\ndata: x\n\n", data(b"x"), id="an empty name"),
    pytest.param(b"data: x\nevent: a\n\n", [Event("a", b"x")], id="the name behind"),
    pytest.param(b"data: a\ndata: b\n\n", data(b"a\nb"), id="several data lines"),
    pytest.param(b"data:a\n\ndata:  b\n\n", data(b"a", b" b"), id="one space is dropped"),
    pytest.param(b"data\n\n", data(b""), id="data without a colon"),
    pytest.param(b"data:\ndata:\n\n", data(b"\n"), id="empty data lines"),
    pytest.param(b"data: a: b\n\n", data(b"a: b"), id="a colon in the data"),
    pytest.param(b": comment\ndata: a\n:\n\n", data(b"a"), id="comments"),
    pytest.param(b"id: 7\nretry: 10\nother: x\ndata: a\n\n", data(b"a"), id="other fields"),
    pytest.param(b" data: a\n\n", [], id="a field with a space before it"),
    pytest.param(b"DATA: a\n\n", [], id="a field in capitals"),
    pytest.param(b"\n\n\n\ndata: a\n\n\n\n", data(b"a"), id="blank lines"),
    pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", data(b"a", b"b"), id="CRLF"),
    pytest.param(b"data: a\r\rdata: b\r\r:", data(b"a", b"b"), id="CR"),
    pytest.param(b"data: a\r\n\ndata: b\n\r\ndata: c\r\r\n", data(b"a", b"b", b"c"), id="mixed line ends"),
    pytest.param(b"data: " + NO_LINE_ENDS + b"\n\n", data(NO_LINE_ENDS), id="no line ends"),
    pytest.param(b"data: \xff\x00\n\n", data(b"\xff\x00"), id="any bytes"),
    pytest.param(b"event: \xff\ndata: a\n\n", [Event("\ufffd", b"a")], id="a name that is not UTF-8"),
    pytest.param(b"\xef\xbb\xbfdata: a\n\n", data(b"a"), id="a byte order mark"),
    pytest.param(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", data(b"b"), id="only one byte order mark"),
    pytest.param(b"data: a\n\n\xef\xbb\xbfdata: b\n\n", data(b"a"), id="a byte order mark inside"),
    pytest.param(b"data: a\n", [], id="no blank line"),
    pytest.param(b"data: a\n\ndata: b\ndata: c", data(b"a"), id="trailing data"),
    pytest.param(b"", [], id="nothing"),
]  # fmt: skip


@every(("raw", "events"), READ)
def test_a_stream_is_read_whole(raw: bytes, events: list[Event]) -> None:
    assert fed([raw]) == events


@every(("raw", "events"), READ)
def test_a_stream_is_read_byte_by_byte(raw: bytes, events: list[Event]) -> None:
    assert fed(bytewise(raw)) == events


@settings(deadline=None)
@given(STREAMS, CHUNKINGS)
def test_how_a_stream_is_cut_makes_no_difference(stream: tuple[bytes, list[bytes]], sizes: list[int]) -> None:
    raw = stream[0] + b"".join(stream[1]) + b":"
    assert fed(cut(raw, sizes)) == fed([raw]) == fed(bytewise(raw))


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_a_line_end_may_be_cut_in_two(ends: bytes) -> None:
    raw = ends.join([b"event: x", b"data: a", b"", b"data: b", b"data: c", b"", b":"])
    for place in range(len(raw) + 1):
        assert fed([raw[:place], raw[place:]]) == [Event("x", b"a"), *data(b"b\nc")]


def test_an_event_comes_out_with_the_chunk_that_completes_it() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\ndata: b") == data(b"a")
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n\ndata: c\n\n") == data(b"b", b"c")


def test_decoders_share_nothing() -> None:
    one, two = Decoder(), Decoder()
    one.feed(b"event: x\ndata: a\n")
    assert two.feed(b"\n") == []
    assert one.feed(b"\n") == [Event("x", b"a")]


@settings(deadline=None)
@given(EVENTS, CHUNKINGS)
def test_what_is_encoded_is_read_back(events: list[Event], sizes: list[int]) -> None:
    raw = b"".join(map(encode, events))
    assert fed([raw]) == fed(cut(raw, sizes)) == events


def test_a_blank_line_of_a_lone_cr_ends_an_event_at_once() -> None:
    assert Decoder().feed(b"data: x\r\r") == data(b"x")


def test_a_byte_order_mark_in_the_middle_is_data() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: \xef\xbb\xbfx\n\n") == data(b"\xef\xbb\xbfx")

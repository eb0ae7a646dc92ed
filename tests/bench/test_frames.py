"""Frames that carry their time of sending: what is read of a reply in whatever pieces it arrives."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.frames import LAST_CHUNK, Delays, NotAReplyError, Unchunker, chunk, delays, frame

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = HEAD + chunk(frame(100)) + chunk(frame(200)) + chunk(frame(300)) + LAST_CHUNK


def test_a_frame_is_as_late_as_its_arrival_is_after_its_sending() -> None:
    first, second, third = (chunk(frame(sent)) for sent in (100, 200, 300))
    arrivals = [(50, HEAD), (170, first), (210, second), (999, third + LAST_CHUNK)]
    assert delays(arrivals) == Delays([70, 10, 699], ended=True)


def test_frames_that_arrive_together_are_as_late_as_each_is() -> None:
    assert delays([(1000, WHOLE)]).frames == [900, 800, 700]


def test_a_frame_is_there_when_its_last_byte_is() -> None:
    data = chunk(frame(100))
    cut = data.index(b"sent")
    assert delays([(110, HEAD), (120, data[:cut]), (190, data[cut:])]).frames == [90]


@given(st.lists(st.integers(1, len(WHOLE) - 1), unique=True).map(sorted))
def test_no_frame_is_lost_or_invented_however_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = [0, *cuts, len(WHOLE)]
    pieces = [WHOLE[begin:end] for begin, end in itertools.pairwise(edges)]
    assert delays((1000, piece) for piece in pieces) == Delays([900, 800, 700], ended=True)


@given(st.integers(1, 400))
def test_chunks_may_be_cut_differently_by_a_proxy(size: int) -> None:
    body = frame(100) + frame(200)
    cut = b"".join(chunk(body[at : at + size]) for at in range(0, len(body), size))
    assert delays([(1000, HEAD + cut + LAST_CHUNK)]) == Delays([900, 800], ended=True)


def test_other_events_are_no_frames() -> None:
    event = chunk(b'event: ping\ndata: {"type":"ping"}\n\n')
    assert delays([(1000, HEAD + event + chunk(frame(400)) + LAST_CHUNK)]).frames == [600]


@pytest.mark.parametrize("missing", [1, len(LAST_CHUNK), len(LAST_CHUNK) + 3])
def test_a_reply_that_breaks_off_has_not_ended(missing: int) -> None:
    assert not delays([(1000, WHOLE[:-missing])]).ended


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    ],
)
def test_what_is_not_a_chunked_200_is_told(head: bytes) -> None:
    with pytest.raises(NotAReplyError, match=r"HTTP/1\.1"):
        delays([(1, head + LAST_CHUNK)])


def test_the_last_chunk_ends_a_body() -> None:
    unchunker = Unchunker()
    assert unchunker.feed(HEAD + chunk(b"abc")) == b"abc"
    assert not unchunker.ended
    assert unchunker.feed(LAST_CHUNK) == b""
    assert unchunker.ended

"""Tokens read from a copy of a reply: in every form and coding, however it was cut, however far it came."""

import gzip
import json
import zlib
from typing import Any

import brotli
import orjson
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.replies.errors import ERROR_IN_STREAM, NOT_A_MESSAGE, STREAM_WITHOUT_END
from proxy.replies.meter import HEAD, LIMIT, TAIL, Meter, meter_for
from proxy.replies.usage import Usage
from proxy.scripted import stream_events
from proxy.sse import Event, encode
from proxy.wire.heads import parse_reply_head
from tests.cases import every
from tests.replies.test_coding import PACKING, flushed

EVENTS, JSON = "text/event-stream; charset=utf-8", "application/json"
USAGE = {
    "input_tokens": 11,
    "cache_creation_input_tokens": 22,
    "cache_read_input_tokens": 33,
    "cache_creation": {"ephemeral_5m_input_tokens": 22},
    "output_tokens": 44,
    "service_tier": "standard",
}
TOLD = Usage(input=11, output=44, cache_read=33, cache_creation=22)


def message(text: str = 'said: "usage": {"output_tokens": 9}') -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": USAGE}


def stream(text: str = "hello", start: dict[str, Any] | None = None, ending: dict[str, Any] | None = None) -> bytes:
    """A stream whose first event says other tokens than its last."""
    events = stream_events(message(text))
    first = {**message(text), "content": [], "usage": {**USAGE, "output_tokens": 1} if start is None else start}
    events[0] = Event("message_start", orjson.dumps({"type": "message_start", "message": first}))
    if ending is not None:
        events[-2] = Event("message_delta", orjson.dumps({"type": "message_delta", "delta": {}, "usage": ending}))
    return b"".join(map(encode, events))


def meter_of(kind: str, coding: str = "") -> Meter:
    """The meter of a reply with these headers."""
    found = meter_for({b"content-type": kind.encode(), b"content-encoding": coding.encode()})
    assert found
    return found


def read(kind: str, coding: str, *chunks: bytes) -> Usage | None:
    meter = meter_of(kind, coding)
    for chunk in chunks:
        meter.take(chunk)
    return meter.read()


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize(("coding", "pack"), PACKING)
@pytest.mark.parametrize("kind", [EVENTS, JSON])
@settings(max_examples=10)  # for each of 26 forms
@given(size=st.integers(1, 5000), words=st.integers(1, 3000))
def test_every_form_in_every_coding_tells_its_tokens(coding: str, pack: Any, kind: str, size: int, words: int) -> None:
    text = 'one "usage" two '.join(["x"] * words)
    body = stream(text) if kind == EVENTS else orjson.dumps(message(text))
    assert read(kind, coding, *cut(pack(body), size)) == TOLD


@pytest.mark.parametrize("text", ["short", "long " * 100_000])
def test_of_a_stream_a_bounded_part_is_kept(text: str) -> None:
    meter = meter_of(EVENTS)
    for chunk in cut(stream(text), 700):
        meter.take(chunk)
        assert meter.size <= HEAD + 2 * TAIL
    assert meter.read() == TOLD


def test_a_stream_that_breaks_off_tells_what_it_said_until_then() -> None:
    body = stream("words " * 20_000)
    assert read(EVENTS, "", *cut(body[: len(body) // 2], 999)) == Usage(11, 1, 33, 22)
    assert read(EVENTS, "", body[:600]) == Usage(11, 1, 33, 22)
    assert read(EVENTS, "", body[:50]) is None


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_packed_stream_that_breaks_off_tells_what_was_flushed(name: str) -> None:
    first, _, rest = stream("words " * 50).partition(b"\n\n")
    packed = flushed(name, [first + b"\n\n", rest[:200]])
    assert read(EVENTS, name, packed) == Usage(11, 1, 33, 22)


def test_what_is_said_last_of_each_number_stands() -> None:
    assert read(EVENTS, "", stream(ending={"output_tokens": 7})) == Usage(11, 7, 33, 22)
    assert read(EVENTS, "", stream(start={}, ending={"input_tokens": 1, "output_tokens": 2})) == Usage(1, 2, 0, 0)
    delta = encode(Event("message_delta", orjson.dumps({"type": "message_delta", "usage": {"output_tokens": 5}})))
    assert read(EVENTS, "", stream(), delta) == Usage(11, 5, 33, 22)


def test_zeros_at_the_end_leave_what_was_said_of_the_input_as_the_client_does() -> None:
    zeros = dict.fromkeys(USAGE.keys() & {name for name in USAGE if name.endswith("tokens")}, 0)
    assert read(EVENTS, "", stream(ending={**zeros, "output_tokens": 44})) == TOLD
    assert read(EVENTS, "", stream(ending=zeros)) == Usage(11, 0, 33, 22)


def wrong(kind: str, coding: str, *chunks: bytes) -> str:
    """What is found to be wrong with a reply."""
    meter = meter_of(kind, coding)
    for chunk in chunks:
        meter.take(chunk)
    meter.read()
    return meter.error


ERROR = encode(Event("error", b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'))
PING = encode(Event("ping", b'{"type": "ping"}'))


@pytest.mark.parametrize(("coding", "pack"), PACKING)
@settings(max_examples=10)  # for each of 13 codings
@given(size=st.integers(100, 5000), words=st.integers(1, 400), cut_at=st.floats(0, 1))
def test_how_a_stream_ended_is_told_in_every_coding(
    coding: str, pack: Any, size: int, words: int, cut_at: float
) -> None:
    text = 'one data: {"type":"error"} event: error\n two '.join(["x"] * words)
    events = stream_events(message(text))
    said = b"".join(map(encode, events[: max(1, int(cut_at * (len(events) - 1)))]))
    assert wrong(EVENTS, coding, *cut(pack(stream(text)), size)) == ""
    assert wrong(EVENTS, coding, *cut(pack(stream(text) + PING * 3), size)) == ""
    assert wrong(EVENTS, coding, *cut(pack(said), size)) == STREAM_WITHOUT_END
    assert wrong(EVENTS, coding, *cut(pack(said + PING), size)) == STREAM_WITHOUT_END
    assert wrong(EVENTS, coding, *cut(pack(said + ERROR), size)) == ERROR_IN_STREAM
    assert wrong(EVENTS, coding, *cut(pack(said + ERROR + PING), size)) == ERROR_IN_STREAM


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_the_end_of_a_stream_is_found_as_the_standard_has_it(end: bytes) -> None:
    stop = encode(Event("message_stop", orjson.dumps({"type": "message_stop"}, option=orjson.OPT_INDENT_2)))
    assert wrong(EVENTS, "", stop.replace(b"\n", end)) == ""
    assert wrong(EVENTS, "", (stream() + ERROR).replace(b"\n", end)) == ERROR_IN_STREAM
    assert wrong(EVENTS, "", (stream() + ERROR).replace(b": ", b":").replace(b"\n", end)) == ERROR_IN_STREAM
    assert wrong(EVENTS, "", b'data: {"type": "error"}'.join([end, end * 2])) == ERROR_IN_STREAM


@every(
    ("body", "is_one"),
    [
        (orjson.dumps(message()), True),
        (b"\xef\xbb\xbf \n" + orjson.dumps(message()), True),
        (b'{"type": "message", "usage": 3}', True),
        (b'{"type": "message", "usage": {"input_tokens": "many"}, "content": null}', True),
        (b'{"content": [{"type": "text", "text": "from a server that leaves out the type"}]}', True),
        (b'{"usage": null, "content": ' + b"[" * 100_000, True),  # so deep that nothing can be said of it
        (b'{"type": "error", "error": {"type": "api_error"}}', False),
        (b'{"type": "completion", "content": []}', False),
        (b'{"error": {"message": "boom", "type": "server_error"}}', False),
        (b'{"detail": "model not loaded"}', False),
        (b'{"object": "chat.completion", "choices": [], "usage": {"prompt_tokens": 5}}', False),
        *((body, False) for body in (b"{}", b"[]", b'"hi"', b"null", b"7", b"{", b"not json at all", b"<html>")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_of_json_it_is_told_whether_it_is_a_message(body: bytes, is_one: bool) -> None:
    assert wrong(JSON, "", body) == ("" if is_one else NOT_A_MESSAGE)
    assert wrong(JSON, "gzip", gzip.compress(body)) == ("" if is_one else NOT_A_MESSAGE)


def test_what_cannot_be_unpacked_has_no_error_that_is_known() -> None:
    for kind, coding, body in ((EVENTS, "gzip", b"no gzip"), (EVENTS, "x", b"x"), (JSON, "br", b"")):
        assert wrong(kind, coding, body) == ""


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_lines_may_end_as_the_standard_has_it(end: bytes) -> None:
    assert read(EVENTS, "", b"\xef\xbb\xbf" + stream("words " * 9000).replace(b"\n", end)) == TOLD


def test_an_event_may_stand_in_several_lines() -> None:
    data = orjson.dumps({"type": "message_delta", "usage": USAGE}, option=orjson.OPT_INDENT_2)
    assert read(EVENTS, "", encode(Event("message_delta", data))) == TOLD


@every(
    "odd",
    [None, [], "12", True, -1, 1.5, 10**30, {"x": 1}],
)
def test_what_is_no_count_is_not_counted(odd: Any) -> None:
    def body(value: object) -> bytes:
        return json.dumps(value).encode()  # which writes numbers of any size

    assert read(JSON, "", body({"usage": {"input_tokens": odd, "output_tokens": 3}})) == Usage(0, 3, 0, 0)
    assert read(JSON, "", body({"usage": {"input_tokens": odd}})) is None


@every(
    ("kind", "body"),
    [
        (JSON, b""),
        (JSON, b"{}"),
        (JSON, b"[1]"),
        (JSON, b'{"usage": 3}'),
        (JSON, b'{"usage": null}'),
        (JSON, b'{"usage": {"input_tokens": 3}'),
        (JSON, b'{"input_tokens": 3}'),
        (JSON, b"[" * 100_000),
        (EVENTS, b'data: {"type":"message_delta","usage":[]}\n\n'),
        (EVENTS, b'data: {"type":"ping","usage":{"input_tokens":3}}\n\n'),
        (EVENTS, b'data: {"type":"message_start","message":4,"usage":{}}\n\n'),
        (EVENTS, b': {"type":"message_delta","usage":{"input_tokens":3}}\n\n'),
        (EVENTS, b'data: "usage"\n\ndata: {"usage"\n\n'),
    ],
)
def test_what_says_nothing_of_tokens_tells_nothing(kind: str, body: bytes) -> None:
    assert read(kind, "", body) is None


def test_text_that_looks_like_an_event_is_none() -> None:
    text = 'data: {"type":"message_delta","usage":{"output_tokens":999}}\n\n' * 1500
    assert read(EVENTS, "", *cut(stream(text), 1000)) == TOLD


def test_a_whole_reply_beyond_measure_is_given_up_and_let_go() -> None:
    meter = meter_of(JSON)
    meter.take(b" " * LIMIT)
    meter.take(b" ")
    meter.take(orjson.dumps(message()))
    assert (meter.size, meter.read()) == (0, None)


@pytest.mark.parametrize(
    ("coding", "pack"), [("deflate", zlib.compress), ("br", brotli.compress), ("zstd", zstandard.compress)]
)
def test_a_packed_reply_that_swells_tells_nothing(coding: str, pack: Any) -> None:
    assert read(JSON, coding, pack(b" " * LIMIT + orjson.dumps(message()))) is None


@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b'"usage"', b"data:", b"\n", b"{", b"}"])), max_size=30
    ),
    st.sampled_from([EVENTS, JSON]),
    st.sampled_from(["", "gzip", "deflate", "br", "zstd", "x", ",,"]),
)
def test_no_bytes_can_break_it(chunks: list[bytes], kind: str, coding: str) -> None:
    found = read(kind, coding, *chunks)
    assert found is None or isinstance(found, Usage)


@every(
    ("headers", "metered"),
    [
        ({b"content-type": b"application/json"}, True),
        ({b"content-type": b"Text/Event-Stream;charset=utf-8", b"content-encoding": b"br"}, True),
        ({b"content-type": b"text/html"}, False),
        ({b"content-type": b"\xff"}, False),
        ({}, False),
    ],
)
def test_only_replies_that_can_have_tokens_are_metered(headers: dict[bytes, bytes], metered: bool) -> None:
    assert (meter_for(headers) is not None) is metered


@pytest.mark.parametrize(
    ("kind", "coding", "size", "quick"),
    [(EVENTS, "", 2 * LIMIT, True), (JSON, "", 30_000, True), (JSON, "", 40_000, False), (EVENTS, "gzip", 10, False)],
)
def test_reading_is_quick_where_little_is_kept_and_nothing_packed(
    kind: str, coding: str, size: int, quick: bool
) -> None:
    meter = meter_of(kind, coding)
    meter.take(b" " * size)
    assert meter.quick is quick


def test_codings_in_several_headers_are_one_list() -> None:
    head = parse_reply_head(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-encoding: zstd\r\nContent-Encoding: br\r\n\r\n"
    )
    meter = meter_for(head.known)
    assert meter
    meter.take(brotli.compress(zstandard.compress(orjson.dumps(message()))))
    assert meter.read() == TOLD


@every(
    ("kind", "coding", "body", "reason"),
    [
        (JSON, "", b" " * (LIMIT + 1), "larger than is read"),
        (EVENTS, "gzip", b"x" * (LIMIT + 1), "larger than is read"),
        (EVENTS, "rot13", b"x", "an unknown coding"),
        (JSON, "gzip, gzip, gzip, gzip", b"x", "too many codings"),
        (JSON, "br", b"no brotli at all", "not brotli"),
        (EVENTS, "", b"x" * (LIMIT + 1), ""),
        (JSON, "", b"no JSON", ""),
        (JSON, "", b'{"usage": {"input_tokens": 3}}', ""),
    ],
)
def test_a_meter_says_why_it_gave_up(kind: str, coding: str, body: bytes, reason: str) -> None:
    """What was looked at and told nothing, it did not give up."""
    meter = meter_of(kind, coding)
    meter.take(body)
    assert (meter.read() is None) is (b"usage" not in body)
    assert meter.gave_up == reason

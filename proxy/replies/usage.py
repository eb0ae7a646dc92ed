"""What a reply says of tokens, and how it ended: read from its JSON or its events."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from proxy.replies.errors import ERROR_IN_STREAM, NOT_A_MESSAGE, STREAM_WITHOUT_END
from proxy.sse import Decoder

_MOST_TOKENS = 10**12
_TOTAL = 1
"""Of the output's tokens the last number stands in any case; of the others, the last one above zero (so reads Claude
Code 2.1.332)."""

_KEY = b'"usage"'
_CR = 0x0D
_BOM = b"\xef\xbb\xbf"
LINE_END = re.compile(rb"[\r\n]")
_ERROR_EVENT = re.compile(rb"(?:^|[\r\n])event: ?error[\r\n]")


class Usage(NamedTuple):
    """Tokens of one reply, as the upstream counted them (API reference, "Create a Message", `usage`)."""

    input: int
    """Neither read from the cache nor written to it."""
    output: int
    cache_read: int
    cache_creation: int

    @property
    def all_input(self) -> int:
        return self.input + self.cache_read + self.cache_creation


class Counts(msgspec.Struct):
    """In the order of `Usage`."""

    input_tokens: Any = None
    output_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_creation_input_tokens: Any = None


class _Message(msgspec.Struct):
    usage: Counts | None = None


class _Said(msgspec.Struct):
    """A whole message, or an event; all else in it is passed over without being built."""

    type: Any = None
    usage: Counts | None = None
    message: _Message | None = None


class _Whole(msgspec.Struct):
    """What tells a message from any other JSON."""

    type: Any = None
    content: msgspec.Raw = msgspec.Raw(b"")


_said = msgspec.json.Decoder(_Said).decode
_whole = msgspec.json.Decoder(_Whole).decode


def counts_of_message(body: bytes) -> list[Counts]:
    """The counts of a message that is no stream. Raises msgspec.MsgspecError and RecursionError."""
    usage = _said(body.removeprefix(_BOM)).usage
    return [usage] if usage else []


def error_of_message(body: bytes) -> str:
    """Whether what came as JSON is a message: it says so or, where a server leaves out the type, it has content."""
    try:
        whole = _whole(body.removeprefix(_BOM))
    except msgspec.MsgspecError:
        return NOT_A_MESSAGE
    except RecursionError:  # so deep that nothing can be said of it
        return ""
    return "" if whole.type == "message" or (whole.type is None and whole.content) else NOT_A_MESSAGE


def counts_of_stream(part: bytes) -> list[Counts]:
    """The counts of all events in a part of a stream; only lines that have any are looked at, since most have none."""
    counts: list[Counts | None] = []
    odd, at = False, part.find(_KEY)
    while at >= 0:
        start, end = _line(part, at)
        if end < 0:
            break
        line = part[start:end].removeprefix(_BOM)
        if line.startswith(b"data:"):
            try:
                counts.append(_count(line[5:]))
            except (msgspec.MsgspecError, RecursionError):
                odd = True
        at = part.find(_KEY, end)
    if odd:  # an event whose data stands in several lines
        for event in Decoder().feed(part):
            with suppress(msgspec.MsgspecError, RecursionError):
                counts.append(_count(event.data))
    return [count for count in counts if count]


def _line(part: bytes, at: int) -> tuple[int, int]:
    """Where the line begins and ends that this place is in; its end is -1 where that is not there yet."""
    start, end = part.rfind(b"\n", 0, at) + 1, part.find(b"\n", at)
    if _CR in part:
        found = LINE_END.search(part, at)
        return max(start, part.rfind(b"\r", 0, at) + 1), found.start() if found else -1
    return start, end


def error_of_stream(end: bytes) -> str:
    """What is wrong with a stream that ends with these bytes.

    An error ends a stream (API reference, "Streaming Messages", "Error events"), and so does `message_stop`, which
    nothing but pings may follow.
    """
    # The pattern is for few streams: it takes a hundred times as long as a look for the words.
    if (b"event: error" in end or b"event:error" in end) and _ERROR_EVENT.search(end):
        return ERROR_IN_STREAM
    last = _last_kind(end)
    if last is None:  # an event whose data stands in several lines
        kinds = [_kind(event.data) for event in Decoder().feed(end)]
        last = next((kind for kind in reversed(kinds) if kind != "ping"), "")
    return {"message_stop": "", "error": ERROR_IN_STREAM}.get(last or "", STREAM_WITHOUT_END)


def _last_kind(part: bytes) -> str | None:
    """The type of the last event but pings, "" for none, as far as each stands in one line: None where it does not."""
    at = len(part)
    while (at := part.rfind(b"data:", 0, at)) >= 0:
        if at and part[at - 1] not in b"\r\n":  # in the middle of a text
            continue
        kind = _kind(part[at + 5 :].partition(b"\n")[0])  # a CR before that is but a blank to JSON
        if kind != "ping":
            return kind
    return ""


def _kind(data: bytes) -> str | None:
    """The type of an event, None where it has none that can be read."""
    try:
        kind = _said(data).type
    except (msgspec.MsgspecError, RecursionError):
        return None
    return kind if isinstance(kind, str) else None


def _count(data: bytes) -> Counts | None:
    event = _said(data)
    if event.type == "message_start":
        return event.message.usage if event.message else None
    return event.usage if event.type == "message_delta" else None


def summed(counts: Sequence[Counts]) -> Usage | None:
    found, known = False, [0, 0, 0, 0]
    for count in counts:
        for index, value in enumerate(msgspec.structs.astuple(count)):
            if type(value) is int and 0 <= value <= _MOST_TOKENS:  # most are None: a delta tells the output alone
                found = True
                if value or index == _TOTAL:
                    known[index] = value
    return Usage(*known) if found else None

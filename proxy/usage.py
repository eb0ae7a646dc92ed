"""Tokens and errors, read from a copy of a reply that is passing by.

Taking is for the event loop, reading for a thread later.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from proxy.coding import CodingError, TruncatedError, decoded, unpacked
from proxy.sse import Decoder

LIMIT = 8 * 1024 * 1024
"""Bytes of a reply that has to be kept whole: JSON, or packed."""

HEAD = TAIL = 8 * 1024
"""Bytes of a plain event stream that are kept at least: `message_start` is its first event, and of the last ones, one
is the last `message_delta`."""

_MOST_KEPT = HEAD + 2 * TAIL

ERROR_IN_STREAM, STREAM_WITHOUT_END = "error in stream", "stream without end"
EMPTY_REPLY, NOT_A_MESSAGE = "empty reply", "not a message"

UPSTREAM_ERRORS = {
    "4xx": "the upstream said no",
    "429": "the upstream said that there were too many requests",
    "5xx": "the upstream failed",
    "529": "the upstream was overloaded",
    ERROR_IN_STREAM: "the upstream's stream ended with an error",
    STREAM_WITHOUT_END: "the upstream's stream had no end",
    EMPTY_REPLY: "the upstream's reply was empty",
    NOT_A_MESSAGE: "the upstream's reply was no message",
}
"""Errors that the upstream itself replies with, by kind, in words. They are relayed as they come: nothing has failed.

The first four are told by the status; the others are found in replies to messages whose status is 200.
"""

FOUND_IN_REPLIES = frozenset({ERROR_IN_STREAM, STREAM_WITHOUT_END, EMPTY_REPLY, NOT_A_MESSAGE})

_QUICK = 32 * 1024
"""Bytes that are looked through in less than 30 microseconds."""

_MOST_PLAIN = 64 * 1024 * 1024
"""Bytes that a packed stream may come to."""
_MOST_TOKENS = 10**12
_TOTAL = 1
"""Of the output's tokens the last number stands in any case; of the others, the last one above zero (so reads Claude
Code 2.1.332)."""

_EVENTS, _JSON = b"text/event-stream", b"application/json"
_KEY = b'"usage"'
_CR = 0x0D
_ERROR_EVENT = re.compile(rb"(?:^|[\r\n])event: ?error[\r\n]")
_LINE_END = re.compile(rb"[\r\n]")


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


class _Counts(msgspec.Struct):
    """In the order of `Usage`."""

    input_tokens: Any = None
    output_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_creation_input_tokens: Any = None


class _Message(msgspec.Struct):
    usage: _Counts | None = None


class _Said(msgspec.Struct):
    """A whole message, or an event; all else in it is passed over without being built."""

    type: Any = None
    usage: _Counts | None = None
    message: _Message | None = None


_said = msgspec.json.Decoder(_Said).decode


def error_of_status(status: int) -> str:
    """The kind of error that a status of 400 or more stands for."""
    return str(status) if status in (429, 529) else "4xx" if status < 500 else "5xx"


def meter_for(headers: Mapping[bytes, bytes]) -> "Meter | None":
    """A meter for the reply with these headers, if it is of a kind that can tell of tokens; names in lower case."""
    form = _form(headers.get(b"content-type", b""), headers.get(b"content-encoding", b""))
    return Meter(form) if form else None


class _Form(NamedTuple):
    """How a reply tells its tokens."""

    events: bool
    """In a stream of events, and not in one message."""
    coding: str
    """As in `Content-Encoding`."""
    plain: bool
    """It is an event stream that can be read as it is: no more than its head and tail are kept."""


_PLAIN = _Form(events=True, coding="", plain=True)


@lru_cache(16)
def _form(content_type: bytes, content_encoding: bytes) -> _Form | None:
    kind = content_type.partition(b";")[0].strip().lower()
    if kind not in (_EVENTS, _JSON):
        return None
    coding, events = content_encoding.decode("latin-1").strip(), kind == _EVENTS
    return _Form(events, coding, events and coding.lower() in ("", "identity"))


class Meter:
    """Keeps as much of one reply's body as is needed to tell its tokens; a Messages reply, whole or streamed."""

    __slots__ = ("_cut", "_form", "_kept", "error", "gave_up")

    def __init__(self, form: _Form) -> None:
        self._form, self._kept, self._cut = form, bytearray(), False
        self.gave_up = self.error = ""
        """Why `read` did not look at what it was given, and what it found to be wrong with it; "" for nothing."""

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return len(self._kept)

    @property
    def quick(self) -> bool:
        """Whether `read` takes no longer than handing this over to somebody else would: some microseconds."""
        return len(self._kept) <= _QUICK and not self._form.coding

    def take(self, chunk: bytes) -> None:
        """Keep what is wanted of the next part of the body."""
        kept = self._kept
        if self._cut and not self._form.plain:
            return
        kept += chunk
        if len(kept) > (_MOST_KEPT if self._form.plain else LIMIT):
            self._cut = True
            if self._form.plain:
                del kept[HEAD:-TAIL]
            else:
                kept.clear()

    def read(self) -> Usage | None:
        """What the reply has said of tokens, as far as it went; None if nothing that could be understood.

        Streams say it in `message_start` and, as totals, in `message_delta` (API reference, "Streaming Messages"). Of
        each number the last one stands, but a zero at the end is no news of what went in.
        """
        try:
            return _summed(self._counts())
        except CodingError as error:
            self.gave_up = str(error)
        except (msgspec.MsgspecError, RecursionError):
            pass
        return None

    def _counts(self) -> Sequence[_Counts]:
        if not self._form.plain:
            if self._cut:
                raise CodingError("larger than is read")
            return self._unpacked()
        head, end = self._head_and_tail() if self._cut else (b"", bytes(self._kept))
        self.error = _error(end)
        return [*_streamed(head), *_streamed(end)] if head else _streamed(end)

    def _head_and_tail(self) -> tuple[bytes, bytes]:
        tail = bytes(self._kept[HEAD:])
        cut = _LINE_END.search(tail)  # it begins in the middle of a line
        return bytes(self._kept[:HEAD]), tail[cut.end() :] if cut else b""

    def _unpacked(self) -> Sequence[_Counts]:
        if self._form.events:
            plain = Meter(_PLAIN)
            _take_all(unpacked(bytes(self._kept), self._form.coding, _MOST_PLAIN), plain)
            counts = plain._counts()
            self.error = plain.error
            return counts
        message = _said(decoded(bytes(self._kept), self._form.coding, LIMIT))
        self.error = NOT_A_MESSAGE if message.type == "error" else ""
        return [message.usage] if message.usage else []


def _take_all(pieces: Iterator[bytes], plain: Meter) -> None:
    """A stream that broke off has said something until then."""
    with suppress(TruncatedError):
        for piece in pieces:
            plain.take(piece)


def _streamed(part: bytes) -> list[_Counts]:
    """The counts of all events in a part of a stream; only lines that have any are looked at, since most have none."""
    counts: list[_Counts | None] = []
    odd, at = False, part.find(_KEY)
    while at >= 0:
        start, end = _line(part, at)
        if end < 0:
            break
        line = part[start:end].removeprefix(b"\xef\xbb\xbf")
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
        found = _LINE_END.search(part, at)
        return max(start, part.rfind(b"\r", 0, at) + 1), found.start() if found else -1
    return start, end


def _error(end: bytes) -> str:
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


def _count(data: bytes) -> _Counts | None:
    event = _said(data)
    if event.type == "message_start":
        return event.message.usage if event.message else None
    return event.usage if event.type == "message_delta" else None


def _summed(counts: Sequence[_Counts]) -> Usage | None:
    found, known = False, [0, 0, 0, 0]
    for count in counts:
        for index, value in enumerate(msgspec.structs.astuple(count)):
            if type(value) is int and 0 <= value <= _MOST_TOKENS:  # most are None: a delta tells the output alone
                found = True
                if value or index == _TOTAL:
                    known[index] = value
    return Usage(*known) if found else None

"""Tokens and errors, read from a copy of a reply that is passing by.

Taking is for the event loop, reading for a thread later.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import msgspec

from proxy.replies.coding import CodingError, TruncatedError, decoded, unpacked
from proxy.replies.usage import (
    LINE_END,
    Counts,
    Usage,
    counts_of_message,
    counts_of_stream,
    error_of_message,
    error_of_stream,
    summed,
)

LIMIT = 8 * 1024 * 1024
"""Bytes of a reply that has to be kept whole: JSON, or packed."""

HEAD = TAIL = 8 * 1024
"""Bytes of a plain event stream that are kept at least: `message_start` is its first event, and of the last ones, one
is the last `message_delta`."""

_MOST_KEPT = HEAD + 2 * TAIL

_QUICK = 32 * 1024
"""Bytes that are looked through in less than 30 microseconds."""

_MOST_PLAIN = 64 * 1024 * 1024
"""Bytes that a packed stream may come to."""
_EVENTS, _JSON = b"text/event-stream", b"application/json"


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
            return summed(self._counts())
        except CodingError as error:
            self.gave_up = str(error)
        except (msgspec.MsgspecError, RecursionError):
            pass
        return None

    def _counts(self) -> Sequence[Counts]:
        if not self._form.plain:
            if self._cut:
                raise CodingError("larger than is read")
            return self._unpacked()
        head, end = self._head_and_tail() if self._cut else (b"", bytes(self._kept))
        self.error = error_of_stream(end)
        return [*counts_of_stream(head), *counts_of_stream(end)] if head else counts_of_stream(end)

    def _head_and_tail(self) -> tuple[bytes, bytes]:
        tail = bytes(self._kept[HEAD:])
        cut = LINE_END.search(tail)  # it begins in the middle of a line
        return bytes(self._kept[:HEAD]), tail[cut.end() :] if cut else b""

    def _unpacked(self) -> Sequence[Counts]:
        if self._form.events:
            plain = Meter(_PLAIN)
            _take_all(unpacked(bytes(self._kept), self._form.coding, _MOST_PLAIN), plain)
            counts = plain._counts()
            self.error = plain.error
            return counts
        body = decoded(bytes(self._kept), self._form.coding, LIMIT)
        self.error = error_of_message(body)
        return counts_of_message(body)


def _take_all(pieces: Iterator[bytes], plain: Meter) -> None:
    """A stream that broke off has said something until then."""
    with suppress(TruncatedError):
        for piece in pieces:
            plain.take(piece)

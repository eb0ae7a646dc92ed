"""Server-sent events: events to bytes, and bytes to events as they arrive (WHATWG HTML, "Server-sent events")."""

import re
from dataclasses import dataclass, field

# Lines end at these and nothing else: `splitlines` would cut at U+2028 in the middle of a JSON string.
_LINE_END = re.compile(rb"\r\n|\n|\r")

_BOM = b"\xef\xbb\xbf"
"""May precede a stream, and is ignored."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its type (`event:`) and its data, lines joined by `\\n`."""

    name: str
    data: bytes


def encode(event: Event) -> bytes:
    """The event as Anthropic's API writes it: an `event:` line, a `data:` line for each line of data, a blank line."""
    return b"event: %b\ndata: %b\n\n" % (event.name.encode(), event.data.replace(b"\n", b"\ndata: "))


@dataclass(slots=True)
class Decoder:
    """Parses a stream; feed it bytes in pieces of any size. An event without its blank line is never returned."""

    _rest: bytes = b""
    _name: str = "message"
    _data: list[bytes] = field(default_factory=list)
    _begun: bool = False
    _after_cr: bool = False
    """Whether the last line ended with a CR at the very end of a chunk: an LF that follows belongs to it."""

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes. Comments, ids and retry times are passed over."""
        if self._after_cr and chunk:
            chunk, self._after_cr = chunk.removeprefix(b"\n"), False
        self._rest += chunk
        if not self._begun:
            if len(self._rest) < len(_BOM) and _BOM.startswith(self._rest):
                return []
            self._rest, self._begun = self._rest.removeprefix(_BOM), True
        events: list[Event] = []
        start = 0
        for end in _LINE_END.finditer(self._rest):
            self._line(self._rest[start : end.start()], events)
            start = end.end()
            self._after_cr = start == len(self._rest) and end[0] == b"\r"
        self._rest = self._rest[start:]
        return events

    def _line(self, line: bytes, events: list[Event]) -> None:
        if not line:
            if self._data:
                events.append(Event(self._name, b"\n".join(self._data)))
            self._name, self._data = "message", []
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value.decode("utf-8", "replace") or "message"

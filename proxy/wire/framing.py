"""Framing of a reply's body: where it ends, and which bytes are content (RFC 9112, sections 6 and 7)."""

import re
from collections.abc import Callable
from typing import Protocol

from proxy.headers import members, values
from proxy.wire.heads import BadReply, ReplyHead

LAST_CHUNK = b"0\r\n\r\n"
"""Ends a body in chunks, without trailers."""

_LENGTH = re.compile(rb"[0-9]{1,18}")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_PLAIN_SIZE = re.compile(rb"([1-9A-Fa-f][0-9A-Fa-f]{0,7})\r\n")
_MAX_LINE = 8 * 1024
_MAX_TRAILERS = 64 * 1024
_AT_ONCE = 1024
"""Chunks and lines that are parsed at once, in a few milliseconds; then other tasks get their turn."""


class BodyReader(Protocol):
    """Parses the body of a reply as it arrives. `done` once it is complete; `over` if bytes came after its end."""

    done: bool
    over: bool
    length: int | None
    """Bytes in all, if the head has a length."""
    absent: bool
    """Whether there is no body at all, whatever the head says."""
    rest: bytes
    """Bytes that were fed and are not parsed yet."""

    def feed(self, data: bytes) -> bytes:
        """The content in `rest` and `data`, as far as it is parsed now. Raises `BadReply` if the framing is broken."""

    def end(self) -> bool:
        """The connection has ended; returns whether the body is complete."""


class Sized:
    """A body of a given length; `absent` for a reply without any body, not even an empty one."""

    __slots__ = ("_left", "absent", "done", "length", "over", "rest")

    def __init__(self, length: int, *, absent: bool = False) -> None:
        self.length = None if absent else length
        self.absent, self.rest = absent, b""
        self._left, self.done, self.over = length, length == 0, False

    def feed(self, data: bytes) -> bytes:
        left = self._left - len(data)
        if left > 0:
            self._left = left
            return data
        self.done, self.over = True, left < 0
        if self.over:
            data = data[: self._left]
        self._left = 0
        return data

    def end(self) -> bool:
        return self.done


class UntilClose:
    """A body that ends with its connection."""

    __slots__ = ("absent", "done", "length", "over", "rest")

    def __init__(self) -> None:
        self.length: int | None = None
        self.absent = self.done = self.over = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> bool:
        self.done = True
        return True


class Chunked:
    """A chunked body; chunk extensions and trailers are ignored."""

    __slots__ = ("_left", "_line", "_state", "_trailers", "absent", "done", "length", "over", "rest")

    def __init__(self) -> None:
        self.length: int | None = None
        self.absent = self.done = self.over = False
        # A function, not a bound method, which would make a reference cycle.
        self._state: Callable[[Chunked, bytes], None] = Chunked._size
        self._line, self._left, self._trailers = b"", 0, 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        body: list[bytes] = []
        position = 0
        if self.rest:
            data, self.rest = self.rest + data, b""
        if not (self._left or self._line or self.done) and self._state is Chunked._size:
            position = self._take_whole(data, body)
        if position < len(data) and not self.done:
            position = self._take(data, position, body)
        self.over = self.done and position < len(data)
        return body[0] if len(body) == 1 else b"".join(body)

    def end(self) -> bool:
        return self.done

    def _take_whole(self, data: bytes, body: list[bytes]) -> int:
        """Parse the complete chunks at the beginning, the usual case; returns the position after them.

        An upstream writes each event as a chunk, and a chunk usually arrives in one piece.
        """
        position = 0
        while len(body) < _AT_ONCE and (found := _PLAIN_SIZE.match(data, position)):
            start = found.end()
            end = start + int(found[1], 16)
            if not data.startswith(b"\r\n", end):
                return position
            body.append(data[start:end])
            position = end + 2
            if position == len(data):
                return position
        if len(data) - position == len(LAST_CHUNK) and data.endswith(LAST_CHUNK):
            self.done = True
            return len(data)
        return position

    def _take(self, data: bytes, position: int, body: list[bytes]) -> int:
        """Parse anything, up to the limit; returns the position after it."""
        for _ in range(len(body), _AT_ONCE):
            if self._left:
                chunk = data[position : position + self._left]
                body.append(chunk)
                self._left -= len(chunk)
                position += len(chunk)
            else:
                position = self._take_line(data, position)
            if self.done or position == len(data):
                return position
        self.rest = data[position:]
        return position

    def _take_line(self, data: bytes, position: int) -> int:
        """Read up to the end of a line, and handle it if it is complete; returns the position after it."""
        end = data.find(b"\n", position) + 1
        self._line += data[position : end or len(data)]
        if len(self._line) > _MAX_LINE:
            raise BadReply("sent a line without an end between its chunks")
        if end:
            line, self._line = self._line[:-1].removesuffix(b"\r"), b""
            self._state(self, line)
        return end or len(data)

    def _size(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            raise BadReply("sent a chunk without a valid size")
        self._left = int(size[1], 16)
        self._state = Chunked._behind if self._left else Chunked._trailer

    def _behind(self, line: bytes) -> None:
        """The line end after a chunk's data."""
        if line:
            raise BadReply("sent a chunk that is longer than its size")
        self._state = Chunked._size

    def _trailer(self, line: bytes) -> None:
        self.done = not line
        self._trailers += len(line)
        if self._trailers > _MAX_TRAILERS:
            raise BadReply("sent endless trailers")


def body_reader(method: bytes, head: ReplyHead) -> BodyReader:
    """How the body of a reply to `method` is framed (RFC 9112, section 6.3).

    Chunks in HTTP/1.0 are accepted, as all clients do; the connection is not used again (section 6.1). Raises
    `BadReply` if two readers could see different ends, since that allows smuggling of replies.
    """
    known = head.known
    if b"transfer-encoding" not in known and head.status == 200 and method != b"HEAD":
        length = known.get(b"content-length")  # of several, joined: it is none
        if length is not None and _LENGTH.fullmatch(length):
            return Sized(int(length))
    codings = members(known[b"transfer-encoding"]) if b"transfer-encoding" in known else []
    lengths = set(values(head.headers, b"content-length")) if b"content-length" in known else set()
    if codings and (lengths or codings != [b"chunked"]):
        raise BadReply("sent a reply with contradictory framing")
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise BadReply("sent a reply with an invalid length")
    if head.status == 101:
        return UntilClose()
    if method == b"HEAD" or head.status in (204, 304) or head.interim:
        return Sized(0, absent=True)
    if codings:
        return Chunked()
    return Sized(int(lengths.pop())) if lengths else UntilClose()

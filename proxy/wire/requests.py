"""The requests of a client's connection, told apart as their bytes arrive (RFC 9112, sections 2, 3, 6 and 7).

It stands before the server's parser, and gives that one request at a time: a whole head, and a body that has no
trailers. So every head is held to the same limits, and no byte of one request can be read as part of another.
"""

import re

from proxy.headers import members
from proxy.wire.framing import LAST_CHUNK
from proxy.wire.heads import MAX_HEAD

MAX_TRAILERS = 64 * 1024
"""Bytes that the trailers of a chunked body may have in all."""

_MAX_SIZE_LINE = 8 * 1024
_CHUNKS_AT_ONCE = 512
"""Chunks that are taken apart in one call, in half a millisecond: a read may hold 40,000."""

# Single blanks, and nothing that the parser would tidy. Which methods and versions there are is for others to say; but
# behind the preface of HTTP/2 (RFC 9113, section 3.4) the parser would wait for the rest of that.
_REQUEST_LINE = re.compile(rb"(?!PRI )[!-~]+ [!-~]+ HTTP/([0-9]\.[0-9])\r\n")
_BEGINNING = re.compile(rb"\r?\Z|[A-Z_-]{1,20}(?: |\Z)")
"""What a head may begin with: whoever speaks something else, such as TLS, need not wait to be told so."""
_BARE_LF = re.compile(rb"(?<!\r)\n")
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding):([^\r\n]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,18}")
_EXTENSION = rb"(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?"
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})%b\r\n" % _EXTENSION)
_PART_OF_SIZE = re.compile(rb"[0-9A-Fa-f]{0,15}\r?|[0-9A-Fa-f]{1,15}%b\r?" % _EXTENSION)
_TRAILERS = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n)*")

_IN_CHUNKS, _REFUSED = -1, -2
"""A body in chunks; and one in another coding, which `downstream.access` refuses: nothing counts behind such a head."""

Bytes = bytes | bytearray


class BadRequest(Exception):  # noqa: N818 - it is the client's fault, as `downstream.incoming.BodyFault` is
    """What the client sent is no request that could be forwarded unchanged; the text quotes nothing of it."""

    def __init__(self, text: str, *, too_large: bool = False) -> None:
        super().__init__(text)
        self.too_large = too_large
        """Whether it is a head, and larger than any may be."""


class Chunks:
    """A body in chunks. Those that arrive together become one; their extensions and the trailers are passed over."""

    __slots__ = ("_in_trailers", "_left", "busy", "done")

    def __init__(self) -> None:
        self._left = 0
        """Bytes to come of the present chunk, its line end included."""
        self._in_trailers = False
        self.done = False
        self.busy = False
        """Whether there are more chunks than are taken apart at once: the next call may follow without new bytes."""

    def take(self, data: Bytes, at: int) -> tuple[bytes, int]:
        """What is there of the body from `at` on, as a chunk, and where the bytes begin that are to be shown again.

        Raises `BadRequest` where the framing is broken.
        """
        pieces: list[Bytes] = []
        at = self._chunks(data, self._go_on(data, at, pieces), pieces)
        if self._in_trailers:
            at = self._trailers(data, at)
        if size := sum(map(len, pieces)):
            pieces = [b"%x\r\n" % size, *pieces, b"\r\n"]
        if self.done:
            pieces.append(LAST_CHUNK)
        return b"".join(pieces), at

    def _chunks(self, data: Bytes, at: int, pieces: list[Bytes]) -> int:
        self.busy = False
        for _ in range(_CHUNKS_AT_ONCE):
            if self._left or self._in_trailers:
                return at
            size = _SIZE.match(data, at)
            if size is None:
                if len(data) - at > _MAX_SIZE_LINE or not _PART_OF_SIZE.fullmatch(data, at):
                    raise BadRequest("sent a chunk without a valid size")
                return at
            start = size.end()
            end = start + int(size[1], 16)
            if start < end and data[end : end + 2] == b"\r\n":  # all of it is there
                pieces.append(data[start:end])
                at = end + 2
            elif start < end:
                self._left = end + 2 - start
                at = self._go_on(data, start, pieces)
            else:
                self._in_trailers, at = True, start
        self.busy = True
        return at

    def _go_on(self, data: Bytes, at: int, pieces: list[Bytes]) -> int:
        """Take what is there of the present chunk; gives the position behind it."""
        if self._left > 2:
            piece = data[at : at + self._left - 2]
            pieces.append(piece)
            self._left -= len(piece)
            at += len(piece)
        if 0 < self._left <= 2:
            line_end = data[at : at + self._left]
            if not b"\r\n"[2 - self._left :].startswith(line_end):
                raise BadRequest("sent a chunk that is longer than its size")
            self._left -= len(line_end)
            at += len(line_end)
        return at

    def _trailers(self, data: Bytes, at: int) -> int:
        """Pass over the trailers once all of them are there; gives the position behind them, or `at`."""
        if data.startswith(b"\r\n", at):  # there are none
            self.done = True
            return at + 2
        end = data.find(b"\r\n\r\n", at)
        if (len(data) if end < 0 else end + 2) - at > MAX_TRAILERS:
            raise BadRequest("sent endless trailers")
        if end < 0:
            return at
        if not _TRAILERS.fullmatch(data, at, end + 2):
            raise BadRequest("sent a malformed trailer")
        self.done = True
        return end + 4


class RequestReader:
    """Feed it what comes, give on what it returns, and say when a request has been `served`; then feed it nothing.

    What comes behind a request is held until that has been served and its body has ended.
    """

    def __init__(self) -> None:
        self.held = bytearray()
        """What has come and cannot be given on yet."""
        self._looked_at = 0
        """Bytes of it that hold no end of a head."""
        self._length = 0
        """Bytes to come of the present body, where it has a length."""
        self._chunks: Chunks | None = None
        self._stopped = False
        self.new = True
        """Whether there has been no request yet."""
        self.serving = False
        """Whether a request has been given on that has not been served."""
        self.in_body = False
        """Whether a body has not ended yet; the request may have been served all the same."""

    @property
    def idle(self) -> bool:
        """Whether nothing but a head is due."""
        return not (self.serving or self.in_body)

    @property
    def busy(self) -> bool:
        """Whether there is more to take apart of what is held."""
        return self._chunks is not None and self._chunks.busy and not self._stopped

    @property
    def full(self) -> bool:
        """Whether it should be given nothing more for now."""
        return self.busy or len(self.held) > MAX_HEAD

    def feed(self, data: bytes) -> bytes:
        """What the parser may have now. Raises `BadRequest`, and then takes nothing more."""
        try:
            if self.held or self._stopped or (self.serving and not self.in_body):
                return self._feed_held(data)
            piece, at = self._rest(data) if self.in_body else self._request(data)
        except BadRequest:
            self.stop()
            raise
        if at < len(data):
            self.held += data[at:]
        return bytes(piece)

    def served(self) -> None:
        """The request has its reply."""
        self.serving = False

    def stop(self) -> bytes:
        """Take nothing more; gives what is held."""
        self._stopped = True
        held, self.held = bytes(self.held), bytearray()
        return held

    def _feed_held(self, data: bytes) -> bytes:
        """As `feed`, where something is held or has to be."""
        if self._stopped:
            return b""
        self.held += data
        if self.serving and not self.in_body:
            return b""
        piece, at = self._rest(self.held) if self.in_body else self._request(self.held)
        del self.held[:at]
        return bytes(piece)

    def _request(self, data: Bytes) -> tuple[Bytes, int]:
        """A head, once it is whole, with what is there of its body; and the position behind that."""
        start = 2 if data.startswith(b"\r\n") else 0  # one empty line is passed over (RFC 9112, section 2.2)
        looked_at = self._looked_at - 3
        end = data.find(b"\r\n\r\n", looked_at if looked_at > start else start)
        if end > MAX_HEAD or (end < 0 and len(data) > MAX_HEAD):
            raise BadRequest("sent a head that is too large", too_large=True)
        if end < 0:
            if not _BEGINNING.match(data, start) or _BARE_LF.search(data, self._looked_at):
                raise BadRequest("sent something that is no request")
            self._looked_at = len(data)
            return b"", 0
        self._looked_at = 0
        length = _framing(data, start, end + 2)
        end += 4
        if length == _IN_CHUNKS:
            chunks = Chunks()
            body, at = chunks.take(data, end)
            self._chunks, self.in_body = chunks, not chunks.done
            piece: Bytes = bytes(data[start:end]) + body
        elif length == _REFUSED:
            self._stopped = True
            piece, at = data[start:end], len(data)
        else:
            at = min(len(data), end + length)
            self._length = end + length - at
            self.in_body = self._length > 0
            piece = data[start:at]
        self.new, self.serving = False, True
        return piece, at

    def _rest(self, data: Bytes) -> tuple[Bytes, int]:
        """What is there of the rest of a body, and the position behind it."""
        if self._length:
            at = min(len(data), self._length)
            self._length -= at
            self.in_body = self._length > 0
            return data[:at], at
        assert self._chunks is not None
        body, at = self._chunks.take(data, 0)
        self.in_body = not self._chunks.done
        return body, at


def _framing(data: Bytes, start: int, end: int) -> int:
    """Bytes of the body of the request whose head begins at `start`; or how else it is framed (RFC 9112, section 6.3).

    Raises `BadRequest` for a head that two readers could read in two ways.
    """
    line = _REQUEST_LINE.match(data, start, end)
    if line is None:
        raise BadRequest("sent something that is no request")
    framings = _FRAMING.findall(data, line.end() - 2, end)
    if not framings:
        return 0
    name, value = framings[0]
    value, is_length = value.strip(b" \t"), name.lower() == b"content-length"
    if len(framings) > 1 or (is_length and not _LENGTH.fullmatch(value)):
        raise BadRequest("sent a head with contradictory framing")
    if is_length:
        return int(value)
    return _IN_CHUNKS if line[1] == b"1.1" and members(value) == [b"chunked"] else _REFUSED

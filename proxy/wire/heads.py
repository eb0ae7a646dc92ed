"""Heads of messages: a reply's head from its bytes, and both kinds to bytes (RFC 9112, sections 3 to 5)."""

import re
from collections.abc import Mapping

import msgspec

from proxy.headers import NAMELESS, Names, RawHeaders, RawPairs, by_name, lines, names_of

MAX_HEAD = 256 * 1024
"""Bytes that a head may have in all, in either direction."""

MAX_HEADERS = 512
"""Headers that a head may have."""

_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?\r?\n")
_TEXT = bytes(set(range(256)) - {*range(9), *range(10, 32), 0x7F})
"""What a value may consist of: no control characters except tabs (RFC 9110, section 5.5)."""


class BadReply(Exception):  # noqa: N818 - named for what it tells, as the faults of the upstream are
    """The upstream sent something that cannot be relayed; the text says why, without quoting it."""


class ReplyHead(msgspec.Struct):
    """Status line and headers of a reply, as they came: order, case and duplicates. `minor` is of HTTP/1.x.

    Treat it as immutable. Raises `BadReply` where a name is no token.
    """

    minor: int
    status: int
    reason: bytes
    headers: RawPairs
    known: Mapping[bytes, bytes] = {}
    """The headers by name (see `headers.by_name`)."""
    names: Names = NAMELESS
    """What their names say."""

    def __post_init__(self) -> None:
        self.names = names_of(self.headers)
        if not self.names.valid:
            raise BadReply("sent a malformed header")
        self.known = by_name(self.names, self.headers)

    @property
    def interim(self) -> bool:
        """Whether another head follows (RFC 9110, section 15.2). After 101 there is none."""
        return self.status < 200 and self.status != 101


def head_end(received: bytes | bytearray, start: int = 0) -> int:
    """The end of the head at the beginning of `received`, blank line included; -1 if it is not complete.

    The search begins at `start`. Raises `BadReply` if the head is too large.
    """
    end = received.find(b"\n\r\n", start)
    # Some servers end lines with LF alone; a recipient may accept that (RFC 9112, section 2.2).
    alone = received.find(b"\n\n", start) if end < 0 else received.find(b"\n\n", start, end + 2)
    end = alone + 2 if alone >= 0 else end + 3 if end >= 0 else -1
    if end > MAX_HEAD or (end < 0 and len(received) > MAX_HEAD):
        raise BadReply("sent a head that is too large")
    return end


def parse_reply_head(head: bytes) -> ReplyHead:
    """Parse a whole head with its blank line. Raises `BadReply` for anything ambiguous."""
    status = _STATUS_LINE.match(head)
    if status is None:
        raise BadReply("sent something that is not an HTTP reply")
    text = head[status.end() :]
    *rows, _ = text.splitlines()  # at a CR that stands alone too: then there are more of them than line ends
    ends = text.translate(None, _TEXT).replace(b"\r\n", b"\n")
    try:
        headers = [(name, value.strip(b" \t")) for name, value in [line.split(b":", 1) for line in rows]]
    except ValueError:  # no colon
        raise BadReply("sent a malformed header") from None
    if ends != b"\n" * (len(rows) + 1):
        raise BadReply("sent a malformed header")
    if len(headers) > MAX_HEADERS:
        raise BadReply("sent too many headers")
    return ReplyHead(int(status[1]), int(status[2]), status[3] or b"", headers)


def request_head(method: bytes, target: bytes, header_lines: bytes) -> bytes:
    """The head of a request, blank line included."""
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, header_lines)


def reply_head(status: int, reason: bytes, headers: RawHeaders) -> bytes:
    """The head of a reply, blank line included."""
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, reason, lines(headers))

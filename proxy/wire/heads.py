"""Heads of messages: a reply's head from its bytes, and both kinds to bytes (RFC 9112, sections 3 to 5)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.headers import RawHeaders, RawPairs, by_name

MAX_HEAD = 256 * 1024
"""Bytes that a head may have in all, in either direction."""

MAX_HEADERS = 512
"""Headers that a head may have."""

_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?\r?\n")
# A token, a colon, and a value without control characters except tabs (RFC 9110, section 5.5).
_LINE = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*\r?\n"
_ALL_LINES = re.compile(rb"(?:%b)*" % _LINE)
_NAME_AND_VALUE = re.compile(rb"([^:]+):[ \t]*([^\r\n]*[^ \t\r\n]|)[ \t]*\r?\n")


class BadReply(Exception):  # noqa: N818 - named for what it tells, as the faults of the upstream are
    """The upstream sent something that cannot be relayed; the text says why, without quoting it."""


@dataclass(slots=True)
class ReplyHead:
    """Status line and headers of a reply, as they came: order, case and duplicates. `minor` is of HTTP/1.x.

    Treat it as immutable; frozen=True would double construction time.
    """

    minor: int
    status: int
    reason: bytes
    headers: RawPairs
    known: Mapping[bytes, bytes] = field(init=False, repr=False, compare=False)
    """The headers by name (see `headers.by_name`)."""

    def __post_init__(self) -> None:
        self.known = by_name(self.headers)

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
    start, end = status.end(), len(head) - (2 if head.endswith(b"\r\n") else 1)
    if _ALL_LINES.fullmatch(head, start, end) is None:
        raise BadReply("sent a malformed header")
    headers = _NAME_AND_VALUE.findall(head, start, end)
    if len(headers) > MAX_HEADERS:
        raise BadReply("sent too many headers")
    return ReplyHead(int(status[1]), int(status[2]), status[3] or b"", headers)


def request_head(method: bytes, target: bytes, headers: RawHeaders) -> bytes:
    """The head of a request, blank line included."""
    return b"%b %b HTTP/1.1\r\n%b" % (method, target, _lines(headers))


def reply_head(status: int, reason: bytes, headers: RawHeaders) -> bytes:
    """The head of a reply, blank line included."""
    return b"HTTP/1.1 %d %b\r\n%b" % (status, reason, _lines(headers))


def _lines(headers: RawHeaders) -> bytes:
    return b"\r\n".join([*map(b": ".join, headers), b"\r\n"])

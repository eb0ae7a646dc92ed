"""Parses the reply to one request as its bytes arrive: heads, and the body."""

from collections import deque

from proxy.headers import members
from proxy.wire.framing import BodyReader, body_reader
from proxy.wire.heads import BadReply, ReplyHead, head_end, parse_reply_head

_TLS_RECORDS = frozenset({b"\x15", b"\x16"})
"""First bytes of a TLS alert or handshake (RFC 8446, section 5.1), which no HTTP reply begins with."""

_STAYS = b"keep-alive"
"""What most replies say in `Connection`."""

_MOST_INTERIM = 32
"""Interim replies to one request; real servers send one or two."""


class ReplyReader:
    """Feed it the received bytes. `method` decides how the reply ends, `upgrade` whether it may switch protocols."""

    body: BodyReader | None = None
    """Reads the body, after the final head."""
    last = False
    """Whether the connection cannot be used for another request."""
    complete = False
    """Whether the whole reply was received."""
    _interim = 0
    _partial = b""
    """The received part of an incomplete head."""

    def __init__(self, method: bytes, *, upgrade: bool = False) -> None:
        self._method, self._upgrade = method, upgrade
        self.heads: deque[ReplyHead] = deque()
        """Interim heads, then the final one, which the caller takes."""

    @property
    def rest(self) -> bytes:
        """Bytes that are not parsed yet: feed the reader again, even with nothing."""
        return self.body.rest if self.body is not None else b""

    def feed(self, data: bytes) -> bytes:
        """The content of the body in `rest` and `data`, as far as it is parsed now. Raises `BadReply`."""
        if self.body is None:
            data = self._heads_of(data)
        body = self.body
        if body is None or not (data or body.rest):
            return b""
        if body.done:
            self.last = True
            return b""
        piece = body.feed(data)
        if body.done:
            self.complete, self.last = True, self.last or body.over
        return piece

    def end(self, *, cut: bool) -> bool:
        """No more will come; returns whether the reply is complete. If `cut`, the end ends no body (RFC 9112, 9.8)."""
        self.last = True
        self.complete = self.body is not None and (self.body.done if cut else self.body.end())
        return self.complete

    def _heads_of(self, data: bytes) -> bytes:
        """Parse the heads that `data` completes; returns the bytes after the final one."""
        looked_at = 0
        if data[:1] in _TLS_RECORDS and not (self._partial or self.heads):
            raise BadReply("speaks TLS there: upstream.url should begin with https://")
        if self._partial:
            looked_at = max(0, len(self._partial) - 3)
            data, self._partial = self._partial + data, b""
        while (end := head_end(data, looked_at)) > 0:
            head, data, looked_at = parse_reply_head(data[:end]), data[end:], 0
            if not head.interim:
                self._begin_body(head)
                self.heads.append(head)  # only now, since the framing may be contradictory
                return data
            self._count_interim()
            self.heads.append(head)
        self._partial = data
        return b""

    def _count_interim(self) -> None:
        self._interim += 1
        if self._interim > _MOST_INTERIM:
            raise BadReply("sent interim replies without an end")

    def _begin_body(self, head: ReplyHead) -> None:
        if head.status == 101 and not self._upgrade:
            raise BadReply("switched protocols unasked")
        self.body = body_reader(self._method, head)
        self.complete = self.body.done
        self.last = head.minor == 0 or head.status == 101
        connection = head.known.get(b"connection", _STAYS)
        if connection != _STAYS and b"close" in members(connection):
            self.last = True

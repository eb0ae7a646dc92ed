"""The reply to one request, taken apart as its bytes arrive: heads, and what of them is body."""

from collections import deque

from proxy.headers import members
from proxy.wire.framing import Body, body_of
from proxy.wire.heads import BadReply, ReplyHead, head_end, parse_reply_head

_MOST_INTERIM = 32
"""Interim replies to one request; real servers send one or two."""


class ReplyReader:
    """Feed it what comes. `method` decides how the reply ends, `upgrade` whether it may switch protocols."""

    def __init__(self, method: bytes, *, upgrade: bool = False) -> None:
        self._method, self._upgrade, self._interim = method, upgrade, 0
        self._partial = bytearray()
        """The beginning of a head."""
        self.heads: deque[ReplyHead] = deque()
        """Interim ones, then the final one, for somebody to take."""
        self.body: Body | None = None
        """The body, once the final head has come."""
        self.last = False
        """Whether the connection can serve no further request."""

    @property
    def complete(self) -> bool:
        """Whether the whole reply has come."""
        return self.body is not None and self.body.done

    @property
    def rest(self) -> bytes:
        """What was fed and is still to be taken apart: feed the reader again, be it with nothing."""
        return self.body.rest if self.body is not None else b""

    def feed(self, data: bytes) -> bytes:
        """The part of the body in `rest` and `data`, as far as it is taken apart now.

        Raises `BadReply` for what cannot be relayed.
        """
        if self.body is None:
            data = self._heads_of(data)
        if self.body is None or not (data or self.body.rest):
            return b""
        if self.body.done:
            self.last = True
            return b""
        piece = self.body.feed(data)
        self.last = self.last or self.body.over
        return piece

    def end(self, *, cut: bool) -> bool:
        """No more will come: whether the reply is whole. A connection that was `cut` ends no body (RFC 9112, 9.8)."""
        self.last = True
        return self.body is not None and (self.body.done if cut else self.body.end())

    def _heads_of(self, data: bytes) -> bytes:
        """Take the heads that `data` completes; gives what stands behind the final one."""
        looked_at = max(0, len(self._partial) - 3)
        if self._partial:
            self._partial += data
            data = bytes(self._partial)
        while self.body is None and (end := head_end(data, looked_at)) > 0:
            head, data, looked_at = parse_reply_head(data[:end]), data[end:], 0
            if head.interim:
                self._count_interim()
            else:
                self._begin_body(head)
            self.heads.append(head)  # only now: a head with contradictory framing is none
        self._partial = bytearray(data) if self.body is None else bytearray()
        return data

    def _count_interim(self) -> None:
        self._interim += 1
        if self._interim > _MOST_INTERIM:
            raise BadReply("sent interim replies without an end")

    def _begin_body(self, head: ReplyHead) -> None:
        if head.status == 101 and not self._upgrade:
            raise BadReply("switched protocols unasked")
        self.body = body_of(self._method, head)
        options = members(head.known.get(b"connection", b""))
        self.last = head.minor == 0 or head.status == 101 or b"close" in options

"""Sends the upstream's replies to the client, byte for byte except for hop-by-hop headers and framing."""

import asyncio

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from proxy.downstream.ends import OpenEnd
from proxy.downstream.replies import HTTP_1_1, RawResponse, write_interim, write_out
from proxy.headers import RawPairs, drop_from_reply
from proxy.wire.framing import LAST_CHUNK
from proxy.wire.heads import ReplyHead, reply_head


class Copy:
    """A copy of a body that is sent. Nothing is kept of a body of more than `limit` bytes."""

    __slots__ = ("_chunks", "_room")

    def __init__(self, limit: int) -> None:
        self._chunks: list[bytes] = []
        self._room = limit

    def take(self, chunk: bytes) -> None:
        """The next chunk of the body."""
        self._room -= len(chunk)
        if self._room >= 0:
            self._chunks.append(chunk)
        else:
            self._chunks.clear()

    @property
    def body(self) -> bytes | None:
        """All of it; None if it is too large."""
        return b"".join(self._chunks) if self._room >= 0 else None


class RelayedResponse(RawResponse):
    """A reply of the upstream: its head without hop-by-hop headers, and its body in the framing of this hop.

    `length` is the body's length by the head; if `bodiless`, no body follows, whatever the head says. `copy` takes the
    body as well.
    """

    aborted = False
    _chunked_out = _ended = False
    _transport: asyncio.Transport | None = None
    _end: OpenEnd | None = None
    """Of a body that the end of the connection completes."""

    def __init__(self, head: ReplyHead, length: int | None, *, bodiless: bool, copy: Copy | None = None) -> None:
        super().__init__(head.status)
        self.copy = copy
        self.pairs = drop_from_reply(head.headers, head.names)
        self._head, self._open_end = head, length is None and not bodiless

    @property
    def body_copy(self) -> bytes | None:
        """The whole body, if a copy was requested and it is not too large; None for an incomplete body."""
        return self.copy.body if self.copy is not None and not self.aborted else None

    @property
    def until_close(self) -> bool:
        """Whether only the end of the connection tells the client where the body ends."""
        return self._open_end and not self._chunked_out

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head. Raises ConnectionError if the client has gone."""
        if self._out is None:
            await self.begin(request, b"", last=False)
        return self._out

    async def begin(self, request: web.BaseRequest, data: bytes, *, last: bool) -> None:
        """Send the head and the beginning of the body in one write; `last` if that is the whole body."""
        modern, head, pairs = request.version >= HTTP_1_1, self._head, self.pairs
        self._stays = request.keep_alive
        self._out, self._ended = request.writer, last
        self._transport = request.transport
        if self._open_end or not (modern and self._stays) or head.status == 101:  # otherwise this hop adds no headers
            self._chunked_out = self._open_end and modern
            self._stays = self._stays and (modern or not self._open_end) and head.status != 101
            pairs = [*pairs, *self._of_this_hop(modern)]
            if self.until_close:  # until the client has all of it, even the end of the process is a reset
                self._end = OpenEnd()
                self._end.begin(request.transport)
        sent = reply_head(head.status, head.reason, pairs)
        await write_out(request, sent + self._framed(data, last) if data or last else sent)

    def send(self, data: bytes, *, last: bool) -> None:
        """Send a part of the body without waiting. The caller must see that the client keeps up."""
        self._ended = self._ended or last
        framed = self._framed(data, last)
        if framed and self._transport is not None and not self._transport.is_closing():
            self._transport.write(framed)

    def _of_this_hop(self, modern: bool) -> RawPairs:
        """Framing and persistence between the client and this proxy (RFC 9112, sections 6.1 and 9.3)."""
        if self.status == 101:
            kept = (b"connection", b"upgrade")
            return [(name, value) for name, value in self._head.headers if name.lower() in kept]
        framing = [(b"Transfer-Encoding", b"chunked")] if self._chunked_out else []
        return [*framing, *self._persistence(modern)]

    async def write(self, data: bytes | bytearray | memoryview, *, last: bool = False) -> None:
        """Send a part of the body, `last` for its end; wait while the client does not keep up."""
        assert self._out is not None
        self._ended = self._ended or last
        await self._out.write(self._framed(data, last))

    async def write_eof(self, data: bytes = b"") -> None:
        """End the body; the second call does nothing."""
        if self._out is None or self.aborted:
            return
        if not self._ended:
            self._ended = True
            if data or self._chunked_out:
                await self.write(data, last=True)
        if self._end is not None:
            await self._end.finish(self._out)

    def abort(self, request: web.BaseRequest) -> None:
        """End the client's connection so that the client cannot take the partial body for a complete one.

        If the framing shows that something is missing, closing the connection is enough; otherwise it must be a reset,
        which is prepared when such a reply begins.
        """
        self.aborted = True
        if request.transport is not None:
            request.transport.abort()

    def _framed(self, data: bytes | bytearray | memoryview, last: bool) -> bytes | bytearray | memoryview:
        if not self._chunked_out:
            return data
        chunk = b"".join((b"%x\r\n" % len(data), data, b"\r\n")) if data else b""
        return chunk + LAST_CHUNK if last else chunk


async def send_interim(request: web.BaseRequest, head: ReplyHead) -> None:
    """Relay an interim reply, as RFC 9110, section 15.2 requires of a proxy.

    Not 100: the server itself has answered the client's `Expect`. And none to HTTP/1.0, which has no such replies.
    """
    if head.status != 100 and request.version >= HTTP_1_1:
        pairs = drop_from_reply(head.headers, head.names)
        await write_interim(request, reply_head(head.status, head.reason, pairs))

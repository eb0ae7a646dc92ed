"""Replies to the client in exact bytes: the upstream's as they came, and whole ones of our own.

aiohttp's own replies would invent headers, merge names that differ in case alone, and drop bytes that are not UTF-8.
"""

import asyncio
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus

import aiohttp_sse
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from proxy import synthesis
from proxy.headers import RawPairs, response_headers
from proxy.wire.heads import ReplyHead, reply_head

_HTTP_1_1 = (1, 1)
_RESET, _FINISH = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)
"""SO_LINGER on, for no time: closing sends RST, whoever closes; and off (socket(7))."""
_EVENTS = [(b"Content-Type", b"text/event-stream; charset=utf-8"), (b"Cache-Control", b"no-cache")]
_WITHOUT_LENGTH = frozenset({204, 304})
"""Statuses that may not have one (RFC 9110, section 8.6), or would speak of a body that is elsewhere."""
_LAST_CHUNK = b"0\r\n\r\n"


class RawResponse(web.StreamResponse):
    """What both kinds share: they write their own heads, and say themselves whether the connection stays."""

    def __init__(self, status: int) -> None:
        super().__init__(status=status)
        self._stays = False
        self._out: AbstractStreamWriter | None = None

    @property
    def prepared(self) -> bool:
        return self._out is not None

    @property
    def keep_alive(self) -> bool:
        return self._stays

    def _persistence(self, modern: bool) -> RawPairs:
        """What is said only where it is not the version's default (RFC 9112, section 9.3)."""
        if self._stays == modern:
            return []
        return [(b"Connection", b"keep-alive" if self._stays else b"close")]


class Copy:
    """A copy of a body that is sent, of at most `limit` bytes; of a larger one, nothing is kept."""

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
    """A reply of the upstream: its head but for hop-by-hop headers, and its body in the framing of this hop.

    `length` is what the head told of the body's; `bodiless` says that no body follows, whatever it told.
    """

    def __init__(self, head: ReplyHead, length: int | None, *, bodiless: bool) -> None:
        super().__init__(head.status)
        self.pairs = response_headers(head.headers)
        self._head, self._open_end = head, length is None and not bodiless
        self._chunked_out = self._ended = self.aborted = False
        self._transport: asyncio.Transport | None = None
        self.copy: Copy | None = None
        """Of the body, where somebody asked for one."""

    @property
    def body_copy(self) -> bytes | None:
        """The whole body, where somebody asked for a copy and it is not too large; None for half a body."""
        return self.copy.body if self.copy is not None and not self.aborted else None

    @property
    def until_close(self) -> bool:
        """Whether nothing but the end of the connection tells the client where the body ends."""
        return self._open_end and not self._chunked_out

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head. Raises ConnectionError when the client has gone."""
        if self._out is None:
            await self.begin(request, b"", last=False)
        return self._out

    async def begin(self, request: web.BaseRequest, data: bytes, *, last: bool) -> None:
        """Send the head, and what has come with it of the body; `last` when that was all. One write for all of it."""
        modern = request.version >= _HTTP_1_1
        self._chunked_out = self._open_end and modern
        self._stays = request.keep_alive and (modern or not self._open_end) and self.status != 101
        self._out, self._ended = request.writer, last
        self._transport = request.transport
        if self.until_close and not last:
            self._linger(_RESET)  # from here on, only an end that is meant ends cleanly, even should the process die
        head = reply_head(self.status, self._head.reason, [*self.pairs, *self._of_this_hop(modern)])
        await self._out.write(head + self._framed(data, last) if data or last else head)

    def send(self, data: bytes, *, last: bool) -> None:
        """Send a part of the body at once. Whether the client takes it is for the caller to see to."""
        self._end(last)
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
        """Send a part of the body, `last` for the end of it; waits when the client does not take it."""
        assert self._out is not None
        self._end(last)
        await self._out.write(self._framed(data, last))

    def _end(self, last: bool) -> None:
        self._ended = last
        if last and self.until_close:
            self._linger(_FINISH)

    def _linger(self, value: bytes) -> None:
        handle = self._transport.get_extra_info("socket") if self._transport is not None else None
        if handle is not None:
            with suppress(OSError):  # the client has gone
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, value)

    async def write_eof(self, data: bytes = b"") -> None:
        """End the body; a second time, nothing happens."""
        if self._out is None or self._ended or self.aborted:
            return
        if data or self._chunked_out:
            await self.write(data, last=True)
        else:
            self._end(True)

    def _framed(self, data: bytes | bytearray | memoryview, last: bool) -> bytes | bytearray | memoryview:
        if not self._chunked_out:
            return data
        chunk = (b"%x\r\n" % len(data), data, b"\r\n") if data else ()
        return b"".join((*chunk, _LAST_CHUNK) if last else chunk)


class FullResponse(RawResponse):
    """A reply of our own, head and body in one write; JSON, unless `kind` is another, or b"" where there is no body.

    `close` ends the connection.
    """

    def __init__(
        self, status: int, body: bytes, headers: RawPairs, *, close: bool = False, kind: bytes = b"application/json"
    ) -> None:
        super().__init__(status)
        self.body, self._own_headers, self._close, self._kind = body, headers, close, kind

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send all of it. Raises ConnectionError when the client has gone."""
        if self._out is None:
            self._stays = request.keep_alive and not self._close
            self._out = request.writer
            modern = request.version >= _HTTP_1_1
            await self._out.write(self._head(modern) if request.method == "HEAD" else self.encoded(modern=modern))
        return self._out

    async def write_eof(self, data: bytes = b"") -> None:
        """Everything has been sent with the head."""
        assert not data

    def encoded(self, *, modern: bool = True) -> bytes:
        """All of it in bytes; `modern` for a client of HTTP/1.1."""
        return self._head(modern) + self.body

    def _head(self, modern: bool) -> bytes:
        own = [(b"Content-Type", self._kind)] if self._kind else []
        if self.status not in _WITHOUT_LENGTH:
            own.append((b"Content-Length", b"%d" % len(self.body)))
        return reply_head(self.status, _reason(self.status), [*own, *self._own_headers, *self._persistence(modern)])


class EventsResponse(RawResponse, aiohttp_sse.EventSourceResponse):
    """Events of our own that are all known at once: each in a chunk of its own, all of them in one write.

    An aiohttp-sse response without what is for streams that last: pings, and a patience for each event.
    """

    def __init__(self, headers: RawPairs) -> None:
        aiohttp_sse.EventSourceResponse.__init__(self, sep="\n", allow_all_methods=True, send_timeout=None)
        self._stays, self._out = False, None
        self._own_headers = headers
        self._parts: list[bytes | bytearray | memoryview] = []
        self._chunked_out = False
        self.sent = 0
        """Bytes of events."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Set the head down; it goes out together with the events."""
        if self._out is None:
            self._chunked_out = modern = request.version >= _HTTP_1_1
            self._stays = request.keep_alive and modern
            self._out = request.writer
            framing = [(b"Transfer-Encoding", b"chunked")] if modern else []
            headers = [*_EVENTS, *self._own_headers, *framing, *self._persistence(modern)]
            self._parts.append(reply_head(200, b"OK", headers))
        return self._out

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Set an event down, as `send` makes it or in bytes already."""
        self.add(data)

    def add(self, *events: bytes | bytearray | memoryview) -> None:
        """The same for several."""
        for event in events:
            self.sent += len(event)
            self._parts += (b"%x\r\n" % len(event), event, b"\r\n") if self._chunked_out else (event,)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send all of it; a second time, nothing happens. Raises ConnectionError when the client has gone."""
        assert not data
        if self._out is not None and self._parts:
            whole = b"".join((*self._parts, _LAST_CHUNK) if self._chunked_out else self._parts)
            self._parts.clear()
            await self._out.write(whole)


@lru_cache
def _reason(status: int) -> bytes:
    """Empty for a status that nobody has registered, such as 529 (RFC 9112, section 4)."""
    return HTTPStatus(status).phrase.encode() if status in set(HTTPStatus) else b""


def failure(
    status: int, kind: str, text: str, own_id: str, *, close: bool = False, more: Sequence[tuple[bytes, bytes]] = ()
) -> FullResponse:
    """An error of our own, in the API's shape; its id stands in the header too, where the SDKs look for it.

    `more` are further headers.
    """
    headers = [(b"request-id", own_id.encode()), *more]
    return FullResponse(status, synthesis.error(kind, text, own_id), headers, close=close)


def abort_reply(request: web.BaseRequest, reply: RelayedResponse) -> None:
    """End the client's connection so that nobody can take what it got for all of it.

    Where the framing tells that something is missing, the end of the connection is enough; else it is a reset, as is
    seen to when such a reply begins.
    """
    reply.aborted = True
    if request.transport is not None:
        request.transport.abort()


async def send_100_continue(request: web.BaseRequest) -> None:
    """Answer `Expect: 100-continue`: the client may send its body (RFC 9110, section 10.1.1)."""
    if request.version >= _HTTP_1_1:
        await _send_interim(request, b"HTTP/1.1 100 Continue\r\n\r\n")


async def send_interim(request: web.BaseRequest, head: ReplyHead) -> None:
    """Send an interim reply on, as RFC 9110, section 15.2 asks of a proxy.

    Not 100: the server has answered the client's `Expect` itself; and none to HTTP/1.0, which knows no such replies.
    """
    if head.status != 100 and request.version >= _HTTP_1_1:
        await _send_interim(request, reply_head(head.status, head.reason, response_headers(head.headers)))


async def _send_interim(request: web.BaseRequest, head: bytes) -> None:
    """Send it past aiohttp, which would take it for the beginning of the reply, and send no error behind it."""
    if request.transport is not None and not request.transport.is_closing():
        request.transport.write(head)
        await request.writer.drain()

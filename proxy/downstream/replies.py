"""Local replies in exact bytes, and what they share with those that are `relayed`.

aiohttp's own replies would invent headers, merge names that differ in case alone, and drop bytes that are not UTF-8.
"""

from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus

import aiohttp_sse
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from proxy import synthesis
from proxy.downstream.ends import OpenEnd
from proxy.headers import RawPairs
from proxy.wire.framing import LAST_CHUNK
from proxy.wire.heads import reply_head

HTTP_1_1 = (1, 1)
_EVENTS = [(b"Content-Type", b"text/event-stream; charset=utf-8"), (b"Cache-Control", b"no-cache")]
_WITHOUT_LENGTH = frozenset({204, 304})
"""Statuses that may not have one (RFC 9110, section 8.6), or would speak of a body that is elsewhere."""


class RawResponse(web.StreamResponse):
    """What all of them share: they write their own heads, and say themselves whether the connection stays."""

    _stays = False
    _out: AbstractStreamWriter | None = None

    def __init__(self, status: int) -> None:
        """aiohttp's own is left out: of what it makes (headers, a state, a reason), these replies have no use."""
        self._code = status

    @property
    def status(self) -> int:
        return self._code

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


class FullResponse(RawResponse):
    """A local reply, head and body in one write; JSON, unless `kind` is another, or b"" where there is no body.

    `close` ends the connection.
    """

    def __init__(
        self, status: int, body: bytes, headers: RawPairs, *, close: bool = False, kind: bytes = b"application/json"
    ) -> None:
        super().__init__(status)
        self.body, self._pairs, self._close, self._kind = body, headers, close, kind

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send all of it. Raises ConnectionError when the client has gone."""
        if self._out is None:
            self._stays = request.keep_alive and not self._close
            self._out = request.writer
            modern = request.version >= HTTP_1_1
            await write_out(request, self._head(modern) if request.method == "HEAD" else self.encoded(modern=modern))
        return self._out

    async def write_eof(self, data: bytes = b"") -> None:
        """Everything has been sent with the head."""
        assert not data

    def encoded(self, *, modern: bool = True) -> bytes:
        """All of it in bytes; `modern` for a client of HTTP/1.1."""
        return self._head(modern) + self.body

    def _head(self, modern: bool) -> bytes:
        framing = [(b"Content-Type", self._kind)] if self._kind else []
        if self.status not in _WITHOUT_LENGTH:
            framing.append((b"Content-Length", b"%d" % len(self.body)))
        return reply_head(self.status, _reason(self.status), [*framing, *self._pairs, *self._persistence(modern)])


class EventsResponse(RawResponse, aiohttp_sse.EventSourceResponse):
    """Local events that are all known at once: each in its chunk, all of them in one write.

    An aiohttp-sse response without what its constructor makes, which is for streams that last: pings, a patience for
    each event, and headers that are another reply's here.
    """

    def __init__(self, headers: RawPairs) -> None:
        super().__init__(200)
        self._request: web.BaseRequest | None = None
        self._pairs = headers
        self._parts: list[bytes] = []
        self._chunked_out = False
        self._end: OpenEnd | None = None
        self.sent = 0
        """Bytes of events."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Hold the head back; it goes out together with the events."""
        if self._out is None:
            self._chunked_out = modern = request.version >= HTTP_1_1
            self._stays = request.keep_alive and modern
            self._request, self._out = request, request.writer
            if not modern:
                self._end = OpenEnd()
                self._end.begin(request.transport)
            framing = [(b"Transfer-Encoding", b"chunked")] if modern else []
            headers = [*_EVENTS, *self._pairs, *framing, *self._persistence(modern)]
            self._parts.append(reply_head(200, b"OK", headers))
        return self._out

    def add(self, *events: bytes) -> None:
        """Hold events back."""
        self.sent += sum(map(len, events))
        self._parts += [b"%x\r\n%b\r\n" % (len(event), event) for event in events] if self._chunked_out else events

    async def write_eof(self, data: bytes = b"") -> None:
        """Send all of it; a second time, nothing happens. Raises ConnectionError when the client has gone."""
        assert not data
        if self._request is not None and self._out is not None and self._parts:
            whole = b"".join((*self._parts, LAST_CHUNK) if self._chunked_out else self._parts)
            self._parts.clear()
            await write_out(self._request, whole)
            if self._end is not None:
                await self._end.finish(self._out)


@lru_cache
def _reason(status: int) -> bytes:
    """Empty for a status that nobody has registered, such as 529 (RFC 9112, section 4)."""
    return HTTPStatus(status).phrase.encode() if status in set(HTTPStatus) else b""


def failure(
    status: int, kind: str, text: str, request_id: str, *, close: bool = False, more: Sequence[tuple[bytes, bytes]] = ()
) -> FullResponse:
    """A local error reply, in the API's shape; its id stands in the header too, where the SDKs look for it.

    `more` are further headers.
    """
    headers = [(b"request-id", request_id.encode()), *more]
    return FullResponse(status, synthesis.error(kind, text, request_id), headers, close=close)


async def send_100_continue(request: web.BaseRequest) -> None:
    """Answer `Expect: 100-continue`: the client may send its body (RFC 9110, section 10.1.1)."""
    if request.version >= HTTP_1_1:
        await write_interim(request, b"HTTP/1.1 100 Continue\r\n\r\n")


async def write_interim(request: web.BaseRequest, head: bytes) -> None:
    """Send it past aiohttp, which would take it for the beginning of the reply, and send no error behind it."""
    if request.transport is not None and not request.transport.is_closing():
        request.transport.write(head)
        await request.writer.drain()


async def write_out(request: web.BaseRequest, data: bytes | bytearray | memoryview) -> None:
    """The same as aiohttp's writer, in a fifth of the steps. Raises ConnectionError if the client has gone."""
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError
    request.writer.output_size += len(data)
    transport.write(data)
    if request.protocol.writing_paused:
        await request.writer.drain()

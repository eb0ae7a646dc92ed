"""A client's connection, and the one place that relies on what aiohttp does not document.

`tests/downstream/test_aiohttp.py` holds each of those things by its name.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any, cast

from aiohttp import web

from proxy.downstream.presence import Watch
from proxy.downstream.replies import failure
from proxy.ids import request_id
from proxy.logs.observe import Logger
from proxy.settings.config import LimitsSettings
from proxy.wire.heads import MAX_HEAD, MAX_HEADERS
from proxy.wire.requests import BadRequest, RequestReader

# What the application's promises need of aiohttp's side of a connection.
OPTIONS: dict[str, Any] = {
    "access_log": None,  # `record` writes the one line
    "auto_decompress": False,  # bodies go on as they came
    "lingering_time": 5.0,  # seconds in which a client may finish a body that nobody waits for, and read its reply
    "max_line_size": MAX_HEAD,
    "max_field_size": MAX_HEAD,
    "max_headers": MAX_HEADERS,
}

_BAD_BYTES, _HEAD_TOO_LARGE, _TOO_SLOW = "malformed", "head too large", "no whole head in time"
UNREAD = (_BAD_BYTES, _HEAD_TOO_LARGE, _TOO_SLOW)
"""Why what a client sent was no request, as the log has it."""

_NOT_TAKEN = "not taken before the process ended"
"""Of a reply: why a connection was closed, as the log has it."""

_MALFORMED = "Sidestep: this is no request that could be forwarded unchanged: its bytes are not well-formed HTTP/1.1"
_TOO_LARGE = "Sidestep: the head of this request is too large"
_OUR_FAULT = "Sidestep: an internal error, which its log names"

_NO_REQUEST = b"\0"
"""aiohttp's parser takes no request that begins so: its error has its turn behind the replies that are still due."""


class Load:
    """How many requests are being served."""

    def __init__(self) -> None:
        self.count = 0
        self._idle: asyncio.Event | None = None

    def began(self) -> None:
        """One more is being served."""
        self.count += 1

    def ended(self) -> None:
        """One has been served."""
        self.count -= 1
        if not self.count and self._idle is not None:
            self._idle.set()

    async def idle(self) -> None:
        """Wait until none is."""
        while self.count:
            self._idle = asyncio.Event()
            await self._idle.wait()


class SameTask:
    """An event loop for aiohttp's connections, with which each serves its requests in its own task.

    Under Python 3.11 aiohttp begins a task for every request, and waits for it: 5 % of what an answer takes. From 3.12
    on, its tasks begin at once.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.create_future, self.time, self.call_at = loop.create_future, loop.time, loop.call_at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def create_task(self, work: "CoroutineType[Any, Any, Any]") -> Awaitable[Any]:
        """A task for `web.RequestHandler.start`, which serves a connection; else the work itself, to be awaited."""
        is_connection = work.cr_code is web.RequestHandler.start.__code__
        return self._loop.create_task(work) if is_connection else work


class Inbound(web.RequestHandler):
    """A client's connection. aiohttp gets one request at a time, once its head is whole and within its limits.

    What is malformed is told in JSON.
    """

    __slots__ = (
        *("_deadline", "_ending", "_fault", "_limits", "_load", "_log", "_requests", "_serving", "_sink"),
        *("_held_back", "_parser_full", "_unread", "_watch", "_wire", "out_of_time"),
    )

    def __init__(
        self, server: web.Server, limits: LimitsSettings, load: Load, unread: Counter[str], log: Logger, **options: Any
    ) -> None:
        super().__init__(server, **options)
        self._limits, self._load, self._unread, self._log = limits, load, unread, log
        self._requests = RequestReader()
        self._serving: web.BaseRequest | None = None
        self._fault: BadRequest | None = None
        self._sink: Callable[[bytes], None] | None = None
        """Where everything goes that comes behind an upgrade."""
        self._held_back = self._parser_full = False
        """Whether the client is not read from: since its next request waits, and since a body is not read here."""
        self._watch = Watch()
        self._ending = False
        self.out_of_time = False
        """Whether the process ends, and the request that is being served has had its time to finish."""
        self._deadline: asyncio.TimerHandle | None = None
        self._wire: asyncio.WriteTransport | None = None
        """The transport until the connection has ended: aiohttp forgets it as soon as it is being closed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast(asyncio.WriteTransport, transport)
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._requests.stop()  # what has come is nobody's now, and is not waited for
        self._stop_clock()
        self._watch.stop()
        self._wire = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not data:  # aiohttp's way to go on with what it has put aside
            super().data_received(data)
        elif self._sink is not None:
            self._sink(data)
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        """Give on what may be given on of `data`, and of what was held before."""
        requests = self._requests
        try:
            piece = requests.feed(data)
            while piece:
                super().data_received(piece)
                piece = requests.feed(b"") if requests.held and requests.idle else b""
        except BadRequest as fault:
            self._refuse(fault)
        if requests.held or self._held_back:
            self._hold_back()
            if requests.busy:  # others have their turn first
                asyncio.get_running_loop().call_soon(self._take, b"")
        if requests.held and requests.idle:
            self._start_clock()
        elif self._deadline is not None and not requests.new:
            self._stop_clock()

    def _refuse(self, fault: BadRequest) -> None:
        self._fault = fault.with_traceback(None)
        if self._requests.idle:
            super().data_received(_NO_REQUEST)
        elif self._serving is not None:
            self._serving.content.set_exception(web.RequestPayloadError("malformed"))

    def _hold_back(self) -> None:
        """Have the client wait where enough of what it has sent waits here."""
        before, self._held_back = self._held_back, self._requests.full
        if self.transport is None or self.transport.is_closing():
            return
        if self._held_back:
            self.hold_back()
        elif before and not self._parser_full:
            self.transport.resume_reading()

    def hold_back(self) -> None:
        """Read nothing more from the client for now, but notice when it goes."""
        if self.transport is not None:
            self.transport.pause_reading()
            self._watch.begin(self.transport)

    def pause_reading(self) -> None:
        """Called when aiohttp holds enough of a body."""
        super().pause_reading()
        self._parser_full = True
        if self.transport is not None:
            self._watch.begin(self.transport)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Called for every piece that is read of a body; mostly, reading has not been paused, and nothing is to do."""
        if self._parser_full:
            self._parser_full = False
            super().resume_reading(resume_parser)
            self._hold_back()

    def began(self, request: web.BaseRequest) -> None:
        """A request is being served."""
        self._serving = request
        self._load.began()
        if self._fault is not None:
            request.content.set_exception(web.RequestPayloadError("malformed"))

    def ended(self) -> None:
        """It has been served: what comes now is the rest of its body, if any, and then the head of another.

        The other may have been there already: a client need not wait for one reply before it sends the next request.
        """
        self._serving = None
        self._load.ended()
        if self._ending:
            self.close()
        self._requests.served()
        if self._requests.held:
            self._take(b"")

    def switch_protocol(self, sink: Callable[[bytes], None]) -> None:
        """From here on, the connection speaks another protocol: `sink` gets what comes, and what has been held."""
        self._sink = sink
        if held := self._requests.stop():
            sink(held)
        self._hold_back()

    @property
    def is_new(self) -> bool:
        """Whether no request has come yet by this connection."""
        return self._requests.new

    @property
    def unsent(self) -> bool:
        """Whether the end of the process would cost the client something that has been written to it."""
        return self._wire is not None and self._wire.get_write_buffer_size() > 0

    def end(self) -> None:
        """End the connection, but not before the request that has come has been served, its body included."""
        self._ending = True
        if self._requests.idle:
            self.force_close()

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as aiohttp has it
        """The last of it: aiohttp cancels what is still being served, and ends the connection."""
        self.out_of_time = True
        if self._requests.idle and self.unsent:  # its line is written, and says nothing of this
            self._log.warning("connection closed", reason=_NOT_TAKEN)
        await super().shutdown(timeout)

    def _start_clock(self) -> None:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(self._limits.head_timeout, self._too_slow)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if held := len(self._requests.held):
            self._unread[_TOO_SLOW] += 1
            self._log.warning("connection closed", reason=_TOO_SLOW, bytes_in=held)
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes what the client sent
    ) -> web.StreamResponse:
        """What is answered to bytes that cannot be read, and when a handler fails; the connection ends."""
        if status < 500:
            if exc is not None:  # its frames hold the bytes, and lead back to it: a circle that is collected rarely
                exc.__traceback__ = None
            return self._unreadable(self._fault or exc)
        self.log_exception("handler failed", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a reply has been begun: the connection ends instead")
        return failure(status, "api_error", _OUR_FAULT, request_id(), close=True)

    def _unreadable(self, fault: BaseException | None) -> web.StreamResponse:
        """What is answered to bytes that are no request."""
        large = isinstance(fault, BadRequest) and fault.too_large
        reason = _HEAD_TOO_LARGE if large else _BAD_BYTES
        about = {} if large else {"error": type(fault).__name__}
        status, text = (431, _TOO_LARGE) if large else (400, _MALFORMED)
        self._unread[reason] += 1
        self._log.warning("request", status=status, outcome="refused", reason=reason, **about)
        return failure(status, "invalid_request_error", text, request_id(), close=True)

"""The listening side: one client's connection with limits on its heads, and the socket that they come in by."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiohttp import EMPTY_PAYLOAD, StreamReader, web
from aiohttp.http import RawRequestMessage

from proxy.config import Config, Limits
from proxy.downstream.replies import failure
from proxy.ids import request_id
from proxy.logs.observe import Logger
from proxy.telemetry.tally import Tally
from proxy.wire.heads import MAX_HEAD, MAX_HEADERS

TALLY = web.AppKey("tally", Tally)
"""Where an application counts; what is no request is counted there too."""

BACKLOG = 2048
"""Connections that may wait to be accepted: with the usual 128, one in eight of 1,000 opened at once was reset."""

_FIRST = 0.5
"""Seconds in which a client that has just connected may send its first request before the process ends."""

_PAUSE = 0.01

# What the application's promises need of aiohttp's side of a connection.
_OPTIONS: dict[str, Any] = {
    "access_log": None,  # `record` writes the one line
    "auto_decompress": False,  # bodies go on as they came
    "lingering_time": 5.0,  # seconds in which a client may finish a body that nobody waits for, and read its reply
    "max_line_size": MAX_HEAD,
    "max_field_size": MAX_HEAD,
    "max_headers": MAX_HEADERS,
}

_NO_TRAILERS = b"\n0\r\n\r\n"
"""How a chunked body without trailers ends."""

_GRACE = 0.05
"""Seconds that aiohttp waits for requests when their time to finish is over; with 0 it would wait for ever."""

_BAD_BYTES, _HEAD_TOO_LARGE, _TOO_SLOW = "malformed", "head too large", "no whole head in time"
UNREAD = (_BAD_BYTES, _HEAD_TOO_LARGE, _TOO_SLOW)
"""Why what a client sent was no request, as the log has it."""

_MALFORMED = "Sidestep: this is no request that could be forwarded unchanged: its bytes are not well-formed HTTP/1.1"
_TOO_LARGE = "Sidestep: the head of this request is too large"
_OUR_FAULT = "Sidestep: an error of its own, which its log names"


class Load:
    """How many requests are being served."""

    def __init__(self) -> None:
        self._count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, change: int) -> None:
        self._count += change
        if self._count:
            self._idle.clear()
        else:
            self._idle.set()

    async def idle(self) -> None:
        """Wait until none is."""
        await self._idle.wait()


class Inbound(web.RequestHandler):
    """A client's connection. A head must be whole in time and of bounded size; what is malformed is told in JSON.

    aiohttp bounds single lines and their number, not a head in all, nor its time.
    """

    __slots__ = (
        *("_body", "_deadline", "_in_head", "_latest", "_received", "_tail"),
        *("_ending", "_limits", "_load", "_log", "_serving", "_unread", "out_of_time"),
    )

    def __init__(
        self, server: web.Server, limits: Limits, load: "Load", unread: Counter[str], log: Logger, **options: Any
    ) -> None:
        super().__init__(server, **options)
        self._limits, self._load, self._unread, self._log = limits, load, unread, log
        self._serving: web.BaseRequest | None = None
        self._ending = False
        self.out_of_time = False
        """Whether the process ends, and the request that is being served has had its time to finish."""
        self._deadline: asyncio.TimerHandle | None = None
        self._body: StreamReader = EMPTY_PAYLOAD
        self._in_head, self._received, self._tail = True, 0, b""
        self._latest = b""
        """The last bytes that have come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)
        # What leads back here would keep this for the garbage collector, which comes once in many connections.
        self._body, self._keepalive_handle = EMPTY_PAYLOAD, None

    def data_received(self, data: bytes) -> None:
        if self._in_head and data and self._body.is_eof() and not self._head_fits(data):
            self._refuse_head()
            return
        self._latest = (data if len(data) >= len(_NO_TRAILERS) else self._latest + data)[-len(_NO_TRAILERS) :]
        super().data_received(data)
        if not self._messages:
            return
        if self._in_head:  # it began behind the rest of a body
            self._in_head = False
            self._stop_clock()
        if self._serving is not None and not isinstance(self._messages[-1][0], RawRequestMessage):
            # Bytes that are no body, in the middle of one: aiohttp would tell only when the request has been served.
            self._serving.content.set_exception(web.RequestPayloadError("malformed"))

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Called for every piece that is read of a body; mostly, reading has not been paused, and nothing is to do."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def began(self, request: web.BaseRequest) -> None:
        """A request is being served."""
        self._serving = request
        self._load.add(1)

    def ended(self) -> None:
        """It has been served: what comes now is the rest of its body, if any, and then the head of another.

        The other may have been there already: a client need not wait for one reply before it sends the next request.
        """
        assert self._serving is not None
        self._body = EMPTY_PAYLOAD if self.transport is None else self._serving.content
        self._in_head, self._received, self._tail = not self._messages, 0, b""
        if self._ending or self._had_trailers(self._serving):
            self.close()
        self._serving = None
        self._load.add(-1)

    def _had_trailers(self, request: web.BaseRequest) -> bool:
        """Whether a chunked body may have had trailers.

        aiohttp 3.14 takes the last trailer for a header of the connection's next request, so that there must be none.
        Bodies that certainly had no trailers ended as nearly all do, with nothing behind them.
        """
        chunked = "Transfer-Encoding" in request.headers
        return chunked and (bool(self._messages) or self._latest != _NO_TRAILERS)

    @property
    def is_new(self) -> bool:
        """Whether no request has come yet by this connection."""
        return self._request_count == 0

    def end(self) -> None:
        """End the connection, but not before the request that has come has been served, its body included."""
        self._ending = True
        waits_for_one = self._waiter is not None and not self._waiter.done()
        if self._serving is None and (waits_for_one or self.is_new):
            self.force_close()

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as aiohttp has it
        """The last of it: aiohttp cancels what is still being served, and ends the connection."""
        self.out_of_time = True
        await super().shutdown(timeout)

    def _head_fits(self, data: bytes) -> bool:
        seen = self._tail + data if self._tail else data
        end = seen.find(b"\r\n\r\n")
        if end < 0:
            self._received += len(data)
            self._tail = seen[-3:]
            if self._deadline is None:
                self._start_clock()
            return self._received <= MAX_HEAD
        self._stop_clock()
        self._in_head = False
        return self._received + end <= MAX_HEAD

    def _start_clock(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(self._limits.head_timeout, self._too_slow)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self._received:
            self._unread[_TOO_SLOW] += 1
            self._log.warning("connection closed", reason=_TOO_SLOW, bytes_in=self._received)
        self.force_close()

    def _refuse_head(self) -> None:
        self._unread[_HEAD_TOO_LARGE] += 1
        self._log.warning("request", status=431, outcome="refused", reason=_HEAD_TOO_LARGE)
        refusal = failure(431, "invalid_request_error", _TOO_LARGE, request_id(), close=True)
        if self.transport is not None:
            self.transport.write(refusal.encoded())
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes what the client sent
    ) -> web.StreamResponse:
        """What aiohttp answers to bytes that it cannot read, and when a handler fails; the connection ends."""
        if status < 500:
            self._unread[_BAD_BYTES] += 1
            self._log.warning("request", status=status, outcome="refused", reason=_BAD_BYTES, error=type(exc).__name__)
            if exc is not None:  # its frames hold the bytes, and lead back to it: a circle that is collected rarely
                exc.__traceback__ = None
        else:
            self.log_exception("handler failed", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a reply has been begun: the connection ends instead")
        kind, text = ("invalid_request_error", _MALFORMED) if status < 500 else ("api_error", _OUR_FAULT)
        return failure(status, kind, text, request_id(), close=True)


@asynccontextmanager
async def listening(
    app: web.Application, config: Config, log: Logger, drain_timeout: float, held: Sequence[socket.socket] = ()
) -> AsyncIterator[tuple[str, int]]:
    """Serve `app` while the context lasts; gives the address. Then running requests have `drain_timeout` seconds.

    `held` are sockets that somebody else has opened, and listens on too; without any, one is opened as configured.
    Raises OSError when the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    load, tally = Load(), app.get(TALLY, Tally())
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        options = {**_OPTIONS, "keepalive_timeout": config.listen.keepalive_timeout}
        assert runner.server is not None
        make = partial(Inbound, runner.server, config.limits, load, tally.unread, log, loop=loop, **options)
        servers = [await loop.create_server(make, sock=each, backlog=BACKLOG) for each in held] or [
            await loop.create_server(make, config.listen.host, config.listen.port, backlog=BACKLOG)
        ]
        try:
            host, port = servers[0].sockets[0].getsockname()[:2]
            yield host, port
        finally:
            for server in servers:
                server.close()
            await app.shutdown()  # what would never end by itself; aiohttp's own call of it comes too late for that
            await _first_requests(runner.server)
            await _drain(runner.server, load, drain_timeout)
    finally:
        await runner.cleanup()


async def _drain(server: web.Server, load: Load, seconds: float) -> None:
    """Let what is being served be served; not by aiohttp's own shutdown, which hears nothing more of any body."""
    for connection in server.connections:
        if isinstance(connection, Inbound):
            connection.end()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await load.idle()


async def _first_requests(server: web.Server) -> None:
    """Wait a little for the first requests of clients that have just been let in, to serve them too.

    Where somebody else holds the socket, a restart refuses no connection: nor may it drop one that it has accepted.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FIRST):
            new = True  # what was accepted last is a connection only after some turns of the loop
            while new:
                await asyncio.sleep(_PAUSE)
                new = any(isinstance(each, Inbound) and each.is_new for each in server.connections)

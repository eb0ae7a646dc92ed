"""The live page over HTTP: the page, its events, the details of a row, and the charts. All of it is read-only."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Mapping, Sequence

import aiohttp_sse
import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.decision.desk import Desk
from proxy.downstream.replies import FullResponse, failure
from proxy.live.charts import SPANS, History, Recent, chart
from proxy.live.document import document
from proxy.live.feed import SHOWN, Feed, Watcher
from proxy.live.rows import decision, row
from proxy.live.state import LiveState
from proxy.middleware import EXCHANGE, serve_local
from proxy.record import Record
from proxy.settings.config import Config
from proxy.telemetry.request_log import RequestLog

EVENTS = "/-/events"
"""A stream without an end, so HEAD is not answered."""

_EVERY = 1.0
"""Seconds between two checks for changes."""

_BEAT = 5
"""Checks between two heartbeats. By these a page can tell a process that hangs from one that is idle."""

_SEND_TIMEOUT = 30.0
"""Seconds that a browser has to accept an event. One that sleeps reconnects when it wakes."""

_PING = 15.0
"""Seconds between two pings, so that an idle event stream is not considered dead."""

_PRIVATE = [
    (b"Cache-Control", b"no-store"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
    (b"Cross-Origin-Embedder-Policy", b"require-corp"),
]
"""No cache may keep these pages, and no other page may read them (Fetch Standard; HTML Standard)."""


class Live:
    """The content of the page, and its handlers. Call `publish` with the requests that have ended."""

    def __init__(self, config: Config, desk: Desk, request_log: RequestLog, history: History | None = None) -> None:
        self._request_log, self._history, self._recent, self._feed = request_log, history, Recent(), Feed()
        self._started = time.time()
        self._earlier: Sequence[Record] | None = None
        self._state = LiveState(config, desk, request_log, self._feed, history, self._started)

    def publish(self, records: Sequence[Record]) -> None:
        """Requests that have ended, in order; called on the event loop, a few times per second."""
        self._feed.publish(records)
        if self._history is None or not self._history.enabled:
            self._recent.add(records)

    @property
    def pages(self) -> Mapping[str, Handler]:
        """The handlers of GET, by path. `middleware.admit` has decided before who may ask."""
        return {
            "/-/": self._page,
            EVENTS: self._events,
            "/-/timeline": self._timeline,
            "/-/requests/{id}": self._request,
        }

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """For `cleanup_ctx`: keep the open pages up to date."""
        task = asyncio.create_task(self._pulse())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def close(self, _app: web.Application) -> None:
        """For `on_shutdown`: end the event streams, so that none of them delays the end of the process."""
        self._feed.close()

    async def _pulse(self) -> None:
        """Send every section that has changed. Does nothing while nobody watches."""
        last: dict[str, str] = {}
        for look in itertools.count():
            await self._feed.watched.wait()
            if look % _BEAT == 0:
                self._feed.show("beat", "null")
            for section, value in self._state.sections().items():
                data = _json(value).decode()
                if last.get(section) != data:
                    last[section] = data
                    self._feed.show(section, data)
            await asyncio.sleep(_EVERY)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        """`GET /-/`: the page."""
        page = document()
        headers = [(b"Content-Security-Policy", page.policy.encode()), *_PRIVATE]
        return await serve_local(request, FullResponse(200, page.html, headers, kind=b"text/html; charset=utf-8"))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """`GET /-/events`: first `state`, which is everything; then `rows`, and sections by name when they change.

        A client that reconnects starts from the beginning, so `Last-Event-ID` is ignored. 503 if too many watch, or if
        the process is about to end.
        """
        exchange = request[EXCHANGE]
        exchange.served_locally()
        with self._feed.watching() as watcher:
            if watcher is None:
                return await _refuse(request, 503, "overloaded_error", "no more pages can look on just now")
            self._request_log.exclude(exchange)
            stream = _Stream(send_timeout=_SEND_TIMEOUT, ping_interval=_PING)
            for name, value in _PRIVATE:
                stream.headers[name.decode()] = value.decode()
            # A browser may leave at any time. That is not a failure.
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                await stream.prepare(request)
                async with stream:
                    await self._send_all(stream, watcher)
            exchange.sent(stream.sent)
            return stream

    async def _send_all(self, stream: "_Stream", watcher: Watcher) -> None:
        rows = [row(record) for record in await self._latest()]
        everything = {"now": time.time(), "rows": rows, "sections": self._state.sections()}
        await stream.send(_json(everything).decode(), event="state")
        while news := await watcher.news():
            for name, data in news:
                await stream.send(data, event=name)

    async def _latest(self) -> Sequence[Record]:
        """The requests that ended last, filled up with older ones from the journal."""
        if self._earlier is None and self._history is not None and self._history.enabled:
            self._earlier = await self._history.latest(self._started, SHOWN)
        latest = self._feed.latest()
        known = {record.at for record in latest}  # if the clock was set back, what is new looks earlier than the start
        return [*(record for record in self._earlier or () if record.at not in known), *latest][-SHOWN:]

    async def _timeline(self, request: web.Request) -> web.StreamResponse:
        """`GET /-/timeline?span=hour|week`: the data of the charts."""
        for span in SPANS:
            if request.rel_url.raw_query_string == f"span={span}":
                found = await chart(span, time.time(), self._history, self._recent)
                return await serve_local(request, FullResponse(200, _json(found), _PRIVATE))
        return await _refuse(request, 400, "invalid_request_error", f"span is one of {', '.join(SPANS)}")

    async def _request(self, request: web.Request) -> web.StreamResponse:
        """`GET /-/requests/ID`: how a recent request was decided."""
        record = self._feed.find(request.match_info["id"])
        if record is None:
            return await _refuse(request, 404, "not_found_error", "this request is no longer in memory")
        return await serve_local(request, FullResponse(200, _json(decision(record)), _PRIVATE))


async def _refuse(request: web.Request, status: int, kind: str, text: str) -> web.StreamResponse:
    return await serve_local(request, failure(status, kind, f"Sidestep: {text}", request[EXCHANGE].id))


class _Stream(aiohttp_sse.EventSourceResponse):
    """Counts what it has sent."""

    sent = 0

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += len(data)
        await super().write(data)


def _json(value: object) -> bytes:
    return orjson.dumps(value)

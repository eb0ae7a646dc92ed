"""Sidestep's own pages below `/-/`. `middleware.admit` applies to them as to any other request."""

import asyncio
import time
from collections.abc import Callable

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.decision.desk import Desk
from proxy.downstream.replies import FullResponse, failure
from proxy.journal.writer import Journal
from proxy.local.status import readiness
from proxy.middleware import EXCHANGE, RELAY, serve_local
from proxy.telemetry.counters import Counters
from proxy.telemetry.request_log import RequestLog

_PAGES = "there are /-/, /-/health, /-/ready and /-/metrics"


async def health(request: web.Request) -> web.StreamResponse:
    """`GET /-/health`: 200 while the process runs, whatever is wrong with its rules or its upstream."""
    return await serve_local(request, FullResponse(200, orjson.dumps({"alive": True}), []))


def ready(desk: Desk, request_log: RequestLog, journal: Journal) -> Handler:
    """`GET /-/ready`: 200 if rules and settings were read without a fault, else 503 with what is wrong.

    Also 503 if the process is about to end. A failing upstream or journal does not matter; the body says so (`status`).
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        state = readiness(desk, request_log.counters, journal.trouble, time.time())
        return await serve_local(request, FullResponse(200 if state["ready"] else 503, orjson.dumps(state), []))

    return handle


def metrics(desk: Desk, request_log: RequestLog, app: web.Application) -> Handler:
    """`GET /-/metrics`: every count, for Prometheus."""

    async def handle(request: web.Request) -> web.StreamResponse:
        exposition = await asyncio.to_thread(_exposition)
        accept, idle = request.headers.get("accept", ""), app[RELAY].upstream.idle
        # Not in the thread: the counters must not change meanwhile.
        body, kind = exposition(request_log.counters, desk, idle, accept)
        return await serve_local(request, FullResponse(200, body, [], kind=kind.encode()))

    return handle


def _exposition() -> Callable[[Counters, Desk, int, str], tuple[bytes, str]]:
    """The function that writes the metrics. Its library is loaded when it is first needed."""
    from proxy.local.metrics import exposition

    return exposition


async def to_page(request: web.Request) -> web.StreamResponse:
    """`GET /-`: people type the address of the page without the last slash."""
    return await serve_local(request, FullResponse(307, b"", [(b"Location", b"/-/")]))


async def unknown(request: web.Request) -> web.StreamResponse:
    """Any other path below `/-/`: never forwarded."""
    page = failure(404, "not_found_error", f"Sidestep has no such page: {_PAGES}", request[EXCHANGE].id)
    return await serve_local(request, page)

"""Builds the application: the chain in its order, the upstream, and what applies to every reply."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from proxy.capture import Writer
from proxy.decision.desk import Desk
from proxy.decision.sightings import file_of
from proxy.downstream.access import access_by, is_local
from proxy.downstream.server import COUNTERS, ENTRY
from proxy.journal.past import Past
from proxy.journal.writer import Journal
from proxy.live.pages import EVENTS, Live
from proxy.local.handlers import health, metrics, ready, to_page, unknown
from proxy.logs.observe import Logger
from proxy.middleware import RELAY, admit, forward, record, shortcut
from proxy.relay.handler import Relay
from proxy.settings.config import Config
from proxy.telemetry.counters import Counters, family
from proxy.telemetry.request_log import RequestLog
from proxy.upstream.client import connected

JOURNAL, REQUEST_LOG, LIVE = (
    web.AppKey("journal", Journal),
    web.AppKey("request_log", RequestLog),
    web.AppKey("live", Live),
)
CAPTURE = web.AppKey("capture", Writer)


def build(config: Config, desk: Desk, log: Logger) -> web.Application:
    """The application of the entry point and of the tests alike; `downstream.server.listening` serves it."""
    request_log, capture = RequestLog(log, Counters()), Writer(config.capture, log)
    journal = Journal(config.journal, log)
    live = Live(config, desk, request_log, Past(journal))
    request_log.observers.append(journal.put)
    journal.listeners.extend([request_log.read, live.publish])
    desk.estimate_by(lambda model: request_log.counters.saved.bytes_per_token(family(model)))
    allowed = access_by(config.listen.host, config.listen.names, config.listen.token)
    stages = [record(request_log, capture, config), admit(allowed), shortcut(desk, log, capture)]
    app = web.Application(middlewares=stages)
    entry: Callable[[Handler], Handler] = partial(_entry, others=_chain(stages, forward(app)))
    app[ENTRY], app[COUNTERS] = entry, request_log.counters
    app[CAPTURE], app[JOURNAL], app[REQUEST_LOG], app[LIVE] = capture, journal, request_log, live
    writing = partial(_writing, config=config, desk=desk, log=log)
    app.cleanup_ctx.extend([partial(_relaying, config=config), writing, live.running])
    app.on_shutdown.append(live.close)
    app.on_response_prepare.append(_nothing_invented)
    _add_pages(app, desk)
    return app


async def _relaying(app: web.Application, config: Config) -> AsyncIterator[None]:
    """For `cleanup_ctx`: the upstream, connected to while the application runs."""
    async with connected(config.upstream, app[COUNTERS]) as upstream:
        app[RELAY] = Relay(upstream, app[COUNTERS].gaps)
        yield


async def _writing(app: web.Application, config: Config, desk: Desk, log: Logger) -> AsyncIterator[None]:
    """For `cleanup_ctx`: write capture, journal, agreements and sightings, while requests are served and at the end."""
    files = [(desk.agreements.kept, Path(config.shadow.file)), (desk.sightings.kept, file_of(config))]
    work = (app[CAPTURE].run(), *(kept.keep(file, log) for kept, file in files))
    tasks = [asyncio.create_task(each) for each in work]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    app[CAPTURE].finish()
    app[REQUEST_LOG].flush()
    for kept, file in files:
        kept.finish(file, log)
    await app[JOURNAL].finish()


def _add_pages(app: web.Application, desk: Desk) -> None:
    """Sidestep's pages by their paths. Any other path below `/-/` gets 404."""
    pages: Mapping[str, Handler] = {
        "/-/health": health,
        "/-/ready": ready(desk, app[REQUEST_LOG], app[JOURNAL]),
        "/-/metrics": metrics(desk, app[REQUEST_LOG], app),
        **app[LIVE].pages,
        "/-": to_page,
    }
    for path, page in pages.items():
        app.router.add_get(path, page, allow_head=path != EVENTS, expect_handler=_nothing)
    app.router.add_route("*", "/{path:.*}", unknown, expect_handler=_nothing)


def _chain(stages: Sequence[Middleware], handler: Handler) -> Handler:
    """The handler with all stages around it, the first outermost."""
    for stage in reversed(stages):
        handler = partial(stage, handler=handler)
    return handler


def _entry(pages: Handler, others: Handler) -> Handler:
    """The handler of all requests: `pages` (aiohttp's router) serves `/-` and below, `others` all that is forwarded.

    The router is not asked about the others: it would decode a path before it compares, and `/%2d/x` is the upstream's.
    """

    def serve(request: web.Request) -> Awaitable[web.StreamResponse]:
        return (pages if is_local(request.raw_path) else others)(request)

    return serve


async def _nothing(_request: web.Request) -> None:
    """Keeps aiohttp from answering `Expect` before the chain has seen the request: `admit` answers it."""


async def _nothing_invented(_request: web.Request, response: web.StreamResponse) -> None:
    """Removes what aiohttp adds by default, just before it writes the head of one of its replies."""
    response.headers.popall("Server", None)

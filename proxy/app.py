"""Builds the application: the chain in its order, the one upstream, and what holds for every reply."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from proxy.capture import Writer
from proxy.config import Config
from proxy.decision.desk import Desk
from proxy.decision.sightings import file_of
from proxy.downstream.guard import access, is_own
from proxy.downstream.server import COUNTERS, ENTRY
from proxy.journal.past import Past
from proxy.journal.writer import Journal
from proxy.live.pages import EVENTS, Live
from proxy.local.handlers import health, metrics, ready, to_page, unknown
from proxy.logs.observe import Logger
from proxy.middleware import RELAY, forward, guard, record, shortcut
from proxy.relay.handler import Relay
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
    request_log = RequestLog(log, Counters())
    journal = Journal(config.journal, log)
    request_log.observers.append(journal.put)
    desk.measured = lambda model: request_log.counters.saved.bytes_per_token(family(model))
    live = Live(config, desk, request_log, Past(journal))
    journal.listeners += [request_log.read, live.publish]
    capture, listen = Writer(config.capture, log), config.listen
    own = access(listen.host, listen.names, listen.token)
    stages = [record(request_log, capture, config), guard(own), shortcut(desk, log, capture)]
    app = web.Application(middlewares=stages)
    entry: Callable[[Handler], Handler] = partial(_entry, others=_chain(stages, forward(app)))
    app[ENTRY] = entry
    app[CAPTURE], app[JOURNAL], app[REQUEST_LOG], app[LIVE] = capture, journal, request_log, live

    async def relay(app: web.Application) -> AsyncIterator[None]:
        async with connected(config.upstream, request_log.counters) as upstream:
            app[RELAY] = Relay(upstream, request_log.counters.gaps)
            yield

    async def writing(_app: web.Application) -> AsyncIterator[None]:
        """Capture, agreements, sightings and journal, written while requests are served and once more at the end."""
        files = [(desk.agreements.kept, Path(config.shadow.file)), (desk.sightings.kept, file_of(config))]
        tasks = [asyncio.create_task(work) for work in (capture.run(), *(kept.keep(file, log) for kept, file in files))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        capture.finish()
        request_log.flush()
        for kept, file in files:
            kept.finish(file, log)
        await journal.finish()

    app[COUNTERS] = request_log.counters
    app.cleanup_ctx.extend([relay, writing, live.running])
    app.on_shutdown.append(live.close)
    app.on_response_prepare.append(_nothing_invented)
    programs = {
        "/-/health": health,
        "/-/ready": ready(desk, request_log, journal),
        "/-/metrics": metrics(desk, request_log, app),
    }
    _add_pages(app.router, {**programs, **live.pages, "/-": to_page})
    return app


def _add_pages(router: web.UrlDispatcher, pages: Mapping[str, Handler]) -> None:
    """Sidestep's own pages by their paths, and what is told to whoever asks for another one."""
    for path, page in pages.items():
        router.add_get(path, page, allow_head=path != EVENTS, expect_handler=_nothing)
    router.add_route("*", "/{own:.*}", unknown, expect_handler=_nothing)


def _chain(stages: Sequence[Middleware], handler: Handler) -> Handler:
    """The handler with all stages around it, the first outermost."""
    for stage in reversed(stages):
        handler = partial(stage, handler=handler)
    return handler


def _entry(pages: Handler, others: Handler) -> Handler:
    """What serves a request: `pages`, aiohttp's router, at `/-` and below, and for all that is forwarded `others`.

    For these, a router has nothing to find out. It would also decode their paths before it looks who serves them:
    `/%2d/x` is the upstream's.
    """

    def serve(request: web.Request) -> Awaitable[web.StreamResponse]:
        return (pages if is_own(request.raw_path) else others)(request)

    return serve


async def _nothing(_request: web.Request) -> None:
    """aiohttp would answer `Expect` before the first stage of the chain has seen the request: `guard` does it."""


async def _nothing_invented(_request: web.Request, response: web.StreamResponse) -> None:
    """Runs before the head of one of aiohttp's own replies is written, behind its defaults."""
    response.headers.popall("Server", None)

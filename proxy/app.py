"""Builds the application: the chain in its order, the one upstream, and what holds for every reply."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.capture import Writer
from proxy.config import Config
from proxy.decision.desk import Desk
from proxy.decision.sightings import file_of
from proxy.downstream.guard import OWN_PATHS, access
from proxy.downstream.server import TALLY
from proxy.journal.past import Past
from proxy.journal.writer import Journal
from proxy.live.pages import Live
from proxy.local.handlers import health, metrics, ready, unknown
from proxy.logs.observe import Logger
from proxy.middleware import RELAY, forward, guard, record, shortcut
from proxy.relay.handler import Relay
from proxy.telemetry.ledger import Ledger
from proxy.telemetry.tally import Tally
from proxy.upstream.client import connected

JOURNAL, LEDGER, LIVE = web.AppKey("journal", Journal), web.AppKey("ledger", Ledger), web.AppKey("live", Live)
CAPTURE = web.AppKey("capture", Writer)


def build(config: Config, desk: Desk, log: Logger) -> web.Application:
    """The application of the entry point and of the tests alike; `downstream.server.listening` serves it."""
    ledger = Ledger(log, Tally())
    journal = Journal(config.journal, log)
    ledger.tellers.append(journal.put)
    live = Live(config, desk, ledger, Past(journal))
    journal.listeners += [ledger.read, live.publish]
    capture, listen = Writer(config.capture, log), config.listen
    own = access(listen.host, listen.names, listen.token)
    decide = shortcut(desk, log, capture)
    app = web.Application(middlewares=[record(ledger, capture, config), guard(own), decide])
    app[CAPTURE], app[JOURNAL], app[LEDGER], app[LIVE] = capture, journal, ledger, live

    async def relay(app: web.Application) -> AsyncIterator[None]:
        async with connected(config.upstream, ledger.tally) as upstream:
            app[RELAY] = Relay(upstream, ledger.tally.gaps)
            yield

    async def writing(_app: web.Application) -> AsyncIterator[None]:
        """Capture, agreement and journal, written beside the requests and once more at the end."""
        files = [(desk.agreements.kept, Path(config.shadow.file)), (desk.sightings.kept, file_of(config))]
        tasks = [asyncio.create_task(work) for work in (capture.run(), *(kept.keep(file, log) for kept, file in files))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        capture.finish()
        ledger.settle()
        for kept, file in files:
            kept.finish(file, log)
        await journal.finish()

    app[TALLY] = ledger.tally
    app.cleanup_ctx.extend([relay, writing, live.running])
    app.on_shutdown.append(live.close)
    app.on_response_prepare.append(_nothing_invented)
    app.router.add_get("/-/health", _own(health), expect_handler=_nothing)
    app.router.add_get("/-/ready", _own(ready(desk, ledger, journal)), expect_handler=_nothing)
    app.router.add_get("/-/metrics", _own(metrics(desk, ledger)), expect_handler=_nothing)
    for path, page in live.pages.items():
        app.router.add_get(path, _own(page), allow_head=False, expect_handler=_nothing)
    app.router.add_route("*", "/-/{own:.*}", _own(unknown), expect_handler=_nothing)
    app.router.register_resource(_Rest(forward, _nothing))
    return app


def _own(page: Handler) -> Handler:
    """A page of Sidestep's own. aiohttp decodes a path before it looks who serves it: `/%2d/x` is the upstream's."""

    async def serve(request: web.Request) -> web.StreamResponse:
        return await (page if request.raw_path.startswith(OWN_PATHS) else forward)(request)

    return serve


class _Rest(web.DynamicResource):
    """Every path that nothing else has taken. What it is made of is the upstream's business: no pattern is tried."""

    def __init__(self, handler: Handler, expect_handler: Callable[[web.Request], Awaitable[None]]) -> None:
        super().__init__("/{target:.*}")
        self._found = self.add_route("*", handler, expect_handler=expect_handler)

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo, set[str]]:  # noqa: ARG002
        return web.UrlMappingMatchInfo({}, self._found), {"*"}


async def _nothing(_request: web.Request) -> None:
    """aiohttp would answer `Expect` before the first stage of the chain has seen the request: `guard` does it."""


async def _nothing_invented(_request: web.Request, response: web.StreamResponse) -> None:
    """Runs before the head of one of aiohttp's own replies is written, behind its defaults."""
    response.headers.popall("Server", None)

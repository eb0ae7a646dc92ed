"""Builds the application: the chain in its order, the one upstream, and what holds for every reply."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

from proxy.capture import Writer
from proxy.config import Config
from proxy.desk import Desk
from proxy.headers import INVENTED
from proxy.local import ready, unknown
from proxy.middleware import UPSTREAM, forward, guard, record, shortcut
from proxy.observe import Logger
from proxy.upstream import MAX_HEAD, MAX_HEADERS, Relayed, connected

# How the server must be run for the application's promises to hold; the entry point and the tests pass all of it on.
SERVER_OPTIONS: dict[str, Any] = {
    "access_log": None,  # `record` writes the one line
    "auto_decompress": False,  # bodies go on as they came
    "handler_cancellation": True,  # a client that goes away ends its upstream request at once
    "max_line_size": MAX_HEAD,
    "max_field_size": MAX_HEAD,
    "max_headers": MAX_HEADERS,
}


def build(config: Config, desk: Desk, log: Logger) -> web.Application:
    """The application of the entry point and of the tests alike; run it with `SERVER_OPTIONS`."""
    capture = Writer(config.capture, log)
    app = web.Application(middlewares=[record(log, capture), guard, shortcut(desk, log, capture)])

    async def upstream(app: web.Application) -> AsyncIterator[None]:
        async with connected(config) as app[UPSTREAM]:
            yield

    async def writing(_app: web.Application) -> AsyncIterator[None]:
        """Capture and agreement, written beside the requests and once more at the end."""
        agreement = Path(config.shadow.file)
        tasks = [asyncio.create_task(capture.run()), asyncio.create_task(desk.agreements.keep(agreement, log))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        capture.finish()
        desk.agreements.finish(agreement, log)

    app.cleanup_ctx.extend([upstream, writing])
    app.on_response_prepare.append(_nothing_invented)
    app.router.add_get("/-/ready", ready(desk))
    app.router.add_route("*", "/-/{own:.*}", unknown)
    app.router.add_route("*", "/{target:.*}", forward)
    return app


async def _nothing_invented(_request: web.Request, response: web.StreamResponse) -> None:
    """Runs after aiohttp has put in its defaults and before the head is written: take out what did not come."""
    if isinstance(response, Relayed):
        for name in INVENTED:
            if name.lower() not in response.came:
                response.headers.popall(name, None)
    else:
        response.headers.popall("Server", None)

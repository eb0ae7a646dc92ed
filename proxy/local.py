"""Paths that are Sidestep's own: everything under `/-/`. They obey the guard like any other."""

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from proxy import synthesis
from proxy.desk import Desk
from proxy.middleware import EXCHANGE


def ready(desk: Desk) -> Handler:
    """`GET /-/ready`: 200 when all rules are in force as they stand in their files, else 503 with what is wrong.

    503 too when the process is about to end.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        request[EXCHANGE].outcome = "local"
        faults = [*desk.faults, *(["stopping"] if desk.stopping else [])]
        body = orjson.dumps({"ready": not faults, "rules": len(desk.now.rules.rules), "faults": faults})
        return web.Response(status=503 if faults else 200, body=body, content_type="application/json")

    return handle


async def unknown(request: web.Request) -> web.StreamResponse:
    """Any other path under `/-/`: not the upstream's business."""
    exchange = request[EXCHANGE]
    exchange.outcome = "local"
    body = synthesis.error("not_found_error", "Sidestep has no such page: there is /-/ready", exchange.id)
    return web.Response(status=404, body=body, content_type="application/json")

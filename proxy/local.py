"""Paths that are Sidestep's own: everything under `/-/`. They obey the guard like any other."""

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.desk import Desk
from proxy.middleware import EXCHANGE
from proxy.replies import Whole, failure

_PAGES = "there are /-/, /-/health and /-/ready"


async def health(request: web.Request) -> web.StreamResponse:
    """`GET /-/health`: 200 for as long as the process can say so, whatever is wrong with its rules or its upstream."""
    request[EXCHANGE].outcome = "local"
    return Whole(200, orjson.dumps({"alive": True}), [])


def ready(desk: Desk) -> Handler:
    """`GET /-/ready`: 200 when all rules are in force as they stand in their files, else 503 with what is wrong.

    503 too when the process is about to end.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        request[EXCHANGE].outcome = "local"
        faults = [*desk.faults, *(["stopping"] if desk.stopping else [])]
        body = orjson.dumps({"ready": not faults, "rules": len(desk.now.rules.rules), "faults": faults})
        return Whole(503 if faults else 200, body, [])

    return handle


async def unknown(request: web.Request) -> web.StreamResponse:
    """Any other path under `/-/`: not the upstream's business."""
    exchange = request[EXCHANGE]
    exchange.outcome = "local"
    return failure(404, "not_found_error", f"Sidestep has no such page: {_PAGES}", exchange.id)

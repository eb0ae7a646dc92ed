"""The listening side: the sockets that clients come in by, and how it ends."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiohttp import web

from proxy.config import Config
from proxy.downstream.inbound import OPTIONS, Inbound, Load
from proxy.logs.observe import Logger
from proxy.telemetry.counters import Counters

ENTRY: web.AppKey[Callable[[Any], Any]] = web.AppKey("entry")
"""What serves an application's requests, given what would: its router, which most of them need not pass."""

COUNTERS = web.AppKey("counters", Counters)
"""Where an application counts; what is no request is counted there too."""

BACKLOG = 2048
"""Connections that may wait to be accepted: with the usual 128, one in eight of 1,000 opened at once was reset."""

_FIRST = 0.5
"""Seconds in which a client that has just connected may send its first request before the process ends."""

_PAUSE = 0.01

_GRACE = 0.05
"""Seconds that aiohttp waits for requests when their time to finish is over; with 0 it would wait for ever."""


@asynccontextmanager
async def listening(
    app: web.Application,
    config: Config,
    log: Logger,
    drain_timeout: Callable[[], float],
    held: Sequence[socket.socket] = (),
) -> AsyncIterator[tuple[str, int]]:
    """Serve `app` while the context lasts; gives the address. Then running requests have `drain_timeout()` seconds.

    `held` are sockets that somebody else has opened, and listens on too; without any, one is opened as configured.
    Raises OSError when the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    load, counters = Load(), app.get(COUNTERS, Counters())
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        options = {**OPTIONS, "keepalive_timeout": config.listen.keepalive_timeout}
        assert runner.server is not None
        if ENTRY in app:
            runner.server.request_handler = app[ENTRY](runner.server.request_handler)
        make = partial(Inbound, runner.server, config.limits, load, counters.unread, log, loop=loop, **options)
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
            await _drain(runner.server, load, drain_timeout())
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

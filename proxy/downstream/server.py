"""The listening side: the sockets that clients connect to, and how serving ends."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiohttp import web

from proxy.downstream.inbound import OPTIONS, Inbound, Load, SameTask
from proxy.logs.observe import Logger
from proxy.settings.config import Config, ListenSettings
from proxy.telemetry.counters import Counters

ENTRY: web.AppKey[Callable[[Any], Any]] = web.AppKey("entry")
"""Makes the handler of all requests from aiohttp's own, its router, which most requests do not need."""

COUNTERS = web.AppKey("counters", Counters)
"""The application's counters; bytes that are not a request are counted there too."""

BACKLOG = 2048
"""Connections that may wait to be accepted. With the usual 128, one in eight of 1,000 concurrent ones was reset."""

_FIRST = 0.5
"""Seconds that a client which has just connected gets to send its first request before the process ends."""

_PAUSE = 0.01

_GRACE = 0.05
"""Seconds that aiohttp waits for requests after the drain time; 0 would mean to wait for ever."""


@asynccontextmanager
async def listening(
    app: web.Application,
    config: Config,
    log: Logger,
    drain_timeout: Callable[[], float],
    held: Sequence[socket.socket] = (),
) -> AsyncIterator[tuple[str, int]]:
    """Serve `app` while the context lasts; yields the address. Then running requests have `drain_timeout()` seconds.

    `held` are listening sockets that the service manager has opened and keeps; without any, one is opened as
    configured. Raises OSError if the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    load, counters = Load(), app.get(COUNTERS, Counters())
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        has_eager_tasks = sys.version_info >= (3, 12)
        options = {
            **OPTIONS,
            "keepalive_timeout": config.listen.keepalive_timeout,
            "loop": loop if has_eager_tasks else SameTask(loop),
        }
        assert runner.server is not None
        if ENTRY in app:
            runner.server.request_handler = app[ENTRY](runner.server.request_handler)
        make = partial(Inbound, runner.server, config.limits, load, counters.unread, log, **options)
        servers = await _servers(make, config.listen, held)
        try:
            host, port = servers[0].sockets[0].getsockname()[:2]
            yield host, port
        finally:
            for server in servers:
                server.close()
            await app.shutdown()  # ends event streams, which never end by themselves; aiohttp's own call is too late
            await _first_requests(runner.server)
            await _drain(runner.server, load, drain_timeout())
    finally:
        await runner.cleanup()


async def _servers(
    make: Callable[[], Inbound], listen: ListenSettings, held: Sequence[socket.socket]
) -> list[asyncio.Server]:
    """One listening server for each socket in `held`; without any, one at the configured address."""
    loop = asyncio.get_running_loop()
    return [await loop.create_server(make, sock=each, backlog=BACKLOG) for each in held] or [
        await loop.create_server(make, listen.host, listen.port, backlog=BACKLOG)
    ]


async def _drain(server: web.Server, load: Load, seconds: float) -> None:
    """Let running requests finish, and clients take their replies from the process: the kernel delivers the rest.

    aiohttp's own shutdown cannot: it stops reading request bodies, and drops what slow clients have not taken.
    """
    for connection in server.connections:
        if isinstance(connection, Inbound):
            connection.end()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await load.idle()
            while any(isinstance(each, Inbound) and each.unsent for each in server.connections):  # noqa: ASYNC110
                await asyncio.sleep(_PAUSE)  # an event would cost every reply something


async def _first_requests(server: web.Server) -> None:
    """Wait briefly for the first requests of clients that have just connected, to serve these too.

    If the service manager holds the socket, a restart refuses no connection, so it must not drop an accepted one.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FIRST):
            new = True  # the connection accepted last is known only after some iterations of the loop
            while new:
                await asyncio.sleep(_PAUSE)
                new = any(isinstance(each, Inbound) and each.is_new for each in server.connections)

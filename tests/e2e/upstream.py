"""The scripted upstream on an event loop of its own thread: a scenario waits for screens and processes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from proxy.scripted import Script, ScriptedUpstream, served


@contextmanager
def running(script: Script, cached: float = 0.85) -> Iterator[ScriptedUpstream]:
    """`cached`: the share of a long request that is read from the cache."""
    upstream = ScriptedUpstream(script, cached=cached)
    with started(upstream):
        yield upstream


@contextmanager
def started(upstream: ScriptedUpstream) -> Iterator[None]:
    """Run an upstream of any making."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    manager = served(upstream)
    try:
        asyncio.run_coroutine_threadsafe(manager.__aenter__(), loop).result(10)
        yield
    finally:
        asyncio.run_coroutine_threadsafe(manager.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)

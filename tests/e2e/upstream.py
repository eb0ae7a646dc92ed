"""The scripted upstream on an event loop of its own thread: a scenario waits for screens and processes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from proxy.scripted import Script, ScriptedUpstream, scripted_upstream


@contextmanager
def running(script: Script, cached: float = 0.85) -> Iterator[ScriptedUpstream]:
    """`cached`: the share of a long request that is read from the cache."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    manager = scripted_upstream(script, cached=cached)
    try:
        yield asyncio.run_coroutine_threadsafe(manager.__aenter__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(manager.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)

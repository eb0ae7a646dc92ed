"""Waiting for what no event tells of: a file, a log line."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Return as soon as `condition` holds; raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - files and other processes set no asyncio.Event
            await asyncio.sleep(0.001)

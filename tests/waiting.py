"""How long a test waits: one limit for what hangs, and waiting for what no event tells of."""

import asyncio
import os
from collections.abc import Callable

PATIENCE = 60 * float(os.environ.get("SIDESTEP_TEST_PATIENCE", "1"))
"""Seconds after which a test gives up. Nothing that passes takes that long, on a busy machine either.

`SIDESTEP_TEST_PATIENCE=3` stretches the limit threefold.
"""


async def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Return as soon as `condition` holds; raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - files and other processes set no asyncio.Event
            await asyncio.sleep(0.001)

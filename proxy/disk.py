"""Work on the disk beside the event loop."""

import asyncio
from collections.abc import Callable


async def beside(work: Callable[[], None]) -> None:
    """Run `work` in a thread. Cancelled, it still waits until the work is done: a thread cannot be stopped half-way."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise

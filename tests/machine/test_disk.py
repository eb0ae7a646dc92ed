"""Work off the event loop: it is finished, whatever happens to who waits for it."""

import asyncio
import threading

import pytest

from proxy.machine.disk import in_thread


async def test_work_that_was_begun_is_finished_before_a_cancellation_goes_on() -> None:
    begun, release, done = threading.Event(), threading.Event(), []

    def work() -> None:
        begun.set()
        release.wait(5)
        done.append(True)

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [True]


async def test_what_the_work_raises_is_raised() -> None:
    def work() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await in_thread(work)

"""One proxy process, and one upstream behind it, for all raw-socket tests that need no settings of their own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.process import running
from tests.raw import raw_upstream
from tests.sockets.given import Wire, answers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared() -> AsyncIterator[Wire]:
    async with raw_upstream(answers) as upstream, running(upstream.url) as (process, port):
        yield Wire(process, port, upstream)


@pytest_asyncio.fixture(loop_scope="session")
async def wire(shared: Wire) -> AsyncIterator[Wire]:
    """The one process; what a test leaves open at its upstream is broken off behind it."""
    shared.process.forget()
    yield shared
    try:
        await shared.upstream.stop()
    finally:
        shared.upstream.peers.clear()
        shared.upstream.script = answers
    assert shared.process.process.returncode is None

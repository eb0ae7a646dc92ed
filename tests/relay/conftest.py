"""What stands on transports is tried on both event loops: they pause, fail and close in ways of their own."""

import asyncio
from collections.abc import Mapping

import uvloop

from tests.conftest import Loop


def pytest_asyncio_loop_factories() -> Mapping[str, Loop]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.SelectorEventLoop}

"""The end of a process that clients have connected to without a word."""

import asyncio
import io
import socket

from aiohttp import web

from proxy.downstream.server import listening
from proxy.logs.observe import logger
from proxy.settings.config import Config
from tests.waiting import PATIENCE


async def test_a_client_that_connects_and_says_nothing_holds_up_the_end_for_the_time_of_grace_alone() -> None:
    """Far less than the drain time, and than the time that a head may take."""
    config = Config()
    with socket.create_server(("127.0.0.1", 0)) as held:
        async with asyncio.timeout(PATIENCE):
            async with listening(
                web.Application(), config, logger(config.log, io.StringIO()), lambda: 60.0, [held.dup()]
            ) as at:
                reader, writer = await asyncio.open_connection(*at)
            assert await reader.read() == b""
            writer.close()

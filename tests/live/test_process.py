"""The page of the program itself: served, and no hindrance to its end."""

import signal

import aiohttp

from proxy.sse import Decoder
from tests.process import running


async def test_an_open_page_does_not_hold_up_the_end_of_the_process() -> None:
    """Requests have a minute to finish; the process ends long before this test gives up."""
    async with (
        running("http://127.0.0.1:9", "stop.drain_timeout=60") as (process, port),
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"http://127.0.0.1:{port}/-/") as page:
            assert (page.status, page.content_type) == (200, "text/html")
        async with session.get(f"http://127.0.0.1:{port}/-/events") as reply:
            assert Decoder().feed(await reply.content.readuntil(b"\r\n\r\n"))[0].name == "state"
            process.process.send_signal(signal.SIGTERM)
            await process.line("stopping")
            assert await process.exit_code() == 0
        assert [line["path"] for line in process.lines if line["event"] == "request"] == ["/-/"]
        assert (await process.line("request"))["path"] == "/-/events"

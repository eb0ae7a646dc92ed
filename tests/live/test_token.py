"""With a local token, a browser is asked for it as a password and shows it for all that the page asks for.

The page tells clients how to show it.
"""

from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import expect

from proxy.rules.load import Loaded
from proxy.scripted import ScriptedUpstream
from tests.live.conftest import Open
from tests.live.given import conversation, send, shown

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "plain-but-long-local-token"


async def test_a_browser_gets_in_with_the_token_as_its_password(
    shipped: Loaded, upstream: ScriptedUpstream, look: Open, tmp_path: Path
) -> None:
    async with shown(shipped.rules, upstream.url, tmp_path, listen={"token": TOKEN}) as sidestep:
        page = await look(sidestep.url, http_credentials={"username": "me", "password": TOKEN})
        await expect(page.locator("#line")).to_contain_text('ANTHROPIC_CUSTOM_HEADERS="x-sidestep-token: $TOKEN"')
        head, body = conversation()
        async with aiohttp.ClientSession(headers={"x-sidestep-token": TOKEN}) as session:
            await send(session, sidestep.url, head, body)
        await page.locator("tr.request", has_text="forwarded").locator("button").click()
        await expect(page.locator(".steps li").first).to_be_visible()
        assert TOKEN not in await page.content()
        await page.context.close()
        assert TOKEN not in sidestep.log.getvalue()


async def test_without_it_the_page_is_a_401_that_asks_for_it(
    shipped: Loaded, upstream: ScriptedUpstream, tmp_path: Path
) -> None:
    async with (
        shown(shipped.rules, upstream.url, tmp_path, listen={"token": TOKEN}) as sidestep,
        aiohttp.ClientSession() as session,
        session.get(f"{sidestep.url}/-/") as reply,
    ):
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"].startswith("Basic ")
        assert TOKEN not in await reply.text()

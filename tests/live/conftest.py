"""One browser, one upstream and one proxy for all tests of the page that need no others."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from proxy.rules.load import Loaded
from proxy.scripted import ScriptedUpstream
from tests.live.browser import CHROMIUM, chromium
from tests.live.given import Shown, scripted, shown
from tests.waiting import PATIENCE

Open = Callable[..., Awaitable[Page]]

ENDS = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET")
"""What the console says of a process that ends before its page is closed."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: the page is not tried in a browser")
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with scripted() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def sidestep(shipped: Loaded, upstream: ScriptedUpstream, tmp_path: Path) -> AsyncIterator[Shown]:
    async with shown(shipped.rules, upstream.url, tmp_path) as found:
        yield found


@asynccontextmanager
async def looking(browser: Browser) -> AsyncIterator[Open]:
    """Opens the page at a URL, live; keyword arguments are Playwright's of a context.

    Errors of JavaScript, breaches of the page's policy, and whatever else is an error on the console, fail the test.
    Those that contain one of the texts in `expected` are none.
    """
    errors: list[str] = []
    allowed: list[str] = []

    async def opener(url: str, expected: tuple[str, ...] = (), **options: Any) -> Page:
        allowed.extend(expected)
        context = await browser.new_context(**options)
        stack.push_async_callback(context.close)
        context.set_default_timeout(PATIENCE * 1000)  # milliseconds
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
        page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
        await page.goto(f"{url}/-/")
        await page.locator('#connection[data-state="live"]').wait_for()
        return page

    async with AsyncExitStack() as stack:
        yield opener
    assert [error for error in errors if not any(text in error for text in allowed)] == []


@pytest_asyncio.fixture(loop_scope="session")
async def look(browser: Browser) -> AsyncIterator[Open]:
    """As `looking`, until the end of a test."""
    async with looking(browser) as opener:
        yield opener

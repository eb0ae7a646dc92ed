"""One browser, one upstream and one proxy for all tests of the page that need no others."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from proxy.rules.load import Loaded
from proxy.scripted import ScriptedUpstream
from tests.live.browser import CHROMIUM, chromium
from tests.live.given import Shown, scripted, shown
from tests.waiting import PATIENCE

Open = Callable[..., Awaitable[Page]]

USUAL: dict[str, Any] = {"timezone_id": "UTC", "locale": "en-GB"}
"""What every context is given: the page tells times as its reader's."""

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def context(browser: Browser, upstream: ScriptedUpstream) -> AsyncIterator[BrowserContext]:
    """One context for all pages that need none of their own.

    Its first page keeps a process alive, which those of the other tests share: they stand at other ports of the same
    host. To start one for each costs more than what most tests do in it.
    """
    async with await browser.new_context(**USUAL) as found:
        first = await found.new_page()
        await first.goto(upstream.url)
        yield found


@asynccontextmanager
async def looking(shared: BrowserContext) -> AsyncIterator[Open]:
    """Opens the page at a URL, live, in the shared context.

    Whoever changes the context itself, as the clock does, asks for one of its own by `apart`, or by keyword arguments,
    which are Playwright's of a context. Errors of JavaScript, breaches of the page's policy, and whatever else is an
    error on the console, fail the test. Those that contain one of the texts in `expected` are none.
    """
    errors: list[str] = []
    allowed: list[str] = []

    async def opener(
        url: str,
        expected: tuple[str, ...] = (),
        *,
        viewport: ViewportSize | None = None,
        apart: bool = False,
        **options: Any,
    ) -> Page:
        allowed.extend(expected)
        context = shared
        if apart or options:
            assert shared.browser
            context = await stack.enter_async_context(await shared.browser.new_context(**USUAL, **options))
        page = await stack.enter_async_context(await context.new_page())
        page.set_default_timeout(PATIENCE * 1000)  # milliseconds
        page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
        page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
        if viewport:
            await page.set_viewport_size(viewport)
        await page.goto(f"{url}/-/")
        await page.locator('#connection[data-state="live"]').wait_for()
        return page

    async with AsyncExitStack() as stack:
        yield opener
    assert [error for error in errors if not any(text in error for text in allowed)] == []


@pytest_asyncio.fixture(loop_scope="session")
async def look(context: BrowserContext) -> AsyncIterator[Open]:
    """As `looking`, until the end of a test."""
    async with looking(context) as opener:
        yield opener

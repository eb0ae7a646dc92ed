"""axe-core finds no fault in the page, with rows by session, an opened row and charts on it, in light and in dark."""

import itertools
import shutil
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page

from proxy.rules.load import Loaded
from proxy.serving.app import LIVE
from tests.live.browser import SCHEMES
from tests.live.conftest import Open
from tests.live.entries import every_outcome
from tests.live.given import Shown, conversation, examples, send
from tests.npm import installed

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed: axe-core is not asked"),
]


@pytest.fixture(scope="module")
def axe() -> str:
    folder = installed(Path(__file__).with_name("package.json"), "page")
    return (folder / "node_modules/axe-core/axe.min.js").read_text("utf-8")


async def _faults(page: Page, options: str = "") -> list[tuple[str, str, str]]:
    """What axe-core finds: the weight, the rule and the first element of each; colours are looked at every time."""
    found = await page.evaluate(f"axe.run({{ resultTypes: ['violations'], {options} }})")
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}
    return [(each["impact"], each["id"], each["nodes"][0]["html"]) for each in found["violations"]]


async def test_axe_finds_nothing(sidestep: Shown, look: Open, shipped: Loaded, axe: str) -> None:
    # axe-core writes into the document's style, which the page's own policy would let nobody do.
    page = await look(sidestep.url, bypass_csp=True, reduced_motion="reduce")
    await page.locator("#empty").wait_for()
    await page.evaluate(axe)
    assert await _faults(page) == [], "before the first request"
    sidestep.app[LIVE].publish(every_outcome())
    async with aiohttp.ClientSession() as session:
        title = next(request for request in examples(shipped) if b"<session>" in request[1])
        for request in (conversation(), title):
            await send(session, sidestep.url, *request)
    for outcome in ("answered", "forwarded", "erring", "failed", "refused"):
        await page.locator(f"tr.request .badge.{outcome}").first.wait_for()
    await page.locator("tr.request").nth(len(every_outcome()) + 1).wait_for()
    await page.locator("tr.request", has_text="session-title").first.locator("button").click()
    await page.locator("tr.detail .decisive").wait_for()
    await page.locator("tr.detail .steps").wait_for()
    await page.get_by_role("button", name="Group by session").click()
    await page.locator("tr.session").first.wait_for()
    await page.locator("#chart-requests summary").click()
    # All but colours is the same in both schemes.
    only = {"light": "", "dark": "runOnly: ['color-contrast', 'link-in-text-block']"}
    for scheme, width in itertools.product(SCHEMES, (1280, 320)):
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": 900})
        assert (scheme, width, await _faults(page, only[scheme])) == (scheme, width, [])

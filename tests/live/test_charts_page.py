"""The charts of the page, given a journal's week; and a page that nobody looks at."""

import json
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from proxy.serving.app import LIVE
from tests.live.conftest import Open
from tests.live.given import Shown
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

STEP, BUCKETS = 7200, 84
SINCE = 1_699_920_000
QUIET = range(30, 40)
"""Buckets in which nothing ended, and which the journal leaves out."""


def week() -> dict[str, Any]:
    buckets = [
        {
            "start": SINCE + number * STEP,
            "outcomes": {"answered": 10 + number, "forwarded": 100, "failed": number % 7 == 0},
            "overhead": None if number == 50 else 0.2 + number / 100,
            "usage": {"input": 1000, "output": 500, "cache_read": 90_000, "cache_creation": 2000},
        }
        for number in range(BUCKETS)
        if number not in QUIET
    ]
    until_ = SINCE + BUCKETS * STEP
    return {"span": "week", "since": SINCE, "until": until_, "step": STEP, "source": "journal", "buckets": buckets}


async def _with_a_week(page: Page) -> None:
    async def answer(route: Route) -> None:
        await route.fulfill(status=200, content_type="application/json", body=json.dumps(week()))

    await page.route("**/-/timeline?span=week", answer)
    await page.get_by_role("button", name="Week").click()
    await expect(page.locator("#chart-requests-title-text")).to_contain_text("In the last week:")


async def test_a_week_is_drawn_and_told_in_words_and_figures(sidestep: Shown, look: Open) -> None:
    page = await look(sidestep.url)
    await _with_a_week(page)
    bars = page.locator("#chart-requests svg rect.answered-fill")
    await expect(bars).to_have_count(BUCKETS - len(QUIET))
    await expect(page.locator("#charts-note")).to_have_text("")
    await expect(page.locator("#chart-overhead-title-text")).to_have_text(
        "In the last week, between 0.20 ms and 1.03 ms."
    )
    path = await page.locator("#chart-overhead .mark-line").get_attribute("d")
    assert path is not None
    assert path.count("M") == 3, "the line is broken where nothing was forwarded"
    await page.locator("#chart-tokens summary").click()
    await expect(page.locator("#chart-tokens tbody tr")).to_have_count(BUCKETS - len(QUIET))
    await expect(page.locator("#chart-tokens tbody tr").first.locator("td")).to_have_text(["3,000", "90K", "500"])


async def test_what_stands_under_the_pointer_is_told(sidestep: Shown, look: Open) -> None:
    page = await look(sidestep.url)
    await _with_a_week(page)
    await page.locator("#chart-requests svg rect.answered-fill").nth(3).hover()
    await expect(page.locator("#chart-requests .readout")).to_contain_text(": 13 answered, 100 forwarded")


async def test_a_hidden_page_lets_go_and_comes_back_when_it_is_looked_at(sidestep: Shown, look: Open) -> None:
    page = await look(sidestep.url, apart=True)
    await page.clock.install()
    await page.reload()
    await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    feed = sidestep.app[LIVE]._feed
    see = "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    see += "document.dispatchEvent(new Event('visibilitychange')); }"
    await page.evaluate(see, True)
    await page.clock.fast_forward(31_000)
    await until(lambda: not feed.watched.is_set())
    await page.evaluate(see, False)
    await until(feed.watched.is_set)

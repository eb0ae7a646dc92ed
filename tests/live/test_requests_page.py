"""The table of requests in a real browser: filters, order, a session's rows together; and the page before the first."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from proxy.decision.drift import NEARLY, SIGNS, STOPPED, UNKNOWN, UNTESTED, Notice
from proxy.live.feed import SHOWN
from proxy.replies.usage import Usage
from proxy.rules.load import Loaded
from proxy.scripted import ScriptedUpstream
from proxy.serving.app import LIVE
from tests.cases import every
from tests.live.conftest import Open, looking
from tests.live.entries import AT, FIRST, entry, every_outcome
from tests.live.given import Shown, shown

pytestmark = pytest.mark.asyncio(loop_scope="session")

IN_UTC = "Session since 14 Nov, 22:14:0"
"""How sessions are called that began within the same ten seconds as the entries, up to the last digit."""


async def _ids(page: Page) -> list[str]:
    rows: list[str] = await page.locator("tr.request").evaluate_all("(rows) => rows.map((row) => row.dataset.id)")
    return [row.removeprefix("req_") for row in rows]


async def _open(sidestep: Shown, look: Open) -> Page:
    sidestep.app[LIVE].publish(every_outcome())
    page = await look(sidestep.url)
    await expect(page.locator("tr.request")).to_have_count(6)
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def six(sidestep: Shown, look: Open) -> Page:
    """A page that shows the six, and what the test makes of it."""
    return await _open(sidestep, look)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def same_six(
    context: BrowserContext, shipped: Loaded, upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Page]:
    """One such page for the tests that leave it as it was: to open one takes most of a second."""
    state = tmp_path_factory.mktemp("six")
    async with shown(shipped.rules, upstream.url, state) as sidestep, looking(context) as look:
        yield await _open(sidestep, look)


@every(
    ("field", "choice", "shown_rows"),
    [
        ("outcome", "answered", "21"),
        ("outcome", "forwarded", "0"),
        ("outcome", "upstream error", "3"),
        ("outcome", "failed", "4"),
        ("outcome", "refused", "5"),
        ("rule", "session-title", "1"),
        ("session", f"{IN_UTC}0", "310"),
        ("session", f"{IN_UTC}2", "52"),
    ],
)
async def test_a_choice_shows_what_it_names(same_six: Page, field: str, choice: str, shown_rows: str) -> None:
    await same_six.locator(f"select[name={field}]").select_option(label=choice)
    await expect(same_six.locator("tr.request")).to_have_count(len(shown_rows))
    assert await _ids(same_six) == list(shown_rows)
    await expect(same_six.locator("#requests-note")).to_contain_text(f"{len(shown_rows)} of the last 6 match.")
    await expect(same_six.locator("#announcement")).to_have_text(f"{len(shown_rows)} of the last 6 match")
    await same_six.get_by_role("button", name="Clear filters").press("Enter")
    await expect(same_six.locator("tr.request")).to_have_count(6)
    await expect(same_six.locator("select[name=outcome]")).to_be_focused()


@every(
    ("text", "shown_rows"),
    [("opus", "0"), ("OVERLOADED upstream", "3"), ("upstream error", "3"), ("host 403", "5"), ("req_2", "2")],
)
async def test_every_word_of_a_text_is_looked_for_in_all_that_is_known(
    same_six: Page, text: str, shown_rows: str
) -> None:
    await same_six.get_by_label("Text").fill(text)
    await expect(same_six.locator("tr.request")).to_have_count(len(shown_rows))
    assert await _ids(same_six) == list(shown_rows)
    await same_six.get_by_label("Text").fill("")
    await expect(same_six.locator("tr.request")).to_have_count(6)


async def test_filters_go_together_and_hold_for_what_comes(six: Page, sidestep: Shown) -> None:
    await six.locator("select[name=session]").select_option(label=f"{IN_UTC}0")
    await six.locator("select[name=outcome]").select_option(label="answered")
    sidestep.app[LIVE].publish(
        [
            entry("req_6", at=AT + 6, session=FIRST, outcome="answered", rule="topic"),
            entry("req_7", at=AT + 7, session=FIRST),
        ]
    )
    await expect(six.locator("#requests-note")).to_contain_text("2 of the last 8 match.")
    assert await _ids(six) == ["6", "1"]
    await six.get_by_label("Text").fill("nothing like it")
    await expect(six.locator("#none")).to_be_visible()
    await expect(six.locator("#requests-scroll")).to_be_hidden()


async def test_what_is_rare_is_found_behind_many_others(six: Page, sidestep: Shown) -> None:
    """The table shows so many; the filters look through more."""
    sidestep.app[LIVE].publish([entry(f"req_many_{number}", at=AT + 10) for number in range(SHOWN)])
    await expect(six.locator("tr.request")).to_have_count(SHOWN)
    await expect(six.locator(".badge.failed")).to_have_count(0)
    await six.locator("select[name=outcome]").select_option(label="failed")
    await expect(six.locator("tr.request")).to_have_count(1)
    assert await _ids(six) == ["4"]


async def test_rows_stand_in_the_order_of_their_start_though_they_end_in_another(six: Page, sidestep: Shown) -> None:
    long = entry("req_long", at=AT + 0.5, duration=90_000.0)
    sidestep.app[LIVE].publish([long])
    await expect(six.locator("tr.request")).to_have_count(7)
    assert await _ids(six) == ["5", "4", "3", "2", "1", "long", "0"]
    assert await six.locator("#requests-table thead th").first.inner_text() == "Started"


async def test_a_sessions_rows_stand_together_the_latest_session_first(six: Page, sidestep: Shown) -> None:
    button = six.get_by_role("button", name="Group by session")
    await button.press("Enter")
    await expect(button).to_have_attribute("aria-pressed", "true")
    heads = six.locator("tr.session th[scope=rowgroup]")
    await expect(heads).to_have_count(3)
    assert await heads.locator("b").all_inner_texts() == [f"{IN_UTC}2", "Without a session", f"{IN_UTC}0"]
    assert await _ids(six) == list("524310")
    await expect(heads.nth(2)).to_contain_text("1 upstream error, 1 answered, 1 forwarded")
    moved = six.locator("tr.request[data-id=req_0] button")
    await moved.focus()
    sidestep.app[LIVE].publish([entry("req_6", at=AT + 6, session=FIRST)])
    await expect(six.locator("tr.request")).to_have_count(7)
    assert await _ids(six) == list("6310524")
    await expect(moved).to_be_focused()


async def test_a_row_leads_to_its_session_and_stays_open(six: Page) -> None:
    await six.locator("tr.request[data-id=req_1] button").press("Enter")
    only = six.get_by_role("button", name="Only this session")
    await only.press("Enter")
    await expect(six.locator("tr.request")).to_have_count(3)
    assert await six.locator("select[name=session]").input_value() == FIRST
    await expect(only).to_be_focused()


async def test_what_failed_is_red_and_nothing_else(same_six: Page) -> None:
    red = await same_six.locator("tr.request.failed .badge").evaluate("(node) => getComputedStyle(node).color")
    reds = await same_six.locator("tr.request").evaluate_all(
        "(rows, red) => rows.filter((row) => getComputedStyle(row.querySelector('.badge')).color === red"
        " && getComputedStyle(row.querySelector('.status')).color === red).map((row) => row.dataset.id)",
        red,
    )
    assert reds == ["req_4", "req_3"]


@every("width", [320, 390, 820, 1024, 1280, 1440])
async def test_the_status_is_seen_at_every_width_and_nothing_hangs_over(same_six: Page, width: int) -> None:
    await same_six.set_viewport_size({"width": width, "height": 800})
    await expect(same_six.locator("tr.request td.status").first).to_be_visible()
    over = "(node) => node.scrollWidth - node.clientWidth"
    assert await same_six.locator("#requests-scroll").evaluate(over) == 0
    assert await same_six.locator("html").evaluate(over) == 0


async def test_tokens_in_and_out_have_columns_of_their_own(sidestep: Shown, look: Open) -> None:
    sidestep.app[LIVE].publish([entry("req_1", usage=Usage(100, 7, 2000, 300))])
    page = await look(sidestep.url, viewport={"width": 1440, "height": 900})
    heads = await page.locator("#requests-table thead th").all_inner_texts()
    cells = await page.locator("tr.request > *").all_inner_texts()
    row = dict(zip(heads, cells, strict=True))
    assert (row["Tokens in"], row["Tokens out"]) == ("2,400", "7")


async def test_bars_say_what_they_count(sidestep: Shown, look: Open) -> None:
    page = await look(sidestep.url)
    for span, unit in (("Hour", "per minute"), ("Week", "per 2 hours")):
        await page.get_by_role("button", name=span).click()
        for chart in ("requests", "tokens"):
            await expect(page.locator(f"#chart-{chart} figcaption")).to_contain_text(unit)


async def test_before_the_first_request_there_is_a_line_to_copy(sidestep: Shown, look: Open) -> None:
    page = await look(sidestep.url)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=sidestep.url)
    line = f"ANTHROPIC_BASE_URL={sidestep.url} ENABLE_TOOL_SEARCH=true claude"
    await expect(page.locator("#line")).to_have_text(line)
    await page.get_by_role("button", name="Copy").press("Enter")
    await expect(page.locator("#copy")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == line
    sidestep.app[LIVE].publish([entry()])
    await expect(page.locator("tr.request")).to_have_count(1)
    await expect(page.locator("#empty")).to_be_hidden()


async def test_a_line_that_cannot_be_copied_is_marked(sidestep: Shown, look: Open) -> None:
    page = await look(sidestep.url)
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    await page.get_by_role("button", name="Copy").click()
    assert await page.evaluate("String(document.getSelection())") == await page.locator("#line").inner_text()


async def test_drift_is_told_in_words(sidestep: Shown, look: Open) -> None:
    mark = "c0ffee123456"
    told = {
        UNKNOWN: (Notice(UNKNOWN, "2.1.400", "topic", "max_tokens is 1", "streamed", mark), "asks what no rule knows."),
        NEARLY: (Notice(NEARLY, "2.1.400", "topic", "max_tokens is 1", "streamed"), "asks topic in another form."),
        UNTESTED: (Notice(UNTESTED, "2.1.400", "topic"), "topic answers Claude Code 2.1.400, newer than any"),
        STOPPED: (Notice(STOPPED, "2.1.400", "topic"), "topic matches nothing of Claude Code 2.1.400"),
    }
    assert told.keys() == set(SIGNS)
    told["of a later version"] = (Notice("of a later version", "2.1.400"), "Claude Code 2.1.400: of a later version.")
    sightings = sidestep.app[LIVE]._state.desk.sightings
    for notice, _ in told.values():
        sightings.add(notice, AT, "req_sidestep_1")
        sightings.add(notice, AT + 60, "req_sidestep_2")
    page = await look(sidestep.url)
    await expect(page.locator("#drift li")).to_have_count(5)
    for _, words in told.values():
        await expect(page.locator("#drift li", has_text=words)).to_contain_text("2 times since Tue 14 Nov, 22:14")
    text = await page.locator("#drift").inner_text()
    assert mark not in text
    assert "req_sidestep" not in text

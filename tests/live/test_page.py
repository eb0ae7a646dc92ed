"""The page in a real browser: what it shows while requests come and go, and what happens to it when Sidestep does."""

import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp
import orjson
import pytest
from playwright.async_api import expect

from proxy.exchange import Head
from proxy.rules.load import Loaded
from proxy.rules.ruleset import RuleSet
from proxy.scripted import ScriptedUpstream
from proxy.serving.app import LIVE
from tests.live.conftest import ENDS, Open
from tests.live.given import Shown, conversation, mix, send, shown
from tests.raw import Peer, raw_upstream, reply

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "sk-ant-planted-in-every-place"
MARKUP = "<img src=x onerror=alert(1)>"


async def _send_all(url: str, requests: list[tuple[Head, bytes]], at_once: int = 8) -> list[int]:
    room = asyncio.Semaphore(at_once)

    async def one(session: aiohttp.ClientSession, request: tuple[Head, bytes]) -> int:
        async with room:
            return await send(session, url, *request)

    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(one(session, request) for request in requests))


async def test_rows_appear_during_the_real_mix_and_the_charts_draw(
    sidestep: Shown, look: Open, shipped: Loaded
) -> None:
    page = await look(sidestep.url)
    await _send_all(sidestep.url, mix(shipped, 30))
    for outcome in ("answered", "forwarded"):
        await expect(page.locator(f"tr.request .badge.{outcome}").first).to_be_visible()
    await expect(page.locator("tr.request", has_text="session-title").first).to_be_visible()
    await expect(page.locator("#rules tr")).to_have_count(len(shipped.entries))
    await expect(page.locator("#upstream .badge")).to_have_text("replies")
    await page.get_by_role("button", name="Week").click()
    await expect(page.locator("#chart-requests-title-text")).to_contain_text("In the last week:")
    await expect(page.locator("#charts-note")).to_have_text("")
    await page.get_by_role("button", name="Hour").click()
    for chart, mark in (("requests", "rect.answered-fill"), ("overhead", ".dot-mark, .mark-line"), ("tokens", "rect")):
        await expect(page.locator(f"#chart-{chart} svg {mark}").first).to_be_attached()
    await expect(page.locator("#chart-requests-title-text")).to_contain_text("In the last hour:")
    await page.locator("#chart-requests summary").click()
    await expect(page.locator("#chart-requests tbody tr").first).to_be_visible()


async def test_without_a_journal_there_is_the_hour_that_the_process_saw(
    shipped: Loaded, upstream: ScriptedUpstream, look: Open, tmp_path: Path
) -> None:
    async with shown(shipped.rules, upstream.url, tmp_path, journal={"enabled": False}) as sidestep:
        page = await look(sidestep.url, ENDS)
        await _send_all(sidestep.url, mix(shipped, 3))
        await expect(page.locator("tr.request .badge.answered").first).to_be_visible()
        await page.get_by_role("button", name="Week").click()
        await expect(page.locator("#charts-note")).to_contain_text("no week")
        await page.get_by_role("button", name="Hour").click()
        await expect(page.locator("#charts-note")).to_contain_text("the journal is off")
        await expect(page.locator("#chart-requests svg rect.answered-fill").first).to_be_attached()
    assert not (tmp_path / "journal.sqlite").exists()


async def test_after_a_restart_the_table_is_filled_and_every_figure_says_its_span(
    shipped: Loaded, upstream: ScriptedUpstream, look: Open, tmp_path: Path
) -> None:
    async with shown(shipped.rules, upstream.url, tmp_path) as sidestep:
        await _send_all(sidestep.url, [conversation(number) for number in range(3)])
    async with shown(shipped.rules, upstream.url, tmp_path) as sidestep:
        page = await look(sidestep.url, ENDS)
        await expect(page.locator("tr.request")).to_have_count(3)
        await expect(page.locator("#requests-note")).to_contain_text("The last 3, the newest first.")
        await page.locator("tr.request button").first.click()
        await expect(page.locator("tr.detail")).to_contain_text("before this start")
        await expect(page.locator("#forwarded")).to_have_text("0")
        await expect(page.locator("#summary-heading")).to_have_text("Since the start")
        await expect(page.locator("#summary-note")).to_contain_text(" s ago")
        await expect(page.locator("#charts-heading")).to_have_text("In the last hour")
        await page.get_by_role("button", name="Week").click()
        await expect(page.locator("#charts-heading")).to_have_text("In the last week")
        await _send_all(sidestep.url, [conversation(4)])
        await expect(page.locator("tr.request")).to_have_count(4)
        await expect(page.locator("#forwarded")).to_have_text("1")


async def test_a_process_that_hangs_is_not_shown_as_live(sidestep: Shown, look: Open) -> None:
    """The page's clock is set on, past all signs of life; the next of them makes it live again."""
    page = await look(sidestep.url, apart=True)
    await page.clock.install()
    await page.reload()
    await page.locator('#connection[data-state="live"]').wait_for()
    await page.clock.fast_forward(20_000)
    await expect(page.locator("#connection")).to_have_text("No sign of life: Sidestep may hang")
    await expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    sidestep.app[LIVE]._feed.show("beat", "null")  # as it does every few seconds (test_pages.py)
    await expect(page.locator("#connection")).to_have_text("Live")


async def test_errors_of_the_upstream_have_a_figure_a_colour_and_a_word_at_every_width(
    shipped: Loaded, look: Open, tmp_path: Path
) -> None:
    replies = iter(["429 Too Many Requests", "529 Overloaded", "529 Overloaded", "200 OK"])

    async def script(peer: Peer) -> None:
        while head := await peer.head():
            await peer.sized(head)
            await peer.send(reply(b"", status=next(replies)))

    async with raw_upstream(script) as erring, shown(shipped.rules, erring.url, tmp_path) as sidestep:
        page = await look(sidestep.url)
        await _send_all(sidestep.url, [conversation(number) for number in range(4)], at_once=1)
        await expect(page.locator("#errors")).to_have_text("4")
        await expect(page.locator("#error-kinds")).to_have_text("2 × 529, 1 × 429, 1 × empty reply")
        await expect(page.locator("#failed")).to_have_text("0")
        await expect(page.locator("#upstream .badge.failing")).to_have_text("fails")
        await page.get_by_role("button", name="Hour").click()
        await expect(page.locator("#chart-requests svg rect.erring-fill").first).to_be_attached()
        for width in (390, 820, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            await expect(page.locator("tr.request .badge.erring")).to_have_count(4)
            for kind, times in (("529", 2), ("429", 1), ("empty reply", 1)):
                await expect(page.locator("tr.request b.erring:visible", has_text=kind)).to_have_count(times)
        colours = {
            await page.locator(f"{where}").first.evaluate("(node) => getComputedStyle(node).color")
            for where in ("#errors", "tr.request .badge.erring", "tr.request b.erring")
        }
        assert len(colours) == 1


async def test_what_runs_is_shown_until_it_ends(shipped: Loaded, look: Open, tmp_path: Path) -> None:
    release = asyncio.Event()

    async def say(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await release.wait()
        await peer.send(reply(b"{}"))

    async with raw_upstream(say) as silent, shown(shipped.rules, silent.url, tmp_path) as sidestep:
        page = await look(sidestep.url)
        talk = asyncio.create_task(_send_all(sidestep.url, [conversation(model="claude-opus-5-1")]))
        await expect(page.locator("#running tr")).to_contain_text("claude-opus-5-1")
        await expect(page.locator("#running-count")).to_have_text("1 running")
        release.set()
        await talk
        await expect(page.locator("#running tr")).to_have_count(0)
        await expect(page.locator("tr.request", has_text="claude-opus-5-1")).to_have_count(1)


async def test_a_row_opens_to_its_decision_by_keyboard(sidestep: Shown, look: Open) -> None:
    page = await look(sidestep.url)
    await _send_all(sidestep.url, [conversation()])
    button = page.locator("tr.request button")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(button).to_have_attribute("aria-expanded", "true")
    detail = page.locator(f"#{await button.get_attribute('aria-controls')}")
    await expect(detail.locator(".steps li").first).to_be_visible()
    await expect(detail).to_contain_text("did not match, for want of:")
    await expect(detail.locator(".steps li", has_text="quota-probe").locator("code")).not_to_be_empty()
    await page.keyboard.press("Enter")
    await expect(detail).to_have_count(0)


async def test_the_decision_of_an_answer_names_the_rule_and_its_conditions(
    sidestep: Shown, look: Open, shipped: Loaded
) -> None:
    page = await look(sidestep.url)
    await _send_all(sidestep.url, [next(request for request in mix(shipped, 0) if b"<session>" in request[1])])
    await page.locator("tr.request", has_text="session-title").locator("button").press("Space")
    await expect(page.locator(".decisive b")).to_have_text("session-title")
    await expect(page.locator(".decisive code")).to_contain_text("method is")


async def test_it_comes_back_after_a_restart_on_the_same_port(
    shipped: Loaded, upstream: ScriptedUpstream, look: Open, tmp_path: Path
) -> None:
    async with shown(shipped.rules, upstream.url, tmp_path) as first:
        page = await look(first.url, ENDS)
        await _send_all(first.url, [conversation(model="claude-before")])
        await expect(page.locator("tr.request")).to_have_count(1)
    await expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    port = int(first.url.rpartition(":")[2])
    async with shown(shipped.rules, upstream.url, tmp_path, listen={"port": port}) as second:
        await expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        await _send_all(second.url, [conversation(model="claude-after")])
        await expect(page.locator("tr.request td.model")).to_have_text(["claude-after", "claude-before"])


async def test_pausing_holds_the_rows_and_counts_what_is_missed(sidestep: Shown, look: Open) -> None:
    page = await look(sidestep.url)
    await page.get_by_role("button", name="Pause").click()
    await _send_all(sidestep.url, [conversation(number) for number in range(3)])
    await expect(page.locator("#connection-text")).to_have_text("Paused, 3 new")
    assert await page.locator("tr.request").count() == 0
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("tr.request")).to_have_count(3)


async def test_hundreds_a_second_keep_the_rows_bounded_and_the_page_responsive(sidestep: Shown, look: Open) -> None:
    """Responsive: what is pressed while they come takes effect while they still come."""
    page = await look(sidestep.url)
    flood = asyncio.create_task(_send_all(sidestep.url, [conversation(number) for number in range(400)]))
    await expect(page.locator("tr.request")).to_have_count(200)
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("#connection")).to_have_attribute("data-state", "paused")
    await page.get_by_role("button", name="Pause").click()
    assert set(await flood) == {200}
    await expect(page.locator("#forwarded")).to_have_text("400")
    assert await page.locator("#requests-table tbody tr").count() == 200


async def test_nothing_secret_is_in_the_page_and_no_markup_of_a_client(sidestep: Shown, look: Open) -> None:
    head, body = conversation(model=MARKUP)
    planted = {**orjson.loads(body), "system": SECRET, "metadata": {"user_id": SECRET}}
    planted["messages"][0]["content"] = SECRET
    headers = {"x-api-key": SECRET, "authorization": f"Bearer {SECRET}", "cookie": SECRET}
    secretive = Head("POST", f"/v1/messages?key={SECRET}", {**head.headers, **headers})
    page = await look(sidestep.url)
    await _send_all(sidestep.url, [(secretive, orjson.dumps(planted))])
    await expect(page.locator("tr.request td.model")).to_have_text("other")
    await page.locator("tr.request button").click()
    await page.locator(".steps li").first.wait_for()
    content = await page.content()
    assert SECRET not in content
    assert "onerror" not in content
    assert await page.locator("img").count() == 0


async def test_a_phone_needs_no_sideways_scrolling(sidestep: Shown, look: Open, shipped: Loaded) -> None:
    await _send_all(sidestep.url, mix(shipped, 3))
    page = await look(sidestep.url, viewport={"width": 320, "height": 640})
    await page.locator("tr.request button").first.click()
    await page.locator("tr.detail").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    table = "document.querySelector('.requests').closest('.scroll')"
    assert await page.evaluate(f"{table}.scrollWidth - {table}.clientWidth") == 0


async def test_switches_and_agreement_are_shown(
    shipped: Loaded, upstream: ScriptedUpstream, look: Open, tmp_path: Path
) -> None:
    on, other = [rule for rule in shipped.rules.rules if rule.answer is not None][:2]
    matched = next(len(entry.model.matches) for entry in shipped.entries if entry.rule is on)
    rules = RuleSet((replace(on, status="shadow"),), (replace(other, status="off"),))
    async with shown(rules, upstream.url, tmp_path) as sidestep:
        page = await look(sidestep.url, ENDS)
        await _send_all(sidestep.url, [request for request in mix(shipped, 0) if b'"quota"' in request[1]])
        shadow, off = page.locator("#rules tr").nth(0), page.locator("#rules tr").nth(1)
        await expect(shadow.locator(".badge")).to_have_text("shadow")
        await expect(off.locator(".badge")).to_have_text("off")
        await expect(shadow.locator("td").nth(3)).to_have_text(f"{matched} not compared in shadow")

"""`make screenshot`: an hour of scripted work through Sidestep, sped up, and how its page looks behind it.

The requests are real ones, to a scripted upstream; the time of day alone is made up, and moves on between them.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from playwright.async_api import Browser

from proxy.exchange import Head
from proxy.journal.writer import PAUSE
from proxy.rules.examples import request_of
from proxy.rules.load import Loaded, load
from proxy.rules.ruleset import RuleSet
from proxy.scripted import ContentBlock, Failure
from tests.live.browser import SCHEMES, Scheme, chromium
from tests.live.given import TEXT, Shown, conversation, scripted, send, shown

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MINUTES = 60
SEED = 7
IN_SHADOW = "command-prefix"
_FAILING = 0.04
_FAILURES = (Failure(429), Failure(529), Failure(529), Failure(500), Failure(200, "error"), Failure(200, "cut"))
MODELS = ("claude-sonnet-5-5", "claude-sonnet-5-5", "claude-opus-5-1")


class Clock:
    """The time of day, some seconds before what it is."""

    def __init__(self) -> None:
        self.behind = 0.0
        self._real = time.time

    def __call__(self) -> float:
        return self._real() - self.behind

    @contextmanager
    def in_force(self) -> Iterator[None]:
        time.time = self
        try:
            yield
        finally:
            time.time = self._real


def rules(loaded: Loaded) -> RuleSet:
    """The shipped ones, one of them still in shadow."""
    return RuleSet(
        tuple(replace(rule, status="shadow") if rule.name == IN_SHADOW else rule for rule in loaded.rules.rules)
    )


def answered(loaded: Loaded) -> list[tuple[tuple[Head, bytes], str]]:
    """Examples that the rules answer, with the answer."""
    return [
        (request_of(entry.base, entry.model.base, example), example.answer)
        for entry in loaded.entries
        for example in entry.model.matches
        if example.answer is not None
    ]


def say(texts: Mapping[bytes, str], chance: random.Random, body: dict[str, Any]) -> list[ContentBlock] | Failure:
    """The model's part; now and then the upstream fails."""
    if chance.random() < _FAILING:
        return chance.choice(_FAILURES)
    return [{"type": "text", "text": texts.get(orjson.dumps(body), TEXT)}]


async def work(page: Shown, loaded: Loaded, clock: Clock) -> None:
    """An hour: a person at work for most of it, with questions of the client's own in between."""
    chance = random.Random(SEED)
    questions = [request for request, _ in answered(loaded)]
    async with aiohttp.ClientSession() as session:
        for minute in range(MINUTES, -1, -1):
            clock.behind = minute * 60
            busy = 1 if 34 < minute < 41 else chance.randint(3, 9)
            for number in range(busy):
                size = chance.randint(2_000, 90_000)
                await send(session, page.url, *conversation(minute + number, model=chance.choice(MODELS), size=size))
                for head, body in chance.sample(questions, chance.randint(0, 3)):
                    fresh = {**head.headers, "x-claude-code-session-id": f"s{minute}-{number}"}
                    await send(session, page.url, Head(head.method, head.path, fresh), body)
            if minute % 19 == 4:
                stranger = Head("GET", "/v1/models", {"host": "rebound.example"})
                await send(session, page.url, stranger, b"")
            await asyncio.sleep(PAUSE / 5)
        await send(session, page.url, *next(request for request, _ in answered(loaded) if b"<session>" in request[1]))
        for number in range(4):
            await send(session, page.url, *conversation(number, size=30_000))


async def picture(
    browser: Browser,
    url: str,
    scheme: Scheme,
    file: Path,
    width: int = 1280,
    height: int = 1230,
    *,
    whole: bool = False,
) -> None:
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", timezone_id="UTC"
    )
    page = await context.new_page()
    await page.goto(f"{url}/-/")
    await page.locator("tr.request").first.wait_for()
    await page.locator("#chart-requests rect").nth(20).wait_for()
    await page.locator("tr.request", has_text="session-title").first.locator("button").click()
    await page.locator(".steps").wait_for()
    await page.mouse.move(0, 0)
    await page.screenshot(path=file, full_page=whole)
    await context.close()


async def main(folder: Path) -> None:
    loaded, clock = load(ROOT / "rules"), Clock()
    async with AsyncExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(clock.in_force())
        texts = {body: answer for (_, body), answer in answered(loaded)}
        upstream = await stack.enter_async_context(scripted(partial(say, texts, random.Random(SEED))))
        clock.behind = MINUTES * 60
        page = await stack.enter_async_context(shown(rules(loaded), upstream.url, state, breaker={"window": 0.0}))
        await work(page, loaded, clock)
        upstream.pause = 1.0
        running = asyncio.create_task(_running(page.url))
        browser = await stack.enter_async_context(chromium())
        for scheme in SCHEMES:
            await picture(browser, page.url, scheme, folder / f"page-{scheme}.png")
        if folder != DOCS:
            for scheme, width in product(SCHEMES, (390, 820, 1440)):
                await picture(browser, page.url, scheme, folder / f"page-{scheme}-{width}.png", width, 900, whole=True)
        upstream.pause = 0
        await running


async def _running(url: str) -> None:
    """Two conversations that go on while the pictures are taken."""
    async with aiohttp.ClientSession() as session:
        talks = [send(session, url, *conversation(number, size=20_000)) for number in range(2)]
        await asyncio.gather(*talks)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS))

"""An hour of real clients among sixty errors of the upstream: each figure that Sidestep tells, beside what was counted.

`python -m tests.e2e.hour FOLDER [MINUTES]`: both agent SDKs talk once a minute, an old client and the newest now and
then in the terminal, all with one proxy. In the end `stats`, the live page and the metrics are held against the
upstream's own counts, and pictures of the page are left in FOLDER.
"""

import asyncio
import itertools
import json
import re
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from proxy.scripted import ContentBlock, Failure, ScriptedUpstream
from tests.e2e import clients, costs, errors, scenario
from tests.e2e.isolation import isolated, raise_loopback, restart_isolated
from tests.e2e.kinds import kind_of
from tests.e2e.proxy import Sidestep, sidestep, stats
from tests.e2e.upstream import running
from tests.live.browser import SCHEMES, chromium

OLD = "2.0.64"
_WIDTHS = (390, 820, 1440)
_TURN = 50.0
"""Seconds from one turn of an SDK to the next."""
_VISITS = 600.0
"""Seconds from one session in the terminal to the next."""


@dataclass(slots=True)
class Script:
    """Sixty of the conversations fail, one after the other as the hour goes by, each in another way."""

    seconds: float
    began: float = field(default_factory=time.monotonic)
    failed: int = 0

    def __call__(self, body: dict[str, Any]) -> list[ContentBlock] | Failure:
        due = (time.monotonic() - self.began) / self.seconds * (errors.ERRORS + 1)
        # Some of the failures can only happen to a stream.
        conversation = body.get("stream") is True and kind_of("POST", "/v1/messages", body) == "conversation"
        if conversation and self.failed < min(errors.ERRORS, int(due)):
            self.failed += 1
            return list(errors.KINDS)[self.failed % len(errors.KINDS)]
        return costs.script(body)


def main(arguments: list[str]) -> int:
    folder, minutes = Path(arguments[0]).absolute(), float(arguments[1]) if len(arguments) > 1 else 60.0
    if not isolated():
        for version in (OLD, clients.newest()):
            clients.install(version)
        costs.install()
        folder.mkdir(parents=True, exist_ok=True)
        restart_isolated([str(folder), str(minutes), clients.newest()], "tests.e2e.hour")
    raise_loopback()
    wrong = list(faults(arguments[2], folder, minutes))
    for fault in wrong:
        print(f"    FAULT: {fault}", flush=True)
    print(f"hour: {len(wrong)} figures are wrong")
    return 1 if wrong else 0


def faults(version: str, folder: Path, minutes: float) -> Iterator[str]:
    """Where anything that Sidestep tells is not what was counted."""
    with ExitStack() as stack:
        upstream = stack.enter_context(running(Script(minutes * 60)))
        with sidestep(upstream.url, folder) as proxy:
            _work(version, folder, proxy, minutes)
            while proxy.idle_for() < 2:
                time.sleep(0.1)
            metrics, page = _scraped(proxy), errors.page(proxy)
            asyncio.run(_pictures(proxy.url, folder))
        told = stats(folder)
    seen = _seen(proxy, upstream)
    for name, number in seen.items():
        print(f"{name:<40} {number}", flush=True)
    if sum(upstream.failed.values()) < errors.ERRORS:
        yield f"only {sum(upstream.failed.values())} errors"
    for where, figures in (("metrics", metrics), ("page", _of_page(page)), ("stats", _of_stats(told))):
        (folder / f"{where}.json").write_text(json.dumps(figures, indent=1, sort_keys=True))
        for name, number in figures.items():
            if name in seen and number != seen[name]:
                yield f"{where}: {name} is {number}, and there were {seen[name]}"
        missing = [name for name in seen if name not in figures and not (where == "stats" and name.startswith("rule "))]
        print(f"{where}: {len(figures)} figures; does not tell {missing}", flush=True)


def _work(version: str, folder: Path, proxy: Sidestep, minutes: float) -> None:
    """All that people do; returns when the hour is over and nobody talks any more."""
    ends = time.monotonic() + minutes * 60
    prompts = [f"Turn {number}: {scenario.QUESTION}?" for number in range(int(minutes * 60 / _TURN))]

    def talk(agent: str) -> None:
        client = clients.prepare(version, folder / agent, proxy.url, subscription=False)
        costs.run(agent, client, prompts, pause=_TURN, limit=minutes * 120 + 300)

    def visit() -> None:
        for number in itertools.count():
            if time.monotonic() + 120 > ends:
                return
            which = (OLD, version)[number % 2]
            client = clients.prepare(which, folder / f"terminal-{number}", proxy.url, subscription=True)
            print(f"{which} in the terminal: {list(scenario.in_terminal(client, proxy))}", flush=True)
            time.sleep(min(_VISITS, max(0.0, ends - time.monotonic())))

    threads = [threading.Thread(target=talk, args=[agent]) for agent in costs.AGENTS] + [threading.Thread(target=visit)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _seen(proxy: Sidestep, upstream: ScriptedUpstream) -> dict[str, int]:
    """What was counted on the upstream's side, and of answers by the log, a line each."""
    answered = Counter(line["rule"] for line in proxy.requests() if line["outcome"] == "answered")
    found = {"answered": answered.total(), "forwarded": len(upstream.seen), "failed": 0, "refused": 0}
    found |= {f"rule {rule}": times for rule, times in answered.items()}
    by_kind: Counter[str] = Counter()
    for failure, times in upstream.failed.items():
        by_kind[errors.KINDS[failure]] += times
    found |= {f"error {kind}": times for kind, times in by_kind.items()}
    told = upstream.usage
    cached, written = told["cache_read_input_tokens"], told["cache_creation_input_tokens"]
    found["tokens in"] = told["input_tokens"] + cached + written
    found |= {"tokens out": told["output_tokens"], "tokens cached": cached, "saved requests": answered.total()}
    return found


def _scraped(proxy: Sidestep) -> dict[str, int]:
    with urllib.request.urlopen(f"{proxy.url}/-/metrics", timeout=10) as reply:
        text = reply.read().decode()
    found: Counter[str] = Counter({"failed": 0, "refused": 0})
    for name, labels, value in re.findall(r"^sidestep_(\w+?)(?:\{(.*)\})? (\S+)$", text, re.MULTILINE):
        label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        number = int(float(value))
        match name:
            case "requests_total":
                found[label["outcome"]] += number
                if label["outcome"] == "answered":
                    found[f"rule {label['rule']}"] += number
            case "upstream_errors_total" if number:
                found[f"error {label['kind']}"] += number
            case "upstream_tokens_total":
                found["tokens out" if label["kind"] == "output" else "tokens in"] += number
                if label["kind"] == "cache_read":
                    found["tokens cached"] += number
            case "saved_requests_total":
                found["saved requests"] += number
    return dict(found)


def _of_page(page: dict[str, Any]) -> dict[str, int]:
    counts = page["counts"]
    found = {"failed": 0, "refused": 0, **counts["outcomes"]}
    found |= {f"rule {rule['name']}": rule["answered"] for rule in page["rules"] if rule["answered"]}
    found |= {f"error {kind}": times for kind, times in counts["errors"].items()}
    tokens = counts["tokens"]
    found["tokens in"] = tokens["input"] + tokens["cache_read"] + tokens["cache_creation"]
    found |= {"tokens out": tokens["output"], "tokens cached": tokens["cache_read"]}
    return found | {"saved requests": counts["saved"]["requests"]}


def _of_stats(told: dict[str, Any]) -> dict[str, int]:
    total = told["total"]
    found = {name: total[name] for name in ("answered", "forwarded", "failed", "refused")}
    found |= {f"error {kind}": times for kind, times in total["upstream_errors"].items()}
    found |= {"tokens in": total["input_tokens"], "tokens out": total["output_tokens"]}
    return found | {"tokens cached": total["cache_read_tokens"], "saved requests": total["saved"]["answers"]}


async def _pictures(url: str, folder: Path) -> None:
    """The page as a person sees it, at the end of the hour."""
    async with chromium() as browser:
        for scheme, width in product(SCHEMES, _WIDTHS):
            context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page = await context.new_page()
            await page.goto(f"{url}/-/")
            await page.locator("tr.request").first.wait_for()
            await page.screenshot(path=folder / f"page-{scheme}-{width}.png", full_page=True)
            await context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

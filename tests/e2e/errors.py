"""A session among errors of the upstream: what Sidestep tells of them, beside what the upstream counted."""

import json
import re
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.scripted import ContentBlock, Failure
from tests.e2e import clients, costs, scenario
from tests.e2e.kinds import kind_of
from tests.e2e.proxy import Sidestep, sidestep, stats
from tests.e2e.upstream import running

ERRORS = 60
KINDS = {
    Failure(429): "429",
    Failure(529): "529",
    Failure(500): "5xx",
    Failure(200, "error"): "error in stream",
    Failure(401): "4xx",
    Failure(200, "cut"): "stream without end",
    Failure(529, "error"): "529",
    Failure(200, "empty"): "empty reply",
}


@dataclass(slots=True)
class Script:
    """Every other conversation fails, each time in another way."""

    asked: int = 0

    def __call__(self, body: dict[str, Any]) -> list[ContentBlock] | Failure:
        if kind_of("POST", "/v1/messages", body) == "conversation":
            self.asked += 1
            if self.asked % 2 and self.asked < 2 * ERRORS:
                return list(KINDS)[self.asked // 2 % len(KINDS)]
        return costs.script(body)


def faults(version: str) -> Iterator[str]:
    """Where anything that Sidestep tells is not what the upstream counted."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(running(Script()))
        with sidestep(upstream.url, folder) as proxy:
            client = clients.prepare(version, folder, proxy.url, subscription=False)
            done = costs.run("javascript", client, [f"Turn {number}" for number in range(ERRORS)], pause=0.2)
            while proxy.idle_for() < 1:
                time.sleep(0.1)
            scraped, counts = _scraped(proxy), page(proxy)["counts"]
        outcome = scenario.Outcome(version, "errors", forwarded=scenario.kinds(upstream.seen))
        outcome.answered.update(line["rule"] for line in proxy.requests() if line["outcome"] == "answered")
        told = stats(folder)
    counted: Counter[str] = Counter()
    for failure, times in upstream.failed.items():
        counted[KINDS[failure]] += times
    print(f"{version:<9} errors     {sum(counted.values())} of the upstream: {dict(counted)}", flush=True)
    if sum(counted.values()) < ERRORS:
        yield f"these are too few: {done.stderr[-500:]}"
    for where, found in (("metrics", scraped), ("page", counts["errors"]), ("stats", told["total"]["upstream_errors"])):
        if dict(found) != dict(counted):
            yield f"{where}: {dict(found)}"
    if counts["outcomes"] != {"answered": outcome.answered.total(), "forwarded": outcome.forwarded.total()}:
        yield f"page: {counts['outcomes']}, and {outcome} were seen"
    yield from scenario.misreported(told, outcome, upstream)


def _scraped(proxy: Sidestep) -> "Counter[str]":
    with urllib.request.urlopen(f"{proxy.url}/-/metrics", timeout=10) as reply:
        lines = re.findall(
            r'^sidestep_upstream_errors_total\{kind="(.*)"\} (\S+)$', reply.read().decode(), re.MULTILINE
        )
    return Counter({kind: int(float(times)) for kind, times in lines if float(times)})


def page(proxy: Sidestep) -> dict[str, Any]:
    """What the page is told beside its rows."""
    with urllib.request.urlopen(f"{proxy.url}/-/events", timeout=10) as reply:
        while not (line := reply.readline()).startswith(b"data: "):
            pass
    sections: dict[str, Any] = json.loads(line.removeprefix(b"data: "))["sections"]
    return sections

"""Ten turns of a real client in a terminal, as a person has them: directly, or through Sidestep."""

import bisect
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import clients, scenario
from tests.e2e.clients import Client
from tests.e2e.proxy import sidestep
from tests.e2e.terminal import Terminal
from tests.e2e.upstream import started
from tests.savings.results import Pair, Session, Turn
from tests.savings.upstream import TURNS, Asked, Model, reply_to

READS = 2.0
"""Seconds for which the person reads, before typing on."""

_READY_SECONDS = 60
_RATE_LIMITS = {
    "anthropic-ratelimit-unified-status": "allowed",
    "anthropic-ratelimit-unified-5h-status": "allowed",
    "anthropic-ratelimit-unified-5h-utilization": "0.2",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One version, and what stands behind it: a model with one slot, or Anthropic with as many as one likes."""

    version: str
    subscription: bool = False
    """With suggestions, as accounts have them that Anthropic has switched them on for."""
    titles: bool = True

    @property
    def name(self) -> str:
        if self.subscription:
            return f"{self.version} on a subscription, suggestions on"
        return f"{self.version} before a local model" + ("" if self.titles else " whose titles are no JSON")


class CutShortError(Exception):
    """A session that did not come to its end, with the screen."""


def play(case: Case, *, through: bool) -> tuple[Session, list[str]]:
    """One session, everything of it fresh, and what Sidestep warned of."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        headers = _RATE_LIMITS if case.subscription else {}
        model = Model(headers=headers, slots=64 if case.subscription else 1, titles=case.titles)
        stack.enter_context(started(model))
        setting = "upstream.rate_limits=true" if case.subscription else "upstream.kind=local"
        proxy = stack.enter_context(sidestep(model.url, folder, [setting])) if through else None
        client = _client(case, folder, proxy.url if proxy else model.url)
        enters, replies = _talk(client)
        return split(model.asked, enters, replies), list(scenario.warnings(proxy)) if proxy else []


def _client(case: Case, folder: Path, url: str) -> Client:
    client = clients.prepare(case.version, folder, url, subscription=case.subscription)
    if not case.subscription:
        del client.env["ANTHROPIC_API_KEY"], client.env["CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION"]
        client.env.update(ANTHROPIC_AUTH_TOKEN="local", ANTHROPIC_MODEL="local-model", ENABLE_TOOL_SEARCH="false")
    return client


def _talk(client: Client) -> tuple[list[float], list[float]]:
    """When the person pressed Enter in each turn, and when its reply was on the screen."""
    enters, replies = [], []
    with Terminal(client, []) as terminal:
        if not terminal.wait(lambda: terminal.shows(*scenario.READY), _READY_SECONDS):
            raise CutShortError(terminal.screen())
        _read(terminal)
        for number, (text, _) in enumerate(TURNS, 1):
            terminal.write(text)
            enters.append(time.perf_counter())
            terminal.enter()
            if not scenario.replied(terminal, reply_to(number)):
                raise CutShortError(terminal.screen())
            replies.append(time.perf_counter())
            _read(terminal)
    return enters, replies


def _read(terminal: Terminal) -> None:
    terminal.wait(lambda: False, READS)


def split(asked: Sequence[Asked], enters: Sequence[float], replies: Sequence[float]) -> Session:
    """The requests by turns: each belongs to the last Enter before it, those before the first to the start."""
    parts: list[list[Asked]] = [[] for _ in range(len(enters) + 1)]
    for request in asked:
        parts[bisect.bisect(enters, request.at)].append(request)
    waited = [0.0, *(reply - enter for enter, reply in zip(enters, replies, strict=True))]
    return Session([_turn(seconds, part) for seconds, part in zip(waited, parts, strict=True)])


def _turn(waited: float, asked: Sequence[Asked]) -> Turn:
    kinds = Counter(request.kind for request in asked)
    return Turn(round(waited, 2), dict(kinds), sum(one.read for one in asked), sum(one.written for one in asked))


def wrong(pair: Pair) -> Iterator[str]:
    """Where a session through Sidestep was not the same session, or saved nothing."""
    before, after = pair.direct.of("conversation"), pair.through.of("conversation")
    if before != after:
        yield f"{after} requests of the conversation through Sidestep, and {before} directly"
    if pair.through.requests >= pair.direct.requests:
        yield f"{pair.through.requests} requests through Sidestep, and {pair.direct.requests} directly"

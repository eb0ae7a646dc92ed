"""Everything on the page but the requests that have ended: section by section, as plain data."""

import platform
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from proxy import __version__
from proxy.decision.desk import Desk
from proxy.decision.shadow import Verdict
from proxy.downstream.access import LOCAL_PATHS
from proxy.live.charts import History
from proxy.live.feed import Feed
from proxy.live.rows import running
from proxy.local.status import health, went_wrong
from proxy.replies.usage import Usage
from proxy.rules.ruleset import Rule
from proxy.settings.config import Config, origin
from proxy.telemetry.request_log import RequestLog
from proxy.telemetry.savings import Savings

_RUNNING = 50
"""Running requests that are shown, the oldest first."""

_NOTICES = 20
"""Signs of drift that are shown, the latest."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """Read-only view of the process. `started` in seconds since the epoch."""

    config: Config
    desk: Desk
    request_log: RequestLog
    feed: Feed
    history: History | None
    started: float

    def sections(self) -> dict[str, Any]:
        """Every section by name. None contains a token, a header, a query, or the credentials of a proxy."""
        return {name: read(self) for name, read in _SECTIONS.items()}


def _running(state: LiveState) -> list[dict[str, Any]]:
    found = [one for one in state.request_log.running.values() if not one.head.path.startswith(LOCAL_PATHS)]
    return [running(one) for one in found[:_RUNNING]]


def _counts(state: LiveState) -> dict[str, Any]:
    counters, outcomes = state.request_log.counters, Counter[str]()
    for (outcome, *_), count in counters.requests.items():
        outcomes[outcome] += count
    del outcomes["local"]
    errors = dict(counters.upstream_errors)
    return {
        "outcomes": outcomes,
        "errors": errors,
        "streams": counters.streams,
        "overhead": _ms(state.feed.overhead),
        "tokens": {name: counters.tokens[name] for name in Usage._fields},
        "saved": _saved(counters.saved),
    }


def _saved(saved: Savings) -> dict[str, float]:
    whole = {"requests": saved.requests, "bytes": saved.size}
    return {**whole, "tokens": round(saved.tokens), "cached": round(saved.cached), "time": round(saved.time, 1)}


def _rules(state: LiveState) -> list[dict[str, Any]]:
    counters, answers = state.request_log.counters, state.feed.answers
    answered, reasons = Counter[str](), defaultdict[str, dict[str, int]](dict)
    for (outcome, rule, *_), count in counters.requests.items():
        if outcome == "answered":
            answered[rule] += count
    for (outcome, rule, reason), count in counters.reasons.items():
        if outcome != "refused":
            reasons[rule][reason] = reasons[rule].get(reason, 0) + count
    rules = state.desk.now.rules
    return [
        {
            "name": rule.name,
            "about": rule.about,
            "guard": rule.guards,
            "state": _switch(state, rule),
            "overridden": rule.overridden,
            "answered": answered[rule.name],
            "reasons": reasons.get(rule.name, {}),
            "agreement": _agreement(state, rule.name),
            "audits": _audits(state, rule.name),
            "median": _ms(answers.get(rule.name)),
        }
        for rule in (*rules.rules, *rules.off)
    ]


def _switch(state: LiveState, rule: Rule) -> str:
    return "tripped" if rule.status == "on" and state.desk.now.breaker.in_shadow(rule.name) else rule.status


def _agreement(state: LiveState, rule: str) -> Mapping[Verdict, int] | None:
    found = state.desk.agreements.counts.get(rule)
    return found.counts if found else None


def _audits(state: LiveState, rule: str) -> tuple[int, int] | None:
    """How many of the last audits agreed, and how many there were."""
    found = state.desk.agreements.counts.get(rule)
    return (sum(found.audited), len(found.audited)) if found and found.audited else None


def _upstream(state: LiveState) -> dict[str, Any]:
    counters, now = state.request_log.counters, time.time()
    seen = went_wrong(counters, now)
    return {
        "state": health(counters, now),
        "reply": counters.last_reply,
        "fault": counters.last_fault,
        "faults": dict(counters.faults),
        "lately": [sum(seen), len(seen)],
        "opened": counters.opened,
        "reused": counters.reused,
    }


def _setup(state: LiveState) -> dict[str, Any]:
    config, desk = state.config, state.desk
    return {
        "version": __version__,
        "python": platform.python_version(),
        "started": state.started,
        "upstream": origin(config.upstream.url),
        "proxy": origin(config.upstream.proxy) if config.upstream.proxy else "",
        "rules": len(desk.now.rules.rules),
        "faults": desk.faults,
        "reloads": dict(state.request_log.counters.reloads),
        "token": bool(config.listen.token),
        "capture": config.capture.enabled,
        "journal": state.history is not None and state.history.enabled,
        "trouble": state.history.trouble if state.history is not None else "",
    }


def _drift(state: LiveState) -> list[dict[str, Any]]:
    return state.desk.sightings.rows()[-_NOTICES:]


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


_SECTIONS: Mapping[str, Callable[[LiveState], Any]] = {
    "running": _running,
    "counts": _counts,
    "rules": _rules,
    "upstream": _upstream,
    "setup": _setup,
    "drift": _drift,
}

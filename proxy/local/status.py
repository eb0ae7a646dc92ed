"""The state of the process: `/-/ready` for load balancers, and the status line for people.

The state of the upstream comes from forwarded traffic. The upstream is never probed.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, Literal

from proxy.decision.desk import Desk
from proxy.record import Outcome
from proxy.telemetry.counters import Counters

Health = Literal["ok", "unsteady", "failing", "unknown"]

LATELY = 600.0
"""Seconds after which a request no longer says anything about the upstream."""

_IN_A_ROW = 3
"""The upstream is failing if so many forwarded requests in a row went wrong."""

_COUNTED: tuple[Outcome, ...] = ("answered", "forwarded", "refused", "failed")
"""All but requests for its own pages, which a load balancer makes every second."""

_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


def readiness(desk: Desk, counters: Counters, trouble: str, now: float) -> dict[str, Any]:
    """The state as JSON; `trouble` is the journal's, `now` is in seconds since the epoch, times are in ISO 8601.

    `ready` depends on the rules, and on whether the process is about to end. It does not depend on the upstream: all
    instances share it, so a load balancer would remove all of them, although each can still answer questions and tell
    clients what failed.
    """
    faults = [*desk.faults, *(["stopping"] if desk.stopping else [])]
    reload, reply, fault = counters.last_reload, counters.last_reply, counters.last_fault
    seen = went_wrong(counters, now)
    return {
        "ready": not faults,
        "rules": len(desk.now.rules.rules),
        "faults": faults,
        "reload": reload and {"result": reload[1], "at": _time(reload[0])},
        "restart_for": list(desk.restart_for),
        "upstream": {
            "state": health(counters, now),
            "lately": {"requests": len(seen), "wrong": sum(seen)},
            "last_reply": reply and _time(reply),
            "last_fault": fault and {"kind": fault[1], "at": _time(fault[0])},
        },
        "journal": trouble or None,
    }


def health(counters: Counters, now: float) -> Health:
    """The upstream's state by the latest forwarded requests; unknown if these are too old."""
    state, at, _ = _latest(counters, now)
    return "unknown" if now - at > LATELY else state


def status_line(desk: Desk, counters: Counters, now: float) -> str:
    """`13 rules; 1,234 requests: 310 answered, 920 forwarded, 4 failed; 3 running; upstream ok 2 s ago`."""
    counts: Counter[str] = Counter()
    for (outcome, *_), count in counters.requests.items():
        counts[outcome] += count
    parts = [_of(len(desk.now.rules.rules), "rule")]
    if desk.faults:
        parts.append(_of(len(desk.faults), "fault") + " in them")
    if desk.restart_for:
        parts.append(f"restart for {', '.join(desk.restart_for)}")
    outcomes = ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in _COUNTED if counts[outcome])
    parts.append(_of(sum(counts[outcome] for outcome in _COUNTED), "request") + (f": {outcomes}" if outcomes else ""))
    return "; ".join([*parts, f"{counters.running:,} running", _upstream(counters, now)])


def _upstream(counters: Counters, now: float) -> str:
    state, at, seen = _latest(counters, now)
    ago = f"{_age(now - at)} ago"
    match state, counters.last_fault:
        case "unknown", _:
            return "upstream not asked yet"
        case "failing", (_, kind):
            return f"upstream failing ({kind}) {ago}"
        case "unsteady", (_, kind):
            return f"upstream unsteady ({kind}, {sum(seen)} of {len(seen)} went wrong) {ago}"
        case _:
            return f"upstream {state} {ago}"


def went_wrong(counters: Counters, now: float) -> list[bool]:
    """For each recent forwarded request, in order: whether its reply was an error or not complete."""
    return [bool(fault) for at, fault in counters.lately.values() if now - at <= LATELY]


def _latest(counters: Counters, now: float) -> tuple[Health, float, list[bool]]:
    """The upstream's state at the last request; when that was; and which recent requests went wrong."""
    if not counters.lately:
        return "unknown", 0.0, []
    at, fault = next(reversed(counters.lately.values()))
    seen = went_wrong(counters, now) or [bool(fault)]
    if all(seen[-_IN_A_ROW:]):
        return "failing", at, seen
    return "unsteady" if any(seen) else "ok", at, seen


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _age(seconds: float) -> str:
    """In the largest unit that fits; never negative, even if the clock was set back."""
    size, unit = next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])
    return f"{max(0, int(seconds / size))} {unit}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

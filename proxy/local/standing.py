"""How the process stands: what `/-/ready` tells a balancer, and the status line a person.

Of the upstream, both say what the forwarded traffic showed; nothing is asked of it for their sake.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, Literal

from proxy.decision.desk import Desk
from proxy.exchange import Outcome
from proxy.telemetry.tally import Tally

Reachable = Literal["ok", "failing", "unknown"]

LATELY = 600.0
"""Seconds after which what was seen of the upstream says nothing about it any more."""

_COUNTED: tuple[Outcome, ...] = ("answered", "forwarded", "refused", "failed")
"""All but those to its own pages: a balancer that asks every second is no traffic."""

_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


def readiness(desk: Desk, tally: Tally, trouble: str, now: float) -> dict[str, Any]:
    """The state as JSON has it; `trouble` is the journal's, `now` in seconds since the epoch, times in ISO 8601.

    `ready` depends on the rules and on whether the process is about to end, and not on the upstream: all instances
    have the same one, and a balancer would take them all out at once, where each can still answer, and tell clients
    what failed.
    """
    faults = [*desk.faults, *(["stopping"] if desk.stopping else [])]
    reload, reply, fault = tally.last_reload, tally.last_reply, tally.last_fault
    return {
        "ready": not faults,
        "rules": len(desk.now.rules.rules),
        "faults": faults,
        "reload": reload and {"result": reload[1], "at": _time(reload[0])},
        "restart_for": list(desk.restart_for),
        "upstream": {
            "state": reachable(tally, now),
            "last_reply": reply and _time(reply),
            "last_fault": fault and {"kind": fault[1], "at": _time(fault[0])},
        },
        "journal": trouble or None,
    }


def reachable(tally: Tally, now: float) -> Reachable:
    """What the latest forwarded request showed of the upstream, if that was lately."""
    state, at = _latest(tally)
    return "unknown" if now - at > LATELY else state


def status_line(desk: Desk, tally: Tally, now: float) -> str:
    """`13 rules; 1,234 requests: 310 answered, 920 forwarded, 4 failed; 3 running; upstream ok 2 s ago`."""
    counts: Counter[str] = Counter()
    for (outcome, *_), count in tally.requests.items():
        counts[outcome] += count
    parts = [_of(len(desk.now.rules.rules), "rule")]
    if desk.faults:
        parts.append(_of(len(desk.faults), "fault") + " in them")
    if desk.restart_for:
        parts.append(f"restart for {', '.join(desk.restart_for)}")
    told = ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in _COUNTED if counts[outcome])
    parts.append(_of(sum(counts[outcome] for outcome in _COUNTED), "request") + (f": {told}" if told else ""))
    return "; ".join([*parts, f"{tally.running:,} running", _upstream(tally, now)])


def _upstream(tally: Tally, now: float) -> str:
    state, at = _latest(tally)
    match state, tally.last_fault:
        case "unknown", _:
            return "upstream not asked yet"
        case "failing", (_, kind):
            return f"upstream failing ({kind}) {_age(now - at)} ago"
        case _:
            return f"upstream {state} {_age(now - at)} ago"


def _latest(tally: Tally) -> tuple[Reachable, float]:
    """What was seen of the upstream last, and when."""
    reply = tally.last_reply or 0.0
    if tally.last_fault is not None and tally.last_fault[0] >= reply:
        return "failing", tally.last_fault[0]
    return ("ok", reply) if reply else ("unknown", 0.0)


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _age(seconds: float) -> str:
    """In the largest unit of which it is at least one; a clock that was set back makes no negative age."""
    size, unit = next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])
    return f"{max(0, int(seconds / size))} {unit}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

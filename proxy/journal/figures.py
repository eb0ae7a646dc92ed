"""Figures from the journal for `stats`: sums over time, and what answers have saved."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from statistics import fmean, median

from proxy.telemetry.savings import AvoidedCost, Measures

HOUR = 3600.0

MEASURED = 1000
"""Latest forwards of a rule that are used."""

_AUDITS = """
    SELECT rule, verdict = 'same' FROM requests
    WHERE at >= ? AND outcome = 'forwarded' AND rule <> '' AND reason = 'audit' AND verdict IN ('same', 'different')
    ORDER BY at DESC
"""

LATEST = 20_000
"""Requests that savings are estimated from, where a rule has no forwards of its own."""

RuleAndModel = tuple[str, str]
"""A rule, and a model family."""

# The column of each grouping. The day of an hour depends on the time zone, which SQL does not know.
_GROUPED_BY: Mapping[str, str] = {"": "''", "rule": "rule", "model": "family", "day": "hour", "client": "client"}

_SUMS = """
    SELECT {group}, outcome, rule, family, sum(requests), sum(same), sum(different), sum(counted),
           sum(input), sum(output), sum(cache_read), sum(cache_creation), sum(duration)
    FROM hours WHERE hour >= ? AND outcome <> 'local' GROUP BY 1, 2, 3, 4
"""
_ERRORS = "SELECT {group}, kind, sum(requests) FROM upstream_errors WHERE hour >= ? GROUP BY 1, 2"
_OVERHEADS = "SELECT {group}, own, sum(requests) FROM own_times WHERE hour >= ? GROUP BY 1, 2"

_MEASURED = """
    SELECT duration, input + cache_read + cache_creation, cache_read, output FROM requests
    WHERE rule = ? AND family = ? AND outcome = 'forwarded' AND rule <> '' AND status = 200 AND error = ''
    ORDER BY at DESC LIMIT ?
"""
_LATEST = """
    SELECT rule, family, session, at, bytes_in, input + cache_read + cache_creation FROM requests
    WHERE at >= ? AND (outcome = 'answered' OR
        outcome = 'forwarded' AND status = 200 AND error = '' AND fault = '' AND input IS NOT NULL)
    ORDER BY at DESC LIMIT ?
"""


@dataclass(slots=True)
class Totals:
    """Sums over some requests. Tokens as the upstream counted them; times in milliseconds."""

    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    errors: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Forwarded requests to which the upstream replied with an error, by kind (`replies.errors.UPSTREAM_ERRORS`)."""
    same: int = 0
    different: int = 0
    counted: int = 0
    """Requests whose tokens are known."""
    input: float = 0.0
    """Neither read from the cache nor written to it."""
    output: float = 0.0
    cache_read: float = 0.0
    cache_creation: float = 0.0
    answered: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    """By rule and model family: how many answers, and how long all of them took."""
    overheads: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Overhead of forwards, in microseconds, to the number of requests that had it."""

    def add(self, outcome: str, kind: tuple[str, str], sums: Sequence[float]) -> None:
        """Add sums over requests of one outcome, rule and model family."""
        requests, same, different, counted, read, written, cache_read, cache_creation, duration = sums
        self.outcomes[outcome] += int(requests)
        self.same += int(same)
        self.different += int(different)
        self.counted += int(counted)
        self.input += read
        self.output += written
        self.cache_read += cache_read
        self.cache_creation += cache_creation
        if outcome == "answered":
            before = self.answered.get(kind, (0, 0.0))
            self.answered[kind] = (before[0] + int(requests), before[1] + duration)

    @property
    def requests(self) -> int:
        return sum(self.outcomes.values())

    @property
    def all_input(self) -> float:
        return self.input + self.cache_read + self.cache_creation

    @property
    def overhead(self) -> float | None:
        """The median, in milliseconds."""
        return median_of(self.overheads)


@dataclass(frozen=True, slots=True)
class Basis:
    """What one answer of a rule for a model family has saved on average. None where nothing is known.

    If the rule also forwarded requests, the median of their cost; tokens are else estimated, see `telemetry.savings`.
    """

    size: float | None
    """Bytes of the request that was not sent."""
    time: float | None
    """Milliseconds that the model takes, without deducting the time that the answer itself took."""
    input: float | None
    """Tokens, cached ones included."""
    cached: float
    """Those of the tokens that the cache would have held."""
    output: float
    forwards: int = 0
    """Requests that `time` is the median of."""
    counted: int = 0
    """Those of them whose tokens are known; with none, tokens are estimated."""


_NOTHING_KNOWN = Basis(None, None, None, 0.0, 0.0)


def totals(connection: sqlite3.Connection, since: float, by: str = "") -> dict[str, Totals]:
    """Sums from the hour of `since` on (seconds since the epoch), by `rule`, `model`, `day`, `client`, or in one group.

    Days are local ones. Requests for paths below `/-/` are left out.
    """
    groups: dict[str, Totals] = {}
    group, hour = _GROUPED_BY[by], int(since // HOUR)
    name = lru_cache(_day) if by == "day" else str
    for key, outcome, rule, family, *sums in connection.execute(_SUMS.format(group=group), (hour,)):
        groups.setdefault(name(key), Totals()).add(outcome, (rule, family), sums)
    for key, kind, requests in connection.execute(_ERRORS.format(group=group), (hour,)):
        groups.setdefault(name(key), Totals()).errors[kind] += requests
    for key, overhead, requests in connection.execute(_OVERHEADS.format(group=group), (hour,)):
        groups.setdefault(name(key), Totals()).overheads[overhead] += requests
    return groups


def _day(hour: int) -> str:
    return datetime.fromtimestamp(hour * HOUR).strftime("%Y-%m-%d")


def bases(connection: sqlite3.Connection, since: float, kinds: Iterable[RuleAndModel]) -> dict[RuleAndModel, Basis]:
    """What one answer has saved, by rule and model family, from the hour of `since` on."""
    found = _estimated(connection, since // HOUR * HOUR)
    return {kind: _measured(connection, kind, found.get(kind, _NOTHING_KNOWN)) for kind in kinds}


def _measured(connection: sqlite3.Connection, kind: RuleAndModel, estimated: Basis) -> Basis:
    """By the rule's successful forwards; `estimated` for what these do not tell."""
    found = connection.execute(_MEASURED, (*kind, MEASURED)).fetchall()
    counted = [tokens for _, *tokens in found if tokens[0] is not None]
    if not found:
        return estimated
    time = median(duration for duration, *_ in found)
    if not counted:
        return replace(estimated, time=time, forwards=len(found))
    read, cached, written = (median(column) for column in zip(*counted, strict=True))
    return Basis(estimated.size, time, read, cached, written, len(found), len(counted))


def audits(connection: sqlite3.Connection, since: float, most: int) -> dict[str, tuple[int, int]]:
    """By rule, of the last `most` audits since the hour of `since`: how many agreed with the model, and of how many."""
    found: dict[str, tuple[int, int]] = {}
    for rule, same in connection.execute(_AUDITS, (since // HOUR * HOUR,)):
        agreed, compared = found.get(rule, (0, 0))
        if compared < most:
            found[rule] = (agreed + same, compared + 1)
    return dict(sorted(found.items()))


def _estimated(connection: sqlite3.Connection, since: float) -> dict[RuleAndModel, Basis]:
    """By the sizes of the latest requests that were not sent."""
    rows = connection.execute(_LATEST, (since, LATEST)).fetchall()[::-1]
    measures = Measures(MEASURED)
    for _, family, _, _, size, tokens in rows:
        if tokens is not None:
            measures.measure(family, size, tokens)
    found: dict[RuleAndModel, list[tuple[int, AvoidedCost]]] = defaultdict(list)
    for rule, family, session, at, size, tokens in rows:
        if tokens is not None:
            measures.remember(session, family, at, size, tokens)
        else:
            found[rule, family].append((size, measures.estimate(session, family, at, size)))
    return {kind: _mean(estimates) for kind, estimates in found.items()}


def _mean(found: Sequence[tuple[int, AvoidedCost]]) -> Basis:
    tokens = [estimate.tokens for _, estimate in found if estimate.tokens is not None]
    return Basis(
        size=fmean(size for size, _ in found),
        time=None,
        input=fmean(tokens) if tokens else None,
        cached=fmean(estimate.cached for _, estimate in found),
        output=0.0,
    )


def median_of(counts: dict[int, int]) -> float | None:
    """The lower median of counted microseconds, in milliseconds."""
    left = (sum(counts.values()) + 1) // 2
    for microseconds in sorted(counts):
        left -= counts[microseconds]
        if left <= 0:
            return microseconds / 1000
    return None

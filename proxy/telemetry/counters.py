"""Counters of this process: plain numbers, cheap enough for every request and chunk.

`local.metrics` exposes them. Every label has few values, whatever clients send.
"""

import re
from bisect import bisect_left
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from proxy.names import OTHER
from proxy.record import Outcome, Record
from proxy.replies.errors import FOUND_IN_REPLIES
from proxy.replies.usage import Usage
from proxy.telemetry.savings import Savings

BOUNDS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
"""Upper bounds of the buckets of every histogram, in seconds: from a local answer to the client's timeout."""

_MOST = 128
"""Values of a label; all further ones are `OTHER`.

Rules and reasons come from files and code, but a fault there must not use memory without limit.
"""

_LATELY = 20
"""Forwarded requests that decide the upstream's state."""

Reloaded = Literal["done", "refused"]
"""The result of a reload; `refused` if the new rules or settings have a fault."""

_FAMILY = re.compile(r"(?:^|[^a-z])(opus|sonnet|haiku)(?![a-z])")
_CLASSES = {number: f"{number}xx" for number in range(1, 6)}


class Histogram:
    """Counts of times by bucket; the last one is for times above all bounds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0
        """The sum of all times, in seconds."""

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class _Values:
    """The first values of one label."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: set[str] = set()

    def bounded(self, value: str) -> str:
        if value not in self._known:
            if len(self._known) >= _MOST:
                return OTHER
            self._known.add(value)
        return value


@dataclass(slots=True)
class Counters:
    """All counts; the keys of a counter are its labels, in order."""

    requests: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """By outcome, rule, status class (`2xx`) and model family."""
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Of forwards and refusals: by outcome, rule and reason."""
    first_byte: dict[Outcome, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    duration: dict[Outcome, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    overhead: dict[Outcome, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    """The overhead: the part of the time to the first byte that Sidestep itself took."""
    gaps: Histogram = field(default_factory=Histogram)
    """Between two pieces of a forwarded reply; the head counts as the first piece."""
    faults: Counter[str] = field(default_factory=Counter)
    """Requests without a complete reply of the upstream, by `upstream.faults.NAMES`."""
    upstream_errors: Counter[str] = field(default_factory=Counter)
    """Errors that the upstream replied with, by `replies.errors.UPSTREAM_ERRORS`."""
    lately: "OrderedDict[str, tuple[float, str]]" = field(default_factory=OrderedDict)
    """The requests that were forwarded last, by id: when they ended, and the fault or error, "" for none."""
    bytes_in: int = 0
    bytes_out: int = 0
    running: int = 0
    """Requests that were being served when the counters were last read (`RequestLog.counters`)."""
    streams: int = 0
    """Replies of the upstream that are being relayed."""
    opened: int = 0
    """Connections to the upstream that were opened."""
    reused: int = 0
    """Requests that used an open connection."""
    retried: int = 0
    """Requests that were sent again: their kept connection was closed before the upstream read them."""
    unread: Counter[str] = field(default_factory=Counter)
    """Received bytes that were not a request, and so have no record; by the log's `reason`."""
    reloads: Counter[Reloaded] = field(default_factory=Counter)
    last_reload: tuple[float, Reloaded] | None = None
    """When rules were last reloaded, in seconds since the epoch, and the result."""
    last_reply: float | None = None
    """When the upstream last began a reply, in seconds since the epoch."""
    last_fault: tuple[float, str] | None = None
    """When the upstream last failed or replied with an error, and which."""
    tokens: Counter[str] = field(default_factory=Counter)
    """As the upstream counted them, by the fields of `Usage`."""
    saved: Savings = field(default_factory=Savings)
    """What local answers saved."""
    _rules: _Values = field(default_factory=_Values)
    _reasons: _Values = field(default_factory=_Values)

    def reply_begun(self, at: float) -> None:
        """The upstream has begun a reply, which is being relayed; `at` in seconds since the epoch."""
        self.streams += 1
        self.last_reply = at

    def reply_ended(self) -> None:
        """It is no more."""
        self.streams -= 1

    def connection_opened(self) -> None:
        """For a request."""
        self.opened += 1

    def connection_reused(self) -> None:
        """One that had been kept took a request."""
        self.reused += 1

    def now_running(self, requests: int) -> None:
        """So many requests are being served."""
        self.running = requests

    def count(self, record: Record) -> None:
        """A request has ended."""
        outcome = record.outcome
        rule = self._rules.bounded(record.rule)
        self.requests[outcome, rule, _CLASSES.get(record.status // 100, OTHER), family(record.model)] += 1
        if record.reason:
            self.reasons[outcome, rule, self._reasons.bounded(record.reason)] += 1
        self.duration[outcome].add(record.duration / 1000)
        if record.first_byte is not None and record.overhead is not None:
            self.first_byte[outcome].add(record.first_byte / 1000)
            self.overhead[outcome].add(record.overhead / 1000)
        self.bytes_in += record.bytes_in
        self.bytes_out += record.bytes_out
        self.retried += record.retried
        if record.fault or (outcome == "forwarded" and record.first_byte is not None):
            ended = self.lately[record.id] = (record.at + record.duration / 1000, record.fault)
            if len(self.lately) > _LATELY:
                self.lately.popitem(last=False)
            if record.fault:
                (self.faults if outcome == "failed" else self.upstream_errors)[record.fault] += 1
                self.last_fault = ended

    def _error_read(self, record: Record) -> None:
        """The reply turned out to be an error, some time after it had ended: others may have ended since."""
        ended = record.at + record.duration / 1000, record.fault
        self.upstream_errors[record.fault] += 1
        if record.id in self.lately:
            self.lately[record.id] = ended
        if self.last_fault is None or self.last_fault[0] <= ended[0]:
            self.last_fault = ended

    def reloaded(self, at: float, result: Reloaded) -> None:
        """Rules were reloaded, or refused; `at` in seconds since the epoch."""
        self.reloads[result] += 1
        self.last_reload = (at, result)

    def read(self, records: Sequence[Record]) -> None:
        """Replies have been read for tokens and errors; called after `count`."""
        for record in records:
            if record.fault in FOUND_IN_REPLIES:
                self._error_read(record)
            self.saved.read(record, family(record.model))
        usages = zip(*[record.usage for record in records if record.usage], strict=True)
        for kind, counts in zip(Usage._fields, usages, strict=False):  # empty if no reply had usage
            self.tokens[kind] += sum(counts)


@lru_cache(256)
def family(model: str) -> str:
    """The model's family: `opus`, `sonnet`, `haiku` or `other`; "" for no model."""
    found = _FAMILY.search(model.lower())
    return found[1] if found else OTHER if model else ""

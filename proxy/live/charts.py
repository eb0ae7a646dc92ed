"""Sums over time for the charts, from the journal, or if it is off, from the last hour of this process."""

from array import array
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, get_args

from proxy.record import Record
from proxy.replies.usage import Usage
from proxy.telemetry.bucket import Bucket

Span = Literal["hour", "week"]
SPANS: tuple[Span, ...] = get_args(Span)

_MINUTE = 60
_STEPS: dict[Span, tuple[int, int]] = {"hour": (_MINUTE, 60), "week": (2 * 3600, 84)}
"""Seconds of a bucket, and how many buckets there are."""

_SAMPLES = 256
"""Times kept for the median of a minute."""


class History(Protocol):
    """Past requests."""

    @property
    def enabled(self) -> bool:
        """Whether anything is remembered."""
        ...

    @property
    def trouble(self) -> str:
        """What is wrong with it, in one line; "" if nothing is."""
        ...

    async def timeline(self, since: float, until: float, step: float) -> Sequence[Bucket]:
        """What ended from `since` to before `until`, in seconds since the epoch, in buckets of `step` seconds.

        Empty buckets may be left out.
        """

    async def latest(self, before: float, count: int) -> Sequence[Record]:
        """The last `count` requests that came before a time, in seconds since the epoch; the oldest first."""
        ...


async def chart(span: Span, now: float, history: History | None, recent: "Recent") -> dict[str, Any]:
    """What the charts of a span show. `source` says where it comes from: `journal`, `process`, or `none`."""
    step, count = _STEPS[span]
    until = (now // step + 1) * step
    since = until - step * count
    source, buckets = "none", list[Bucket]()
    if history is not None and history.enabled:
        source, buckets = "journal", list(await history.timeline(since, until, step))
    elif span == "hour":
        source, buckets = "process", recent.timeline(since, until)
    rows = [{**asdict(bucket), "usage": bucket.usage._asdict()} for bucket in buckets]
    return {"span": span, "since": since, "until": until, "step": step, "source": source, "buckets": rows}


@dataclass(slots=True)
class _Minute:
    start: float
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    overhead: "array[float]" = field(default_factory=lambda: array("d"))
    tokens: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    def add(self, record: Record) -> None:
        self.outcomes[record.outcome] += 1
        if record.outcome == "forwarded" and record.fault:
            self.errors += 1
        if record.outcome == "forwarded" and record.overhead is not None and len(self.overhead) < _SAMPLES:
            self.overhead.append(record.overhead)
        for index, count in enumerate(record.usage or ()):
            self.tokens[index] += count

    def bucket(self) -> Bucket:
        from statistics import median  # imported here, since serving does not need it and it loads many modules

        overhead = median(self.overhead) if self.overhead else None
        return Bucket(self.start, dict(self.outcomes), self.errors, overhead, Usage(*self.tokens))


class Recent:
    """The last hour by the minute, of this process alone: used if there is no journal."""

    def __init__(self) -> None:
        self._minutes: deque[_Minute] = deque(maxlen=_STEPS["hour"][1])

    def add(self, records: Sequence[Record]) -> None:
        """Requests that have ended, about now; those for Sidestep's own pages do not count."""
        for record in records:
            if record.outcome != "local":
                self._minute((record.at + record.duration / 1000) // _MINUTE * _MINUTE).add(record)

    def _minute(self, start: float) -> _Minute:
        """The minute that began then; the latest one if the clock was set back."""
        if not self._minutes or self._minutes[-1].start < start:
            self._minutes.append(_Minute(start))
        return self._minutes[-1]

    def timeline(self, since: float, until: float) -> list[Bucket]:
        return [minute.bucket() for minute in self._minutes if since <= minute.start < until]

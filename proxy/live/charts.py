"""Sums over time for the charts: the journal's, or, where it is off, of what this process saw in the last hour."""

from array import array
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, get_args

from proxy.exchange import Record
from proxy.telemetry.bucket import Bucket
from proxy.usage import Usage

Span = Literal["hour", "week"]
SPANS: tuple[Span, ...] = get_args(Span)

_MINUTE = 60
_STEPS: dict[Span, tuple[int, int]] = {"hour": (_MINUTE, 60), "week": (2 * 3600, 84)}
"""Seconds of a bucket, and how many buckets there are."""

_SAMPLES = 256
"""Times of a minute of which its median is made."""


class History(Protocol):
    """Who remembers what ended."""

    @property
    def enabled(self) -> bool:
        """Whether anything is remembered; else there is nothing to ask for."""
        ...

    @property
    def trouble(self) -> str:
        """What keeps it from remembering, in one line; "" when all is well."""
        ...

    async def timeline(self, since: float, until: float, step: float) -> Sequence[Bucket]:
        """What ended from `since` to before `until`, in seconds since the epoch, by `step` seconds.

        Stretches in which nothing ended may be left out.
        """

    async def latest(self, before: float, count: int) -> Sequence[Record]:
        """So many of the requests that came before a time, in seconds since the epoch, the oldest first."""
        ...


async def chart(span: Span, now: float, history: History | None, recent: "Recent") -> dict[str, Any]:
    """What the charts of a span show. `source` says who remembers it: `journal`, `process`, or `none`."""
    step, count = _STEPS[span]
    until = (now // step + 1) * step
    since = until - step * count
    source, buckets = "none", list[Bucket]()
    if history is not None and history.enabled:
        source, buckets = "journal", list(await history.timeline(since, until, step))
    elif span == "hour":
        source, buckets = "process", recent.timeline(since, until)
    told = [{**asdict(bucket), "usage": bucket.usage._asdict()} for bucket in buckets]
    return {"span": span, "since": since, "until": until, "step": step, "source": source, "buckets": told}


@dataclass(slots=True)
class _Minute:
    start: float
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    own: "array[float]" = field(default_factory=lambda: array("d"))
    tokens: list[int] = field(default_factory=lambda: [0, 0, 0, 0])


class Recent:
    """The last hour by the minute, of this process alone: for want of a journal."""

    def __init__(self) -> None:
        self._minutes: deque[_Minute] = deque(maxlen=_STEPS["hour"][1])

    def add(self, records: Sequence[Record]) -> None:
        """Requests that have ended, about now; those for Sidestep's own pages do not count."""
        for record in records:
            if record.outcome != "local":
                self._add(record)

    def _add(self, record: Record) -> None:
        minute = self._minute((record.at + record.duration / 1000) // _MINUTE * _MINUTE)
        minute.outcomes[record.outcome] += 1
        if record.outcome == "forwarded" and record.fault:
            minute.errors += 1
        if record.outcome == "forwarded" and record.own is not None and len(minute.own) < _SAMPLES:
            minute.own.append(record.own)
        if (usage := record.usage) is not None:
            for index, count in enumerate(usage):
                minute.tokens[index] += count

    def _minute(self, start: float) -> _Minute:
        """The minute that began then; the latest there is, should the clock have been set back."""
        if not self._minutes or self._minutes[-1].start < start:
            self._minutes.append(_Minute(start))
        return self._minutes[-1]

    def timeline(self, since: float, until: float) -> list[Bucket]:
        from statistics import median  # here, since it brings much along that serving does not need

        return [
            Bucket(
                minute.start,
                dict(minute.outcomes),
                minute.errors,
                median(minute.own) if minute.own else None,
                Usage(*minute.tokens),
            )
            for minute in self._minutes
            if since <= minute.start < until
        ]

"""What the live page reads from the journal: sums by period, and the latest requests."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from proxy.journal.figures import HOUR, median_of
from proxy.journal.reader import opened
from proxy.journal.rows import COLUMNS, record_of
from proxy.journal.schema import MICROSECONDS
from proxy.record import Record
from proxy.replies.usage import Usage
from proxy.telemetry.bucket import Bucket

_IN = "WHERE at >= :since AND at < :until"
_IN_HOURS = "WHERE hour >= :since / 3600 AND hour < :until / 3600"
_AT, _OF = "CAST((at - :since) / :step AS INTEGER)", "CAST((hour * 3600 - :since) / :step AS INTEGER)"
_TOKENS = ("input", "output", "cache_read", "cache_creation")
_TOTALS = ", ".join(f"total({name})" for name in _TOKENS)
_SINGLE = (
    f"SELECT {_AT}, outcome, count(*), {_TOTALS} FROM requests {_IN} GROUP BY 1, 2",
    f"""
    SELECT {_AT}, {MICROSECONDS}, count(*)
    FROM requests {_IN} AND outcome = 'forwarded' AND own IS NOT NULL GROUP BY 1, 2
    """,
    f"SELECT {_AT}, count(*) FROM requests {_IN} AND outcome = 'forwarded' AND fault <> '' GROUP BY 1",
)
_HOURLY = (
    f"SELECT {_OF}, outcome, sum(requests), {_TOTALS} FROM hours {_IN_HOURS} GROUP BY 1, 2",
    f"SELECT {_OF}, own, sum(requests) FROM own_times {_IN_HOURS} GROUP BY 1, 2",
    f"SELECT {_OF}, sum(requests) FROM upstream_errors {_IN_HOURS} GROUP BY 1",
)
_BEFORE = f"SELECT id, {', '.join(COLUMNS)} FROM requests WHERE at < ? ORDER BY at DESC LIMIT ?"


def timeline(file: Path, since: float, until: float, step: float) -> list[Bucket]:
    """One bucket for every `step` seconds from `since` to `until`, in seconds since the epoch; some may be empty.

    Steps of whole hours are read from the sums of hours, shorter ones from the requests. Raises `UnreadableError`.
    """
    hourly = step % HOUR == 0
    if hourly:
        since = since // HOUR * HOUR
    stretches = [_Stretch() for _ in range(max(0, -int(-(until - since) // step)))]
    last = len(stretches) - 1
    values = {"since": float(since), "until": float(until), "step": float(step)}
    ended, overheads, errors = _HOURLY if hourly else _SINGLE
    with opened(file) as connection:
        for number, outcome, requests, *tokens in connection.execute(ended, values):
            stretches[min(number, last)].add(outcome, requests, tokens)
        for number, overhead, requests in connection.execute(overheads, values):
            stretches[min(number, last)].add_overhead(overhead, requests)
        for number, requests in connection.execute(errors, values):
            stretches[min(number, last)].add_errors(requests)
    return [stretch.bucket(since + number * step) for number, stretch in enumerate(stretches)]


def latest(file: Path, before: float, count: int) -> list[Record]:
    """The last `count` requests that came before a time, the oldest first. Raises `UnreadableError`."""
    with opened(file) as connection:
        return [record_of(row) for row in connection.execute(_BEFORE, (before, count))][::-1]


@dataclass(slots=True)
class _Stretch:
    outcomes: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    overhead: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    tokens: list[int] = field(default_factory=lambda: [0] * len(_TOKENS))

    def add(self, outcome: str, requests: int, tokens: Sequence[float]) -> None:
        self.outcomes[outcome] = requests
        self.tokens = [before + int(more) for before, more in zip(self.tokens, tokens, strict=True)]

    def add_overhead(self, overhead: int, requests: int) -> None:
        self.overhead[overhead] += requests

    def add_errors(self, requests: int) -> None:
        self.errors += requests

    def bucket(self, start: float) -> Bucket:
        return Bucket(start, self.outcomes, self.errors, median_of(self.overhead), Usage(*self.tokens))

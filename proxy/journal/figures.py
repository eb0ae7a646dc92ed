"""What the journal tells: sums over time, and what a rule's own forwards have cost. Read while it is being written."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from proxy.entry import Bucket, Usage
from proxy.journal.schema import APPLICATION, MICROSECONDS, VERSION

HOUR = 3600.0

MEASURED = 1000
"""Of the forwards of a rule, as many of the latest are looked at."""

_HOURLY = """
    SELECT hour, outcome, rule, family, client, own, requests, same, different, counted,
           input, output, cache_read, cache_creation, duration
    FROM hours WHERE hour >= :since AND outcome <> 'local'
"""
_SINGLE = f"""
    SELECT CAST((at - :since) / :step AS INTEGER), outcome, {MICROSECONDS}, count(*),
           total(input), total(output), total(cache_read), total(cache_creation)
    FROM requests WHERE at >= :since AND at < :until GROUP BY 1, 2, 3
"""
_ADDED_UP = """
    SELECT CAST((hour * 3600 - :since) / :step AS INTEGER), outcome, own, sum(requests),
           sum(input), sum(output), sum(cache_read), sum(cache_creation)
    FROM hours WHERE hour >= :since / 3600 AND hour < :until / 3600 GROUP BY 1, 2, 3
"""
_MEASURED = """
    SELECT duration, input + cache_read + cache_creation, output FROM requests
    WHERE rule = ? AND family = ? AND outcome = 'forwarded' AND rule <> '' AND status = 200 AND error = ''
    ORDER BY at DESC LIMIT ?
"""


class FiguresError(Exception):
    """There is no journal that could be read; its text says why, for people."""


@dataclass(slots=True)
class Totals:
    """Sums over some requests. Tokens are those that the upstream counted; times in milliseconds."""

    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
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
    """Rule and model family to how often it answered, and how long all of that took."""
    own_times: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Of forwards, microseconds spent here to how many spent so much."""

    @property
    def requests(self) -> int:
        return sum(self.outcomes.values())

    @property
    def all_input(self) -> float:
        return self.input + self.cache_read + self.cache_creation

    @property
    def own(self) -> float | None:
        """The median, in milliseconds."""
        return _median(self.own_times)


@dataclass(frozen=True, slots=True)
class Basis:
    """What the forwards of one rule and model family have cost, in the middle; tokens only where they are known."""

    forwards: int
    duration: float
    """Milliseconds."""
    counted: int
    """Forwards whose tokens are known."""
    input: float
    """Tokens, with those of the cache."""
    output: float


Key = Callable[[int, str, str, str], str]
"""Hour since the epoch, rule, model family, and client, to the group that a request belongs to."""


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """The journal, for reading alone; also while it is being written. Raises `FiguresError`."""
    try:
        if not file.exists():
            raise FiguresError(f"{file}: there is no journal yet; it begins with the first request")
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)) as connection:
            _check(connection, file)
            connection.execute("BEGIN")  # everything that is asked sees the same state
            yield connection
    except (sqlite3.Error, OSError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise FiguresError(f"{file}: cannot be read: {problem}") from None


def _check(connection: sqlite3.Connection, file: Path) -> None:
    mark, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if mark != APPLICATION:
        raise FiguresError(f"{file}: no journal of Sidestep's")
    if version > VERSION:
        raise FiguresError(f"{file}: written by a newer Sidestep; use that one to read it")
    if version < VERSION:
        raise FiguresError(f"{file}: written by an older Sidestep; it is brought up to date with the next request")


def totals(connection: sqlite3.Connection, since: float, key: Key) -> dict[str, Totals]:
    """Sums from the hour of `since` on (seconds since the epoch), by group; paths under `/-/` are left out."""
    groups: dict[str, Totals] = {}
    for row in connection.execute(_HOURLY, {"since": int(since // HOUR)}):
        hour, outcome, rule, family, client = row[:5]
        group = key(hour, rule, family, client)
        total = groups.get(group)
        if total is None:
            total = groups[group] = Totals()
        _add(total, outcome, (rule, family), row[5:])
    return groups


def _add(total: Totals, outcome: str, kind: tuple[str, str], values: Sequence[float]) -> None:
    own, requests, same, different, counted, read, written, cache_read, cache_creation, duration = values
    total.outcomes[outcome] += int(requests)
    total.same += int(same)
    total.different += int(different)
    total.counted += int(counted)
    total.input += read
    total.output += written
    total.cache_read += cache_read
    total.cache_creation += cache_creation
    if outcome == "answered":
        before = total.answered.get(kind, (0, 0.0))
        total.answered[kind] = (before[0] + int(requests), before[1] + duration)
    if own >= 0:
        total.own_times[int(own)] += int(requests)


def basis(connection: sqlite3.Connection, rule: str, family: str) -> Basis | None:
    """What the rule would have cost: its own forwards, in shadow or declined, that went well; None without any."""
    found = connection.execute(_MEASURED, (rule, family, MEASURED)).fetchall()
    if not found:
        return None
    told = [(read, written) for _, read, written in found if read is not None]
    read, written = (median(column) for column in zip(*told, strict=True)) if told else (0.0, 0.0)
    return Basis(len(found), median(duration for duration, _, _ in found), len(told), read, written)


def timeline(file: Path, since: float, until: float, step: float) -> list[Bucket]:
    """Stretches of `step` seconds from `since` until `until`, seconds since the epoch, all there whatever is in them.

    Whole hours are read from their sums, and shorter steps from the single requests. Raises `FiguresError`.
    """
    hourly = step % HOUR == 0
    if hourly:
        since = since // HOUR * HOUR
    counts = [_Stretch() for _ in range(max(0, -int(-(until - since) // step)))]
    with opened(file) as connection:
        for number, outcome, own, requests, *tokens in connection.execute(
            _ADDED_UP if hourly else _SINGLE, {"since": float(since), "until": float(until), "step": float(step)}
        ):
            counts[min(number, len(counts) - 1)].add(outcome, own, requests, tokens)
    return [stretch.bucket(since + number * step) for number, stretch in enumerate(counts)]


@dataclass(slots=True)
class _Stretch:
    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    own: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    tokens: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    def add(self, outcome: str, own: int, requests: int, tokens: Sequence[float]) -> None:
        self.outcomes[outcome] += requests
        if own >= 0:
            self.own[own] += requests
        self.tokens = [int(before + more) for before, more in zip(self.tokens, tokens, strict=True)]

    def bucket(self, start: float) -> Bucket:
        return Bucket(start, dict(self.outcomes), _median(self.own), Usage(*self.tokens))


def _median(counts: dict[int, int]) -> float | None:
    """Of microseconds, in milliseconds; of an even number of them, the lower one of the two in the middle."""
    left = (sum(counts.values()) + 1) // 2
    for microseconds in sorted(counts):
        left -= counts[microseconds]
        if left <= 0:
            return microseconds / 1000
    return None

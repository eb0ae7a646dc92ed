"""What an answer has saved, estimated from other requests.

Its input tokens are computed from the size of the request that was not sent, and the ratio of tokens to bytes in the
model's other requests: the lower quartile. The model's time is told only where questions of the same rule also went to
the model, since it depends on too much else. The output that was not generated is not counted.
"""

from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field

from proxy.record import Record

CACHE_LASTS = 3600.0
"""Seconds for which the upstream may hold a conversation: five minutes or an hour (API docs, "Prompt caching")."""

_SAMPLES = 50
"""Replies of a model that are used while requests are served: the latest."""

_ENOUGH = 3
"""Replies that are needed for the bytes per token of a model."""
_LEAST, _MOST = 0.125, 0.75
"""Tokens per byte of real texts: from long English words to a script that the model hardly knows."""

_SESSIONS = 1024
_TURNS = 4
"""Turns of a session that are kept in mind: the last may be another agent's."""
_FAMILIES = 8
"""`counters.family` has four."""
_KINDS = 512
"""Rules with a model family whose forwards are kept in mind."""


@dataclass(frozen=True, slots=True)
class AvoidedCost:
    """What a request would have cost in input tokens. None where no reply of the model was measured yet."""

    tokens: float | None
    cached: float
    """Those of the tokens that the upstream's cache would have held: the conversation up to its last turn."""


_UNKNOWN = AvoidedCost(None, 0.0)
_Turn = tuple[float, int, int]
"""When it came, in seconds; its bytes; its input tokens."""


class Measures:
    """Measurements by model family, from the last `most` replies of each."""

    def __init__(self, most: int = _SAMPLES) -> None:
        self._ratios: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=most))
        """Input tokens a byte, by model family."""
        self._sessions: OrderedDict[tuple[str, str], deque[_Turn]] = OrderedDict()

    def measure(self, family: str, size: int, tokens: int) -> None:
        """A request of `size` bytes had so many input tokens. Requests whose model is not known are ignored."""
        if size and family and (family in self._ratios or len(self._ratios) < _FAMILIES):
            self._ratios[family].append(tokens / size)

    def remember(self, session: str, family: str, at: float, size: int, tokens: int) -> None:
        """Remember a turn of a session that the upstream has seen; `at` in seconds."""
        if session:
            turns = self._sessions.pop((session, family), None) or deque(maxlen=_TURNS)
            turns.append((at, size, tokens))
            self._sessions[session, family] = turns  # the last one now
            if len(self._sessions) > _SESSIONS:
                self._sessions.popitem(last=False)

    def estimate(self, session: str, family: str, at: float, size: int) -> AvoidedCost:
        """What a request of `size` bytes would have cost.

        If it is larger than a turn of its session, it contains that turn: it is a copy of the conversation, followed
        by a question. Of several turns it is the largest, since those of other agents are smaller.
        """
        ratios = self._ratios.get(family)
        if not ratios:
            return _UNKNOWN
        ratio, turns = _lower_quartile(ratios), self._sessions.get((session, family), ())
        copied = [(turn, tokens) for then, turn, tokens in turns if size > turn and at - then <= CACHE_LASTS]
        turn, tokens = max(copied, default=(0, 0))
        return AvoidedCost(tokens + (size - turn) * ratio, tokens)

    def bytes_per_token(self, family: str) -> tuple[float, int] | None:
        """The median of a model's replies, and how many these were; None for too few.

        Ratios that no text has are ignored: some servers do not count cached tokens, and images have many bytes.
        """
        from statistics import median  # imported here, since serving does not need it and it loads many modules

        likely = [1 / ratio for ratio in self._ratios.get(family, ()) if _LEAST <= ratio <= _MOST]
        return (median(likely), len(likely)) if len(likely) >= _ENOUGH else None


def _lower_quartile(values: "deque[float]") -> float:
    return sorted(values)[(len(values) - 1) // 4]


@dataclass(slots=True)
class Savings:
    """Sums over the answers of this process, each by the measurements at its time."""

    requests: int = 0
    size: int = 0
    """Bytes of the requests that were not sent."""
    tokens: float = 0.0
    cached: float = 0.0
    time: float = 0.0
    """Milliseconds that the model takes for such questions, less those of the answers."""
    _measures: Measures = field(default_factory=Measures)
    _times: defaultdict[tuple[str, str], deque[float]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_SAMPLES))
    )
    """Milliseconds of the forwards of a rule, by its name and the model family."""

    def bytes_per_token(self, family: str) -> tuple[float, int] | None:
        """See `Measures`."""
        return self._measures.bytes_per_token(family)

    def read(self, record: Record, family: str) -> None:
        """A request has ended: another answer, or another measurement."""
        times = self._times.get((record.rule, family))
        if record.outcome == "answered":
            found = self._measures.estimate(record.session, family, record.at, record.bytes_in)
            self.requests += 1
            self.size += record.bytes_in
            self.tokens += found.tokens or 0.0
            self.cached += found.cached
            self.time += max(0.0, _median(times) - record.duration) if times else 0.0
        elif record.outcome == "forwarded" and record.status == 200 and not (record.error or record.fault):
            if record.rule and (times is not None or len(self._times) < _KINDS):
                self._times[record.rule, family].append(record.duration)
            if record.usage:
                tokens = record.usage.all_input
                self._measures.measure(family, record.bytes_in, tokens)
                self._measures.remember(record.session, family, record.at, record.bytes_in, tokens)


def _median(values: "deque[float]") -> float:
    """The lower one."""
    return sorted(values)[(len(values) - 1) // 2]

"""What an answer has saved, as a lower bound, by measurements of other requests.

Input tokens are computed from the size of the request that was not sent, and the ratio of tokens to bytes in the
model's other requests; waiting from the times to the first byte of the model's replies. The lower quartile of both
is used. The output that was not generated is not counted.
"""

from collections import OrderedDict, deque
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
_FAMILIES = 8
"""`counters.family` has four."""


@dataclass(frozen=True, slots=True)
class AvoidedCost:
    """A lower bound of what a request would have cost. None where no reply of the model was measured yet."""

    tokens: float | None
    cached: float
    """Those of the tokens that the upstream's cache would have held: the conversation up to its last turn."""
    waiting: float | None
    """Milliseconds to the first byte of a reply."""


_UNKNOWN = AvoidedCost(None, 0.0, None)


class _Model:
    """Measurements of one model."""

    def __init__(self, most: int) -> None:
        self.ratios: deque[float] = deque(maxlen=most)
        """Input tokens a byte."""
        self.first_bytes: deque[float] = deque(maxlen=most)


class Measures:
    """Measurements by model family, from the last `most` replies of each."""

    def __init__(self, most: int = _SAMPLES) -> None:
        self._most = most
        self._models: dict[str, _Model] = {}
        self._sessions: OrderedDict[tuple[str, str], tuple[float, int, int]] = OrderedDict()

    def measure(self, family: str, size: int, tokens: int, first_byte: float) -> None:
        """A request of `size` bytes had so many input tokens; `first_byte` in milliseconds.

        Requests whose model is not known are ignored.
        """
        model = self._models.get(family)
        if model is None:
            if not family or len(self._models) >= _FAMILIES:
                return
            model = self._models[family] = _Model(self._most)
        if size:
            model.ratios.append(tokens / size)
            model.first_bytes.append(first_byte)

    def remember(self, session: str, family: str, at: float, size: int, tokens: int) -> None:
        """Remember the last turn of a conversation that the upstream has seen; `at` in seconds."""
        if session:
            self._sessions[session, family] = (at, size, tokens)
            self._sessions.move_to_end((session, family))
            if len(self._sessions) > _SESSIONS:
                self._sessions.popitem(last=False)

    def estimate(self, session: str, family: str, at: float, size: int) -> AvoidedCost:
        """What a request of `size` bytes would have cost at least.

        If it is larger than its session's last turn, it contains that turn: it is a copy of the conversation, followed
        by a question.
        """
        model = self._models.get(family)
        if model is None or not model.ratios:
            return _UNKNOWN
        ratio, waiting = _lower_quartile(model.ratios), _lower_quartile(model.first_bytes)
        then, turn, tokens = self._sessions.get((session, family), (0.0, 0, 0))
        if turn and size > turn and at - then <= CACHE_LASTS:
            return AvoidedCost(tokens + (size - turn) * ratio, tokens, waiting)
        return AvoidedCost(size * ratio, 0.0, waiting)

    def bytes_per_token(self, family: str) -> tuple[float, int] | None:
        """The median of a model's replies, and how many these were; None for too few.

        Ratios that no text has are ignored: some servers do not count cached tokens, and images have many bytes.
        """
        from statistics import median  # imported here, since serving does not need it and it loads many modules

        model = self._models.get(family)
        likely = [1 / ratio for ratio in model.ratios if _LEAST <= ratio <= _MOST] if model else []
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
    waiting: float = 0.0
    """Milliseconds."""
    _measures: Measures = field(default_factory=Measures)

    def bytes_per_token(self, family: str) -> tuple[float, int] | None:
        """See `Measures`."""
        return self._measures.bytes_per_token(family)

    def read(self, record: Record, family: str) -> None:
        """A request has ended: another answer, or another measurement."""
        if record.outcome == "answered":
            found = self._measures.estimate(record.session, family, record.at, record.bytes_in)
            self.requests += 1
            self.size += record.bytes_in
            self.tokens += found.tokens or 0.0
            self.cached += found.cached
            self.waiting += max(0.0, (found.waiting or 0.0) - record.duration)
        elif record.usage and record.outcome == "forwarded" and not record.fault and record.first_byte is not None:
            tokens = record.usage.all_input
            self._measures.measure(family, record.bytes_in, tokens, record.first_byte)
            self._measures.remember(record.session, family, record.at, record.bytes_in, tokens)

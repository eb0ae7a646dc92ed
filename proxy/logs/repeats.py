"""Lines of a log that are repeated: which of them to write, and how many each stands for.

It writes nothing and knows no clock. Nothing is lost without a count: each line is written, or counted by one that is.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Line = TypeVar("Line")

SPAN = 60.0
"""Seconds in which lines of one kind are written once."""

_MOST = 256
"""Kinds that are told apart at one time. Further ones count as one kind, so that no variety can flood the log."""


@dataclass(slots=True)
class _Kind(Generic[Line]):
    written: float
    """When a line of this kind was written last."""
    latest: Line
    held: int = 0
    """How many have been left out since then; `latest` is the last of them."""

    def hold(self, line: Line) -> None:
        self.held, self.latest = self.held + 1, line

    def write(self, now: float) -> int:
        """A line is written now; returns how many had been left out."""
        held, self.held, self.written = self.held, 0, now
        return held


@dataclass(slots=True)
class Repeats(Generic[Line]):
    """Lines by kind. Times are seconds on any steady clock."""

    span: float = SPAN
    most: int = _MOST
    _kinds: dict[Hashable, _Kind[Line]] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many kinds are remembered: `most` and one at most."""
        return len(self._kinds)

    def note(self, kind: Hashable, line: Line, now: float) -> int | None:
        """None when `line` is to be left out; else write it: it stands for so many others, left out before."""
        if kind not in self._kinds and len(self._kinds) >= self.most:
            kind = None
        known = self._kinds.get(kind)
        if known is None:
            self._kinds[kind] = _Kind(now, line)
            return 0
        if now - known.written < self.span:
            known.hold(line)
            return None
        return known.write(now)

    def overdue(self, now: float) -> list[tuple[Line, int]]:
        """Lines to write since their kind's span is over, each with how many others it stands for.

        A kind that has not been repeated for as long is forgotten.
        """
        over = [name for name, kind in self._kinds.items() if now - kind.written >= self.span]
        found = [(name, self._kinds.pop(name)) for name in over]
        told = [(name, kind) for name, kind in found if kind.held]
        self._kinds.update((name, _Kind(now, kind.latest)) for name, kind in told)
        return [(kind.latest, kind.held - 1) for _, kind in told]

    def rest(self) -> list[tuple[Line, int]]:
        """All that is still held back, to be written at the end, in the same form; then nothing is remembered."""
        left = [(kind.latest, kind.held - 1) for kind in self._kinds.values() if kind.held]
        self._kinds.clear()
        return left

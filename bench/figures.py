"""Figures out of measurements: medians of rounds, percentiles, what one way adds to another."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

WAYS = ("direct", "nginx", "bare", "ours")


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of them do not exceed: the nearest rank. Needs a value."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Rounds:
    """One figure of each way in each round; the ways of a round were measured side by side."""

    of: Mapping[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})

    def add(self, way: str, value: float) -> None:
        self.of[way].append(value)

    def median(self, way: str) -> float:
        return median(self.of[way])

    def added(self, way: str) -> float:
        """The median of what `way` adds to the direct way, each round for itself."""
        return median([value - direct for value, direct in zip(self.of[way], self.of["direct"], strict=True)])


def growth(smaller: float, larger: float, times: float) -> float:
    """How `larger` compares with what `smaller` would be if it grew with its input, which grew so many `times`."""
    return larger / (smaller * times)

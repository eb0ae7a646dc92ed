"""What was saved, estimated from what the same rule's forwards have cost; nothing is said where there are none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.commands.plots import lasting, number
from proxy.commands.tables import counted
from proxy.journal.figures import Basis, Totals

Kind = tuple[str, str]
"""A rule, and a model family."""


@dataclass(frozen=True, slots=True)
class Saving:
    """Of some answers: how many there is a basis for, and what these saved. Times in milliseconds."""

    answers: int
    estimated: int
    """Answers whose waiting time is estimated."""
    counted: int
    """Answers whose tokens are estimated."""
    waiting: float
    input: float
    output: float

    def fields(self) -> dict[str, Any]:
        """What machines see: null for what there is no basis for."""
        return {
            "answers": self.answers,
            "with_basis": self.estimated,
            "with_basis_for_tokens": self.counted,
            "waiting_ms": round(self.waiting, 1) if self.estimated else None,
            "input_tokens": round(self.input) if self.counted else None,
            "output_tokens": round(self.output) if self.counted else None,
        }


def saving(total: Totals, bases: Mapping[Kind, Basis | None]) -> Saving:
    """For every answer, the median forward of its kind, less the time that the answer took itself."""
    answers = estimated = known = 0
    waiting = read = written = 0.0
    for kind, (times, duration) in total.answered.items():
        answers += times
        basis = bases.get(kind)
        if basis is None:
            continue
        estimated += times
        waiting += times * basis.duration - duration
        if basis.counted:
            known += times
            read += times * basis.input
            written += times * basis.output
    return Saving(answers, estimated, known, waiting, read, written)


def basis_line(kind: Kind, answers: int, basis: Basis | None) -> str:
    """One line about what an estimate rests upon."""
    name = " ".join(filter(None, kind)) + f": {counted(answers, 'answer')}"
    if basis is None:
        return f"{name}, no saving told: no question of this kind has been forwarded"
    tokens = f"{number(basis.input)} + {number(basis.output)} tokens" if basis.counted else "tokens not known"
    return f"{name}, each {lasting(basis.duration)}, {tokens} (median of {counted(basis.forwards, 'forward')})"

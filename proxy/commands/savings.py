"""What was saved, and by which basis: a rule's own forwards, or an estimate from the size of requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.commands.plots import lasting, number
from proxy.commands.tables import counted
from proxy.journal.figures import Basis, RuleAndModel, Totals


@dataclass(slots=True)
class Saving:
    """What some answers saved. Times in milliseconds."""

    answers: int = 0
    size: float = 0.0
    """Bytes of requests that were not sent."""
    timed: int = 0
    """Answers of rules whose questions were also forwarded, so that the model's time for them is known."""
    with_tokens: int = 0
    """Answers whose tokens are measured or estimated."""
    measured: int = 0
    """Those of them that are measured."""
    time: float = 0.0
    input: float = 0.0
    cached: float = 0.0
    output: float = 0.0

    def add(self, answers: int, duration: float, basis: Basis) -> None:
        """Add answers that took `duration` in all, each of which saved what `basis` says."""
        self.answers += answers
        self.size += answers * (basis.size or 0.0)
        if basis.time is not None:
            self.timed += answers
            self.time += answers * basis.time - duration
        if basis.input is not None:
            self.with_tokens += answers
            self.measured += answers if basis.counted else 0
            self.input += answers * basis.input
            self.cached += answers * basis.cached
            self.output += answers * basis.output

    def fields(self) -> dict[str, Any]:
        """For machines: null where there is no basis."""
        tokens = {"input_tokens": self.input, "cached_tokens": self.cached, "output_tokens": self.output}
        return {
            "answers": self.answers,
            "bytes": round(self.size),
            "with_time": self.timed,
            "time_ms": round(self.time, 1) if self.timed else None,
            "with_tokens": self.with_tokens,
            "measured": self.measured,
            **{name: round(value) if self.with_tokens else None for name, value in tokens.items()},
        }

    def line(self) -> str:
        """For people: `22 requests: about 172k tokens in (151k cached), 12.9 s of model time`."""
        if not self.answers:
            return "nothing yet"
        parts = [self._tokens()] if self.with_tokens else []
        parts += [f"{lasting(self.time)} of model time"] if self.timed else []
        requests = counted(self.answers, "request")
        if not parts:
            return f"{requests}, {number(self.size)} bytes; what they would have cost, no reply has told yet"
        return f"{requests}: about {', '.join(parts)}"

    def _tokens(self) -> str:
        held = f" ({number(self.cached)} cached)" if round(self.cached) else ""
        return f"{number(self.input)} tokens in{held}" + (f", {number(self.output)} out" if round(self.output) else "")


def saving(total: Totals, bases: Mapping[RuleAndModel, Basis]) -> Saving:
    """What all answers have saved, less the time that they took themselves."""
    found = Saving()
    for kind, (answers, duration) in total.answered.items():
        found.add(answers, duration, bases[kind])
    return found


def basis_line(kind: RuleAndModel, answers: int, basis: Basis) -> str:
    """One line about the basis of a saving."""
    name = " ".join(filter(None, kind)) + f": {counted(answers, 'answer')}"
    parts = [lasting(basis.time)] if basis.time is not None else []
    if parts and basis.counted != basis.forwards:
        parts = [f"{parts[0]} ({_median_of(basis.forwards)})"]
    if basis.input is not None and basis.counted:
        parts.append(f"{number(basis.input)} + {number(basis.output)} tokens ({_median_of(basis.counted)})")
    elif basis.input is not None:
        parts.append(f"{number(basis.input)} tokens in (estimated from its size)")
    if not parts:
        return f"{name}; no reply of the model has told yet what one saves"
    return f"{name}, each about {', '.join(parts)}"


def _median_of(forwards: int) -> str:
    return f"median of {counted(forwards, 'forward')}"

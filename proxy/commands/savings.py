"""What was saved, and by which basis: "about", by a rule's own forwards, or "at least", by the size of requests."""

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
    """Answers for which a lower bound of the waiting is known."""
    with_tokens: int = 0
    """Answers for which a lower bound of the tokens is known."""
    measured: int = 0
    """Answers of rules whose questions were also forwarded, so that the cost was measured."""
    waiting: float = 0.0
    input: float = 0.0
    cached: float = 0.0
    output: float = 0.0

    def add(self, answers: int, duration: float, basis: Basis) -> None:
        """Add answers that took `duration` in all, each of which saved what `basis` says."""
        self.answers += answers
        self.size += answers * (basis.size or 0.0)
        if basis.waiting is not None:
            self.timed += answers
            self.waiting += answers * basis.waiting - duration
        if basis.input is not None:
            self.with_tokens += answers
            self.measured += answers if basis.forwards else 0
            self.input += answers * basis.input
            self.cached += answers * basis.cached
            self.output += answers * basis.output

    def fields(self) -> dict[str, Any]:
        """For machines: null where there is no basis."""
        tokens = {"input_tokens": self.input, "cached_tokens": self.cached, "output_tokens": self.output}
        return {
            "answers": self.answers,
            "bytes": round(self.size),
            "at_least": self.measured < self.answers,
            "measured": self.measured,
            "with_waiting": self.timed,
            "waiting_ms": round(self.waiting, 1) if self.timed else None,
            "with_tokens": self.with_tokens,
            **{name: round(value) if self.with_tokens else None for name, value in tokens.items()},
        }

    def line(self) -> str:
        """For people: `22 requests: at least 172k tokens in (151k cached), 12.9 s of waiting`."""
        if not self.answers:
            return "nothing yet"
        parts = [self._tokens()] if self.with_tokens else []
        parts += [f"{lasting(self.waiting)} of waiting"] if self.timed else []
        requests = counted(self.answers, "request")
        if not parts:
            return f"{requests}, {number(self.size)} bytes; what they would have cost, no reply has told yet"
        return f"{requests}: {'at least' if self.measured < self.answers else 'about'} {', '.join(parts)}"

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
    if basis.waiting is None:
        return f"{name}; no reply of the model has told yet what one saves"
    tokens = f", {number(basis.input)} + {number(basis.output)} tokens" if basis.input is not None else ""
    if basis.forwards:
        return f"{name}, each about {lasting(basis.waiting)}{tokens} (median of {counted(basis.forwards, 'forward')})"
    return f"{name}, each at least {lasting(basis.waiting)}{tokens} (by the size of the request)"

"""What was saved, with the basis on which it is told: about, by a rule's own forwards, or at least, by sizes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.commands.plots import lasting, number
from proxy.commands.tables import counted
from proxy.journal.figures import Basis, RuleAndModel, Totals


@dataclass(slots=True)
class Saving:
    """Of some answers: what these saved. Times in milliseconds."""

    answers: int = 0
    size: float = 0.0
    """Bytes of requests that were not sent."""
    timed: int = 0
    """Answers of which it is known how much waiting they saved at least."""
    with_tokens: int = 0
    """Answers of which it is known how many tokens they saved at least."""
    measured: int = 0
    """Answers for whose like the upstream was asked as well, so that both are known about."""
    waiting: float = 0.0
    input: float = 0.0
    cached: float = 0.0
    output: float = 0.0

    def fields(self) -> dict[str, Any]:
        """What machines see: null for what there is no basis for."""
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
    """For every answer, what one of its kind has saved, less the time that the answer took itself."""
    found = Saving()
    for kind, (times, duration) in total.answered.items():
        basis = bases[kind]
        found.answers += times
        found.size += times * (basis.size or 0.0)
        if basis.waiting is not None:
            found.timed += times
            found.waiting += times * basis.waiting - duration
        if basis.input is not None:
            found.with_tokens += times
            found.measured += times if basis.forwards else 0
            found.input += times * basis.input
            found.cached += times * basis.cached
            found.output += times * basis.output
    return found


def basis_line(kind: RuleAndModel, answers: int, basis: Basis) -> str:
    """One line about what a saving rests upon."""
    name = " ".join(filter(None, kind)) + f": {counted(answers, 'answer')}"
    if basis.waiting is None:
        return f"{name}; no reply of the model has told yet what one saves"
    tokens = f", {number(basis.input)} + {number(basis.output)} tokens" if basis.input is not None else ""
    if basis.forwards:
        return f"{name}, each about {lasting(basis.waiting)}{tokens} (median of {counted(basis.forwards, 'forward')})"
    return f"{name}, each at least {lasting(basis.waiting)}{tokens} (by the size of the request)"

"""How a decision came about, told in the words of the rule files and in none of the request's."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from proxy.exchange import Step
from proxy.rules.conditions import Any_, AnyCondition, Check, Condition, Not
from proxy.rules.ruleset import RuleSet

_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Trail:
    """Where each rule that was asked ended: `failed` are the checks that did not hold, in order, a rule each.

    `matched` names the rule whose conditions all held, "" if there is none.
    """

    rules: RuleSet
    failed: Sequence[Check]
    matched: str

    def steps(self) -> Sequence[Step]:
        """The rules in the order in which they were asked. Those that the request's head ruled out were not."""
        origin = {one.holds: (rule.name, one) for rule in self.rules.rules for one in rule.when.conditions}
        asked = [(name, described(condition)) for name, condition in map(origin.__getitem__, self.failed)]
        decided = [rule for rule in self.rules.rules if rule.name == self.matched]
        return [
            *(Step(name, False, text) for name, text in asked),
            *(Step(rule.name, True, "; ".join(map(described, rule.when.conditions))) for rule in decided),
        ]


def described(condition: AnyCondition) -> str:
    """A condition on one line: fact, operator, operand; of a group, all that is in it."""
    match condition:
        case Condition(name=name, operator=operator, operand=operand):
            return f"{name} {operator} {shortened(operand)}"
        case Not(group=group):
            return f"not ({'; '.join(map(described, group.conditions))})"
        case Any_(groups=groups):
            return " or ".join(f"({'; '.join(map(described, group.conditions))})" for group in groups)


def shortened(operand: object) -> str:
    """A value as JSON, cut short."""
    text = orjson.dumps(operand, default=str).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

"""How a decision was made, in the words of the rule files, without any text of the request."""

from collections.abc import Sequence

import msgspec
import orjson

from proxy.record import Step
from proxy.rules.conditions import AnyCondition, AnyOf, Condition, Not
from proxy.rules.ruleset import Failed, RuleSet

_LONGEST = 160


class RuleTrail(msgspec.Struct, frozen=True):
    """The rules that were asked: `failed` did not match, each with the condition that did not hold.

    `matched` is the name of the rule that matched, "" if there is none.
    """

    rules: RuleSet
    failed: Sequence[Failed]
    matched: str

    def steps(self) -> Sequence[Step]:
        """The rules in the order in which they were asked. Rules that the head excludes were not asked."""
        decided = [rule for rule in self.rules.rules if rule.name == self.matched]
        return [
            *(Step(rule.name, False, described(condition)) for rule, condition in self.failed),
            *(Step(rule.name, True, "; ".join(map(described, rule.when.conditions))) for rule in decided),
        ]


def described(condition: AnyCondition) -> str:
    """A condition on one line: fact, operator, operand; for a group, all its conditions."""
    match condition:
        case Condition(name=name, operator=operator, operand=operand):
            return f"{name} {operator} {shortened(operand)}"
        case Not(group=group):
            return f"not ({'; '.join(map(described, group.conditions))})"
        case AnyOf(groups=groups):
            return " or ".join(f"({'; '.join(map(described, group.conditions))})" for group in groups)


def shortened(operand: object) -> str:
    """A value as JSON, cut short."""
    text = orjson.dumps(operand, default=str).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

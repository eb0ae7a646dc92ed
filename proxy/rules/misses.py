"""Why a rule does not match a request: the first condition that failed, and the value of its fact."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from proxy.question.messages import MessagesRequest
from proxy.rules.conditions import AnyCondition, AnyOf, Condition, Not, When, first_failing
from proxy.rules.facts import value_of
from proxy.rules.ruleset import Rule
from proxy.rules.trail import described, shortened


@dataclass(frozen=True, slots=True)
class Miss:
    """A rule that did not match: how many of its conditions held, and the first that did not.

    `within` names the groups ("any", "not") around that condition; `value` is the request's value of its fact.
    """

    rule: Rule
    held: int
    total: int
    within: str
    condition: Condition
    value: Any

    @property
    def wanted(self) -> str:
        """The condition as in the rule's file, without any text of the request."""
        return f"{self.within} {described(self.condition)}".strip()

    def text(self) -> str:
        """The condition, and the value found. Only for examples, since this quotes the request."""
        value = self.value
        found = "nothing is said of it" if value is None else f"found {shortened(value)}"
        return f"{self.wanted}: {found}"


def near_misses(rules: Iterable[Rule], request: MessagesRequest) -> list[Miss]:
    """Rules that do not match, the nearest first: by how many conditions held, and guards after other rules."""
    missed = [miss for rule in rules if (miss := miss_of(rule, request))]
    return sorted(missed, key=lambda miss: (miss.rule.guards, -miss.held))


def miss_of(rule: Rule, request: MessagesRequest) -> Miss | None:
    """None if it does match."""
    held, failed = _progress(rule.when, request)
    if failed is None:
        return None
    within, condition = _blame(failed, request)
    value = value_of(condition.fact, request)
    return Miss(rule, held, len(rule.when.conditions), within, condition, value)


def _progress(when: When, request: MessagesRequest) -> tuple[int, AnyCondition | None]:
    """How many conditions held before one failed, and that one; None if all held."""
    failed = first_failing(when.all_checks, request, {})
    return (len(when.conditions) if failed is None else when.conditions.index(failed)), failed


def _blame(failed: AnyCondition, request: MessagesRequest) -> tuple[str, Condition]:
    """The single test that made a condition fail, and the groups around it.

    For `any`, the first test that failed in the group in which most held; for `not`, the first test of its group.
    """
    match failed:
        case Condition():
            return "", failed
        case Not(group=group):
            return "not", next(group.tests())
        case AnyOf(groups=groups):
            outcomes = [_progress(group, request) for group in groups]
            _, inner = max(outcomes, key=lambda outcome: outcome[0])
            assert inner is not None
            within, condition = _blame(inner, request)
            return f"any {within}".strip(), condition

"""Why a request is answered or forwarded: the rule that decides and what it tested, or the rules that came nearest.

A request is looked at alone: what the running proxy remembers (headers to repeat, a rule that has tripped) is left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from proxy.commands.requests import Given
from proxy.exchange import Answer, Decision, Forward
from proxy.messages import MessagesRequest, NotUnderstood, parse
from proxy.rules.conditions import Any_, AnyCondition, Condition, Not, When
from proxy.rules.facts import value_of
from proxy.rules.ruleset import Rule, RuleSet

NEAREST = 3
"""How many near misses are told."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A rule that did not match: how many of its conditions held, and the first that did not.

    `within` names the groups ("any", "not") around that condition; `value` is what the request says of its fact.
    """

    rule: Rule
    held: int
    total: int
    within: str
    condition: Condition
    value: Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """What becomes of one request. `facts` are those that the deciding rule tested; `reply` is what it would send."""

    given: Given
    decision: Decision
    rule: Rule | None
    facts: tuple[tuple[str, Any], ...]
    reply: Answer | None
    nearest: tuple[Miss, ...]


def explain(rules: RuleSet, given: Given, max_body: int) -> Explanation:
    """Decide as the proxy does, and find out why."""
    request = parse(given.head, given.body)
    decision = _decide(rules, given, request, max_body)
    rule = next((rule for rule in rules.rules if rule.name == decision.rule), None)
    reply = decision if isinstance(decision, Answer) else decision.beside
    if isinstance(request, NotUnderstood):
        return Explanation(given, decision, rule, (), reply, ())
    if rule is None:
        return Explanation(given, decision, rule, (), reply, tuple(near_misses(rules, request)[:NEAREST]))
    return Explanation(given, decision, rule, tuple(facts(rule.when, request)), reply, ())


def _decide(rules: RuleSet, given: Given, request: MessagesRequest | NotUnderstood, max_body: int) -> Decision:
    """As `middleware.shortcut`: in the same order, for the same reasons."""
    if not given.body or not rules.interested(given.head):
        return Forward("nothing to answer")
    if len(given.body) > max_body:
        return Forward("body too large to inspect")
    return Forward(request.reason) if isinstance(request, NotUnderstood) else rules.decide(request)


def facts(when: When, request: MessagesRequest) -> Iterable[tuple[str, Any]]:
    """The name of every fact that `when` tests, and its value, in the order of the tests."""
    return {test.name: value_of(test.fact, request) for test in when.tests()}.items()


def near_misses(rules: RuleSet, request: MessagesRequest) -> list[Miss]:
    """Rules that do not match: those that answer before guards, those whose conditions held furthest first."""
    missed = [miss for rule in rules.rules if (miss := _miss(rule, request))]
    return sorted(missed, key=lambda miss: (miss.rule.answer is None, -miss.held))


def _miss(rule: Rule, request: MessagesRequest) -> Miss | None:
    held, failed = _progress(rule.when, request)
    if failed is None:
        return None
    within, condition = _blame(failed, request)
    value = value_of(condition.fact, request)
    return Miss(rule, held, len(rule.when.conditions), within, condition, value)


def _progress(when: When, request: MessagesRequest) -> tuple[int, AnyCondition | None]:
    """How many conditions held before one failed, and that one; None if all held."""
    held = 0
    for condition, truth in when.truths(request):
        if not truth:
            return held, condition
        held += 1
    return held, None


def _blame(failed: AnyCondition, request: MessagesRequest) -> tuple[str, Condition]:
    """The single test behind a condition that failed, and the groups around it.

    Of `any`, the first test that failed in the group that held furthest; of `not`, the first test of its group.
    """
    match failed:
        case Condition():
            return "", failed
        case Not(group=group):
            return "not", next(group.tests())
        case Any_(groups=groups):
            outcomes = [_progress(group, request) for group in groups]
            _, inner = max(outcomes, key=lambda outcome: outcome[0])
            assert inner is not None
            within, condition = _blame(inner, request)
            return f"any {within}".strip(), condition

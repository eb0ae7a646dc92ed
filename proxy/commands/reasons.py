"""Why a request is answered or forwarded: the rule that decides and what it tested, or the nearest rules.

Only the request counts: what a running proxy remembers (headers to repeat, a rule that has tripped) is not known here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from proxy.commands.requests import Given
from proxy.commands.rule_examples import ExampleRequest
from proxy.decision.steps import NOT_READ, TOO_LARGE
from proxy.exchange import Answer, Decision, Forward
from proxy.question.messages import MessagesRequest, NotUnderstood, conversation, seen
from proxy.respond import Respond
from proxy.rules.conditions import When
from proxy.rules.facts import value_of
from proxy.rules.misses import Miss, miss_of, near_misses
from proxy.rules.ruleset import NO_MATCH, Rule, RuleSet

NEAREST = 3
"""How many near misses are shown."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision about a request. `facts` are those that the deciding rule tested; `reply` is what it would send."""

    given: Given
    decision: Decision
    rule: Rule | None
    facts: tuple[tuple[str, Any], ...]
    reply: Answer | Respond | None
    nearest: tuple[Miss, ...]
    about: str = ""
    """What the example shows, if it is one."""


def explain(rules: RuleSet, given: Given, max_body: int) -> Explanation:
    """Decide as the proxy does, and explain why."""
    request = seen(given.head, given.body, opaquely=rules.responds(given.head))
    decision = _decide(rules, given, request, max_body)
    rule = next((rule for rule in rules.rules if rule.name == decision.rule), None)
    reply = decision.shadow_answer if isinstance(decision, Forward) else decision
    if isinstance(request, NotUnderstood):
        return Explanation(given, decision, rule, (), reply, ())
    if rule is None:
        return Explanation(given, decision, rule, (), reply, tuple(near_misses(rules.rules, request)[:NEAREST]))
    return Explanation(given, decision, rule, tuple(facts(rule.when, request)), reply, ())


def explain_example(rules: RuleSet, shown: ExampleRequest, max_body: int) -> Explanation:
    """The same for an example: its rule is asked too, and comes first among those that do not match."""
    if shown.rule.name not in {rule.name for rule in rules.rules}:
        rules = RuleSet((*rules.rules, shown.rule))
    found = explain(rules, shown.given, max_body)
    request = seen(shown.given.head, shown.given.body, opaquely=shown.rule.respond is not None)
    miss = None if isinstance(request, NotUnderstood) else miss_of(shown.rule, request)
    others = tuple(other for other in found.nearest if other.rule.name != shown.rule.name)
    return replace(found, about=shown.about, nearest=((miss, *others)[:NEAREST] if miss else others))


def _decide(rules: RuleSet, given: Given, request: MessagesRequest | NotUnderstood, max_body: int) -> Decision:
    """As `decision.steps.decide`, in the same order, with the same reasons."""
    if not rules.responds(given.head) and (not given.body or not rules.interested(given.head)):
        return Forward(NOT_READ)
    if len(given.body) > max_body:
        return Forward(TOO_LARGE)
    body = [given.body]
    if conversation(given.head, body) and rules.settled(given.head, rules.absent(body)) is not None:
        return Forward(NO_MATCH)
    return Forward(request.reason) if isinstance(request, NotUnderstood) else rules.decide(request)


def facts(when: When, request: MessagesRequest) -> Iterable[tuple[str, Any]]:
    """The name of every fact that `when` tests, and its value, in the order of the tests."""
    return {test.name: value_of(test.fact, request) for test in when.tests()}.items()

"""Rules, compiled and in order, and the decision: the first that matches wins."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from proxy.exchange import Answer, Decision, Forward, Head, Replay, Version
from proxy.filters.decline import Decline
from proxy.question.inspection import SMALL
from proxy.question.messages import MessagesRequest
from proxy.question.outline import LARGE
from proxy.rules.conditions import (
    AnyCondition,
    Check,
    Known,
    When,
    first_failing,
    is_whole,
    never,
)
from proxy.rules.facts import HEADER_PREFIX, OF_A_SCHEMA
from proxy.rules.marks import Screen
from proxy.rules.permission import DECISION, may_decide
from proxy.rules.refusals import refusal
from proxy.rules.responses import Endpoint, RespondPlan, endpoints
from proxy.rules.schema import Comparison, Status
from proxy.rules.searches import Groups
from proxy.rules.structured import misfit
from proxy.rules.templates import TextTemplate

NO_MATCH = "no rule matched"

_NOTHING: frozenset[str] = frozenset()

_LONGER = SMALL + 1
"""Bytes that a body has at least, where it is more than a small one."""

_HEADS = 256
"""Different heads of which is kept which rules they leave."""

_LONGEST = 1024
"""Characters of what rules see of a head, for that to be kept: clients have some hundred."""


@dataclass(frozen=True, slots=True)
class AnswerPlan:
    """What a rule answers: a text, why the reply stops, and the output tokens to report."""

    text: TextTemplate
    stop_reason: str
    output_tokens: int
    headers: tuple[tuple[str, str], ...] = ()
    replay: Replay | None = None

    @property
    def silent(self) -> bool:
        """Whether it always answers with nothing."""
        return self.text.constant == ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule. With neither an answer nor a response it is a guard: what it matches goes to the model."""

    name: str
    about: str
    source: str
    line: int
    when: When
    answer: AnswerPlan | None
    respond: RespondPlan | None = None
    status: Status = "on"
    on_for: str = ""
    """The kind of upstream for which it is on, though its status is off."""
    compare: Comparison = "text"
    audit: float | None = None
    """The share of its answers that is audited; None for that of all rules."""
    tested: tuple[Version, Version] | None = None
    """The first and the last client version that it was tried with."""
    overridden: Mapping[str, Any] = field(default_factory=dict)
    """What config.toml says in place of the file, by key."""

    @property
    def guards(self) -> bool:
        """Whether it is a guard."""
        return self.answer is None and self.respond is None

    def match(self, request: MessagesRequest) -> Groups | None:
        return self.when.match(request)

    def outcome(self, request: MessagesRequest, groups: Groups) -> Decision:
        """The decision about a request that matched. A filter in doubt, or any failure, forwards it."""
        try:
            if self.respond is not None:
                return self.respond.reply(self.name, request)
            if self.answer is None:
                return Forward("guarded", self.name)
            answer = self._answer(self.answer, request, groups)
        except Decline as decline:
            return Forward(f"declined: {decline.reason}", self.name)
        return in_shadow(answer) if self.status == "shadow" else answer

    def _answer(self, plan: AnswerPlan, request: MessagesRequest, groups: Mapping[str, str]) -> Answer:
        text = plan.text.render(request, groups)
        if request.schema is not None and (reason := misfit(text, request.schema)):
            raise Decline(reason)
        text = _continuing(request.prefill, text)
        if plan.stop_reason != "max_tokens" and _may_be_cut(text, request.max_tokens):
            raise Decline("the answer may be longer than max_tokens")
        return Answer(
            rule=self.name,
            text=text,
            stop_reason=plan.stop_reason,
            model=request.model,
            stream=request.stream,
            output_tokens=plan.output_tokens,
            headers=plan.headers,
            replay=plan.replay,
        )


def in_shadow(answer: Answer) -> Forward:
    """An answer that is not given, but held against the model's."""
    return Forward("shadow", answer.rule, answer)


def _continuing(prefill: str | None, text: str) -> str:
    """What is left to say behind a prefill. Raises Decline when the text does not begin with it."""
    if prefill is None:
        return text
    if not text.startswith(prefill):
        raise Decline("the answer does not continue the prefill")
    return text[len(prefill) :]


def _may_be_cut(text: str, most: int | None) -> bool:
    """Whether a text may have more tokens than that. None has more than bytes."""
    return most is not None and len(text.encode()) > most


Failed = tuple[Rule, AnyCondition]
"""A rule that was asked and did not match, and a condition of it that did not hold."""


@dataclass(frozen=True)
class _Asked:
    """The rules that a request's head leaves, each with what is left to ask, and whether any of them could answer."""

    rules: tuple[tuple[Rule, tuple[tuple[Failed, Check], ...]], ...]
    interested: bool

    @cached_property
    def settled(self) -> tuple[Failed, ...] | None:
        """If none of them can match, each with a condition that cannot hold; else None."""
        failed = tuple(checks[-1][0] for _, checks in self.rules if checks and never(checks[-1][1]))
        return failed if len(failed) == len(self.rules) else None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in the order in which they are asked: guards before all others."""

    rules: tuple[Rule, ...]
    off: tuple[Rule, ...] = field(default=(), compare=False)
    """Those that are switched off: known, and never asked."""
    _headers: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The headers that any rule tests."""
    _responding: frozenset[Endpoint] = field(init=False, repr=False, compare=False)
    """What the rules that respond name."""
    _screen: Screen = field(init=False, repr=False, compare=False)
    _asked: dict[Hashable, _Asked] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What is left to ask, by what rules can see of heads and by the marks that were found: few differ there."""

    def __post_init__(self) -> None:
        tests = [test for rule in self.rules for test in rule.when.tests()]
        names = {test.name.removeprefix(HEADER_PREFIX).lower() for test in tests if test.name.startswith(HEADER_PREFIX)}
        object.__setattr__(self, "_headers", tuple(sorted(names | {"user-agent"})))
        responding = (endpoints(rule.when) for rule in self.rules if rule.respond is not None)
        object.__setattr__(self, "_responding", frozenset[Endpoint]().union(*responding))
        marks = [rule.when.required_marks(_LONGER) or frozenset() for rule in self.rules]
        object.__setattr__(self, "_screen", Screen(frozenset({OF_A_SCHEMA}).union(*marks)))

    def _left(self, head: Head, absent: frozenset[str] = _NOTHING, size: int = 0) -> _Asked:
        key = (head.method, head.path, *map(head.headers.get, self._headers))
        asked = self._asked.get((absent, size, key))
        if asked is None:
            known = Known(head, absent, size)
            rules = [(rule, tuple(_checks(rule, known))) for rule in self.rules if rule.when.possible(head)]
            asked = _Asked(tuple(rules), any(rule.answer is not None for rule, _ in rules))
            if sum(len(value or "") for value in key) > _LONGEST:
                return asked
            if len(self._asked) >= _HEADS:
                self._asked.clear()
            self._asked[absent, size, key] = asked
        return asked

    @property
    def replays(self) -> list[Replay]:
        """The headers that its answers repeat."""
        return [rule.answer.replay for rule in self.rules if rule.answer and rule.answer.replay]

    def interested(self, head: Head) -> bool:
        """Whether any answering rule could match a request with this head, so that its body is worth reading."""
        return self._left(head).interested

    def responds(self, head: Head) -> bool:
        """Whether a rule may respond to a request with this head, be it a Messages request or not."""
        return bool(self._responding) and (head.method, head.path) in self._responding

    def absent(self, body: Sequence[bytes]) -> frozenset[str]:
        """Marks of the rules that stand nowhere in a body, which may be in pieces; of a large one, nothing is known."""
        return self._screen.absent(body) if sum(map(len, body)) <= LARGE else _NOTHING

    def settled(self, head: Head, absent: frozenset[str]) -> Sequence[Failed] | None:
        """The rules that are asked about a conversation, each with what does not hold, where that is known beforehand.

        None where one of them may match, or where the reply is to follow a schema, which tells of decisions.
        """
        known = OF_A_SCHEMA in absent and not self.responds(head)
        return self._left(head, absent, _LONGER).settled if known else None

    def decide(
        self, request: MessagesRequest, failed: list[Failed] | None = None, absent: frozenset[str] | None = None
    ) -> Decision:
        """Answer or forward. Raises nothing: a rule that breaks forwards, as if it had declined.

        Rules that were asked and did not match are added to `failed`, for `rules.trail` to tell of them. `absent` are
        the marks that do not stand in the body, if they are known already.
        """
        if request.inspection.excess:
            return Forward(f"too large to look into: {request.inspection.excess}")
        if failed is None:
            failed = []
        if absent is None:
            absent = self.absent([request.raw])
        for rule, checks in self._left(request.head, absent, _LONGER if request.size > SMALL else 0).rules:
            groups: Groups = {}
            try:
                failure = first_failing(checks, request, groups)
                if failure is None:
                    return self._outcome(rule, request, groups)
            except Exception as error:  # fails open: nothing that a rule does may cost a person's request
                return Forward(f"rule failed: {type(error).__name__}", rule.name)
            failed.append(failure)
        try:
            return Forward(DECISION if may_decide(request) else NO_MATCH)
        except Exception as error:  # the same
            return Forward(f"not looked into: {type(error).__name__}")

    def _outcome(self, rule: Rule, request: MessagesRequest, groups: Groups) -> Decision:
        if not rule.guards and not request.well_formed:
            return Forward("not well-formed throughout", rule.name)
        # How many tokens a question has is no answer to it, whatever it asks.
        counts = rule.respond is not None and rule.respond.bytes_per_token is not None
        if not rule.guards and not counts and may_decide(request):
            return Forward(DECISION, rule.name)
        if rule.answer is not None and (reason := refusal(request)):
            return Forward(reason, rule.name)
        return rule.outcome(request, groups)


def _checks(rule: Rule, known: Known) -> Iterator[tuple[Failed, Check]]:
    """What is left to ask. No rule but a guard is asked about the whole of a large body."""
    for condition, check in rule.when.left(known):
        yield (rule, condition), (_of_small(check) if not rule.guards and is_whole(condition) else check)


def _of_small(check: Check) -> Check:
    return lambda request, groups: request.size <= LARGE and check(request, groups)

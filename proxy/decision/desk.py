"""The desk decides requests: it holds the rules in force, and what is remembered from one request to the next.

It changes nothing outside of itself. The clock is passed in, and what is worth a log line is returned.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from msgspec import structs

from proxy.decision.agreements import Agreements
from proxy.decision.audits import AUDIT, Auditing, auditing
from proxy.decision.breaker import Breaker
from proxy.decision.drift import Drift, Notice
from proxy.decision.ratelimits import ReplyHeaders
from proxy.decision.shadow import Verdict, audits_shown, verdict
from proxy.decision.sightings import Sightings
from proxy.exchange import Answer, Decision, Forward, Head, Replay
from proxy.question.messages import Conversation, MessagesRequest
from proxy.record import Trail
from proxy.respond import Respond
from proxy.rules.ruleset import NO_MATCH, Failed, RuleSet
from proxy.rules.trail import RuleTrail
from proxy.settings.config import Config

_PASSED = Forward(NO_MATCH)


class Ruling(msgspec.Struct, frozen=True):
    """A decision, with what became known on the way to it."""

    decision: Decision
    trail: Trail
    session: str
    model: str
    """The one that is asked; of a response none is, so that no call of one was saved."""
    trip: str = ""
    """Why the circuit breaker stepped in, if it did just now."""
    notices: Sequence[Notice] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """The outcome of comparing a rule's answer with the model's, whose text is None if it has none."""

    verdict: Verdict
    theirs: str | None
    trip: str = ""
    """Why the rule no longer answers, if this comparison put it in shadow."""


@dataclass(frozen=True, slots=True)
class InForce:
    """Everything that a reload replaces, as one object: no request sees a mixture of old and new."""

    rules: RuleSet
    max_body: int
    breaker: Breaker
    drift: Drift
    auditing: Auditing


def in_force(config: Config, rules: RuleSet) -> InForce:
    """The state at a start with these rules: nothing has tripped, nothing has fired."""
    breaker = Breaker(config.breaker.window, config.breaker.trips)
    return InForce(rules, config.rules.max_body, breaker, Drift(rules.rules), auditing(config.rules, rules))


@dataclass(slots=True)
class Desk:
    """Decides every request of a process. `replies`, `agreements` and `sightings` survive a reload."""

    now: InForce
    replies: ReplyHeaders
    agreements: Agreements
    sightings: Sightings = field(default_factory=Sightings)
    faults: tuple[str, ...] = ()
    """What is wrong with the rules that were loaded last, one line each."""
    restart_for: tuple[str, ...] = ()
    """The keys of settings that were changed and take effect only after a restart."""
    signs: Counter[str] = field(default_factory=Counter)
    """How often this process saw a sign of drift, by kind."""
    measured: Callable[[str], tuple[float, int] | None] = field(default=lambda _model: None)
    """For a model: bytes per token as measured in the upstream's replies, and in how many; None if in too few."""
    draw: Callable[[], float] = random.random
    """A random number from 0 to 1, which decides whether a question is audited."""
    stopping: bool = False
    """Whether the process is about to end, and accepts no new connections."""

    def replace(self, now: InForce, restart_for: Sequence[str] = ()) -> None:
        """Put other rules in force. Requests that are being decided keep the rules they began with."""
        self.now, self.restart_for = now, tuple(restart_for)
        self.agreements.forget_failed(now.auditing)
        self.replies.keep_prefixes(_repeated(now.rules))

    def loaded(self, problems: Sequence[object]) -> None:
        """Rules were loaded, with these problems."""
        self.faults = tuple(map(str, problems))

    def estimate_by(self, measured: Callable[[str], tuple[float, int] | None]) -> None:
        """Estimate tokens by what `measured` returns, instead of by what rules assume."""
        self.measured = measured

    def stop(self) -> None:
        """The process is about to end."""
        self.stopping = True

    def settled(self, now: InForce, conversation: Conversation, absent: frozenset[str]) -> Ruling | None:
        """The decision on a conversation that no rule of `now` matches, where that shows before its body is parsed."""
        failed = now.rules.settled(conversation.head, absent)
        if failed is None:
            return None
        notices = self._counted(now.drift.passed(conversation.head, conversation.session))
        trail = RuleTrail(now.rules, failed, "")
        return Ruling(_PASSED, trail, conversation.session, conversation.model, notices=notices)

    def decide(self, now: InForce, request: MessagesRequest, at: float, absent: frozenset[str] | None = None) -> Ruling:
        """Decide on `request` by the rules of `now`; `at` in seconds on a steady clock, `absent` as in `RuleSet`."""
        failed: list[Failed] = []
        decision, trip = now.rules.decide(request, failed, absent), ""
        if now.rules.responds(request.head):  # not a question to a model: drift, replay and audits do not apply
            model = "" if isinstance(decision, Respond) else request.model
            trail = RuleTrail(now.rules, failed, decision.rule)
            return Ruling(self._as_measured(decision), trail, request.session, model)
        notices = self._counted(now.drift.note(request, decision))
        if isinstance(decision, Answer) and decision.replay:
            decision = self._with_repeated(decision, decision.replay, request.head, at)
        # The breaker comes last, since it remembers answers: a question that was declined may be asked again at once.
        if isinstance(decision, Answer) and self._audits(now, decision.rule):
            decision = Forward(AUDIT, decision.rule, decision)
        elif isinstance(decision, Answer):
            decision, trip = now.breaker.review(decision, request, at)
        trail = RuleTrail(now.rules, failed, decision.rule)
        return Ruling(decision, trail, request.session, request.model, trip, notices)

    def _counted(self, notices: Sequence[Notice]) -> Sequence[Notice]:
        for notice in notices:
            self.signs[notice.sign] += 1
        return notices

    def _as_measured(self, decision: Decision) -> Decision:
        """The same decision; an estimate uses the ratio measured in the upstream's replies, if there is one."""
        if not isinstance(decision, Respond) or decision.estimate is None:
            return decision
        found = self.measured(decision.estimate.model)
        if found is None:
            return decision
        origin = f"the median of the last {found[1]} replies"
        return decision.estimating(replace(decision.estimate, bytes_per_token=found[0], origin=origin))

    def _with_repeated(self, answer: Answer, replay: Replay, head: Head, at: float) -> Decision:
        """The answer with the headers that it repeats; a decline if it needs them and there are none."""
        headers = self.replies.recall(head, replay, at)
        if not headers:
            return Forward("declined: no headers to repeat", answer.rule) if replay.required else answer
        return structs.replace(answer, headers=(*answer.headers, *headers))

    def _audits(self, now: InForce, rule: str) -> bool:
        share = now.auditing.shares.get(rule, 0.0)
        return share > 0 and self.draw() < share and not now.breaker.in_shadow(rule)

    def compare(
        self, now: InForce, ours: Answer, status: int, theirs: str | None, *, audited: bool = False
    ) -> Compared:
        """Compare a rule's answer with the text of the reply that the client got, and count the outcome."""
        rule = next((rule for rule in now.rules.rules if rule.name == ours.rule), None)
        found = verdict(rule.compare if rule else "text", ours.text, status, theirs)
        if not audited:
            self.agreements.add(ours.rule, found)
            return Compared(found, theirs)
        audits = self.agreements.add_audit(ours.rule, found)
        if not now.auditing.fails(audits) or now.breaker.in_shadow(ours.rule):
            return Compared(found, theirs)
        now.breaker.put_in_shadow(ours.rule)
        said = f"of its last audits, {audits_shown(audits)} agreed with the model"
        return Compared(found, theirs, f"{said}: the rule is in shadow until the rules are loaded anew")


def new_desk(
    config: Config,
    rules: RuleSet,
    key: bytes,
    agreements: Agreements | None = None,
    sightings: Sightings | None = None,
) -> Desk:
    """A desk with these rules; `key` is random bytes that only this process knows."""
    now, counted = in_force(config, rules), agreements or Agreements()
    counted.forget_failed(now.auditing)
    return Desk(now, ReplyHeaders(key, _repeated(rules)), counted, sightings or Sightings())


def _repeated(rules: RuleSet) -> tuple[bytes, ...]:
    return tuple({replay.prefix.encode() for replay in rules.replays})

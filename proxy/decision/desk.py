"""The desk at which requests are decided: the rules in force, and what is remembered from one request to the next.

It changes nothing outside of itself; the clock is passed in, and what is worth a log line is given back.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from proxy.config import Config
from proxy.decision.agreements import Agreements
from proxy.decision.audits import AUDIT, Auditing, auditing
from proxy.decision.breaker import Breaker
from proxy.decision.drift import Drift, Notice
from proxy.decision.ratelimits import ReplyHeaders
from proxy.decision.shadow import Verdict, audits_shown, verdict
from proxy.decision.sightings import Sightings
from proxy.exchange import Answer, Decision, Forward, Head, Replay, Trail
from proxy.messages import Conversation, MessagesRequest
from proxy.respond import Respond
from proxy.rules.ruleset import NO_MATCH, Failed, RuleSet
from proxy.rules.trail import RuleTrail

_PASSED = Forward(NO_MATCH)


@dataclass(slots=True)
class Ruling:
    """A decision, with what became known on the way to it.

    Treat it as immutable; frozen=True would double construction time.
    """

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
    """What came of holding a rule's answer against the model's, whose text is None where it had none."""

    verdict: Verdict
    theirs: str | None
    trip: str = ""
    """Why the rule answers no more, if that is the end of it."""


@dataclass(frozen=True, slots=True)
class InForce:
    """Everything that a reload replaces, in one piece: no request sees half of it."""

    rules: RuleSet
    max_body: int
    breaker: Breaker
    drift: Drift
    auditing: Auditing


def in_force(config: Config, rules: RuleSet) -> InForce:
    """A fresh start with these rules: nothing has tripped, nothing has fired."""
    breaker = Breaker(config.breaker.window, config.breaker.trips)
    return InForce(rules, config.rules.max_body, breaker, Drift(rules.rules), auditing(config.rules, rules))


@dataclass(slots=True)
class Desk:
    """Decides; one of a kind in a process. `replies`, `agreements` and `sightings` outlive a reload."""

    now: InForce
    replies: ReplyHeaders
    agreements: Agreements
    sightings: Sightings = field(default_factory=Sightings)
    faults: tuple[str, ...] = ()
    """What is wrong with the rules that were to be put in force last, a line each."""
    restart_for: tuple[str, ...] = ()
    """The keys of settings that were changed, and of which only a restart takes notice."""
    signs: Counter[str] = field(default_factory=Counter)
    """How often this process saw a sign of drift, by kind."""
    measured: Callable[[str], tuple[float, int] | None] = field(default=lambda _model: None)
    """What replies of the upstream have told of a model: how many bytes make a token, and how many replies; or None."""
    draw: Callable[[], float] = random.random
    """Which questions are audited: a number from 0 to 1, at random."""
    stopping: bool = False
    """Whether the process is about to end, and takes no new connections."""

    def replace(self, now: InForce) -> None:
        """Put other rules in force; requests that are being decided keep those they began with."""
        self.now = now
        self.agreements.forget_failed(now.auditing)
        self.replies.prefixes = _repeated(now.rules)

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
        if now.rules.responds(request.head):  # no question to a model: nothing to compare, to repeat or to miss
            model = "" if isinstance(decision, Respond) else request.model
            trail = RuleTrail(now.rules, failed, decision.rule)
            return Ruling(self._as_measured(decision), trail, request.session, model)
        notices = self._counted(now.drift.note(request, decision))
        if isinstance(decision, Answer) and decision.replay:
            decision = self._with_repeated(decision, decision.replay, request.head, at)
        # Last, since it remembers what was answered: a question that was declined may well come again at once.
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
        """An estimate by what the upstream has told, if it has."""
        if not isinstance(decision, Respond) or decision.estimate is None:
            return decision
        found = self.measured(decision.estimate.model)
        if found is None:
            return decision
        origin = f"the median of the last {found[1]} replies"
        return decision.estimating(replace(decision.estimate, bytes_per_token=found[0], origin=origin))

    def _with_repeated(self, answer: Answer, replay: Replay, head: Head, at: float) -> Decision:
        """The answer with the headers that it repeats, or a decline where it must not do without."""
        headers = self.replies.recall(head, replay, at)
        if not headers:
            return Forward("declined: no headers to repeat", answer.rule) if replay.required else answer
        return replace(answer, headers=(*answer.headers, *headers))

    def _audits(self, now: InForce, rule: str) -> bool:
        share = now.auditing.shares.get(rule, 0.0)
        return share > 0 and self.draw() < share and not now.breaker.in_shadow(rule)

    def compare(
        self, now: InForce, ours: Answer, status: int, theirs: str | None, *, audited: bool = False
    ) -> Compared:
        """Hold a rule's answer against the text of the reply that the client got, and count the outcome."""
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


def desk(config: Config, rules: RuleSet, key: bytes, agreements: Agreements | None = None) -> Desk:
    """A desk with these rules; `key` is random bytes, known to this process alone."""
    now, counted = in_force(config, rules), agreements or Agreements()
    counted.forget_failed(now.auditing)
    return Desk(now, ReplyHeaders(key, _repeated(rules)), counted)


def _repeated(rules: RuleSet) -> tuple[bytes, ...]:
    return tuple({replay.prefix.encode() for replay in rules.replays})

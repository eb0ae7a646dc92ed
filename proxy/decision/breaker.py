"""The circuit breaker: a client that repeats a question at once did not like the answer.

Claude Code sends a request a second time, without streaming, when it cannot use the reply to the first (seen in 2.0.20
and later). The SDKs that it uses repeat a request that they consider failed.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from proxy import names
from proxy.exchange import Answer, Decision, Forward
from proxy.question.messages import MessagesRequest
from proxy.rules.ruleset import in_shadow

_REMEMBERED = 4096
"""Answers and tripped sessions that are remembered: the latest ones, so that memory stays bounded."""


@dataclass(slots=True)
class Breaker:
    """Remembers answers as hashes of session and question; times are seconds on any monotonic clock.

    If a session repeats a question within `window` seconds, the rule trips: from then on it forwards for that session.
    After `trips` of these the rule is in shadow for everybody, until the rules are reloaded.
    """

    window: float
    trips: int
    _answered: "OrderedDict[Hashable, float]" = field(default_factory=OrderedDict)
    _tripped: "OrderedDict[Hashable, float]" = field(default_factory=OrderedDict)
    _count: "Counter[str]" = field(default_factory=Counter)

    def review(self, answer: Answer, request: MessagesRequest, now: float) -> tuple[Decision, str]:
        """The decision that replaces `answer`, and the reason to log; "" for none."""
        session = names.session(request.session)
        if self.in_shadow(answer.rule):
            return in_shadow(answer), ""
        if (session, answer.rule) in self._tripped:
            return Forward("tripped in this session", answer.rule), ""
        question = (session, answer.rule, _digest(request))
        answered = self._answered.get(question)
        if not session or answered is None or now - answered > self.window:
            _remember(self._answered, question, now)
            return answer, ""
        _remember(self._tripped, (session, answer.rule), now)
        self._count[answer.rule] += 1
        said = "the client asked again at once: the rule forwards for its session"
        if self.in_shadow(answer.rule):
            said = "clients keep asking again: the rule is in shadow until the rules are loaded anew"
        return Forward("asked again", answer.rule), said

    def put_in_shadow(self, rule: str) -> None:
        """The rule has failed its audits: it no longer answers anybody."""
        self._count[rule] = max(self.trips, self._count[rule])

    def in_shadow(self, rule: str) -> bool:
        """Whether the rule has tripped so often that it no longer answers anybody."""
        return self._count.get(rule, 0) >= self.trips


def _remember(memory: "OrderedDict[Hashable, float]", key: Hashable, now: float) -> None:
    memory[key] = now
    memory.move_to_end(key)
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)


def _digest(request: MessagesRequest) -> int:
    """A hash of the question alone: a retry may differ in `stream`, `max_tokens` and the model.

    Python's own, of 64 bits and with a key of the process: two questions that share one cost a request to the model.
    """
    return hash(b"".join(request.inspection.question()))

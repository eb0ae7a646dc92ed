"""Drift: signs that the client has changed under the rules. Each is told once; no content leaves the process."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.exchange import Answer, Decision, Forward, Head, Version, version_text
from proxy.messages import MessagesRequest
from proxy.rules.ruleset import NO_MATCH, Rule

_SMALL = 64 * 1024
"""Bytes up to which a request without tools looks like a side question."""

_FIRST_WORDS = 8
_MOST_PRINTS = 1000
_MOST_VERSIONS = 256
"""Client versions that are watched, the first; a header can name any number of them."""

PATIENCE = 50
"""Requests of a newer client version after which a rule that fired for the last one, and has not since, is missed."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One sign of drift, for the log."""

    sign: str
    client: str
    rule: str = ""
    fingerprint: str = ""


@dataclass(slots=True)
class Drift:
    """What was seen of each client version."""

    rules: tuple[Rule, ...]
    prints: "Counter[tuple[str, str]]" = field(default_factory=Counter)
    """How often each unknown question came: by client version and fingerprint."""
    _tested: Mapping[str, tuple[Version, Version] | None] = field(init=False)
    """By rule."""
    _fired: dict[str, Version] = field(default_factory=dict)
    _seen: "Counter[Version]" = field(default_factory=Counter)
    told: dict[Notice, None] = field(default_factory=dict)
    """What was told so far, the first first; nothing is told twice."""

    def __post_init__(self) -> None:
        self._tested = {rule.name: rule.tested for rule in self.rules}

    def note(self, request: MessagesRequest, decision: Decision) -> list[Notice]:
        """What `decision` about `request` shows that was not told before."""
        client = request.head.client
        if client is None or client[0] != "claude-cli":
            return []
        version = client[1]
        if version not in self._seen and len(self._seen) >= _MOST_VERSIONS:
            return []
        shown = version_text(version)
        self._seen[version] += 1
        if isinstance(decision, Answer):
            notices = self._untested(decision, version, shown)
        else:
            notices = self._unknown(request, decision, shown)
        if self._seen[version] == PATIENCE:
            notices += self._missed(request.head, version, shown)
        if not notices:
            return notices
        fresh = [notice for notice in notices if notice not in self.told]
        self.told.update(dict.fromkeys(fresh))
        return fresh

    def _unknown(self, request: MessagesRequest, decision: Forward, shown: str) -> list[Notice]:
        """A small request without tools that no rule knows."""
        if decision.reason != NO_MATCH or request.tools or request.size > _SMALL:
            return []
        mark = _fingerprint(request)
        if len(self.prints) < _MOST_PRINTS or (shown, mark) in self.prints:
            self.prints[shown, mark] += 1
        return [Notice("unknown question", shown, fingerprint=mark)] if len(self.prints) < _MOST_PRINTS else []

    def _untested(self, decision: Answer, version: Version, shown: str) -> list[Notice]:
        """A rule that fires for a client newer than any it was tried with."""
        self._fired[decision.rule] = max(version, self._fired.get(decision.rule, ()))
        tested = self._tested.get(decision.rule)
        return [Notice("untested client version", shown, decision.rule)] if tested and version > tested[1] else []

    def _missed(self, head: Head, version: Version, shown: str) -> list[Notice]:
        """Rules that fired for an older version and could fire for this one, but never do."""
        return [
            Notice("rule stopped firing", shown, rule.name)
            for rule in self.rules
            if rule.when.possible(head) and self._fired.get(rule.name, version) < version
        ]


def _fingerprint(request: MessagesRequest) -> str:
    """A hash of the first words of what marks a question: the last system block, else the last user message."""
    marker = request.system[-1] if request.system else "\n".join(request.user_texts)
    words = " ".join(marker[:400].split()[:_FIRST_WORDS])
    return hashlib.blake2b(words.encode(), digest_size=6).hexdigest()

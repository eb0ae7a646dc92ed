"""Drift: signs that the client has changed and the rules have not. No content leaves the process."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

from proxy.exchange import Answer, Decision, Forward, Head, Version, client_of, version_text
from proxy.question.messages import MessagesRequest
from proxy.rules.conditions import Condition
from proxy.rules.misses import miss_of, near_misses
from proxy.rules.permission import DECISION
from proxy.rules.ruleset import NO_MATCH, Rule

_SMALL = 64 * 1024
"""A request without tools that has at most so many bytes looks like a side question."""

_SYSTEM_WORDS, _USER_WORDS = 8, 4
_MOST_BEGINNINGS = 8
"""Different first words of user messages per prompt. If there are more, people wrote them, and they are ignored."""
_MOST_PRINTS = 1000
_MOST_VERSIONS = 256
"""Client versions and kinds of session that are watched: the first ones, since a header can name any number."""

UNKNOWN, NEARLY, UNTESTED, STOPPED = "unknown question", "nearly", "untested client version", "rule stopped firing"
SIGNS = (UNKNOWN, NEARLY, UNTESTED, STOPPED)

REQUESTS = 50
SESSIONS = 3
"""Requests, and sessions, of a newer client version after which a rule counts as stopped, if it fired for an older one.
Only sessions of the kind in which it fired count: terminals, `-p` and SDKs ask different questions."""

_AGENT = 128
"""Longest `User-Agent` whose kind of session is cached."""
_ENTRY = re.compile(r"\(([\w, -]{1,60})\)")

SessionKind = tuple[Version, str, bool]
"""A client version, how the client was started, and whether it uses an API key."""


@dataclass(slots=True)
class _Seen:
    """What was seen of a kind of session."""

    kind: SessionKind
    requests: int = 0
    sessions: set[int] = field(default_factory=set)
    """Hashes of what names them."""
    judged: bool = False
    """Whether enough was seen: nothing more is counted."""

    def is_enough_with(self, session: str) -> bool:
        """Count a request of that session; True once, when enough were seen to judge by."""
        if self.judged:
            return False
        self.requests += 1
        self.sessions.add(hash(session))
        self.judged = self.requests >= REQUESTS and len(self.sessions) >= SESSIONS
        return self.judged


@dataclass(frozen=True, slots=True)
class Notice:
    """One sign of drift.

    `rule` fired, or stopped firing; or it is the nearest rule, and `condition` (as in its file) did not hold. `shape`
    and `fingerprint` describe the request.
    """

    sign: str
    """One of `SIGNS`."""
    client: str
    rule: str = ""
    condition: str = ""
    shape: str = ""
    fingerprint: str = ""


@dataclass(slots=True)
class Drift:
    """What was seen of each client version."""

    rules: tuple[Rule, ...]
    _named: Mapping[str, tuple[Condition, ...]] = field(init=False)
    """For each rule that answers, the conditions that identify its prompt."""
    _newest: Mapping[str, Version] = field(init=False)
    """For each rule that was tried with clients, the newest of their versions."""
    _unknown: dict[tuple[str, str], Notice] = field(default_factory=dict)
    """By client version and fingerprint."""
    _beginnings: dict[str, set[str]] = field(default_factory=dict)
    _fired: dict[tuple[str, str, bool], Version] = field(default_factory=dict)
    """The newest version for which each rule fired, by kind of session."""
    _seen: dict[SessionKind, _Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._named = {rule.name: named for rule in self.rules if rule.answer and (named := _prompt(rule))}
        self._newest = {rule.name: rule.tested[1] for rule in self.rules if rule.tested}

    def note(self, request: MessagesRequest, decision: Decision) -> list[Notice]:
        """The signs in this request; they may have been reported before."""
        seen = self._of_its_kind(request.head)
        if seen is None:
            return []
        notices = self._untested(decision, seen.kind) if isinstance(decision, Answer) else []
        if isinstance(decision, Forward) and _is_unknown(request, decision):
            notices = self._unknown_question(request, version_text(seen.kind[0]))
        return notices + self._missed(request.head, request.session, seen)

    def passed(self, head: Head, session: str) -> list[Notice]:
        """The same of a conversation that no rule matched."""
        seen = self._of_its_kind(head)
        return [] if seen is None else self._missed(head, session, seen)

    def _of_its_kind(self, head: Head) -> _Seen | None:
        """None for what is not watched."""
        agent = head.headers.get("user-agent", "")
        read = _session_kind if len(agent) <= _AGENT else _session_kind.__wrapped__
        kind = read(agent, "x-api-key" in head.headers)
        if kind is None:
            return None
        seen = self._seen.get(kind)
        if seen is None and len(self._seen) < _MOST_VERSIONS:
            seen = self._seen[kind] = _Seen(kind)
        return seen

    def _unknown_question(self, request: MessagesRequest, shown: str) -> list[Notice]:
        """A small request without tools that no rule matched."""
        mark = self._fingerprint(request)
        known = self._unknown.get((shown, mark))
        if known is None and len(self._unknown) < _MOST_PRINTS:
            known = self._unknown[shown, mark] = self._described(request, shown, mark)
        return [known] if known else []

    def _described(self, request: MessagesRequest, shown: str, mark: str) -> Notice:
        shape = _shape(request)
        for rule in self.rules:
            if rule.name in self._named and all(one.matches(request, {}) for one in self._named[rule.name]):
                miss = miss_of(rule, request)
                return Notice(NEARLY, shown, rule.name, miss.wanted if miss else "", shape)
        nearest = next(iter(near_misses([rule for rule in self.rules if rule.answer], request)), None)
        name, condition = (nearest.rule.name, nearest.wanted) if nearest else ("", "")
        return Notice(UNKNOWN, shown, name, condition, shape, mark)

    def _fingerprint(self, request: MessagesRequest) -> str:
        """A hash of the request's shape, and of the first words of its prompt and of the user's message."""
        last = request.system[-1] if request.system else ""
        prompt = _hash(_shape(request), _words(last, _SYSTEM_WORDS), *sorted(request.schema or ()))
        whole = _hash(prompt, _words("\n".join(request.user_texts), _USER_WORDS))
        beginnings = self._beginnings.get(prompt)
        if beginnings is None and len(self._beginnings) < _MOST_PRINTS:
            beginnings = self._beginnings[prompt] = set()
        if beginnings is None or (whole not in beginnings and len(beginnings) >= _MOST_BEGINNINGS):
            return prompt
        beginnings.add(whole)
        return whole

    def _untested(self, decision: Answer, kind: SessionKind) -> list[Notice]:
        """A rule answers a client that is newer than any it was tested with."""
        version, entry, by_key = kind
        key = (decision.rule, entry, by_key)
        self._fired[key] = max(version, self._fired.get(key, ()))
        is_untested = version > self._newest.get(decision.rule, version)
        return [Notice(UNTESTED, version_text(version), decision.rule)] if is_untested else []

    def _missed(self, head: Head, session: str, seen: _Seen) -> list[Notice]:
        """Rules that fired for an older version in sessions of this kind, and could fire for this one, but never do."""
        if not seen.is_enough_with(session):
            return []
        version, entry, by_key = seen.kind
        return [
            Notice(STOPPED, version_text(version), rule.name)
            for rule in self.rules
            if rule.when.possible(head) and self._fired.get((rule.name, entry, by_key), version) < version
        ]


def _prompt(rule: Rule) -> tuple[Condition, ...]:
    """The conditions of a rule that identify its prompt: those on the system prompt, else those on the user's text."""
    tests = [one for one in rule.when.conditions if isinstance(one, Condition)]
    system = tuple(one for one in tests if one.name == "system")
    return system or tuple(one for one in tests if one.name in ("user_text", "user_texts"))


@lru_cache(256)
def _session_kind(user_agent: str, has_key: bool) -> SessionKind | None:
    """How Claude Code was started is said behind its version: `external, cli`, `external, sdk-cli`."""
    client, entry = client_of(user_agent), _ENTRY.search(user_agent)
    if client is None or client[0] != "claude-cli":
        return None
    return client[1], entry[1] if entry else "", has_key


def _is_unknown(request: MessagesRequest, decision: Forward) -> bool:
    reasons = (NO_MATCH, DECISION)
    return decision.reason in reasons and not decision.rule and not request.tools and request.size <= _SMALL


def _shape(request: MessagesRequest) -> str:
    """The shape of a request in a few words, without any of its text."""
    properties = (request.schema or {}).get("properties")
    parts = [
        "streamed" if request.stream else "not streamed",
        f"messages: {request.count}",
        f"system blocks: {len(request.system)}",
        f"text blocks: {len(request.user_texts)}",
        f"schema properties: {len(properties)}" if isinstance(properties, dict) else "",
    ]
    return ", ".join(filter(None, parts))


def _words(text: str, count: int) -> str:
    """The first words of a text; only the tag if it begins with one."""
    words = text[:400].split()[:count]
    return words[0] if words and words[0].startswith("<") else " ".join(words)


def _hash(*parts: str) -> str:
    return hashlib.blake2b(orjson.dumps(parts), digest_size=6).hexdigest()

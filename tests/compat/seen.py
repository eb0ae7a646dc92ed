"""What was seen of one version: every question that it asked, and what became of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from proxy.rules.examples import request_of
from proxy.rules.load import LoadedRule
from tests.compat.kinds import TREATED, kind_of
from tests.compat.marks import Mark

Treatment = tuple[str, str]
"""`("answered", RULE)`, `("guarded", RULE)`, or `("forwarded", "")`."""


@dataclass(frozen=True, slots=True)
class Form:
    """What of a request is fixed by how a client builds it, and not by what it is about."""

    content: str
    """Of the last user message: "a text", or "blocks"."""
    newline_first: bool
    """Whether its first text begins with one."""
    system: int
    """How many blocks the system prompt has."""

    def __str__(self) -> str:
        first = ", a newline first" if self.newline_first else ""
        return f"{self.content}{first}, {self.system} system blocks"


def form_of(body: Any) -> Form:
    users = [message for message in body["messages"] if message["role"] == "user"]
    content = users[-1]["content"] if users else ""
    blocks = [block.get("text", "") for block in content] if isinstance(content, list) else [content]
    system = body.get("system") or []
    return Form(
        "a text" if isinstance(content, str) else "blocks",
        blocks[0].startswith("\n"),
        len(system) if isinstance(system, list) else 1,
    )


@dataclass(slots=True)
class Seen:
    version: str
    treated: Counter[tuple[str, Treatment]] = field(default_factory=Counter)
    """By kind."""
    forms: dict[tuple[str, str], set[Form]] = field(default_factory=dict)
    """By kind and rule."""
    marks: set[Mark] = field(default_factory=set)
    """What its bundle holds."""
    faults: list[str] = field(default_factory=list)

    def take(self, line: Mapping[str, Any]) -> None:
        """A line of the capture."""
        body = line["body"]
        if line["target"] != "/v1/messages" or not isinstance(body, dict) or "messages" not in body:
            return
        kind, treatment = kind_of(body), _treatment(line)
        self.treated[kind, treatment] += 1
        if treatment[1]:
            self.forms.setdefault((kind, treatment[1]), set()).add(form_of(body))

    def cell(self, kind: str) -> str:
        """What became of a kind, in a word or two; "" if it was not asked."""
        found = Counter[str]()
        for (asked, (treatment, _)), count in self.treated.items():
            found[treatment] += count if asked == kind else 0
        told = {word: count for word, count in found.items() if count}
        return ", ".join(f"{word} {count}" if len(told) > 1 else word for word, count in sorted(told.items()))


def _treatment(line: Mapping[str, Any]) -> Treatment:
    if line["outcome"] == "answered":
        return "answered", line["rule"]
    return ("guarded", line["rule"]) if line["reason"] == "guarded" else ("forwarded", "")


def wrong(seen: Seen) -> Iterator[str]:
    """Guards that did not fire, answers that are not allowed, and a client that did nothing."""
    for kind, (treatment, rule) in sorted(seen.treated):
        allowed = TREATED[kind]
        if allowed == "guarded" and treatment != "guarded":
            yield f"{kind} was sent, and no guard fired: it was {treatment} {rule}".rstrip()
        if treatment == "answered" and (allowed != "answered" or rule != kind):
            yield f"{kind} was answered, by {rule}"
    if not seen.cell("conversation"):
        yield "no conversation was seen"


def unlike(seen: Seen, entries: Iterable[LoadedRule]) -> Iterator[str]:
    """Questions that no example of their rule shows in the form in which they were sent."""
    examples = {entry.rule.name: list(_forms(entry)) for entry in entries if not entry.rule.respond}
    for (kind, rule), forms in sorted(seen.forms.items()):
        shown = {form for of, form in examples[rule] if of == kind}
        if not shown & forms:
            sent = "; ".join(map(str, sorted(forms, key=str)))
            yield f"no example of {rule} has the form in which {kind} is sent: {sent}"


def _forms(entry: LoadedRule) -> Iterator[tuple[str, Form]]:
    for example in entry.model.matches:
        _, raw = request_of(entry.base, entry.model.base, example)
        body = orjson.loads(raw)
        yield kind_of(body), form_of(body)

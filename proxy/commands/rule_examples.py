"""Requests from rule files: the examples of one rule, or one example by its `about`."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proxy.commands.requests import Given
from proxy.rules.examples import request_of
from proxy.rules.load import LoadedRule, load_file
from proxy.rules.ruleset import Rule
from proxy.rules.schema import Example
from proxy.settings.toml import Problem

_ENDING = ".toml:"


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """The request of an example, and its rule."""

    rule: Rule
    about: str
    given: Given


def examples(named: str) -> Iterator[ExampleRequest | Problem]:
    """`FILE:NAME`; NAME is a rule's name, or an example's `about`. Rules that fail their examples are included."""
    file, found, name = named.partition(_ENDING)
    if not found:
        yield Problem("--example", 0, named, "expected FILE:NAME, such as rules/20-topic.toml:topic")
        return
    loaded = load_file(Path(file + _ENDING[:-1]), hold=False)
    shown = [one for entry in loaded.entries for one in _of(entry)]
    wanted = [one for one in shown if name in (one.rule.name, one.about)]
    if not wanted:
        yield from loaded.problems
        near = difflib.get_close_matches(name, {text for one in shown for text in (one.rule.name, one.about)}, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        yield Problem(file + _ENDING[:-1], 0, "", f"no rule and no example is called {name!r}{meant}")
    yield from wanted


def _of(entry: LoadedRule) -> Iterator[ExampleRequest]:
    both: list[Example] = [*entry.model.matches, *entry.model.misses]
    for example in both:
        head, body = request_of(entry.base, entry.model.base, example)
        yield ExampleRequest(entry.rule, example.about, Given(entry.rule.source, entry.rule.line, head, body))

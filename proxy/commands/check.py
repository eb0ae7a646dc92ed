"""`check`: tries every example on the whole rule set, and reports every fault with its place.

Loading tries each rule on its own examples only. This finds rules that conflict with each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from proxy.commands.tables import counted, json_text, place, problem_json, problem_line
from proxy.exchange import Answer
from proxy.question.messages import MessagesRequest, seen
from proxy.respond import Respond
from proxy.rules.examples import request_of
from proxy.rules.load import Loaded, LoadedRule
from proxy.rules.ruleset import Rule, RuleSet
from proxy.rules.schema import Example
from proxy.settings import toml


@dataclass(frozen=True, slots=True)
class Report:
    """What was tried, and the problems in the order of files and lines."""

    rules: int
    examples: int
    problems: tuple[toml.Problem, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """One example of one rule: its path below the rule, its request, and all rules that match it."""

    path: toml.KeyPath
    about: str
    request: MessagesRequest
    claims: tuple[Rule, ...]


def run(loaded: Loaded, *, as_json: bool) -> int:
    """Print the report; 0 when all is well, else 1."""
    report = check(loaded)
    if as_json:
        problems = [problem_json(problem) for problem in report.problems]
        document = {"ok": not problems, "rules": report.rules, "examples": report.examples, "problems": problems}
        print(json_text(document))
    else:
        for problem in report.problems:
            print(problem_line(problem))
        print(_summary(report))
    return 1 if report.problems else 0


def check(loaded: Loaded) -> Report:
    """Try all examples on all rules in force. Rule files are read again for the lines of faulty examples."""
    documents = _Documents({})
    problems = list(loaded.problems)
    for entry in loaded.entries:
        if entry.rule.status != "off":
            problems += documents.problems(entry.rule, _faults(entry, loaded.rules))
    examples = sum(len(entry.model.matches) + len(entry.model.misses) for entry in loaded.entries)
    return Report(len(loaded.entries), examples, tuple(sorted(problems, key=lambda found: (found.source, found.line))))


def _summary(report: Report) -> str:
    tried = f"{counted(report.rules, 'rule')}, {counted(report.examples, 'example')}"
    return f"{tried}: {counted(len(report.problems), 'problem') if report.problems else 'all is well'}"


def _faults(entry: LoadedRule, rules: RuleSet) -> Iterator[tuple[toml.KeyPath, str]]:
    """Conflicts of a rule with others: the path below the rule, and the fault."""
    matches = list(_cases("matches", entry, entry.model.matches, rules))
    takers = [_taker(entry.rule, case, rules) for case in matches]
    if matches and all(takers):
        names = ", ".join(dict.fromkeys(_named(taker) for taker in takers if taker))
        yield (), f"unreachable: every one of its examples is taken by {names}"
    for case, taker in zip(matches, takers, strict=True):
        if taker:
            yield case.path, f"{case.about!r}: {_taken(entry.rule, taker)}"
        for other in _rivals(entry.rule, case, taker):
            yield case.path, f"{case.about!r}: two rules claim one example: {_named(other)} matches it as well"
    for case in _cases("misses", entry, entry.model.misses, rules):
        decision = rules.decide(case.request)
        if isinstance(decision, Answer | Respond) and decision.rule == entry.rule.name:
            yield case.path, f"{case.about!r}: the rule answers it, and must not"


def _cases(key: str, entry: LoadedRule, examples: Sequence[Example], rules: RuleSet) -> Iterator[_Case]:
    for index, example in enumerate(examples):
        head, body = request_of(entry.base, entry.model.base, example)
        request = seen(head, body, opaquely=rules.responds(head))
        if isinstance(request, MessagesRequest):
            claims = tuple(rule for rule in rules.rules if rule.match(request) is not None)
            yield _Case((key, index), example.about, request, claims)


def _taker(rule: Rule, case: _Case, rules: RuleSet) -> Rule | None:
    """The rule that decides in place of `rule`, if one does."""
    decided = rules.decide(case.request).rule
    return next((other for other in case.claims if other.name == decided and other is not rule), None)


def _taken(rule: Rule, taker: Rule) -> str:
    if taker.guards:
        return f"{_named(taker)} is asked first, and takes it from {rule.name!r}"
    return f"two rules claim one example: {_named(taker)} is asked first, and takes it from {rule.name!r}"


def _rivals(rule: Rule, case: _Case, taker: Rule | None) -> Iterator[Rule]:
    """Other rules that answer and match the example. Not for a guard, whose purpose is to match what others match."""
    if not rule.guards:
        yield from (other for other in case.claims if not other.guards and other is not rule and other is not taker)


def _named(rule: Rule) -> str:
    kind = "the guard " if rule.guards else ""
    return f"{kind}{rule.name!r} ({place(rule.source, rule.line)})"


@dataclass(frozen=True, slots=True)
class _Documents:
    """The rule files, read at most once each, for the lines in them."""

    read: dict[str, toml.Document]

    def problems(self, rule: Rule, faults: Iterator[tuple[toml.KeyPath, str]]) -> Iterator[toml.Problem]:
        for path, message in faults:
            if rule.source not in self.read:
                self.read[rule.source] = toml.read(Path(rule.source))
            document = self.read[rule.source]
            tables = range(len(document.values["rules"]))
            index = next(index for index in tables if document.line(("rules", index)) == rule.line)
            yield document.problem(("rules", index, *path), message)

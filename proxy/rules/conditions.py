"""Conditions: a rule's `when` table compiled into predicates, the cheap ones first."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from proxy.exchange import Head
from proxy.messages import MessagesRequest
from proxy.rules.facts import FACTS, HEADER_PREFIX, BodyFact, HeadFact, fact
from proxy.rules.operators import OPERATORS, Notes, Predicate, predicate, suggestion
from proxy.rules.searches import Groups
from proxy.toml import Path

Check = Callable[[MessagesRequest, Groups], bool]
"""Whether a request meets a condition; may add to the groups."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one fact. `operator` and `operand` are as written, for explanations."""

    fact: HeadFact | BodyFact
    name: str
    operator: str
    operand: Any
    test: Predicate
    absent: bool = False
    """What the condition is worth when the request does not say."""
    holds: Check = field(init=False, repr=False, compare=False)
    """Whether a request meets it: put together once, since it is asked for every rule of every request."""

    def __post_init__(self) -> None:
        read, test, absent = self.fact.read, self.test, self.absent
        of_head = isinstance(self.fact, HeadFact)

        def holds(request: MessagesRequest, groups: Groups) -> bool:
            # The kind of fact, which is fixed, decides what its reader takes; mypy cannot follow that.
            subject = read(request.head if of_head else request)  # type: ignore[arg-type]
            return absent if subject is None else test(subject, groups)

        object.__setattr__(self, "holds", holds)

    def weigh(self, subject: Any, groups: Groups) -> bool:
        return self.absent if subject is None else self.test(subject, groups)


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - `any` is the word of the language
    """Holds when one of its groups holds as a whole; the first such group gives the captures."""

    groups: tuple["When", ...]
    holds: Check = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        choices = tuple(tuple(condition.holds for condition in group.conditions) for group in self.groups)

        def holds(request: MessagesRequest, groups: Groups) -> bool:
            for checks in choices:
                captured: Groups = {}
                for check in checks:
                    if not check(request, captured):
                        break
                else:
                    groups.update(captured)
                    return True
            return False

        object.__setattr__(self, "holds", holds)


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its group does not; captures nothing."""

    group: "When"
    holds: Check = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checks = tuple(condition.holds for condition in self.group.conditions)

        def holds(request: MessagesRequest, _groups: Groups) -> bool:
            captured: Groups = {}
            return not all(check(request, captured) for check in checks)

        object.__setattr__(self, "holds", holds)


@dataclass(frozen=True, slots=True)
class When:
    """All conditions of a rule, AND-ed: those on the head first, then the cheap ones, then patterns."""

    conditions: tuple[Condition | Any_ | Not, ...]
    checks: tuple[Check, ...] = field(init=False, repr=False, compare=False)
    """What is left to ask of a request whose head is `possible`: plain functions, in order."""

    def __post_init__(self) -> None:
        rest = tuple(one.holds for one in self.conditions if not _of_head(one) or one.operator == "pattern")
        object.__setattr__(self, "checks", rest)

    def match(self, request: MessagesRequest) -> Groups | None:
        """The captured groups if every condition holds, else None."""
        groups: Groups = {}
        for condition in self.conditions:
            if not condition.holds(request, groups):
                return None
        return groups

    def truths(self, request: MessagesRequest) -> Iterator[tuple["AnyCondition", bool]]:
        """Every condition in the order in which they are tested, with its truth: for explanations."""
        for condition in self.conditions:
            yield condition, condition.holds(request, {})

    def tests(self) -> Iterator[Condition]:
        """Every test of a fact, those within groups too, in the order in which they are tested: for explanations."""
        for condition in self.conditions:
            match condition:
                case Condition():
                    yield condition
                case Any_(groups=groups):
                    for group in groups:
                        yield from group.tests()
                case Not(group=group):
                    yield from group.tests()

    def possible(self, head: Head) -> bool:
        """Whether a request with this head could match, whatever its body is."""
        return all(
            condition.weigh(condition.fact.read(head), {})  # type: ignore[arg-type]
            for condition in self.conditions
            if _of_head(condition)
        )


AnyCondition = Condition | Any_ | Not


def _of_head(condition: AnyCondition) -> TypeGuard["Condition"]:
    return isinstance(condition, Condition) and isinstance(condition.fact, HeadFact)


def compile_when(table: Mapping[str, Any], path: Path, notes: Notes) -> When:
    """Compile a table of conditions; what is wrong with it goes to `notes`, with its path in the document."""
    if not table:
        notes.fault(path, "expected at least one condition")
    conditions: list[AnyCondition] = []
    for name, value in table.items():
        conditions += _entry(name, value, (*path, name), notes)
    return When(tuple(sorted(conditions, key=_cost)))


def _entry(name: str, value: Any, path: Path, notes: Notes) -> list[AnyCondition]:
    match name, value:
        case "any", [*groups] if groups and all(isinstance(group, dict) for group in groups):
            return [Any_(tuple(compile_when(group, (*path, index), notes) for index, group in enumerate(groups)))]
        case "not", dict():
            return [Not(compile_when(value, path, notes))]
        case "header", dict() if value:
            return [
                test for key, tests in value.items() for test in _entry(HEADER_PREFIX + key, tests, (*path, key), notes)
            ]
        case "any" | "not" | "header", _:
            wanted = {"any": "an array of tables of conditions", "not": "a table of conditions"}
            notes.fault(path, f"found {value!r}, expected {wanted.get(name, 'a table of header names')}")
            return []
    return [*_tests(name, value, path, notes)]


def _tests(name: str, value: Any, path: Path, notes: Notes) -> list[Condition]:
    """The conditions on one fact; a bare value stands for `is`."""
    subject = fact(name)
    if subject is None:
        notes.fault(path, f"unknown fact{suggestion(name, [*FACTS, 'header', 'any', 'not'])}")
        return []
    written = value if isinstance(value, dict) else {"is": value}
    if not written:
        notes.fault(path, f"expected at least one operator (of {', '.join(OPERATORS[subject.kind])})")
    tests = []
    for operator, operand in written.items():
        place = (*path, operator) if isinstance(value, dict) else path
        test = predicate(notes, subject.kind, operator, operand, place)
        if test is not None:
            absent = operator == "present" and operand is False
            tests.append(Condition(subject, name, operator, operand, test, absent))
    return tests


def _cost(condition: AnyCondition) -> int:
    """The cheap ones first. A group costs as much as the dearest test in it."""
    match condition:
        case Any_(groups=groups):
            return max((_cost(one) for group in groups for one in group.conditions), default=0)
        case Not(group=group):
            return max(map(_cost, group.conditions), default=0)
        case Condition(fact=HeadFact()):
            return 0
        case Condition(fact=BodyFact(whole=True)):
            return 4
        case Condition(operator="pattern"):
            return 3
        case Condition(fact=fact):
            return 1 if fact.kind in ("integer", "flag") else 2

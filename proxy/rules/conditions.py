"""Conditions: a rule's `when` table compiled into predicates, the cheap ones first."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeGuard, TypeVar

from proxy.exchange import Head
from proxy.question.messages import MessagesRequest
from proxy.rules.facts import FACTS, HEADER_PREFIX, BodyFact, HeadFact, fact, value_of
from proxy.rules.marks import marks_of
from proxy.rules.operators import OPERATORS, Context, Matcher, matcher, suggestion
from proxy.rules.searches import Groups, Search
from proxy.settings.toml import KeyPath

Told = TypeVar("Told")
Check = Callable[[MessagesRequest, Groups], bool]
"""Whether a request meets a condition; may add to the groups."""


def _yes(_request: MessagesRequest, _groups: Groups) -> bool:
    return True


def _no(_request: MessagesRequest, _groups: Groups) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a request before its rules are asked, and never has to be asked again.

    `absent` has the marks that stand nowhere in its body, which has at least `size` bytes.
    """

    head: Head | None = None
    absent: frozenset[str] = frozenset()
    size: int = 0


NOTHING = Known()


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one fact. `operator` and `operand` are as written, for explanations."""

    fact: HeadFact | BodyFact
    name: str
    operator: str
    operand: Any
    test: Search
    absent: bool = False
    """What the condition is worth when the request does not say."""
    marks: frozenset[str] = frozenset()
    """One of these stands in the body where the condition holds; none where that is not certain."""
    matches: Check = field(init=False, repr=False, compare=False)
    """Whether a request meets it: put together once, since it is asked for every rule of every request."""

    def __post_init__(self) -> None:
        test, absent = self.test, self.absent
        read = self.fact.read if isinstance(self.fact, BodyFact) else partial(value_of, self.fact)

        def matches(request: MessagesRequest, groups: Groups) -> bool:
            subject = read(request)
            found = absent if subject is None else test(subject)
            if isinstance(found, dict):
                groups.update(found)
            return bool(found)

        object.__setattr__(self, "matches", matches)

    def check(self, known: Known) -> Check:
        """What is left to ask."""
        if isinstance(self.fact, HeadFact) and known.head is not None:
            subject = self.fact.read(known.head)
            if not (self.absent if subject is None else self.test(subject)):
                return _no
            return self.matches if self.operator == "pattern" else _yes  # for what it captures
        if self.marks and self.marks <= known.absent:
            return _no
        return _no if self.is_below(known.size) else self.matches

    def is_below(self, size: int) -> bool:
        """Whether it holds for smaller bodies alone."""
        return self.name == "size" and self.operator == "max" and self.operand < size


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when one of its groups holds as a whole; the first such group gives the captures."""

    groups: tuple["When", ...]

    def check(self, known: Known) -> Check:
        choices = [checks for group in self.groups if _no not in (checks := group.checks(known))]
        if not choices:
            return _no
        if not choices[0]:
            return _yes

        def matches(request: MessagesRequest, groups: Groups) -> bool:
            for checks in choices:
                captured: Groups = {}
                for check in checks:
                    if not check(request, captured):
                        break
                else:
                    groups.update(captured)
                    return True
            return False

        return matches


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its group does not; captures nothing."""

    group: "When"

    def check(self, known: Known) -> Check:
        checks = self.group.checks(known)
        if not checks or _no in checks:
            return _yes if checks else _no

        def matches(request: MessagesRequest, _groups: Groups) -> bool:
            captured: Groups = {}
            return not all(check(request, captured) for check in checks)

        return matches


AnyCondition = Condition | AnyOf | Not
ConditionCheck = tuple[AnyCondition, Check]
"""A condition, and what is left of its test once something is known of a request."""


@dataclass(frozen=True, slots=True)
class When:
    """All conditions of a rule, AND-ed: those on the head first, then the cheap ones, then patterns."""

    conditions: tuple[AnyCondition, ...]
    all_checks: tuple[ConditionCheck, ...] = field(init=False, repr=False, compare=False)
    """Every condition, where nothing is known beforehand."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "all_checks", tuple(self.left(NOTHING)))

    def left(self, known: Known) -> Iterator[ConditionCheck]:
        """What is left to ask, in order, up to the first that is known not to hold."""
        for condition in self.conditions:
            check = condition.check(known)
            if check is not _yes:
                yield condition, check
            if check is _no:
                return

    def match(self, request: MessagesRequest) -> Groups | None:
        """The captured groups if every condition holds, else None."""
        groups: Groups = {}
        return groups if first_failing(self.all_checks, request, groups) is None else None

    def checks(self, known: Known) -> tuple[Check, ...]:
        return tuple(check for _, check in self.left(known))

    def possible(self, head: Head) -> bool:
        """Whether a request with this head could match, whatever its body is."""
        return all(one.check(Known(head)) is not _no for one in self.conditions if _of_head(one))

    def required_marks(self, size: int) -> frozenset[str] | None:
        """Every body of `size` bytes or more that matches contains one of these marks; None if that is not certain.

        Of all conditions, the one with the fewest marks gives them, or the longest: few other bodies contain these.
        """
        found = [marks for one in self.conditions if (marks := _required_marks(one, size)) is not None]
        return min(found, key=lambda marks: (len(marks), -min(map(len, marks), default=0)), default=None)

    def tests(self) -> Iterator[Condition]:
        """Every test of a fact, those within groups too, in the order in which they are tested: for explanations."""
        for condition in self.conditions:
            match condition:
                case Condition():
                    yield condition
                case AnyOf(groups=groups):
                    for group in groups:
                        yield from group.tests()
                case Not(group=group):
                    yield from group.tests()


def never(check: Check) -> bool:
    """Whether it is known that the condition does not hold."""
    return check is _no


def first_failing(checks: Iterable[tuple[Told, Check]], request: MessagesRequest, groups: Groups) -> Told | None:
    """The one evaluator: what stands with the first check that does not hold, None if all do; fills the groups."""
    for told, check in checks:
        if not check(request, groups):
            return told
    return None


def _required_marks(condition: AnyCondition, size: int) -> frozenset[str] | None:
    match condition:
        case Condition(marks=marks):
            return marks or (marks if condition.is_below(size) else None)
        case AnyOf(groups=groups):
            every = [group.required_marks(size) for group in groups]
            return frozenset[str]().union(*filter(None, every)) if None not in every else None
        case Not():
            return None


def _of_head(condition: AnyCondition) -> TypeGuard["Condition"]:
    return isinstance(condition, Condition) and isinstance(condition.fact, HeadFact)


def is_whole(condition: AnyCondition) -> bool:
    """Whether it costs a parse of the whole body."""
    return _cost(condition) == _WHOLE


def compile_when(table: Mapping[str, Any], path: KeyPath, context: Context) -> When:
    """Compile a table of conditions; what is wrong with it goes to `context`, with its path in the document."""
    if not table:
        context.fault(path, "expected at least one condition")
    conditions: list[AnyCondition] = []
    for name, value in table.items():
        conditions += _entry(name, value, (*path, name), context)
    return When(tuple(sorted(conditions, key=_cost)))


def _entry(name: str, value: Any, path: KeyPath, context: Context) -> list[AnyCondition]:
    match name, value:
        case "any", [*groups] if groups and all(isinstance(group, dict) for group in groups):
            return [AnyOf(tuple(compile_when(group, (*path, index), context) for index, group in enumerate(groups)))]
        case "not", dict():
            return [Not(compile_when(value, path, context))]
        case "header", dict() if value:
            return [
                test
                for key, tests in value.items()
                for test in _entry(HEADER_PREFIX + key, tests, (*path, key), context)
            ]
        case "any" | "not" | "header", _:
            wanted = {"any": "an array of tables of conditions", "not": "a table of conditions"}
            context.fault(path, f"found {value!r}, expected {wanted.get(name, 'a table of header names')}")
            return []
    return [*_tests(name, value, path, context)]


def _tests(name: str, value: Any, path: KeyPath, context: Context) -> list[Condition]:
    """The conditions on one fact; a bare value stands for `is`."""
    subject = fact(name)
    if subject is None:
        context.fault(path, f"unknown fact{suggestion(name, [*FACTS, 'header', 'any', 'not'])}")
        return []
    written = value if isinstance(value, dict) else {"is": value}
    if not written:
        context.fault(path, f"expected at least one operator (of {', '.join(OPERATORS[subject.kind])})")
    tests = []
    for operator, operand in written.items():
        place = (*path, operator) if isinstance(value, dict) else path
        made = matcher(context, subject.kind, operator, operand, place)
        if made is not None:
            absent = operator == "present" and operand is False
            marks = frozenset[str]() if absent else _marks(subject, made)
            tests.append(Condition(subject, name, operator, operand, made.matches, absent, marks))
    return tests


def _marks(subject: HeadFact | BodyFact, made: Matcher) -> frozenset[str]:
    match subject:
        case BodyFact(mark=mark) if mark:
            return frozenset({mark})
        case BodyFact(searched=True):
            return marks_of(made.literals, whole=made.whole)
    return frozenset()


_WHOLE = 4


def _cost(condition: AnyCondition) -> int:
    """The cheap ones first. A group costs as much as the dearest test in it."""
    match condition:
        case AnyOf(groups=groups):
            return max((_cost(one) for group in groups for one in group.conditions), default=0)
        case Not(group=group):
            return max(map(_cost, group.conditions), default=0)
        case Condition(fact=HeadFact()):
            return 0
        case Condition(fact=BodyFact(whole=True)):
            return _WHOLE
        case Condition(operator="pattern"):
            return 3
        case Condition(fact=fact):
            return 1 if fact.kind in ("integer", "flag") else 2

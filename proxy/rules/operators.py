"""The operators of conditions: one table per kind of fact, operator name to the maker of a predicate."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import eq, ge, gt, le, methodcaller, ne
from typing import Any, Literal

from proxy.exchange import parse_version
from proxy.rules.facts import FactKind
from proxy.rules.literals import literals
from proxy.rules.searches import Groups, Search, any_of, pattern
from proxy.settings.toml import KeyPath
from proxy.settings.wording import shown


@dataclass(frozen=True, slots=True)
class Matcher:
    """A test of one value, which is never None.

    Every text that passes contains one of the `literals`, and so does some text of every list that passes; None if
    nothing is known. `whole`: the text equals the literal.
    """

    matches: Search
    literals: tuple[str, ...] | None = None
    whole: bool = False


@dataclass(slots=True)
class Context:
    """What the parts of one rule share while it is compiled."""

    problems: list[tuple[KeyPath, str]] = field(default_factory=list)
    """Paths in the rule, and what is wrong there."""
    groups: set[str] = field(default_factory=set)
    """The names of all groups that its patterns can capture."""

    def fault(self, path: KeyPath, message: str) -> None:
        self.problems.append((path, message))


def matcher(context: Context, kind: FactKind, operator: str, operand: Any, path: KeyPath) -> Matcher | None:
    """The test for `operator = operand`; None if it has a fault, which goes to the context."""
    known = OPERATORS[kind].get(operator)
    if known is None:
        context.fault(path, f"unknown operator for {kind}{suggestion(operator, OPERATORS[kind])}")
        return None
    try:
        return known.make(context, operand, path)
    except ValueError as error:
        context.fault(path, str(error))
        return None


def suggestion(name: str, known: Iterable[str]) -> str:
    """What follows "unknown ..." in a message: the name, and the nearest known one, or all of them."""
    from difflib import get_close_matches  # here, since serving without a fault needs none of its 0.3 MiB

    near = get_close_matches(name, list(known), n=1)
    return f" {name!r}; did you mean {near[0]!r}?" if near else f" {name!r}; known are {', '.join(known)}"


def _typed(operand: Any, wanted: type, described: str) -> Any:
    if not isinstance(operand, wanted) or (wanted is int and isinstance(operand, bool)):
        raise ValueError(f"found {shown(operand)}, expected {described}")
    return operand


def _strings(operand: Any) -> tuple[str, ...]:
    if not isinstance(operand, list) or not all(isinstance(item, str) for item in operand):
        raise ValueError(f"found {operand!r}, expected an array of strings")
    return tuple(operand)


def _stands_in(wanted: Any) -> tuple[str, ...] | None:
    """A literal of texts, or of lists of texts, that equal `wanted`."""
    if isinstance(wanted, str):
        return (wanted,)
    return wanted[:1] if isinstance(wanted, tuple) and wanted and isinstance(wanted[0], str) else None


def _version(operand: Any) -> tuple[int, ...]:
    try:
        return parse_version(_typed(operand, str, 'a version such as "2.1.83"'))
    except ValueError:
        raise ValueError(f'found {operand!r}, expected a version such as "2.1.83"') from None


Maker = Callable[[Context, Any, KeyPath], Matcher]


def _is(convert: Callable[[Any], Any]) -> Maker:
    def make(_context: Context, operand: Any, _path: KeyPath) -> Matcher:
        wanted = convert(operand)
        return Matcher(partial(eq, wanted), _stands_in(wanted), whole=True)

    return make


def _text_test(method: str) -> Maker:
    def make(_context: Context, operand: Any, _path: KeyPath) -> Matcher:
        wanted = _typed(operand, str, "a string")
        if not wanted:
            raise ValueError("an empty string would match everything")
        return Matcher(methodcaller(method, wanted), (wanted,))

    return make


def _bound(compare: Callable[[Any, Any], bool], convert: Callable[[Any], Any]) -> Maker:
    """A test by `compare(bound, value)`."""

    def make(_context: Context, operand: Any, _path: KeyPath) -> Matcher:
        return Matcher(partial(compare, convert(operand)))

    return make


def _one_of(_context: Context, operand: Any, _path: KeyPath) -> Matcher:
    wanted = frozenset(_strings(operand))
    return Matcher(wanted.__contains__, tuple(wanted), whole=True)


def _any_text_test(search: Callable[[tuple[str, ...]], Search]) -> Maker:
    def make(_context: Context, operand: Any, _path: KeyPath) -> Matcher:
        wanted = _strings(operand)
        if not wanted or not all(wanted):
            raise ValueError(f"found {operand!r}, expected texts that are not empty")
        return Matcher(search(wanted), wanted)

    return make


def _pattern(context: Context, operand: Any, _path: KeyPath) -> Matcher:
    search, groups = pattern(_typed(operand, str, "a pattern"))
    context.groups.update(groups)
    needed = literals(operand)
    return Matcher(_if_any_stands_in(needed, search) if needed else search, needed)


def _if_any_stands_in(needed: Sequence[str], search: Search) -> Search:
    """The search, of texts in which it can find something; most texts are told from those at a tenth of its price."""

    def matches(value: str) -> bool | Groups:
        for literal in needed:
            if literal in value:
                return search(value)
        return False

    return matches


def _present(_context: Context, operand: Any, _path: KeyPath) -> Matcher:
    """Present means: the request has it, and a list is not empty (`"tools": []` offers no tool)."""
    wanted = _typed(operand, bool, "true or false")
    return Matcher(partial(ne if wanted else eq, ()))


def _length(context: Context, operand: Any, path: KeyPath) -> Matcher:
    passes = _all_of([test.matches for test in _group(context, "integer", operand, path)])
    return Matcher(lambda value: passes(len(value)))


def _only(_context: Context, operand: Any, _path: KeyPath) -> Matcher:
    allowed = frozenset(_strings(operand))
    return Matcher(allowed.issuperset)


def _all_of(tests: Sequence[Search]) -> Search:
    """Whether a value meets all of these."""
    if len(tests) == 1:
        return tests[0]

    def passes(value: Any) -> bool | Groups:
        captured: Groups = {}
        for test in tests:
            found = test(value)
            if not found:
                return False
            if found is not True:
                captured.update(found)
        return captured or True

    return passes


def _some(pick: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Maker:
    """A table of text operators; one of the picked elements must satisfy them all."""

    def make(context: Context, operand: Any, path: KeyPath) -> Matcher:
        tests = _group(context, "text", operand, path)
        if isinstance(operand, str):
            return Matcher(lambda values: operand in pick(values), (operand,), whole=True)
        passes = _all_of([test.matches for test in tests])

        def matches(values: Any) -> bool | Groups:
            for value in pick(values):
                if found := passes(value):
                    return found
            return False

        known = next((test for test in tests if test.literals), None)
        return Matcher(matches, known.literals, known.whole) if known else Matcher(matches)

    return make


def _group(context: Context, kind: FactKind, operand: Any, path: KeyPath) -> list[Matcher]:
    """The tests of a nested table; a bare value stands for `is`."""
    if not isinstance(operand, dict):
        test = matcher(context, kind, "is", operand, path)
        return [test] if test else []
    if not operand:
        raise ValueError(f"expected at least one operator (of {', '.join(OPERATORS[kind])})")
    made = [matcher(context, kind, operator, value, (*path, operator)) for operator, value in operand.items()]
    return [test for test in made if test is not None]


def _a(wanted: type, described: str) -> Callable[[Any], Any]:
    return lambda operand: _typed(operand, wanted, described)


Operand = Literal[
    "a string",
    "some text",
    "an array of strings",
    "a pattern",
    "an integer",
    "true or false",
    "a version",
    "an integer, or a table of integer operators",
    "a string, or a table of text operators",
]
"""Kinds of operands, for the documentation and the schema; "some text" is a string that is not empty."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A test for conditions. `make` turns the operand into a test, or raises ValueError with what it expects."""

    make: Maker
    operand: Operand
    meaning: str


_STRINGS: Operand = "an array of strings"
_ELEMENT: Operand = "a string, or a table of text operators"
_PRESENT = Operator(_present, "true or false", "whether the request says it; an empty list does not count as said")

OPERATORS: dict[FactKind, dict[str, Operator]] = {
    "text": {
        "is": Operator(_is(_a(str, "a string")), "a string", "the text is exactly this"),
        "in": Operator(_one_of, "an array of strings", "the text is one of these"),
        "starts_with": Operator(_text_test("startswith"), "some text", "the text begins with this"),
        "starts_with_any": Operator(
            _any_text_test(partial(methodcaller, "startswith")), _STRINGS, "the text begins with one of these"
        ),
        "ends_with": Operator(_text_test("endswith"), "some text", "the text ends with this"),
        "ends_with_any": Operator(
            _any_text_test(partial(methodcaller, "endswith")), _STRINGS, "the text ends with one of these"
        ),
        "contains": Operator(_text_test("__contains__"), "some text", "this stands anywhere in the text"),
        "contains_any": Operator(_any_text_test(any_of), _STRINGS, "one of these stands anywhere in the text"),
        "pattern": Operator(_pattern, "a pattern", "the RE2 pattern is found anywhere in the text"),
        "length": Operator(_length, "an integer, or a table of integer operators", "the number of characters"),
        "present": _PRESENT,
    },
    "integer": {
        "is": Operator(_is(_a(int, "an integer")), "an integer", "the number is exactly this"),
        "min": Operator(_bound(le, _a(int, "an integer")), "an integer", "the number is this or more"),
        "max": Operator(_bound(ge, _a(int, "an integer")), "an integer", "the number is this or less"),
        "present": _PRESENT,
    },
    "flag": {
        "is": Operator(_is(_a(bool, "true or false")), "true or false", "the flag is exactly this"),
        "present": _PRESENT,
    },
    "version": {
        "is": Operator(_is(_version), "a version", "the version is exactly this"),
        "min": Operator(_bound(le, _version), "a version", "the version is this or a later one"),
        "below": Operator(_bound(gt, _version), "a version", "the version is before this one"),
        "present": _PRESENT,
    },
    "texts": {
        "is": Operator(_is(_strings), "an array of strings", "the list is exactly this, in this order"),
        "only": Operator(_only, "an array of strings", "the list holds nothing but these, each any number of times"),
        "length": Operator(_length, "an integer, or a table of integer operators", "the number of elements"),
        "some": Operator(_some(lambda values: values), _ELEMENT, "one element meets all of this"),
        "first": Operator(_some(lambda values: values[:1]), _ELEMENT, "the first element meets all of this"),
        "last": Operator(_some(lambda values: values[-1:]), _ELEMENT, "the last element meets all of this"),
        "present": _PRESENT,
    },
}
"""By kind of fact, its operators by name."""

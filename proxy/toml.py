"""TOML with places: `tomllib` reads the values, a syntax tree tells on which line each of them stands.

`tomllib` keeps no positions, and every complaint about a configuration or a rule has to name its line.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache, cached_property
from pathlib import Path as FilePath
from types import NoneType, UnionType
from typing import Any, get_args

import tree_sitter_toml
from pydantic import BaseModel
from pydantic_core import ErrorDetails
from tree_sitter import Language, Node, Parser

from proxy.disk import NotUtf8Error, read_text
from proxy.printable import printable

_TOO_LARGE = "an integer of more than 64 bits"
_BARE_KEY = re.compile(r"[\w-]+", re.ASCII)
_MANY_DIGITS = re.compile(r"[0-9][0-9_]{4300}")

Path = tuple[str | int, ...]
"""Where a value stands in a document: keys, and indices into arrays."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint: the file, its 1-based line (0 when the file as a whole is meant), the key, and what is wrong."""

    source: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        return printable(f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}")


class TomlError(Exception):
    """One or more problems in one or more documents."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Document:
    """A parsed document: its values, and the line of every key in it, found when it is asked for."""

    source: str
    values: dict[str, Any]
    text: str

    @cached_property
    def lines(self) -> dict[Path, int]:
        return _first(place for base, node in _tables(self.text) for place in _inside(node, base))

    @cached_property
    def _headers(self) -> dict[Path, int]:
        """The lines of its tables alone. Every rule is asked for its own at every start, which `lines` would double."""
        return _first((base, node.start_point[0] + 1) for base, node in _tables(self.text) if base)

    def line(self, path: Path) -> int:
        """The 1-based line of `path`, or of the nearest part above it that is written down; 0 for none."""
        if path in self._headers:
            return self._headers[path]
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def problem(self, path: Path, message: str) -> Problem:
        return Problem(self.source, self.line(path), dotted(path), message)


def read(file: FilePath) -> Document:
    """Read a file. Raises `TomlError` for one that cannot be read, too."""
    try:
        return parse(read_text(file), str(file))
    except NotUtf8Error as error:
        problem = Problem(str(file), error.line, "", str(error.strerror))
    except OSError as error:
        problem = Problem(str(file), 0, "", f"cannot be read: {error.strerror}")
    raise TomlError([problem])


def parse(text: str, source: str) -> Document:
    """Read `text`; raises `TomlError` with the line when it is not TOML."""
    try:
        document = Document(source, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        line = _line_in(str(error)) or 1 + text.count("\n")
        raise TomlError([Problem(source, line, "", f"not TOML: {_worded(str(error))}")]) from None
    except RecursionError:
        raise TomlError([Problem(source, 0, "", "not TOML: nested too deeply")]) from None
    except ValueError:  # Python makes no number of more than 4,300 digits
        found = _MANY_DIGITS.search(text)
        line = 1 + text.count("\n", 0, found.start()) if found else 0
        raise TomlError([Problem(source, line, "", f"not TOML: {_TOO_LARGE}")]) from None
    if large := [document.problem(path, f"not TOML: {_TOO_LARGE}") for path in _too_large(document.values, ())]:
        raise TomlError(large)
    return document


def _too_large(value: Any, path: Path) -> Iterator[Path]:
    """Where an integer stands that TOML has no place for; JSON libraries and databases have none either."""
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            yield path
    elif isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in inside:
            yield from _too_large(inner, (*path, key))


def dotted(path: Path) -> str:
    """`("rules", 0, "when")` as people write it: `rules[0].when`."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            key = part if _BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False)
            shown += f".{key}" if shown else key
    return shown


def _line_in(message: str) -> int:
    """The line that the text of a `TOMLDecodeError` names, 0 for "at end of document".

    Before Python 3.14 it is to be had in no other way.
    """
    _, found, rest = message.partition("(at line ")
    return int(rest.partition(",")[0]) if found else 0


def _worded(message: str) -> str:
    """`Invalid value (at line 3, column 8)` as other faults are told, which have the line before them."""
    what, _, place = message.removesuffix(")").rpartition(" (at ")
    column = place.partition(", ")[2]
    return f"{what[:1].lower()}{what[1:]}" + (f" in {column}" if column else f" at {place}")


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_toml.language()))


def _first(places: Iterable[tuple[Path, int]]) -> dict[Path, int]:
    """Of tables that are opened more than once, the first place."""
    return dict(reversed([*places]))


def _tables(text: str) -> Iterator[tuple[Path, Node]]:
    """The tables of a document with their paths, and before them, with the path (), what stands in none."""
    arrays: dict[Path, int] = {}
    for node in _parser().parse(text.encode()).root_node.children:
        base: Path = ()
        if node.type in ("table", "table_array_element"):
            base = _resolve(_key(node.named_children[0]), arrays, opens=node.type == "table_array_element")
        yield base, node


def _resolve(key: tuple[str, ...], arrays: dict[Path, int], *, opens: bool) -> Path:
    """A table's header as a path: `[rules.when]` after two `[[rules]]` is `("rules", 1, "when")`."""
    path: Path = ()
    for depth, part in enumerate(key):
        path += (part,)
        if opens and depth == len(key) - 1:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path += (arrays[path],)
    return path


def _inside(node: Node, base: Path) -> Iterator[tuple[Path, int]]:
    line = node.start_point[0] + 1
    if node.type in ("table", "table_array_element"):
        yield base, line
        for pair in node.named_children[1:]:
            yield from _inside(pair, base)
    elif node.type == "pair":
        key, value = node.named_children[0], node.named_children[-1]
        path = base
        for part in _key(key):
            path += (part,)
            yield path, line
        yield from _inside(value, path)
    elif node.type == "inline_table":
        for pair in node.named_children:
            yield from _inside(pair, base)
    elif node.type == "array":
        elements = [child for child in node.named_children if child.type != "comment"]
        for index, element in enumerate(elements):
            yield (*base, index), element.start_point[0] + 1
            yield from _inside(element, (*base, index))


def _key(node: Node) -> tuple[str, ...]:
    if node.type == "dotted_key":
        return tuple(part for child in node.named_children for part in _key(child))
    text = (node.text or b"").decode()
    if node.type == "quoted_key":
        return (next(iter(tomllib.loads(f"{text} = 0"))),)
    return (text,)


def unknown_key(name: str, known: Sequence[str]) -> str:
    """What to say of a key: the nearest one, and all that there are."""
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown key{meant}" + (f" (expected one of: {', '.join(known)})" if known else "")


_EXPECTED = {
    "string_type": "a string",
    "string_unicode": "text in UTF-8",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} at most",
    "string_too_short": "a string of {min_length} or more characters",
    "string_too_long": "a string of {max_length} characters at most",
    "too_short": "{min_length} or more entries",
    "string_pattern_mismatch": "a text of the form {pattern}",
}
"""By pydantic's kind of error, what was expected, in words that need no knowledge of pydantic."""


def explain(detail: ErrorDetails, known: Sequence[str] = ()) -> str:
    """A pydantic error in our words: what was found, what was expected."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_key(str(detail["loc"][-1]), known)
    if kind == "missing":
        return "missing: this key is required"
    if kind == "literal_error":
        wanted = f"expected {str(context['expected']).replace(chr(39), chr(34))}"
    elif kind == "value_error":
        wanted = str(context["error"])
    elif kind in _EXPECTED:
        plain = {name: f"{value:g}" if isinstance(value, float) else value for name, value in context.items()}
        wanted = f"expected {_EXPECTED[kind].format(**plain)}"
    else:
        wanted = "which does not fit here"
    return f"found {_shown(detail['input'])}, {wanted}"


def place_of(detail: ErrorDetails) -> Path:
    """The path of what a pydantic error is about; of a key that is wrong, the key's own."""
    return tuple(part for part in detail["loc"] if part != "[key]")


def known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that `model` would have understood in the place of the last part of `path`; none where any will do."""
    inner: Any = model
    for part in path[:-1]:
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            field = inner.model_fields.get(str(part))
            inner = _without_none(field.annotation) if field else None
        else:  # what lies in a list or a dict
            inner = _without_none(get_args(inner)[-1]) if get_args(inner) else None
    return list(inner.model_fields) if isinstance(inner, type) and issubclass(inner, BaseModel) else []


def _without_none(annotation: Any) -> Any:
    choices = [one for one in get_args(annotation) if one is not NoneType]
    return choices[0] if isinstance(annotation, UnionType) and len(choices) == 1 else annotation


HIDDEN = object()
"""Stands for a value that may be a secret: it is not shown."""


def _shown(value: Any) -> str:
    """A value as the reader wrote it, cut short, with its TOML type."""
    if value is HIDDEN:
        return "a value that is not shown here"
    if isinstance(value, datetime | date | time):
        return f"{value.isoformat()} (date or time)"
    names = {bool: "boolean", int: "integer", float: "float", str: "string", list: "array", dict: "table"}
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{text} ({names[type(value)]})"

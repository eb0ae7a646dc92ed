"""TOML with line numbers: `tomllib` reads the values, and a syntax tree gives the line of each.

`tomllib` keeps no positions, but every error in a configuration or a rule must name its line.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from proxy.machine.disk import NotUtf8Error, read_text
from proxy.machine.printable import printable

_TOO_LARGE = "an integer of more than 64 bits"
_BARE_KEY = re.compile(r"[\w-]+", re.ASCII)
_MANY_DIGITS = re.compile(r"[0-9][0-9_]{4300}")

KeyPath = tuple[str | int, ...]
"""The path of a value in a document: keys, and indices of arrays."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: the file, its 1-based line (0 for the whole file), the key, and what is wrong."""

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
    def lines(self) -> dict[KeyPath, int]:
        return _first(place for base, node in _tables(self.text) for place in _inside(node, base))

    @cached_property
    def _headers(self) -> dict[KeyPath, int]:
        """The lines of its tables only. Every start asks for those of all rules; `lines` would take twice as long."""
        return _first((base, node.start_point[0] + 1) for base, node in _tables(self.text) if base)

    def line(self, path: KeyPath) -> int:
        """The 1-based line of `path`, or of its nearest parent in the document; 0 for none."""
        if path in self._headers:
            return self._headers[path]
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def problem(self, path: KeyPath, message: str) -> Problem:
        return Problem(self.source, self.line(path), dotted(path), message)


def read(file: Path) -> Document:
    """Read a file. Raises `TomlError`, also for a file that cannot be read."""
    try:
        return parse(read_text(file), str(file))
    except NotUtf8Error as error:
        problem = Problem(str(file), error.line, "", str(error.strerror))
    except OSError as error:
        problem = Problem(str(file), 0, "", f"cannot be read: {error.strerror}")
    raise TomlError([problem])


def parse(text: str, source: str) -> Document:
    """Parse `text`; raises `TomlError` with the line if it is not TOML."""
    try:
        document = Document(source, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        line = _line_in(str(error)) or 1 + text.count("\n")
        raise TomlError([Problem(source, line, "", f"not TOML: {_worded(str(error))}")]) from None
    except RecursionError:
        raise TomlError([Problem(source, 0, "", "not TOML: nested too deeply")]) from None
    except ValueError:  # Python refuses numbers of more than 4,300 digits
        found = _MANY_DIGITS.search(text)
        line = 1 + text.count("\n", 0, found.start()) if found else 0
        raise TomlError([Problem(source, line, "", f"not TOML: {_TOO_LARGE}")]) from None
    if large := [document.problem(path, f"not TOML: {_TOO_LARGE}") for path in _too_large(document.values, ())]:
        raise TomlError(large)
    return document


def _too_large(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    """The paths of integers that exceed 64 bits, which TOML, JSON libraries and databases do not allow."""
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            yield path
    elif isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in inside:
            yield from _too_large(inner, (*path, key))


def dotted(path: KeyPath) -> str:
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
    """The line in the text of a `TOMLDecodeError`, 0 for "at end of document".

    Before Python 3.14, the error has no attribute for it.
    """
    _, found, rest = message.partition("(at line ")
    return int(rest.partition(",")[0]) if found else 0


def _worded(message: str) -> str:
    """`Invalid value (at line 3, column 8)` in the style of other faults, which are preceded by the line."""
    what, _, place = message.removesuffix(")").rpartition(" (at ")
    column = place.partition(", ")[2]
    return f"{what[:1].lower()}{what[1:]}" + (f" in {column}" if column else f" at {place}")


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_toml.language()))


def _first(places: Iterable[tuple[KeyPath, int]]) -> dict[KeyPath, int]:
    """The line of each path; the first one if a table is opened more than once."""
    return dict(reversed([*places]))


def _tables(text: str) -> Iterator[tuple[KeyPath, Node]]:
    """The tables of a document with their paths. Nodes outside of tables have the path ()."""
    arrays: dict[KeyPath, int] = {}
    for node in _parser().parse(text.encode()).root_node.children:
        base: KeyPath = ()
        if node.type in ("table", "table_array_element"):
            base = _resolve(_key(node.named_children[0]), arrays, opens=node.type == "table_array_element")
        yield base, node


def _resolve(key: tuple[str, ...], arrays: dict[KeyPath, int], *, opens: bool) -> KeyPath:
    """A table's header as a path: `[rules.when]` after two `[[rules]]` is `("rules", 1, "when")`."""
    path: KeyPath = ()
    for depth, part in enumerate(key):
        path += (part,)
        if opens and depth == len(key) - 1:
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path += (arrays[path],)
    return path


def _inside(node: Node, base: KeyPath) -> Iterator[tuple[KeyPath, int]]:
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

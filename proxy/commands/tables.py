"""Output of commands: aligned tables for people, one JSON document for machines."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any
from unicodedata import category, east_asian_width

import orjson

from proxy.settings.toml import Problem


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and what happens to it on a narrow terminal."""

    head: str
    least: int = 0
    """Its cells may be cut to so many characters; 0: never."""
    rank: int = 0
    """Columns are left out in this order, the highest first; 0: never. Empty columns go before all others."""


def table(heads: Sequence[str | Column], rows: Iterable[Sequence[str]], room: int | None = None) -> str:
    """Aligned columns with the heads in the first line; every row has as many cells as there are heads.

    If `room` is given, lines have at most so many characters; columns that do not fit are named in a last line.
    """
    lines, left_out = fitted(heads, rows, room)
    return "\n".join([*lines, cut(too_narrow(left_out), room)] if left_out else lines)


def too_narrow(left_out: Sequence[str]) -> str:
    return f"(too narrow for: {', '.join(left_out)})"


def fitted(
    heads: Sequence[str | Column], rows: Iterable[Sequence[str]], room: int | None
) -> tuple[list[str], list[str]]:
    """The lines of a table, and the heads of the non-empty columns that did not fit."""
    columns = [head if isinstance(head, Column) else Column(head) for head in heads]
    cells = list(zip([column.head for column in columns], *rows, strict=True))
    widths = [max(map(width, column)) for column in cells]
    kept = _kept(columns, cells, widths, room)
    final = _narrowed([columns[at] for at in kept], [widths[at] for at in kept], room)
    lines = [
        cut("  ".join(_filled(cell, wide) for cell, wide in zip(line, final, strict=True)).rstrip(), room)
        for line in zip(*(cells[at] for at in kept), strict=True)
    ]
    return lines, [columns[at].head for at in range(len(columns)) if at not in kept and any(cells[at][1:])]


def _kept(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], widths: Sequence[int], room: int | None
) -> list[int]:
    """The columns that fit."""
    kept = list(range(len(columns)))
    if room is None or _total(widths) <= room:
        return kept
    least = [min(wide, column.least or wide) for column, wide in zip(columns, widths, strict=True)]
    # Columns that may be left out, in order.
    leaving = sorted((at for at in kept if columns[at].rank), key=lambda at: (any(cells[at][1:]), -columns[at].rank))
    for at in leaving:
        if any(cells[at][1:]) and _total([least[each] for each in kept]) <= room:
            break
        kept.remove(at)
    return kept


def _narrowed(columns: Sequence[Column], widths: Sequence[int], room: int | None) -> list[int]:
    """Widths that fit; the widest columns that may be cut are narrowed first."""
    narrowed = list(widths)
    while room is not None and _total(narrowed) > room:
        wide = [at for at, column in enumerate(columns) if column.least and narrowed[at] > column.least]
        if not wide:
            break
        narrowed[max(wide, key=narrowed.__getitem__)] -= 1
    return narrowed


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * (len(widths) - 1)


def _filled(cell: str, wide: int) -> str:
    shown = cut(cell, wide)
    return shown + " " * (wide - width(shown))


def width(text: str) -> int:
    """The width of a text on a terminal: two for wide characters (UAX #11), none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def cut(text: str, room: int | None) -> str:
    """`text` cut to so many columns of a terminal, with an ellipsis; None means no limit."""
    if room is None or width(text) <= room:
        return text
    taken = list(accumulate(map(_width, text)))
    return text[: bisect_right(taken, room - 1)] + "…"


def counted(number: int, noun: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def json_text(value: Any, *, indent: bool = True) -> str:
    """One JSON document, on many lines or on one."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None).decode()
    except TypeError:  # a lone surrogate, in a header that was captured as it came
        return json.dumps(value, indent=2 if indent else None)


def place(source: str, line: int) -> str:
    """`FILE:LINE`, relative to the working directory if the file is below it; no line for 0."""
    path, here = Path(source), Path.cwd()
    shown = str(path.relative_to(here)) if path.is_relative_to(here) else source
    return f"{shown}:{line}" if line else shown


def problem_line(problem: Problem) -> str:
    """A problem for people: its place, its key, what is wrong."""
    key = f"{problem.key}: " if problem.key else ""
    return f"{place(problem.source, problem.line)}: {key}{problem.message}"


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem for machines; line 0 stands for the whole file."""
    return {"file": problem.source, "line": problem.line, "key": problem.key, "message": problem.message}

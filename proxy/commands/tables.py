"""What commands print: aligned tables for people, one JSON document for machines."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from proxy.toml import Problem


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines of aligned columns, two blanks apart, the heads first; every row has as many cells as there are heads."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def short(text: str, limit: int = 72) -> str:
    """`text`, cut to `limit` characters with an ellipsis for the rest."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


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
    """`FILE:LINE`, the file as seen from the working directory when it lies below it; no line for 0."""
    path, here = Path(source), Path.cwd()
    shown = str(path.relative_to(here)) if path.is_relative_to(here) else source
    return f"{shown}:{line}" if line else shown


def problem_line(problem: Problem) -> str:
    """A problem as people read it: its place, its key, what is wrong."""
    key = f"{problem.key}: " if problem.key else ""
    return f"{place(problem.source, problem.line)}: {key}{problem.message}"


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem for machines; the line is 0 when the file as a whole is meant."""
    return {"file": problem.source, "line": problem.line, "key": problem.key, "message": problem.message}

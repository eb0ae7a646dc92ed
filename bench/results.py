"""Results: what was measured beside what was to be reached; the table, the verdict, and results.json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_COLUMNS = ("row", "measured", "direct", "nginx", "bare", "ours", "ours / nginx", "to reach", "")


@dataclass(frozen=True, slots=True)
class Result:
    """One measure of a row. `ours` is held against `bound`, `factor` × `nginx`, `of_bare` × `bare`, or several."""

    row: str
    measured: str
    unit: str
    ours: float
    direct: float | None = None
    nginx: float | None = None
    bound: float | None = None
    factor: float | None = None
    bare: float | None = None
    """The plainest relay that aiohttp can be (`bench.bare`)."""
    of_bare: float | None = None
    at_least: bool = False
    """Whether more is better."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.nginx if self.nginx else None

    @property
    def limit(self) -> float:
        """What `ours` must reach, in its unit: the tightest one of its bounds."""
        limits = [self.bound] if self.bound is not None else []
        if self.factor is not None:
            # Where nginx adds nothing that could be measured, there is nothing to be a multiple of.
            limits.append(self.factor * max(self.nginx or 0.0, 0.0))
        if self.of_bare is not None:
            limits.append(self.of_bare * (self.bare or 0.0))
        return max(limits) if self.at_least else min(limits)

    @property
    def reached(self) -> bool:
        return self.ours >= self.limit if self.at_least else self.ours <= self.limit


def table(results: Sequence[Result]) -> str:
    """The results for people, a line each."""
    rows = [_COLUMNS, *(_cells(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths).rstrip())
    notes = [f"{result.row}: {result.note}" for result in results if result.note]
    return "\n".join([*lines, *(["", *dict.fromkeys(notes)] if notes else [])])


def _cells(result: Result) -> tuple[str, ...]:
    ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
    measured = f"{result.measured}, {result.unit}" if result.unit else result.measured
    figures = [shown(value) for value in (result.direct, result.nginx, result.bare, result.ours)]
    return (result.row, measured, *figures, ratio, _wanted(result), "ok" if result.reached else "MISSED")


def _wanted(result: Result) -> str:
    sign = "≥" if result.at_least else "≤"
    bounds = [shown(result.bound)] if result.bound is not None else []
    if result.factor is not None:
        bounds.append(f"{result.factor:g} × nginx")
    if result.of_bare is not None:
        bounds.append(f"{result.of_bare:g} × bare")
    return f"{sign} {', '.join(bounds)}"


def shown(value: float | None) -> str:
    """A figure with three digits that count, or all those before the point; empty for None."""
    if value is None:
        return ""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{3 - len(str(int(abs(value)))) if abs(value) >= 1 else 3}f}"


def write(path: Path, results: Sequence[Result], about: Mapping[str, Any]) -> None:
    """results.json: what it was run on, and every result with its limit, its ratio and whether it was reached."""
    rows = [
        {name: _rounded(value) for name, value in asdict(result).items() if value not in (None, "")}
        | {"limit": _rounded(result.limit), "ratio": _rounded(result.ratio), "reached": result.reached}
        for result in results
    ]
    path.write_text(json.dumps({"about": about, "results": rows}, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value

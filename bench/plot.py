"""results.svg: for every result what Sidestep took and what nginx took, as bars, and the limit as a line across them.

Units differ from row to row, so each row has a scale of its own, on which its limit stands in the same place: a bar
that stays left of the line has reached it (right of it, where more is better).
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from bench.results import Result, shown

_WIDTH, _LEFT, _BARS = 860, 330, 330
_TOP, _ROW, _BAR = 64, 38, 11
_LIMIT = 200
"""Where the limit stands, of the width of the bars."""

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.small { font-size: 11px; fill: #59636e; }
.title { font-size: 15px; font-weight: 600; }
.ours { fill: #1a7f37; } .missed { fill: #bc4c00; } .nginx { fill: #8c959f; }
.limit { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 3 2; }
.more { stroke: none; fill: #ffffff; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .small { fill: #9198a1; }
  .ours { fill: #3fb950; } .missed { fill: #f0883e; } .nginx { fill: #6e7681; }
  .limit { stroke: #e6edf3; } .more { fill: #0d1117; }
}
"""


def svg(results: Sequence[Result], about: str) -> str:
    """The picture; `about` is a line below the title."""
    height = _TOP + _ROW * len(results) + 12
    parts = [
        opening("Sidestep beside nginx", _WIDTH, height),
        text(12, 22, "Sidestep beside nginx, each row on a scale of its own", "title"),
        text(12, 40, about, "small"),
        *_legend(),
    ]
    for index, result in enumerate(results):
        parts += _row(result, _TOP + _ROW * index)
    return "\n".join([*parts, "</svg>", ""])


def opening(title: str, width: int, height: int) -> str:
    """The beginning of a picture, readable on light and on dark ground; "</svg>" ends it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>'
    )


def _legend() -> list[str]:
    x, parts = _LEFT, []
    for name, label in (("ours", "Sidestep"), ("missed", "Sidestep, missed"), ("nginx", "nginx")):
        parts += [bar(x, 48, 12, 8, name), text(x + 16, 56, label, "small")]
        x += 26 + 7 * len(label)
    return [*parts, _line(x + 4, 46, 58), text(x + 12, 56, "limit", "small")]


def _row(result: Result, y: int) -> list[str]:
    state = "ours" if result.reached else "missed"
    parts = [text(12, y + 14, result.row), text(12, y + 28, result.measured, "small")]
    parts += _measure(result, result.ours, y + 4, state, f"{shown(result.ours)} {result.unit}")
    if result.nginx is not None:
        parts += _measure(result, result.nginx, y + 6 + _BAR, "nginx", f"{shown(result.nginx)}")
    parts.append(_line(_LEFT + _LIMIT, y, y + _ROW - 8))
    sign = "≥" if result.at_least else "≤"
    parts.append(text(_WIDTH - 12, y + 14, f"{sign} {shown(result.limit)} {result.unit}".rstrip(), "small end"))
    return parts


def _measure(result: Result, value: float, y: int, style: str, label: str) -> list[str]:
    """A bar and its figure. One that would be longer than there is room for is cut, with a gap that says so."""
    width, cut = length(value, result.limit)
    parts = [bar(_LEFT, y, width, _BAR, style)]
    if cut:
        parts.append(bar(_LEFT + width - 14, y - 1, 4, _BAR + 2, "more"))
    # Behind the bar, and never on the limit's line.
    end = _LEFT + width + 5
    return [*parts, text(max(end, _LEFT + _LIMIT + 5), y + _BAR - 1, label.rstrip(), "small")]


def length(value: float, limit: float) -> tuple[int, bool]:
    """How long a bar is, and whether it had to be cut. Beside a limit of nothing, anything but nothing is too long."""
    if limit <= 0:
        return (0, False) if value <= 0 else (_BARS, True)
    wanted = max(0.0, value) / limit * _LIMIT
    return (_BARS, True) if wanted > _BARS else (round(wanted), False)


def bar(x: int, y: int, width: int, height: int, style: str) -> str:
    return f'<rect class="{style}" x="{x}" y="{y}" width="{width}" height="{height}" rx="1.5"/>'


def _line(x: int, top: int, bottom: int) -> str:
    return f'<line class="limit" x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/>'


def text(x: int, y: int, words: str, style: str = "") -> str:
    anchor = ' text-anchor="end"' if "end" in style.split() else ""
    return f'<text class="{style}" x="{x}" y="{y}"{anchor}>{escape(words)}</text>'

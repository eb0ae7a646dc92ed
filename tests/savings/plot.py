"""docs/savings.svg: how long a person waited in ten turns, a piece of a bar for each, without Sidestep and with it."""

from collections.abc import Sequence

from bench.plot import bar, opening, text
from tests.savings.results import Pair, Session

_WIDTH, _LEFT, _BARS = 860, 370, 330
_TOP, _ROW, _BAR = 64, 40, 12
_TITLE = "Ten turns: seconds waited, a piece for each turn, and requests to the model"


def svg(pairs: Sequence[Pair], about: str) -> str:
    """All on one scale; `about` is a line below the title."""
    height = _TOP + _ROW * len(pairs) + 8
    longest = max(session.waited for pair in pairs for session in (pair.direct, pair.through))
    parts = [opening(_TITLE, _WIDTH, height), text(12, 22, _TITLE, "title"), text(12, 40, about, "small"), *_legend()]
    for index, pair in enumerate(pairs):
        y = _TOP + _ROW * index
        parts.append(text(12, y + 19, pair.name))
        parts += _pieces(pair.direct, y + 2, "nginx", longest)
        parts += _pieces(pair.through, y + 4 + _BAR, "ours", longest)
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> list[str]:
    labels = (("nginx", "directly", _LEFT), ("ours", "through Sidestep", _LEFT + 82))
    return [part for style, label, x in labels for part in (bar(x, 48, 12, 8, style), text(x + 16, 56, label, "small"))]


def _pieces(session: Session, y: int, style: str, longest: float) -> list[str]:
    """The bar of one session; cut where a turn ends."""
    parts, waited = [], 0.0
    for turn in session.turns:
        start, waited = round(waited / longest * _BARS), waited + turn.waited
        width = round(waited / longest * _BARS) - start - 1
        if width > 0:
            parts.append(bar(_LEFT + start, y, width, _BAR, style))
    label = f"{session.waited:.1f} s, {session.requests} requests"
    return [*parts, text(_LEFT + round(waited / longest * _BARS) + 6, y + _BAR - 2, label, "small")]

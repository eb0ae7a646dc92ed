"""What was measured, the tables that tell it, and where they are written."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- savings -->", "<!-- /savings -->"


@dataclass(frozen=True, slots=True)
class Turn:
    """The first, with number 0, is the start of the client. `waited` is from Enter to the reply on the screen, in s."""

    waited: float
    kinds: Mapping[str, int]
    """Requests to the model, by kind."""
    read: int
    written: int
    """Tokens that the model counted."""


@dataclass(frozen=True, slots=True)
class Session:
    turns: Sequence[Turn]

    @property
    def requests(self) -> int:
        return sum(sum(turn.kinds.values()) for turn in self.turns)

    @property
    def read(self) -> int:
        return sum(turn.read for turn in self.turns)

    @property
    def waited(self) -> float:
        return sum(turn.waited for turn in self.turns)

    def of(self, kind: str) -> int:
        return sum(turn.kinds.get(kind, 0) for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Pair:
    """One session directly, and the same one through Sidestep."""

    name: str
    direct: Session
    through: Session


def combined(rounds: Sequence[Session]) -> Session:
    """Of several rounds of a session: the requests of the one in the middle, and the least that each turn took.

    What else the machine does can only lengthen a turn.
    """
    found = sorted(rounds, key=lambda session: session.requests)[len(rounds) // 2]
    waits = [min(turns) for turns in zip(*([turn.waited for turn in one.turns] for one in rounds), strict=True)]
    return Session([replace(turn, waited=wait) for turn, wait in zip(found.turns, waits, strict=True)])


def summary(pairs: Sequence[Pair]) -> str:
    """A row for each pair, for people who decide in a minute."""
    heads = ("ten turns of", "requests to the model", "tokens read", "waited")
    return _table(heads, [(pair.name, *_measures(pair)) for pair in pairs])


def _measures(pair: Pair) -> tuple[str, str, str]:
    return (
        _change(pair, lambda session: session.requests, str),
        _change(pair, lambda session: session.read, thousands),
        _change(pair, lambda session: session.waited, lambda value: f"{value:.1f} s"),
    )


def by_kind(pairs: Sequence[Pair]) -> str:
    """Which requests reached the model, without Sidestep and with it."""
    kinds = sorted(
        {kind for pair in pairs for session in _sessions(pair) for turn in session.turns for kind in turn.kinds}
    )
    rows = []
    for kind in sorted(kinds, key=lambda kind: -sum(pair.direct.of(kind) for pair in pairs)):
        asked = [(pair.direct.of(kind), pair.through.of(kind)) for pair in pairs]
        rows.append((kind, *(f"{before} → {after}" if before or after else "" for before, after in asked)))
    return _table(("requests to the model", *(pair.name for pair in pairs)), rows)


def by_turn(pairs: Sequence[Pair]) -> str:
    """Requests and seconds of every turn; what was asked before the first stands under "start"."""
    count = max(len(session.turns) for pair in pairs for session in _sessions(pair))
    rows = []
    for pair in pairs:
        for way, session in zip(("directly", "through Sidestep"), _sessions(pair), strict=True):
            cells = [f"{sum(turn.kinds.values())}, {turn.waited:.1f} s" for turn in session.turns[1:]]
            rows.append((pair.name, way, str(sum(session.turns[0].kinds.values())), *cells))
    return _table(("", "", "start", *map(str, range(1, count))), rows)


def _sessions(pair: Pair) -> tuple[Session, Session]:
    return pair.direct, pair.through


def _change(pair: Pair, measure: Callable[[Session], float], shown: Callable[[Any], str]) -> str:
    return f"{shown(measure(pair.direct))} → {shown(measure(pair.through))}"


def thousands(value: float) -> str:
    """Tokens for people: 850, 85k, 1.27M."""
    if value < 1_000:
        return f"{value:.0f}"
    return f"{value / 1_000:.0f}k" if value < 999_500 else f"{value / 1_000_000:.2f}M"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["|" + "|".join(f" {cell} " if cell else " " for cell in row) + "|" for row in (heads, *rows)]
    lines.insert(1, "|---" * len(heads) + "|")
    return "\n".join([*lines, ""])


def put(page: str, text: str) -> str:
    """The page with `text` between its marks; a page without both of them is a fault."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"expected {BEGIN} and {END} on the page")
    return f"{before}{begin}\n{text}{end}{after}"


def write(path: Path, pairs: Sequence[Pair], about: Mapping[str, Any]) -> None:
    told = {"about": about, "pairs": [asdict(pair) for pair in pairs]}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(path: Path) -> tuple[list[Pair], dict[str, Any]]:
    """What `write` has written."""
    found = json.loads(path.read_text("utf-8"))
    pairs = [Pair(told["name"], _session(told["direct"]), _session(told["through"])) for told in found["pairs"]]
    return pairs, found["about"]


def _session(told: Mapping[str, Any]) -> Session:
    return Session([Turn(**turn) for turn in told["turns"]])

"""`make savings`: ten turns of real clients before a model that takes its time, directly and through Sidestep.

`python -m tests.savings [--rounds N] [VERSION…]`; `latest` is the newest on the registry. Without versions: the three
below, and the figures go into tests/savings/results.json, the tables into README.md and docs/gateways.md, the picture
into docs/savings.svg; `--render` makes tables and picture of those figures once more. The newest version runs three
times: before a local model, before one whose titles are no JSON, and on a subscription.

It fails when a session does not come to its end, when one through Sidestep is not the same conversation or saves
nothing, and when Sidestep logs a warning.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.compat.sessions import number
from tests.e2e import clients
from tests.e2e.isolation import isolated, raise_loopback, restart_isolated
from tests.savings import results
from tests.savings.plot import svg
from tests.savings.results import Pair, Session
from tests.savings.session import READS, Case, CutShortError, play, wrong
from tests.savings.upstream import FIRST_BYTE, TURNS

VERSIONS = ("2.1.45", "2.1.110", "latest")
ROUNDS = 3
ROOT = Path(__file__).parents[2]
FIGURES = "tests/savings/results.json"

_INTRODUCTION = """\
Ten turns of real clients, to the model directly → through Sidestep. The model takes 0.8 s to its first byte, a local
one for one request after another ([how it is measured](docs/gateways.md#what-is-saved), by kind and by turn).
"""
_PICTURE = "![Seconds waited in ten turns, directly and through Sidestep](docs/savings.svg)\n"

Play = Callable[..., tuple[Session, list[str]]]


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    if options.render:
        render(ROOT)
        return 0
    if not isolated():
        missing = [program for program in ("node", "npm") if shutil.which(program) is None]
        if missing:
            print(f"savings: needs {' and '.join(missing)}: install Node.js 20 or newer with npm", file=sys.stderr)
            return 1
        versions = [clients.newest() if version == "latest" else version for version in options.versions or VERSIONS]
        for version in versions:
            clients.install(version)
        write = ["--write"] if not options.versions and options.rounds >= ROUNDS else []
        restart_isolated([*write, "--rounds", str(options.rounds), *versions], "tests.savings")
    raise_loopback()
    pairs, faults = measure(cases(options.versions), options.rounds, play)
    if pairs:
        print(results.summary(pairs), results.by_kind(pairs), results.by_turn(pairs), sep="\n")
    for fault in faults:
        print(f"FAULT: {fault}")
    if options.write and not faults:
        write_down(pairs, ROOT)
    else:
        print(f"savings: nothing written: that takes all versions, {ROUNDS} rounds at least, and no fault")
    return 1 if faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.savings")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--render", action="store_true", help="write the pages from the last figures, measure nothing")
    parser.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("versions", nargs="*")
    return parser


def cases(versions: Sequence[str]) -> list[Case]:
    newest = max(versions, key=number)
    local = [Case(version) for version in sorted(set(versions), key=number)]
    return [*local, Case(newest, titles=False), Case(newest, subscription=True)]


def measure(cases: Sequence[Case], rounds: int, play: Play) -> tuple[list[Pair], list[str]]:
    """A round of every case, then the next: a slow minute of the machine is no case's own. With what went wrong."""
    sessions: dict[tuple[Case, bool], list[Session]] = {(case, way): [] for case in cases for way in (False, True)}
    faults: list[str] = []
    for turn in range(rounds):
        for case, through in sessions:
            print(f"savings: round {turn + 1}, {case.name}, {_way(through)}", file=sys.stderr, flush=True)
            try:
                session, found = play(case, through=through)
            except CutShortError as error:
                faults.append(f"{case.name}, {_way(through)}, was cut short; the screen:\n{error}")
            else:
                sessions[case, through].append(session)
                faults += [f"{case.name}: {fault}" for fault in found]
    pairs = list(_pairs(cases, sessions))
    return pairs, [*faults, *(f"{pair.name}: {fault}" for pair in pairs for fault in wrong(pair))]


def _pairs(cases: Sequence[Case], sessions: dict[tuple[Case, bool], list[Session]]) -> Iterator[Pair]:
    for case in cases:
        direct, through = sessions[case, False], sessions[case, True]
        if direct and through:
            yield Pair(case.name, results.combined(direct), results.combined(through))


def _way(through: bool) -> str:
    return "through Sidestep" if through else "directly"


def write_down(pairs: Sequence[Pair], root: Path) -> None:
    measured = datetime.now(UTC).strftime("%Y-%m-%d")
    about = {"measured": measured, "rounds": ROUNDS, "turns": len(TURNS), "first_byte": FIRST_BYTE, "reads": READS}
    results.write(root / FIGURES, pairs, about)
    render(root)


def render(root: Path) -> None:
    """The tables and the picture, of the figures as they were written down."""
    pairs, about = results.read(root / FIGURES)
    told = f"the least of {about['rounds']} rounds for each turn; {about['measured']}"
    (root / "docs/savings.svg").write_text(svg(pairs, told), "utf-8")
    tables = (results.summary(pairs), results.by_kind(pairs), results.by_turn(pairs))
    for name, parts in (("README.md", (_INTRODUCTION, tables[0], _PICTURE)), ("docs/gateways.md", tables)):
        page = root / name
        page.write_text(results.put(page.read_text("utf-8"), "\n".join(["", *parts, ""])), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

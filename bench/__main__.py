"""`make bench`, or `python -m bench [ROW...]`: measure, print the table, write results.json and results.svg.

Exit codes: 0 when every row that was measured is reached, 1 when one is missed, 2 when something is missing.
"""

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from bench import plot, results
from bench.decide import decide
from bench.latency import WrongReplyError
from bench.processes import ROOT, raise_file_limit, stack, which_nginx
from bench.results import Result
from bench.rows import ROWS, Bench
from bench.soak import FULL_SECONDS, SHORT_SECONDS, soak
from bench.stall import stall
from bench.throughput import which_wrk

ALONE = ("decide", "stall", "soak")
"""Rows that need none of the three ways, and run by themselves when all others are done."""

NAMES = (*ROWS, *ALONE)
FEWEST_ROUNDS = 5
USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if missing := _missing():
        print("\n".join(f"bench: {text}" for text in missing), file=sys.stderr)
        return USAGE_ERROR
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    raise_file_limit()
    faults: list[str] = []
    found = list(_measure(options, faults))
    print(results.table(found))
    print("".join(f"bench: {fault}\n" for fault in faults), end="", file=sys.stderr)
    if faults:
        return 1
    if options.rows or options.rounds < FEWEST_ROUNDS:
        print(f"bench: nothing written: that takes all rows, and {FEWEST_ROUNDS} rounds at least", file=sys.stderr)
    else:
        _write(found, _about(options))
    return 0 if all(result.reached for result in found) else 1


def _missing() -> list[str]:
    """What has to be installed first, in words."""
    missing = [] if sys.platform == "linux" else ["Linux is missing: memory of processes is read from /proc"]
    missing += [] if which_nginx() else ["nginx, the yardstick, is missing: apt install nginx-light"]
    return missing + ([] if which_wrk() else ["wrk, which measures throughput, is missing: apt install wrk"])


def _measure(options: argparse.Namespace, faults: list[str]) -> Iterator[Result]:
    """Every row that is wanted; those that could not be measured become faults."""
    wanted = options.rows or NAMES
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with stack(folder) as running:
            bench = Bench(running, folder, options.rounds, options.seconds, options.may_sleep)
            yield from _in_turns([row for row in ROWS if row in wanted], bench, faults)
            for row in (row for row in ALONE if row in wanted):
                print(f"bench: {row}", file=sys.stderr, flush=True)
                with _told(row, faults):
                    yield from _alone(row, bench, FULL_SECONDS if options.soak else SHORT_SECONDS)


def _in_turns(rows: Sequence[str], bench: Bench, faults: list[str]) -> Iterator[Result]:
    """A round of each row, then the next of each: a slow minute of the machine is no row's own."""
    running = {row: ROWS[row](bench) for row in rows}
    found: dict[str, list[Result]] = {}
    number = 0
    while running:
        number += 1
        print(f"bench: round {number} of {', '.join(running)}", file=sys.stderr, flush=True)
        for row, rounds in list(running.items()):
            del running[row]
            with _told(row, faults):
                try:
                    next(rounds)
                    running[row] = rounds
                except StopIteration as ended:
                    found[row] = ended.value
    for row in rows:
        yield from found.get(row, ())


def _alone(row: str, bench: Bench, soak_seconds: float) -> Iterator[Result]:
    if row == "decide":
        return decide(bench.rounds, bench.folder)
    if row == "stall":
        return stall(bench.folder, bench.rounds)
    return soak(bench.upstream, bench.folder, soak_seconds)


@contextmanager
def _told(row: str, faults: list[str]) -> Iterator[None]:
    """What keeps a row from being measured is a fault to tell, and no reason not to measure the others."""
    try:
        yield
    except (WrongReplyError, OSError, subprocess.SubprocessError) as error:
        faults.append(f"{row} could not be measured: {type(error).__name__}: {error}")


def _write(found: Sequence[Result], about: Mapping[str, Any]) -> None:
    results.write(ROOT / "bench/results.json", found, about)
    machine = f"{about['cpu']}, {about['cores']} cores, {about['processors']}"
    summary = f"{machine}; medians of {about['rounds']} rounds; {about['measured']}"
    (ROOT / "bench/results.svg").write_text(plot.svg(found, summary), "utf-8")


def _about(options: argparse.Namespace) -> dict[str, Any]:
    """What the figures were measured on, and with what."""
    nginx = subprocess.run([which_nginx() or "nginx", "-v"], capture_output=True, text=True, check=True)
    return {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "processors": "may sleep" if options.may_sleep else "kept awake",
        "system": platform.system(),
        "python": platform.python_version(),
        "aiohttp": metadata.version("aiohttp"),
        "uvloop": metadata.version("uvloop"),
        "nginx": nginx.stderr.strip().rpartition("/")[2],
        "rounds": options.rounds,
        "wrk_seconds": options.seconds,
        "soak_seconds": FULL_SECONDS if options.soak else SHORT_SECONDS,
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _name(text: str) -> str:
    if text not in NAMES:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected one of {', '.join(NAMES)}")
    return text


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("expected at least 1")
    return count


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Sidestep's speed, measured beside nginx.")
    parser.add_argument("rows", nargs="*", type=_name, metavar="ROW", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--rounds", type=_count, default=7, help=f"fewer than {FEWEST_ROUNDS} prove nothing")
    parser.add_argument("--seconds", type=_count, default=2, help="of each slice of wrk")
    parser.add_argument("--soak", action="store_true", help=f"soak for {FULL_SECONDS} s, not {SHORT_SECONDS}")
    parser.add_argument("--may-sleep", action="store_true", help="let processors sleep in closed loops, too")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # all processes have been ended on the way here
        sys.exit(130)

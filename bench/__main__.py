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
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import uvloop

from bench import plot, results
from bench.decide import decide
from bench.latency import WrongReplyError
from bench.processes import ROOT, raise_file_limit, stack, which_nginx
from bench.results import Result
from bench.rows import ROWS, Bench
from bench.soak import FULL_SECONDS, SHORT_SECONDS, soak
from bench.throughput import which_wrk

NAMES = (*ROWS, "decide", "soak")
_FEWEST_ROUNDS = 5
_INSTALL = {
    "nginx": "nginx is the yardstick: apt install nginx-light, or brew install nginx",
    "wrk": "wrk measures throughput: apt install wrk, or brew install wrk",
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    missing = [name for name, found in (("nginx", which_nginx()), ("wrk", which_wrk())) if not found]
    if not sys.platform.startswith("linux"):
        print("bench: it reads the memory of processes from /proc, so it needs Linux", file=sys.stderr)
        return 2
    if missing:
        print("\n".join(f"bench: {name} is missing. {_INSTALL[name]}" for name in missing), file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    raise_file_limit()
    try:
        found = list(_measure(options))
    except WrongReplyError as error:
        print(f"bench: not measured: {error}", file=sys.stderr)
        return 1
    about = _about(options)
    print(results.table(found))
    if options.write:
        results.write(ROOT / "bench/results.json", found, about)
        summary = f"{about['cpu']}, {about['cores']} cores; medians of {options.rounds} rounds; {about['measured']}"
        (ROOT / "bench/results.svg").write_text(plot.svg(found, summary), "utf-8")
    return 0 if all(result.reached for result in found) else 1


def _measure(options: argparse.Namespace) -> Iterator[Result]:
    """Every row that is wanted, one after the other."""
    seconds = FULL_SECONDS if options.soak else SHORT_SECONDS
    wanted = options.rows or NAMES
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with stack(folder) as running:
            bench = Bench(running, folder, options.rounds, options.seconds)
            for row in (row for row in NAMES if row in wanted):
                print(f"bench: {row}", file=sys.stderr, flush=True)
                match row:
                    case "decide":
                        yield from decide(options.rounds, folder)
                    case "soak":
                        yield from soak(running.direct, folder, seconds)
                    case _:
                        yield from ROWS[row](bench)


def _about(options: argparse.Namespace) -> dict[str, str | int | float]:
    """What the figures were measured on, and with what."""
    nginx = subprocess.run([which_nginx() or "nginx", "-v"], capture_output=True, text=True, check=True)
    return {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "aiohttp": aiohttp.__version__,
        "uvloop": uvloop.__version__,
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


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 1:
        raise argparse.ArgumentTypeError("expected at least 1")
    return rounds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Sidestep's speed, measured beside nginx.")
    parser.add_argument("rows", nargs="*", metavar="ROW", choices=[*NAMES, []], help=f"of {', '.join(NAMES)}")
    parser.add_argument("--rounds", type=_rounds, default=7, help=f"fewer than {_FEWEST_ROUNDS} prove nothing")
    parser.add_argument("--seconds", type=_rounds, default=2, help="of each slice of wrk")
    parser.add_argument("--soak", action="store_true", help=f"soak for {FULL_SECONDS} s, not {SHORT_SECONDS}")
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave results.json and .svg alone")
    return parser


if __name__ == "__main__":
    sys.exit(main())

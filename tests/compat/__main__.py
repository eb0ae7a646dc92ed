"""`make compat`: what each client version asks, and what becomes of it, for docs/compatibility.md.

`python -m tests.compat [--rules DIR] [--page FILE] [VERSION…]`; `latest` is the newest on the registry. Without
versions: the newest of each month back to 2.0, and the last that asks what rules for older clients answer.

It fails when a guard's question was sent and no guard fired, when a mark of a rule is in no version, when a question
was answered that must not be, and when no example of a rule has the form in which the newest version asks.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from proxy.rules.load import Loaded, load
from tests.compat import page as pages
from tests.compat.marks import bundle, held, lost, marks
from tests.compat.seen import Seen, unlike, wrong
from tests.compat.sessions import number, play, sessions
from tests.compat.world import captured, upstream, web_page
from tests.e2e import clients, costs
from tests.e2e.isolation import isolated, raise_loopback, restart_isolated
from tests.e2e.proxy import sidestep

OLDEST = "1.0.43"
"""The last that asks for spinner words."""


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    if not isolated():
        missing = [program for program in ("node", "npm", "openssl") if shutil.which(program) is None]
        if missing:
            print(f"compat: needs {' and '.join(missing)}", file=sys.stderr)
            return 1
        asked = options.versions or [OLDEST, *clients.monthly((2, 0))]
        versions = [clients.newest() if version == "latest" else version for version in asked]
        for version in versions:
            clients.install(version)
        costs.install()
        restart_isolated(["--rules", str(options.rules), "--page", str(options.page), *versions], "tests.compat")
    raise_loopback()
    return compare(load(options.rules), options, visit, bundle)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.compat")
    parser.add_argument("--rules", type=Path, default=Path("rules"))
    parser.add_argument("--page", type=Path, default=Path("docs/compatibility.md"))
    parser.add_argument("versions", nargs="*")
    return parser


def compare(
    loaded: Loaded,
    options: argparse.Namespace,
    visit: Callable[[str, Path], Seen],
    bundle: Callable[[str], Path],
) -> int:
    """Visit every version, write the page, and print what is wrong; 1 if anything is."""
    known, faults = set(pages.read(options.page).marks), [str(problem) for problem in loaded.problems]
    rules, found, words = loaded.rules.rules, list[Seen](), dict[str, dict[str, bool]]()
    for version in sorted(options.versions, key=number):
        seen, program = visit(version, options.rules), bundle(version).read_bytes()
        seen.marks = held(marks(rules), program)
        words[version] = pages.words(program)
        faults += [f"{version}: {fault}" for fault in (*seen.faults, *wrong(seen))]
        found.append(seen)
        print(f"{version:<9} {_told(seen)}", flush=True)
    faults += [f"{found[-1].version}: {fault}" for fault in unlike(found[-1], loaded.entries)]
    gone = lost(rules, {seen.version: seen.marks for seen in found}, known)
    faults += [f"{mark.rule}: {mark.text!r} is in no client that was looked at" for mark in gone]
    page = pages.read(options.page)  # once more, since another run may have ended meanwhile
    for seen in found:
        page.add(seen, words[seen.version])
    page.keep(marks(rules))
    pages.write(options.page, page)
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"compat: {len(found)} versions, {len(faults)} faults")
    return 1 if faults else 0


def visit(version: str, rules: Path) -> Seen:
    """Do with a version what its users do, through one Sidestep before one upstream."""
    seen = Seen(version)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        capture = folder / "capture.jsonl"
        page = stack.enter_context(web_page(folder))
        settings = ["capture.enabled=true", f"capture.file={capture}"]
        with sidestep(stack.enter_context(upstream()).url, folder, settings, rules) as proxy:
            client = clients.prepare(version, folder, proxy.url, subscription=False)
            for session in sessions(page):
                if number(version) >= session.since:
                    seen.faults += play(session, client, proxy)
        for line in captured(capture):
            seen.take(line)
    return seen


def _told(seen: Seen) -> str:
    kinds = dict.fromkeys(kind for kind, _ in sorted(seen.treated))
    return ", ".join(f"{kind}: {seen.cell(kind)}" for kind in kinds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`make e2e`: drives real clients, prints what was answered and what was forwarded, and fails on any fault.

`python -m tests.e2e [VERSION…]`; `latest` is the newest on the registry. Without versions: the five below. Each runs in
the terminal on a subscription login and with `-p` on a key, offline, in an empty home, against a scripted upstream.
Then the newest of them by both agent SDKs, in a session of five long turns, which must cost what the upstream counted;
and in one among sixty errors of the upstream, each of which must be told everywhere, by kind.
"""

import shutil
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.e2e import clients, costs, errors, scenario
from tests.e2e.isolation import isolated, raise_loopback, restart_isolated
from tests.e2e.proxy import sidestep, stats
from tests.e2e.upstream import running

VERSIONS = ["1.0.43", "2.0.64", "2.1.20", "2.1.110", "latest"]

# The first version that takes an OAuth token from the environment in the terminal.
_SUBSCRIPTION_SINCE = (1, 0, 88)

_SESSIONS = (partial(costs.faults, "javascript"), partial(costs.faults, "python"), errors.faults)
"""Long sessions of the newest client, by the agent SDKs."""


def main(arguments: list[str]) -> int:
    if not isolated():
        missing = [program for program in ("node", "npm") if shutil.which(program) is None]
        if missing:
            print(f"e2e: needs {' and '.join(missing)}: install Node.js 20 or newer with npm", file=sys.stderr)
            return 1
        versions = [clients.newest() if version == "latest" else version for version in arguments or VERSIONS]
        for version in versions:
            clients.install(version)
        costs.install()
        restart_isolated(versions)
    raise_loopback()
    outcomes = []
    for version in arguments:
        for mode in ("terminal", "print"):
            outcome = run(version, mode)
            outcomes.append(outcome)
            print(_row(outcome), flush=True)
            for fault in outcome.faults:
                print(f"    FAULT: {fault}", flush=True)
    results = [bool(outcome.faults) for outcome in outcomes]
    newest = max(arguments, key=_number)
    for check in _SESSIONS if _number(newest) >= costs.SINCE else ():
        wrong = list(check(newest))
        results.append(bool(wrong))
        for fault in wrong:
            print(f"    FAULT: {fault}", flush=True)
    failed = sum(results)
    print(f"e2e: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def run(version: str, mode: str) -> scenario.Outcome:
    """One client through one proxy before one upstream, all of them fresh."""
    outcome = scenario.Outcome(version, mode)
    terminal = mode == "terminal"
    subscription = terminal and _number(version) >= _SUBSCRIPTION_SINCE
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(running(scenario.script))
        with sidestep(upstream.url, folder) as proxy:
            client = clients.prepare(version, folder, proxy.url, subscription=subscription)
            outcome.faults += scenario.in_terminal(client, proxy) if terminal else scenario.printed(client)
        outcome.faults += scenario.logged(client)
        outcome.answered = Counter(line["rule"] for line in proxy.requests() if line["outcome"] == "answered")
        outcome.forwarded = scenario.kinds(upstream.seen)
        outcome.faults += scenario.warnings(proxy)
        outcome.faults += scenario.misreported(stats(folder), outcome, upstream)
    outcome.faults += scenario.leaked(outcome.forwarded)
    if terminal:
        outcome.faults += scenario.unasked(version, outcome.answered)
    return outcome


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _row(outcome: scenario.Outcome) -> str:
    verdict = "FAULT" if outcome.faults else "ok"
    return (
        f"{outcome.version:<9} {outcome.mode:<9} {verdict:<6} "
        f"answered: {_counts(outcome.answered)}\n{'':<26} forwarded: {_counts(outcome.forwarded)}"
    )


def _counts(counter: "Counter[str]") -> str:
    return ", ".join(f"{name} ×{count}" for name, count in sorted(counter.items())) or "nothing"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

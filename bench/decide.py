"""The decision alone, in this process: what the middleware does with a body that it has read."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import median

from bench.figures import growth
from bench.latency import no_collection
from bench.processes import ROOT
from bench.results import Result
from bench.traffic import conversation, fields
from proxy.exchange import Forward, Head
from proxy.question import messages
from proxy.question.messages import MessagesRequest
from proxy.rules.load import load
from proxy.rules.ruleset import NO_MATCH, RuleSet

SIZES = (50, 100, 200, 400)
"""KiB of the bodies that show how the time grows."""
_STANDARD = 200
_CALLS = 40
_NO_FASTER = 1.05
"""The time's growth beside the body's. What is read once from end to end grows as the body does, and by a little more
where the body no longer fits into a cache."""

_CONDITIONS = (
    "message_count = 1\nmax_tokens = 32{number}",
    "tools = {{ present = false }}\nsystem = {{ last = {{ starts_with = 'Question {number}' }} }}",
    "system = {{ some = {{ pattern = '\\A\\s*You answer question {number}\\b' }} }}",
    "user_text = {{ pattern = '\\AQuestion {number}: (?P<asked>.*)\\z' }}",
)
"""Kinds of conditions, as the shipped rules have them: two that are cheap, two that search text."""

_RULE = """
[[rules]]
name = "question-{number}"
about = "question {number}"
action = "answer"

[rules.when]
path = "/v1/messages"
client = "claude-cli"
{conditions}

[rules.answer]
text = "yes"

[[rules.matches]]
about = "the question"
answer = "yes"

[rules.matches.headers]
user-agent = "claude-cli/2.1.330 (external, cli)"

[rules.matches.body]
model = "m"
max_tokens = 32{number}
system = "{system}"
messages = [{{ role = "user", content = "Question {number}: is it so?" }}]

[[rules.misses]]
about = "something else"
body = {{ messages = [{{ role = "user", content = "is it so?" }}] }}
"""


def decide(rounds: int, folder: Path) -> Iterator[Result]:
    """The row `decide`: the shipped rules over conversations of several sizes, and rule sets of two sizes over one."""
    rules = load(ROOT / "rules").rules
    bodies = {size: conversation(size * 1024) for size in SIZES}
    taken = timed({str(size): (rules, body) for size, body in bodies.items()}, rounds)
    yield Result("decide", f"shipped rules, {_STANDARD} KiB", "ms", taken[str(_STANDARD)], bound=0.30)
    for smaller, larger in itertools.pairwise(SIZES):
        grown = growth(taken[str(smaller)], taken[str(larger)], larger / smaller)
        yield Result("decide", f"growth beside the body's, {smaller} to {larger} KiB", "", grown, bound=_NO_FASTER)
    body = bodies[_STANDARD]
    sets = {str(count): (synthetic_rules(count, folder), body) for count in (10, 100)}
    taken = timed(sets, rounds)
    yield Result("decide", "100 rules beside 10", "times", taken["100"] / taken["10"], bound=2.0)


def inspection(size: int, rounds: int) -> float:
    """Median milliseconds until it is known that no shipped rule matches a conversation of `size` bytes."""
    rules, body = load(ROOT / "rules").rules, conversation(size)
    with no_collection():
        return median([_settled(rules, body) for _ in range(rounds * _CALLS)]) / 1e6


def _settled(rules: RuleSet, body: bytes) -> int:
    begun = time.perf_counter_ns()
    found, absent = messages.conversation(_head(), [body]), rules.absent([body])
    settled = rules.settled(found.head, absent) if found else None
    taken = time.perf_counter_ns() - begun
    if settled is None:
        raise AssertionError("bench: the conversation was to match no rule")
    return taken


@cache
def _head() -> Head:
    return Head("POST", "/v1/messages", {name.lower(): value for name, value in fields().items()})


def timed(cases: Mapping[str, tuple[RuleSet, bytes]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each case, parsed and decided on in turn; each must forward since no rule matched."""
    head = _head()
    medians: dict[str, list[float]] = {name: [] for name in cases}
    with no_collection():
        for _ in range(rounds):
            for name, (rules, body) in cases.items():
                medians[name].append(median([_once(rules, head, body) for _ in range(_CALLS)]) / 1e6)
    return {name: median(values) for name, values in medians.items()}


def _once(rules: RuleSet, head: Head, body: bytes) -> int:
    begun = time.perf_counter_ns()
    parsed = messages.parse(head, body)
    decision = rules.decide(parsed) if isinstance(parsed, MessagesRequest) else None
    taken = time.perf_counter_ns() - begun
    if decision != Forward(NO_MATCH):
        raise AssertionError(f"bench: the conversation was to match no rule: {decision}")
    return taken


def synthetic_rules(count: int, folder: Path) -> RuleSet:
    """So many rules of made-up questions, loaded from a folder of their own below `folder`."""
    directory = folder / f"synthetic-{count}"
    directory.mkdir(exist_ok=True)
    (directory / "rules.toml").write_text("".join(_rule(number) for number in range(1, count + 1)), "utf-8")
    loaded = load(directory)
    if loaded.problems:
        raise AssertionError("\n".join(map(str, loaded.problems)))
    return loaded.rules


def _rule(number: int) -> str:
    conditions = _CONDITIONS[number % len(_CONDITIONS)].format(number=number)
    searched: Sequence[str] = ("starts_with", "pattern")
    system = f"You answer question {number}" if searched[1] in conditions else f"Question {number}"
    return _RULE.format(number=number, conditions=conditions, system=system)

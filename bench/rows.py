"""The rows of the table that need the three ways: each a function that measures, a round at a time."""

from collections.abc import Callable, Generator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import latency, streams, throughput, traffic
from bench.awake import awake
from bench.decide import inspection
from bench.figures import Rounds, percentile
from bench.latency import Caller
from bench.processes import Running, Stack, load, sidestep
from bench.results import Result
from bench.streams import Plan

CONVERSATION = 48 * 1024
LARGE = 1024 * 1024
SMALL = 36 * 1024
"""Bytes of the request that opens a stream."""

_PACE = 50
_MEBIBYTE = 1024 * 1024
_LOCAL = b"GET /-/ready HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a row is given: the processes, a folder for files, and how often to repeat."""

    stack: Stack
    folder: Path
    rounds: int
    seconds: int
    """Seconds of each slice of wrk."""
    may_sleep: bool = False
    """Whether processors may sleep in closed loops (see `awake`)."""

    @property
    def upstream(self) -> Running:
        return self.stack.direct


Turns = Generator[None, None, list[Result]]
"""Yields behind each round of a row, for other rows to have theirs; in the end, the results."""

Row = Callable[[Bench], Turns]


def _closed_loop(found: Rounds, bench: Bench, bodies: Sequence[bytes], *, count: int, answered: bool = False) -> None:
    with nullcontext() if bench.may_sleep else awake():
        latency.latencies(found, bench.stack.ways(), bodies, count=count, answered=answered)


def relay(bench: Bench) -> Turns:
    found, bodies = Rounds(), [traffic.conversation(CONVERSATION)]
    for _ in range(bench.rounds):
        _closed_loop(found, bench, bodies, count=300)
        yield
    return [_added("relay", "48 KiB, added median", found, bound=0.40)]


def cost(bench: Bench) -> Turns:
    """Requests a second and processor time, before an upstream that costs next to nothing."""
    bodies = {
        "48 KiB": traffic.conversation(CONVERSATION),
        "last message of 48 KiB": traffic.long_message(CONVERSATION),
    }
    rates, costs = {name: Rounds() for name in bodies}, {name: Rounds() for name in bodies}
    with load(bench.folder / "load") as stack:
        for _ in range(bench.rounds):
            for name, body in bodies.items():
                throughput.costs(rates[name], costs[name], stack.ways(), body, bench.folder, seconds=bench.seconds)
            yield
    return [
        *(_beside_bare("throughput", name, "a second", found, at_least=True) for name, found in rates.items()),
        *(_beside_bare("cost", name, "µs", found) for name, found in costs.items()),
    ]


def _beside_bare(row: str, name: str, unit: str, found: Rounds, *, at_least: bool = False) -> Result:
    measured = f"{name}, {throughput.CONNECTIONS} connections"
    return Result(row, measured, unit, *_medians(found), bare=found.median("bare"), of_bare=1.0, at_least=at_least)


def large_body(bench: Bench) -> Turns:
    found, bodies = Rounds(), [traffic.conversation(LARGE)]
    for _ in range(bench.rounds):
        _closed_loop(found, bench, bodies, count=60)
        yield
    alone = Result("large-body", "1 MiB, inspection alone", "ms", inspection(LARGE, bench.rounds), bound=1.0)
    return [_added("large-body", "1 MiB, added median", found, bound=2.0), alone]


def answer(bench: Bench) -> Turns:
    body, ours = traffic.quota_probe(), {"ours": bench.stack.ours}
    found, rate = Rounds(), Rounds()
    for _ in range(bench.rounds):
        _closed_loop(found, bench, [body], count=600, answered=True)
        throughput.throughputs(rate, ours, body, bench.folder, seconds=bench.seconds, answered=True)
        yield
    note = "direct and nginx: the same question, put to the scripted upstream"
    measured = f"quota probe, JSON, {throughput.CONNECTIONS} connections"
    return [
        Result("answer", "quota probe, JSON, median", "ms", *_medians(found), bound=0.20, note=note),
        Result("answer", measured, "a second", rate.median("ours"), bound=5000, at_least=True),
    ]


def answer_streamed(bench: Bench) -> Turns:
    found, bodies = Rounds(), traffic.title_requests()
    for _ in range(bench.rounds):
        _closed_loop(found, bench, bodies, count=600, answered=True)
        yield
    return [Result("answer-streamed", "title, 6 events, median", "ms", *_medians(found), bound=0.40)]


def frame_delay(bench: Bench) -> Turns:
    """Streams that have nothing to do with one another: their frames are spread evenly over a pace.

    Their openings are spread over three. In one, they would be 4,000 a second, nearly all that Sidestep can open: they
    would wait for one another, and frames would stay bunched as their openings were.
    """
    plans = {
        "1 stream, added median": (Plan(1, 40, _PACE), Rounds()),
        "200 streams, added median": (Plan(200, 40, _PACE, 3 * _PACE / 200), Rounds()),
    }
    for _ in range(bench.rounds):
        for plan, found in plans.values():
            for way, running in bench.stack.ways().items():
                outcome = streams.run(running.port, traffic.conversation(SMALL), plan)
                if outcome.failures:
                    raise latency.WrongReplyError(f"{way}: {outcome.failures[0]}")
                found.add(way, median(outcome.delays))
        yield
    return [_added("frame-delay", measured, found, factor=2) for measured, (_, found) in plans.items()]


def thousand_streams(bench: Bench) -> Turns:
    """All opened at once, so that their frames come in bursts. Sidestep starts afresh each round, for its memory."""
    plan, body = Plan(1000, 50, _PACE), traffic.conversation(SMALL)
    found, failed, memory = Rounds(), [], []
    for _ in range(bench.rounds):
        with sidestep(bench.upstream.port, bench.folder) as ours:
            _touch(ours)
            idle = ours.memory()
            ours.forget_peak()
            for way, running in {**bench.stack.ways(), "ours": ours}.items():
                outcome = streams.run(running.port, body, plan)
                found.add(way, percentile(outcome.delays or [float("inf")], 0.99))
                failed += [f"{way}: {fault}" for fault in outcome.failures if way == "ours"]
            memory.append((ours.peak_memory() - idle) / plan.streams / 1024)
        yield
    note = f"first failure: {failed[0]}" if failed else ""
    return [
        Result("1000-streams", "failed, all rounds", "streams", len(failed), bound=0, note=note),
        _added("1000-streams", "99th percentile, added", found, bound=50.0),
        Result("1000-streams", "memory a stream", "KiB", median(memory), bound=150),
    ]


def start(bench: Bench) -> Turns:
    started, memory = [], []
    for _ in range(bench.rounds + 1):  # the first may still have to compile, and is not counted
        with sidestep(bench.upstream.port, bench.folder) as ours:
            _touch(ours)
            started.append(ours.started)
            memory.append(ours.memory() / _MEBIBYTE)
        yield
    return [
        Result("start", "process start to listening", "s", median(started[1:]), bound=0.45),
        Result("start", "idle memory", "MiB", median(memory[1:]), bound=60),
    ]


def _touch(ours: Running) -> None:
    """One local request, so that what the first request loads is loaded."""
    with Caller(ours.port) as caller:
        latency.check(caller.call(_LOCAL % ours.port)[1], answered=False)


def _medians(found: Rounds) -> tuple[float, float, float]:
    """The whole of each way, in the order of `Result`'s fields."""
    return found.median("ours"), found.median("direct"), found.median("nginx")


def _added(row: str, measured: str, found: Rounds, bound: float | None = None, factor: float | None = None) -> Result:
    """What nginx and Sidestep add to the direct way; of the direct way itself, the whole."""
    ours, nginx, direct = found.added("ours"), found.added("nginx"), found.median("direct")
    return Result(row, measured, "ms", ours, direct, nginx, bound, factor)


ROWS: dict[str, Row] = {
    "relay": relay,
    "cost": cost,
    "large-body": large_body,
    "answer": answer,
    "answer-streamed": answer_streamed,
    "frame-delay": frame_delay,
    "1000-streams": thousand_streams,
    "start": start,
}

"""The soak: mixed load at half of what Sidestep can take, and whether its memory stands still meanwhile."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import cast

import uvloop

from bench import streams, traffic
from bench.latency import WrongReplyError, check, complete
from bench.processes import Running, sidestep
from bench.results import Result
from bench.streams import Plan

FULL_SECONDS = 600
SHORT_SECONDS = 60
_CAPACITY_SECONDS = 5.0
_CONNECTIONS = 16
_STREAMS = Plan(10, 40, 50, 5.0)
"""Beside the requests, always so many streams, each on a new connection."""
_PATIENCE = 30.0
_SAMPLE_SECONDS = 0.5
_EARLY, _LATE = (0.18, 0.22), (0.96, 1.0)
"""Shares of the run whose memory is compared: around minute two of ten, and the end."""

# Of twenty requests: twelve conversations, a large one, four quota probes, three titles.
_MIX = "cqctcccqcLcctcqcctcq"


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the mix, and whether a rule answers it."""

    data: bytes
    answered: bool


@dataclass(slots=True)
class Load:
    """What came of a load: requests that were done, in seconds; and what went wrong."""

    done: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.done / self.seconds


def soak(upstream: Running, folder: Path, seconds: float) -> Iterator[Result]:
    """The row `soak`, on a Sidestep of its own."""
    with sidestep(upstream.port, folder) as ours:
        requests = mix(ours.port)
        capacity = uvloop.run(_load(ours.port, requests, _CAPACITY_SECONDS, None))
        memory: list[tuple[float, int]] = []
        load = uvloop.run(_soak(ours, requests, seconds, capacity.rate / 2, memory))
    failures = capacity.failures + load.failures
    note = f"{seconds:.0f} s at {load.rate:,.0f} requests a second, of {capacity.rate:,.0f} that it can take"
    if seconds < FULL_SECONDS:
        note += f"; the full soak takes {FULL_SECONDS} s (SOAK=1)"
    if failures:
        note += f"; first failure: {failures[0]}"
    grown = growth(memory, seconds)
    yield Result("soak", "memory, end beside a fifth of the run", "%", grown * 100, bound=5.0, note=note)
    yield Result("soak", "errors", "requests", len(failures), bound=0)


def growth(memory: Sequence[tuple[float, int]], seconds: float) -> float:
    """By what share the memory at the end is above that after a fifth, of samples (seconds since the start, bytes).

    Both are medians over a short while. Raises StatisticsError where there are no samples.
    """

    def around(share: tuple[float, float]) -> float:
        return median([size for at, size in memory if share[0] * seconds <= at <= share[1] * seconds])

    early = around(_EARLY)
    return (around(_LATE) - early) / early


def mix(port: int) -> list[Request]:
    """Twenty requests, in the order in which they are sent over and over."""
    kinds = {
        "c": Request(traffic.request(port, traffic.conversation(48 * 1024)), answered=False),
        "L": Request(traffic.request(port, traffic.conversation(1024 * 1024)), answered=False),
        "q": Request(traffic.request(port, traffic.quota_probe()), answered=True),
        "t": Request(traffic.request(port, traffic.title_requests()[0]), answered=True),
    }
    return [kinds[letter] for letter in _MIX]


class _Line(asyncio.Protocol):
    """One kept connection, one request at a time."""

    def __init__(self) -> None:
        self._reply = b""
        self._waiting: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    async def call(self, data: bytes) -> bytes:
        self._reply, self._waiting = b"", asyncio.get_running_loop().create_future()
        self._transport.write(data)
        async with asyncio.timeout(_PATIENCE):
            return await self._waiting

    def data_received(self, data: bytes) -> None:
        self._reply += data
        if self._waiting and not self._waiting.done() and complete(self._reply):
            self._waiting.set_result(self._reply)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the connection ended"))

    def abort(self) -> None:
        self._transport.abort()


async def _load(port: int, requests: Sequence[Request], seconds: float, rate: float | None) -> Load:
    """Send the mix for so long, at `rate` requests a second, or as fast as replies come (None)."""
    loop, load, order = asyncio.get_running_loop(), Load(), itertools.cycle(requests)
    begun, number = time.monotonic(), itertools.count()

    async def work() -> None:
        _, line = await loop.create_connection(_Line, "127.0.0.1", port)
        while (now := time.monotonic()) < begun + seconds:
            if rate and (early := begun + next(number) / rate - now) > 0:
                await asyncio.sleep(early)
            request = next(order)
            try:
                check(await line.call(request.data), answered=request.answered)
                load.done += 1
            except (OSError, WrongReplyError) as error:
                load.failures.append(f"{type(error).__name__}: {error}")
                line.abort()
                _, line = await loop.create_connection(_Line, "127.0.0.1", port)
        line.abort()

    async def stream() -> None:
        while time.monotonic() < begun + seconds:
            outcome = await streams.receive(port, traffic.conversation(36 * 1024), _STREAMS)
            load.failures += outcome.failures

    await asyncio.gather(stream(), *(work() for _ in range(_CONNECTIONS)))
    load.seconds = seconds
    return load


async def _soak(
    ours: Running, requests: Sequence[Request], seconds: float, rate: float, memory: list[tuple[float, int]]
) -> Load:
    """The load, and samples of the memory under it: seconds since the start, and bytes."""
    begun = time.monotonic()

    async def watch() -> None:
        while True:
            await asyncio.sleep(_SAMPLE_SECONDS)
            memory.append((time.monotonic() - begun, ours.memory()))

    watching = asyncio.create_task(watch())
    try:
        return await _load(ours.port, requests, seconds, rate)
    finally:
        watching.cancel()

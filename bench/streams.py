"""How late the frames of streams arrive: many raw connections on one event loop, each with a stream at a pace.

Arrivals are written down as they come and looked into afterwards, so that looking delays none.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

from bench.frames import LAST_CHUNK, NotAReplyError, delays
from bench.latency import no_collection
from bench.traffic import TARGET, request

_PATIENCE = 60.0
"""Seconds that a run may take beyond the time that its frames are paced to take."""
_CONNECT_PATIENCE = 20.0
_ENDING = b"\r\n" + LAST_CHUNK


@dataclass(frozen=True, slots=True)
class Plan:
    """So many streams of so many frames, `pace` milliseconds apart, opened `spread` milliseconds after one another."""

    streams: int
    frames: int
    pace: int
    spread: float = 0.0


@dataclass(slots=True)
class Outcome:
    """Milliseconds that each frame took, of all streams together, and what became of the streams that failed."""

    delays: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class _Receiver(asyncio.Protocol):
    """One stream: what arrived, and when."""

    def __init__(self, data: bytes) -> None:
        self._request, self._tail = data, b""
        self.arrivals: list[tuple[int, bytes]] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self.arrivals.append((time.monotonic_ns(), data))
        self._tail = (self._tail + data)[-len(_ENDING) :]
        if self._tail == _ENDING:
            self._end()

    def connection_lost(self, _error: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def run(port: int, body: bytes, plan: Plan) -> Outcome:
    """Open the streams, receive them, and say how late every frame was."""
    with no_collection():
        return uvloop.run(receive(port, body, plan))


async def receive(port: int, body: bytes, plan: Plan) -> Outcome:
    """The same, on the running loop."""
    target = f"{TARGET}&frames={plan.frames}&pace={plan.pace}"
    received = await _receive(port, request(port, body, target), plan)
    outcome = Outcome()
    for one in received:
        fault = one if isinstance(one, str) else _take(one.arrivals, plan.frames, outcome)
        if fault:
            outcome.failures.append(fault)
    return outcome


def _take(arrivals: list[tuple[int, bytes]], frames: int, outcome: Outcome) -> str:
    """Add a stream's delays to the outcome; what is wrong with it, or ""."""
    try:
        found = delays(arrivals)
    except NotAReplyError as error:
        return str(error)
    outcome.delays += [delay / 1e6 for delay in found.frames]
    if not found.ended or len(found.frames) != frames:
        return f"{len(found.frames)} of {frames} frames"
    return ""


async def _receive(port: int, data: bytes, plan: Plan) -> list["_Receiver | str"]:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    lasting = plan.frames * plan.pace / 1000 + _PATIENCE

    async def one(number: int) -> "_Receiver | str":
        if plan.spread:
            await asyncio.sleep(begun + number * plan.spread / 1000 - loop.time())
        try:
            async with asyncio.timeout(_CONNECT_PATIENCE):
                transport, receiver = await loop.create_connection(lambda: _Receiver(data), "127.0.0.1", port)
        except OSError as error:
            return f"no connection: {type(error).__name__}"
        try:
            async with asyncio.timeout(lasting):
                await receiver.ended
        except TimeoutError:
            pass  # what is missing is told by the frames
        finally:
            transport.abort()
        return receiver

    return list(await asyncio.gather(*map(one, range(plan.streams))))

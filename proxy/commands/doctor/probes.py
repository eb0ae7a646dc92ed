"""Tests of forwarding by a running Sidestep. Each probe takes a `Bench` and returns one finding."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

from proxy.commands.doctor.bench import FRAMES, REPLY_BODY, REPLY_FIRST, REPLY_LINES, Bench, frame
from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.commands.doctor.plain_http import TIMEOUT, HttpMessage, ask, connected

SLOW = 0.05
"""Seconds of delay that are worth a warning: a hundred times the usual delay."""

ROUNDS = 5

_LINES = ("X-Doctor: one", "x-DOCTOR: two", "anthropic-BETA: a,b", "Accept-Encoding: gzip", "User-Agent: doctor")
_TARGET = "/doctor/bytes?a=%2F&&b=c/../d"
_BODY = b'{"spacing" : [1,\t2]}\xff\x00'
_HOP_BY_HOP = (b"connection", b"keep-alive", b"host")

_REPORT = "report it, with `sidestep --version`: this must not happen"
_BETWEEN = "look for what stands in between (a security program?), or report it"

Probe = Callable[[Bench], Awaitable[Finding]]


async def request_bytes(bench: Bench) -> Finding:
    """A request reaches the upstream as it was sent."""
    request = bench.sidestep.request(f"POST {_TARGET}", _LINES, _BODY)
    await ask(bench.sidestep, request)
    sent = (
        f"POST {_TARGET} HTTP/1.1".encode(),
        *(line.encode() for line in _LINES),
        b"Content-Length: %d" % len(_BODY),
    )
    difference = _difference(sent, _BODY, bench.upstream.arrived[-1])
    if difference:
        return fault("request bytes", difference, _REPORT)
    return ok("request bytes", "target, headers and body arrive as they were sent")


async def reply_bytes(bench: Bench) -> Finding:
    """A reply reaches the client as the upstream sent it."""
    reply = await ask(bench.sidestep, bench.sidestep.request(f"POST {_TARGET}", _LINES, _BODY))
    difference = _difference((REPLY_FIRST, *REPLY_LINES), REPLY_BODY, reply)
    if difference:
        return fault("reply bytes", difference, _REPORT)
    return ok("reply bytes", "status, headers and body arrive as they were sent")


def _difference(lines: Sequence[bytes], body: bytes, arrived: HttpMessage) -> str:
    """The first difference to what was sent; "" for none."""
    found = [arrived.first, *(line for line in arrived.lines if line.partition(b":")[0].lower() not in _HOP_BY_HOP)]
    for index in range(max(len(lines), len(found))):
        sent, got = lines[index : index + 1], found[index : index + 1]
        if list(sent) != got:
            return f"sent {_shown(sent)}, arrived {_shown(got)}"
    return "" if body == arrived.body else f"a body of {len(body)} bytes arrived as another of {len(arrived.body)}"


def _shown(line: Sequence[bytes]) -> str:
    return ascii(line[0].decode("latin-1")) if line else "nothing"


async def first_byte(bench: Bench) -> Finding:
    """The delay of the head and the first frame of a reply."""
    delays = [(await _stream_delays(bench))[0] for _ in range(ROUNDS)]
    return _delay("first byte", statistics.median(delays))


async def frames(bench: Bench) -> Finding:
    """The delay of later frames: each is sent only after the one before has arrived."""
    return _delay("frames", max((await _stream_delays(bench))[1:]))


def _delay(check: str, seconds: float) -> Finding:
    shown = f"{seconds * 1000:.1f} ms on the way"
    if seconds > SLOW:
        return warning(check, shown, "see what keeps this machine busy, and try again")
    return ok(check, shown)


async def _stream_delays(bench: Bench) -> list[float]:
    """Seconds from sending each frame to its arrival. Raises TimeoutError if one does not arrive."""
    delays: list[float] = []
    async with connected(bench.sidestep) as (reader, writer):
        writer.write(bench.sidestep.request("POST /doctor/stream", (), b"{}"))
        got = b""
        async with asyncio.timeout(TIMEOUT):
            while len(delays) < FRAMES:
                data = await reader.read(65536)
                if not data:
                    raise EOFError("the stream ended early")
                got += data
                if frame(len(delays)) in got:
                    delays.append(time.perf_counter() - bench.upstream.sent_at[-1])
                    bench.upstream.seen.set()
    return delays


async def cancellation(bench: Bench) -> Finding:
    """A client that goes away ends its request upstream."""
    bench.upstream.left.clear()
    async with connected(bench.sidestep) as (reader, writer):
        writer.write(bench.sidestep.request("POST /doctor/endless", (), b"{}"))
        async with asyncio.timeout(TIMEOUT):
            await reader.readuntil(frame(0))
        writer.transport.abort()
    gone = time.perf_counter()
    try:
        await asyncio.wait_for(bench.upstream.left.wait(), TIMEOUT)
    except TimeoutError:
        return fault("cancellation", "a request goes on upstream although its client has gone", _REPORT)
    return ok("cancellation", f"upstream ended {(time.perf_counter() - gone) * 1000:.1f} ms after its client")


async def host_refusal(bench: Bench) -> Finding:
    """A request under another name is refused here (DNS rebinding)."""
    before = len(bench.upstream.arrived)
    reply = await ask(bench.sidestep, bench.sidestep.request("POST /v1/messages", (), b"{}", host="rebound.example"))
    if reply.status != 403 or len(bench.upstream.arrived) != before:
        return fault("host refusal", f"a request for rebound.example was answered with {reply.status}", _REPORT)
    return ok("host refusal", "a request for another host is refused")


PROBES: dict[str, Probe] = {
    "request bytes": request_bytes,
    "reply bytes": reply_bytes,
    "first byte": first_byte,
    "frames": frames,
    "cancellation": cancellation,
    "host refusal": host_refusal,
}


async def probe(name: str, run: Probe, bench: Bench) -> Finding:
    """Run one probe; any failure becomes a finding."""
    try:
        return await run(bench)
    except TimeoutError:
        return fault(name, f"something did not arrive within {TIMEOUT:.0f} seconds", _BETWEEN)
    except (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
        return fault(name, f"{type(error).__name__}: {error}", _REPORT)

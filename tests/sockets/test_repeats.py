"""What a client or an upstream can repeat without end leaves few lines; what was served leaves one each."""

import asyncio
import signal
import sys

import pytest

from tests.process import Process, running
from tests.raw import Peer, raw_client, raw_upstream, request
from tests.sockets.given import answers, ask, broken_off, head
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

TIMES = 30
MINUTES_OF_HALF_A_SECOND = """
import functools, sys
from proxy import __main__
from proxy.serving import service
from proxy.logs import observe, repeats
service.SPAN = 0.5
observe.Repeats = functools.partial(repeats.Repeats, 0.5)
sys.exit(__main__.main())
"""
MALFORMED = b"GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n"


async def _refused(port: int, sent: bytes) -> None:
    async with asyncio.timeout(PATIENCE), raw_client(port) as client:
        await client.send(sent)
        await broken_off(client)


async def _ended(process: Process) -> list[dict[str, object]]:
    """Every line of the process, now that it ends."""
    process.process.send_signal(signal.SIGTERM)
    await process.line("stopped")
    assert await process.exit_code() == 0
    return process.lines


async def test_malformed_requests_leave_one_line_and_their_number_at_the_stop() -> None:
    async with raw_upstream(answers) as upstream, running(upstream.url) as (process, port):
        for _ in range(TIMES):
            await _refused(port, MALFORMED)
        told = [line for line in await _ended(process) if line.get("reason") == "malformed"]
    assert [line.get("repeated") for line in told] == [None, TIMES - 2]
    assert process.lines[-1]["event"] == "stopped"


async def test_what_was_held_back_is_told_when_its_minute_is_over_though_nothing_comes_any_more() -> None:
    program = (sys.executable, "-c", MINUTES_OF_HALF_A_SECOND)
    async with raw_upstream(answers) as upstream, running(upstream.url, command=program) as (process, port):
        for _ in range(3):
            await _refused(port, MALFORMED)
        counted = 0
        while counted < 3:
            counted += 1 + (await process.line("request", reason="malformed")).get("repeated", 0)
    assert counted == 3


async def test_heads_that_never_come_leave_one_line_and_their_number_at_the_stop() -> None:
    async with (
        raw_upstream(answers) as upstream,
        running(upstream.url, "limits.head_timeout=0.5") as (process, port),
    ):
        await asyncio.gather(*[_refused(port, b"GET / HTTP/1.1\r\n") for _ in range(TIMES)])
        told = [line for line in await _ended(process) if line["event"] == "connection closed"]
    assert [line.get("repeated") for line in told] == [None, TIMES - 2]


async def test_every_request_that_an_upstream_fails_has_its_line() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()

    async with raw_upstream(script) as upstream, running(upstream.url) as (process, port):
        for _ in range(TIMES):
            assert (await ask(port, request(port, "/api/batch"))).status == 502
        told = [line for line in await _ended(process) if line["event"] == "request"]
    assert [line["status"] for line in told] == [502] * TIMES
    assert len({line["id"] for line in told}) == TIMES


async def test_every_request_that_the_guard_refuses_has_its_line() -> None:
    async with raw_upstream(answers) as upstream, running(upstream.url) as (process, port):
        foreign = head(port, b"GET / HTTP/1.1").replace(b"127.0.0.1", b"evil.example")
        for _ in range(TIMES):
            assert (await ask(port, foreign)).status == 403
        told = [line for line in await _ended(process) if line["event"] == "request"]
    assert [line["outcome"] for line in told] == ["refused"] * TIMES


async def test_a_second_signal_tells_what_was_held_back_too() -> None:
    reached = asyncio.Event()

    async def script(_peer: Peer) -> None:
        reached.set()
        await asyncio.Event().wait()

    async with (
        raw_upstream(script) as upstream,
        running(upstream.url, "stop.drain_timeout=3600") as (process, port),
        raw_client(port) as client,
    ):
        for _ in range(TIMES):
            await _refused(port, MALFORMED)
        await client.send(request(port, "/api/batch"))
        await reached.wait()
        process.process.send_signal(signal.SIGTERM)
        await process.line("stopping")
        process.process.send_signal(signal.SIGTERM)
        assert (await process.line("request", reason="malformed"))["repeated"] == TIMES - 2
        await process.line("stopped", reason="second signal")
        assert await process.exit_code() == 1

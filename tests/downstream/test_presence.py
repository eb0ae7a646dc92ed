"""Clients that go while they are not read from: since nobody takes their body, or since their next request waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proxy.downstream import presence
from proxy.downstream.presence import Watch
from tests.conftest import Running, Start
from tests.raw import Peer, RawUpstream, raw_client, raw_upstream, reply
from tests.sockets.storm import reset
from tests.waiting import PATIENCE, until

MUCH = 64 * 1024 * 1024
"""More than two connections hold in the kernel."""
CONSENT = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def _get(sidestep: Running, more: str = "") -> bytes:
    return f"GET /v1/models HTTP/1.1\r\nHost: localhost:{sidestep.port}\r\n{more}\r\n".encode()


def _post(sidestep: Running, size: int) -> bytes:
    return f"POST /api HTTP/1.1\r\nHost: localhost:{sidestep.port}\r\nContent-Length: {size}\r\n\r\n".encode()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What was seen of clients that are not read from: whether they had ended."""
    found: list[bool] = []
    has_ended = presence._has_ended

    def looked(transport: asyncio.Transport) -> bool:
        found.append(has_ended(transport))
        return found[-1]

    monkeypatch.setattr(presence, "_EVERY", 0.02)
    monkeypatch.setattr(presence, "_has_ended", looked)
    return found


@asynccontextmanager
async def _unreading(consent: bytes = b"") -> AsyncIterator[tuple[RawUpstream, asyncio.Event]]:
    """An upstream that takes a head, and nothing more before the event is set."""
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        head = await peer.head()
        peer.stop_reading()
        await peer.send(consent)
        await go_on.wait()
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await peer.sized(head)
        await peer.send(reply(b"{}"))

    async with raw_upstream(script) as upstream:
        yield upstream, go_on


async def _ends_as_gone(sidestep: Running) -> None:
    await until(lambda: bool(sidestep.logged()))
    assert sidestep.logged()[0]["error"] == "the client went away"


@pytest.mark.parametrize("upgrade", [False, True])
async def test_a_client_whose_bytes_the_upstream_does_not_take_is_missed(
    start: Start, looks: list[bool], upgrade: bool
) -> None:
    async with _unreading(CONSENT if upgrade else b"") as (upstream, _):
        sidestep = await start(upstream.url)
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            if upgrade:
                await client.send(_get(sidestep, "Connection: Upgrade\r\nUpgrade: websocket\r\n"))
                assert b" 101 " in await client.head()
            else:
                await client.send(_post(sidestep, MUCH))
            client.writer.write(b"x" * MUCH)
            await until(lambda: len(looks) >= 3)  # no more is on its way
            reset(client)
            await _ends_as_gone(sidestep)


@pytest.mark.parametrize("is_reset", [False, True])
async def test_a_client_is_missed_whose_next_request_waits(start: Start, looks: list[bool], is_reset: bool) -> None:
    async with _unreading() as (upstream, _):
        sidestep = await start(upstream.url)
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            await client.send(_get(sidestep) + _post(sidestep, 600_000) + b"x" * 600_000)
            await until(lambda: bool(looks))
            if is_reset:
                reset(client)
            else:
                client.writer.close()
            await _ends_as_gone(sidestep)


async def test_a_client_that_is_there_is_left_alone(start: Start, looks: list[bool]) -> None:
    async with _unreading() as (upstream, go_on):
        sidestep = await start(upstream.url)
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            await client.send(_post(sidestep, MUCH))
            client.writer.write(b"x" * MUCH)
            await until(lambda: len(looks) >= 3)
            go_on.set()
            assert b" 200 " in await client.head()
    assert not any(looks)


async def test_nobody_looks_where_tcp_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_TELLS", False)
    watch = Watch()
    watch.begin(asyncio.Transport())
    assert watch._next is None

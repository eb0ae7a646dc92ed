"""After an upgrade: the upstream's consent, bytes both ways, and every way in which that ends."""

import asyncio
from contextlib import nullcontext

import pytest

from proxy.headers import RawPairs, upgrade_headers
from proxy.relay.tunnel import _FromClient
from proxy.upstream.connection import Connection
from tests.cases import every
from tests.conftest import Running, Start
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.upstream.links import reset
from tests.waiting import PATIENCE, until

CONSENT = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
ASK = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: y\r\nSec-WebSocket-Protocol: a, b\r\n"


def ask(sidestep: Running) -> bytes:
    return request(sidestep.port, "/ws", method="GET", more=ASK)


async def upgraded(client: Peer, sidestep: Running, behind: bytes = b"") -> bytes:
    """The head of the upstream's consent, as the client sees it."""
    await client.send(ask(sidestep) + behind)
    return await asyncio.wait_for(client.head(), PATIENCE)


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        ([(b"Connection", b"keep-alive, UPGRADE"), (b"uPGRADE", b"WebSocket")], [(b"uPGRADE", b"WebSocket")]),
        ([(b"connection", b"x"), (b"Connection", b"upgrade"), (b"Upgrade", b"a")], [(b"Upgrade", b"a")]),
    ],
)
def test_who_asks_for_an_upgrade_has_it_asked_for(raw: RawPairs, sent: RawPairs) -> None:
    assert upgrade_headers(raw) == [(b"Connection", b"Upgrade"), *sent]


@every(
    "raw",
    [
        [],
        [(b"Upgrade", b"websocket")],
        [(b"Connection", b"upgrade")],
        [(b"Connection", b"x-upgrade"), (b"Upgrade", b"websocket")],
        [(b"X-Connection", b"upgrade"), (b"Upgrade", b"websocket")],
    ],
)
def test_who_does_not_ask_has_nothing_asked_for(raw: RawPairs) -> None:
    assert upgrade_headers(raw) == []


async def test_bytes_pass_both_ways_as_they_come(start: Start) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(CONSENT + b"first")
        assert await peer.reader.readexactly(4) == b"\x00\xff\r\n"
        await peer.send(b"second")
        assert await peer.reader.readexactly(5) == b"third"

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            head = await upgraded(client, sidestep)
            assert await client.reader.readexactly(5) == b"first"
            await client.send(b"\x00\xff\r\n")
            assert await client.reader.readexactly(6) == b"second"
            await client.send(b"third")
            await asyncio.wait_for(client.gone(), PATIENCE)
    assert sorted(head.split(b"\r\n")) == sorted(CONSENT.split(b"\r\n"))
    for line in (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Protocol: a, b"):
        assert b"\r\n" + line + b"\r\n" in heads[0]
    (logged,) = sidestep.logged()
    assert (logged["status"], logged["bytes_in"], logged["bytes_out"]) == (101, 9, 11)


async def test_what_the_client_sends_before_the_consent_waits_for_it(start: Start) -> None:
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await go.wait()
        await peer.send(CONSENT)
        assert await peer.reader.readexactly(5) == b"eager"
        await peer.send(b"got it")

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            asking = asyncio.ensure_future(upgraded(client, sidestep, b"eager"))
            await until(lambda: len(upstream.peers) == 1)
            go.set()
            await asking
            assert await client.reader.readexactly(6) == b"got it"


async def test_silence_ends_no_tunnel(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The upstream's timer goes off three times while nothing is said."""
    looks = 0
    look = Connection._check_silence

    def counted(self: Connection) -> None:
        nonlocal looks
        looks += 1
        look(self)

    monkeypatch.setattr(Connection, "_check_silence", counted)

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(CONSENT)
        await until(lambda: looks >= 3)
        await peer.send(b"at last")

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url, upstream={"idle_timeout": 0.05}, limits={"head_timeout": 0.05})
        async with raw_client(sidestep.port) as client:
            await upgraded(client, sidestep)
            assert await asyncio.wait_for(client.reader.read(100), PATIENCE) == b"at last"


async def test_a_client_that_goes_ends_the_upstreams_connection(start: Start) -> None:
    ended = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(CONSENT)
        await peer.gone()
        ended.set()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await upgraded(client, sidestep)
            client.abort()
            await asyncio.wait_for(ended.wait(), PATIENCE)


@pytest.mark.parametrize("broken", [False, True], ids=["ends", "resets"])
async def test_the_client_sees_a_reset_as_one_and_an_end_as_one(start: Start, broken: bool) -> None:
    read = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(CONSENT + b"first")
        await read.wait()
        if broken:
            reset(peer)

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await upgraded(client, sidestep)
            assert await asyncio.wait_for(client.reader.readexactly(5), PATIENCE) == b"first"
            read.set()
            with pytest.raises(ConnectionResetError) if broken else nullcontext():
                assert await asyncio.wait_for(client.reader.read(1), PATIENCE) == b""


async def test_an_upstream_that_takes_nothing_stops_the_client_and_loses_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = asyncio.Event()
    reading: list[bool] = []
    resume = _FromClient._resume

    async def noticed(self: _FromClient) -> None:
        transport = self._request.transport
        assert transport is not None
        reading.append(transport.is_reading())
        stopped.set()
        await resume(self)

    monkeypatch.setattr(_FromClient, "_resume", noticed)
    size = 32 * 1024 * 1024
    go = asyncio.Event()
    taken = 0

    async def script(peer: Peer) -> None:
        nonlocal taken
        await peer.head()
        await peer.send(CONSENT)
        await go.wait()
        while taken < size:
            data = await peer.reader.read(1024 * 1024)
            assert data == b"x" * len(data)
            taken += len(data)
        await peer.send(b"all")

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await upgraded(client, sidestep)
            client.writer.write(b"x" * size)
            sending = asyncio.ensure_future(client.writer.drain())
            await asyncio.wait_for(stopped.wait(), PATIENCE)
            assert not sending.done()
            go.set()
            await asyncio.wait_for(sending, PATIENCE)
            assert await asyncio.wait_for(client.reader.read(100), PATIENCE) == b"all"
    assert taken == size
    assert not any(reading)


async def test_an_upgrade_that_the_upstream_declines_leaves_the_connection_as_it_was(start: Start) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            heads.append(await peer.head())
            await peer.send(reply(b"no", status="403 Forbidden" if b"Upgrade" in heads[-1] else "200 OK"))

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            head = await upgraded(client, sidestep)
            assert b" 403 " in head
            await client.sized(head)
            await client.send(request(sidestep.port, method="GET"))
            assert b" 200 " in await asyncio.wait_for(client.head(), PATIENCE)
    assert len(upstream.peers) == 1

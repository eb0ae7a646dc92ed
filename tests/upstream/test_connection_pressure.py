"""A connection under pressure: readers that stop, upstreams that take or say nothing, bodies sent meanwhile."""

import asyncio

import pytest

from proxy.upstream.connection import ENOUGH
from proxy.upstream.faults import ConnectionLost, Stalled
from tests.raw import Peer, reply
from tests.upstream.links import answer, ask, linked, rest
from tests.waiting import until

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


async def test_enough_unread_stops_the_upstream_and_reading_lets_it_go_on() -> None:
    """What a stopped reader costs is bounded: no more than ENOUGH and what one event brings."""
    size = 32 * 1024 * 1024
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            await peer.send(b"x" * 65536)
            sent += 65536
        await peer.gone()

    async with linked(script) as (connection, _):
        ask(connection)
        await connection.head()
        await until(lambda: connection._paused)
        assert ENOUGH < len(connection._unread) <= 2 * ENOUGH
        assert sent < size
        assert len(await rest(connection)) == size
        assert connection.reusable


async def test_drain_waits_until_the_upstream_takes_what_was_written() -> None:
    size = 16 * 1024 * 1024
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        await go.wait()
        await peer.head()
        await peer.reader.readexactly(size)
        await peer.send(reply(b"taken"))
        await peer.gone()

    async with linked(script) as (connection, _):
        ask(connection, b"POST")
        connection.write([b"x" * size])
        assert connection.full
        draining = asyncio.ensure_future(connection.drain())
        await asyncio.sleep(0)
        assert not draining.done()
        go.set()
        await draining
        assert (await connection.head()).status == 200


async def test_a_connection_on_which_a_request_is_still_going_out_serves_no_other() -> None:
    """The reply came early, and is whole; the next request would stand behind what the upstream does not take."""
    stop = asyncio.Event()

    async def script(peer: Peer) -> None:
        peer.stop_reading()
        await peer.send(reply(b"busy", status="503 Busy"))
        await stop.wait()

    async with linked(script) as (connection, _):
        ask(connection, b"POST")
        connection.write([b"x" * 32 * 1024 * 1024])
        assert (await connection.head()).status == 503
        assert await rest(connection) == b"busy"
        assert connection.full
        assert not connection.reusable
        stop.set()


async def test_a_silent_upstream_is_given_up() -> None:
    async with linked(Peer.gone, idle_timeout=0.02) as (connection, _):
        ask(connection)
        with pytest.raises(Stalled):
            await connection.head()
        assert not connection.open


async def test_an_upstream_that_falls_silent_within_its_reply_is_given_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(LENGTH + b"hal")
        await peer.gone()

    async with linked(script, idle_timeout=0.02) as (connection, _):
        ask(connection)
        await connection.head()
        assert await connection.read() == b"hal"
        with pytest.raises(Stalled):
            await connection.read()


async def test_an_upstream_that_takes_nothing_is_given_up_even_where_silence_is_no_fault() -> None:
    stop = asyncio.Event()

    async def script(_peer: Peer) -> None:
        await stop.wait()

    async with linked(script, idle_timeout=0.02) as (connection, _):
        ask(connection, b"POST")
        connection.switch_protocol()
        connection.write([b"x" * 32 * 1024 * 1024])
        with pytest.raises(Stalled):
            await connection.drain()
        stop.set()


async def test_a_switched_protocol_may_be_silent_for_longer_than_the_idle_timeout() -> None:
    """The reply comes when the timer has gone off three times: each time it found nobody to blame."""
    looks = 0

    async def script(peer: Peer) -> None:
        await peer.head()
        await until(lambda: looks >= 3)
        await peer.send(reply(b"late"))
        await peer.gone()

    async with linked(script, idle_timeout=0.02) as (connection, _):
        look = connection._check_silence

        def counted() -> None:
            nonlocal looks
            looks += 1
            look()

        connection._check_silence = counted  # type: ignore[method-assign]
        ask(connection)
        connection.switch_protocol()
        look()
        assert (await connection.head()).status == 200


async def test_nobody_is_blamed_for_silence_while_nobody_waits() -> None:
    """An idle connection outlives the timeout, and serves again."""

    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.head()
            await peer.send(reply(b"x"))
        await peer.gone()

    async with linked(script, idle_timeout=0.5) as (connection, _):
        await answer(connection)
        first = connection._timer
        await until(lambda: connection._timer is not first)
        assert connection.reusable
        await answer(connection)


async def test_the_sender_writes_while_the_reply_is_awaited() -> None:
    more = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.reader.readexactly(4)
        await peer.send(reply(b"got it"))
        await peer.gone()

    async with linked(script) as (connection, _):

        async def sending() -> None:
            await more.wait()
            connection.write([b"rest"])

        ask(connection, b"POST")
        connection.send_alongside(sending())
        more.set()
        assert (await connection.head()).status == 200
        assert await rest(connection) == b"got it"
        assert connection.reusable


async def test_an_early_answer_arrives_while_the_request_is_still_being_sent_and_the_sender_ends_with_it() -> None:
    ended = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b"too large", status="413 Too Large"))

    async with linked(script) as (connection, _):

        async def sending() -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.set()

        ask(connection, b"POST")
        connection.send_alongside(sending())
        assert (await connection.head()).status == 413
        assert await rest(connection) == b"too large"
        assert not connection.reusable
        connection.abort()
        await ended.wait()


@pytest.mark.parametrize("room", [1, 3, 1000])
async def test_all_of_a_body_is_streamed_whenever_it_came_and_however_little_the_sink_takes(
    room: int,
) -> None:
    """Some of the body has come before anybody asks; the sink is full after every `room` pieces."""
    size = 2 * 1024 * 1024
    body = bytes(range(256)) * (size // 256)
    got: list[tuple[bytes, bool]] = []
    drained = 0

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body)
        await peer.gone()

    def sink(piece: bytes, last: bool) -> bool:
        got.append((piece, last))
        return len(got) % room != 0

    async def drain() -> None:
        nonlocal drained
        drained += 1
        await asyncio.sleep(0)

    async with linked(script) as (connection, _):
        ask(connection)
        await connection.head()
        await until(lambda: len(connection._unread) > 0)
        await connection.stream_to(sink, drain)
        assert b"".join(piece for piece, _ in got) == body
        assert [last for _, last in got] == [False] * (len(got) - 1) + [True]
        assert (drained > 0) is (room < 1000)
        assert connection.reusable


async def test_a_whole_body_that_waits_is_streamed_at_once() -> None:
    got: list[tuple[bytes, bool]] = []

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(LENGTH + b"body")
        await peer.gone()

    def sink(piece: bytes, last: bool) -> bool:
        got.append((piece, last))
        return True

    async def drain() -> None:
        raise AssertionError("there was room")

    async with linked(script) as (connection, _):
        ask(connection)
        await connection.head()
        await until(lambda: connection.complete)
        await connection.stream_to(sink, drain)
    assert got == [(b"body", True)]


async def test_a_body_that_breaks_off_is_an_error_for_who_streams() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(LENGTH + b"bo")

    async def drain() -> None:
        raise AssertionError("there was room")

    async with linked(script) as (connection, _):
        ask(connection)
        await connection.head()
        with pytest.raises(ConnectionLost):
            await connection.stream_to(lambda _piece, _last: True, drain)

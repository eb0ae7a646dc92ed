"""A reply in very many chunks, on both event loops: each turn takes a few of them, and none is lost to anything."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest
import uvloop

from proxy.upstream.connection import Connection
from proxy.wire.framing import _AT_ONCE
from tests.raw import Peer
from tests.upstream.links import ask, linked, rest
from tests.waiting import until

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MANY = 50_000
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
Loop = Callable[[], asyncio.AbstractEventLoop]

pytestmark = pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])


def run(loop: Loop, sent: bytes, use: Callable[[Connection], Coroutine[None, None, None]]) -> None:
    """Use a connection on which that comes."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(CHUNKED + sent)
        await peer.gone()

    async def scenario() -> None:
        async with linked(script) as (connection, _):
            ask(connection)
            await connection.head()
            await use(connection)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scenario())


def poured(loop: Loop, sent: bytes, *, room: int) -> list[bytes]:
    """The pieces that come out within each turn of the loop; the sink is full after every `room` pieces."""
    turns: list[bytes] = [b""]
    pieces = 0

    def sink(piece: bytes, _last: bool) -> bool:
        nonlocal pieces
        turns[-1] += piece
        pieces += 1
        return pieces % room != 0

    async def drain() -> None:
        await asyncio.sleep(0)

    async def use(connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        stop = False

        def turn() -> None:
            turns.append(b"")
            if not stop:
                loop.call_soon(turn)

        turn()
        try:
            await connection.stream_to(sink, drain)
        finally:
            stop = True
            await asyncio.sleep(0)
        assert connection.complete

    run(loop, sent, use)
    return turns


@pytest.mark.parametrize("room", [1, 3, 10**9])
@pytest.mark.parametrize("one", [b"1\r\nx\r\n", b"1;a\r\nx\r\n"])
def test_others_have_their_turn_between(loop: Loop, one: bytes, room: int) -> None:
    turns = poured(loop, one * MANY + b"0\r\n\r\n", room=room)
    assert b"".join(turns) == b"x" * MANY
    assert max(map(len, turns)) <= 2 * _AT_ONCE


def test_who_reads_gets_all_of_it_though_a_turn_may_bring_nothing(loop: Loop) -> None:
    """The trailers are taken apart in many turns, and none of them is body."""

    async def use(connection: Connection) -> None:
        assert await rest(connection) == b"x" * MANY
        assert connection.reusable

    run(loop, b"1\r\nx\r\n" * MANY + b"0\r\n" + b"a\n" * 10_000 + b"\r\n", use)


def test_who_does_not_read_is_given_no_more_than_a_little(loop: Loop) -> None:
    async def use(connection: Connection) -> None:
        await until(lambda: connection._paused)
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(connection._unread) <= _AT_ONCE

    run(loop, b"1\r\nx\r\n" * MANY + b"0\r\n\r\n", use)

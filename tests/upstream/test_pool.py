"""Which connection is taken, which are kept, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from proxy.settings.config import UpstreamSettings
from proxy.upstream.connection import Connection
from proxy.upstream.dial import Dialer
from proxy.upstream.pool import Pool
from tests.raw import Peer, RawUpstream, raw_upstream, reply
from tests.upstream.links import answer, ask
from tests.waiting import until


async def serve(peer: Peer) -> None:
    while True:
        await peer.head()
        await peer.send(reply(b"x"))


@asynccontextmanager
async def pooled(keepalive: float = 60, most: int = 8) -> AsyncIterator[tuple[Pool, RawUpstream]]:
    async with raw_upstream(serve) as upstream:
        pool = Pool(Dialer(UpstreamSettings(url=upstream.url)), keepalive, most)
        try:
            yield pool, upstream
        finally:
            pool.close()
            await asyncio.sleep(0)


async def used(pool: Pool, count: int) -> list[Connection]:
    """So many connections at once, each with a reply behind it."""
    taken = [await pool.open() for _ in range(count)]
    for connection in taken:
        await answer(connection)
    return taken


async def test_a_connection_that_was_given_back_is_taken_again() -> None:
    async with pooled() as (pool, upstream):
        (connection,) = await used(pool, 1)
        pool.give_back(connection)
        assert pool.take() is connection
        assert len(upstream.peers) == 1
        connection.abort()


async def test_the_one_given_back_last_is_taken_first() -> None:
    async with pooled() as (pool, _):
        taken = await used(pool, 3)
        for connection in taken:
            pool.give_back(connection)
        assert [pool.take() for _ in taken] == taken[::-1]
        for connection in taken:
            connection.abort()


async def test_a_connection_serves_one_taker_at_a_time() -> None:
    async with pooled() as (pool, _):
        first, second = await used(pool, 2)
        assert first is not second
        pool.give_back(first)
        assert pool.take() is first
        assert pool.take() is None
        for connection in (first, second):
            connection.abort()


async def test_a_fresh_one_is_new_although_others_are_free() -> None:
    async with pooled() as (pool, _):
        (connection,) = await used(pool, 1)
        pool.give_back(connection)
        fresh = await pool.open()
        assert fresh is not connection
        assert connection.open
        fresh.abort()


async def test_no_more_than_the_most_are_kept() -> None:
    async with pooled(most=2) as (pool, _):
        taken = await used(pool, 3)
        for connection in taken:
            pool.give_back(connection)
        assert [connection.open for connection in taken] == [True, True, False]


async def test_a_pool_of_none_keeps_none() -> None:
    async with pooled(most=0) as (pool, _):
        (connection,) = await used(pool, 1)
        pool.give_back(connection)
        assert not connection.open


async def test_one_that_cannot_serve_again_is_ended() -> None:
    async with pooled() as (pool, _):
        (connection,) = await used(pool, 1)
        ask(connection)
        pool.give_back(connection)
        assert not connection.open
        assert pool.take() is None


async def test_one_that_the_upstream_has_closed_is_passed_over() -> None:
    async with pooled() as (pool, upstream):
        older, younger = await used(pool, 2)
        pool.give_back(older)
        pool.give_back(younger)
        upstream.peers[1].abort()
        await until(lambda: not younger.open)
        assert pool.take() is older
        older.abort()


async def test_one_that_the_upstream_has_closed_takes_no_place() -> None:
    async with pooled(most=1) as (pool, upstream):
        closed, good = await used(pool, 2)
        pool.give_back(closed)
        upstream.peers[0].abort()
        await until(lambda: not closed.open)
        pool.give_back(good)
        assert pool.take() is good
        good.abort()


async def test_one_that_is_too_old_is_ended_and_not_taken() -> None:
    async with pooled(keepalive=60) as (pool, _):
        (connection,) = await used(pool, 1)
        pool.give_back(connection)
        connection.since -= 60
        assert pool.take() is None
        assert not connection.open


async def test_those_that_nobody_takes_are_ended_in_time() -> None:
    async with pooled(keepalive=0.02) as (pool, _):
        taken = await used(pool, 2)
        for connection in taken:
            pool.give_back(connection)
        await until(lambda: not any(connection.open for connection in taken))
        await until(lambda: pool._sweeper is None)
        assert pool._idle == []
        (again,) = await used(pool, 1)
        pool.give_back(again)
        await until(lambda: not again.open)


async def test_a_sweep_spares_the_young_and_looks_again() -> None:
    async with pooled(keepalive=60) as (pool, upstream):
        old, young, dead = await used(pool, 3)
        for connection in (old, young, dead):
            pool.give_back(connection)
        old.since -= 60
        upstream.peers[2].abort()
        await until(lambda: not dead.open)
        first = pool._sweeper
        assert first is not None
        first.cancel()
        pool._sweep()
        assert (old.open, young.open) == (False, True)
        assert pool._idle == [young]
        assert pool._sweeper is not first
        assert pool._sweeper is not None


async def test_a_close_ends_all_that_are_free() -> None:
    async with pooled() as (pool, _):
        taken = await used(pool, 2)
        for connection in taken:
            pool.give_back(connection)
        pool.close()
        assert not any(connection.open for connection in taken)
        assert pool._sweeper is not None
        assert pool._sweeper.cancelled()

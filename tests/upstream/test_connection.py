"""One connection to a raw upstream: replies in turn, interim heads, and what makes it serve no other request."""

import asyncio
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.upstream.connection import Connection
from proxy.upstream.states import State
from proxy.wire.reader import ReplyReader
from tests.cases import every
from tests.raw import Peer, reply
from tests.upstream.links import answer, ask, linked, rest
from tests.waiting import until

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_connection_serves_one_request_after_the_other() -> None:
    async def script(peer: Peer) -> None:
        for number in range(3):
            await peer.head()
            await peer.send(reply(b"%d" % number))
        await peer.gone()

    async with linked(script) as (connection, _):
        for number in range(3):
            assert (connection.state is State.NEW) == (number == 0)
            head, body = await answer(connection)
            assert (head.status, body, connection.body.length) == (200, b"%d" % number, 1)
            assert connection.reusable


@every(
    ("sent", "method"),
    [
        (LENGTH + b"whole", b"GET"),
        (LENGTH + b"more", b"HEAD"),
        (b"HTTP/1.1 204 No Content\r\n\r\nx", b"GET"),
        (CHUNKED + b"0\r\n\r\nx", b"GET"),
        (LENGTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"full", b"GET"),
        (LENGTH.replace(b"\r\n\r\n", b"\r\nconnection: x, Close\r\n\r\n") + b"full", b"GET"),
        (LENGTH.replace(b"HTTP/1.1", b"HTTP/1.0") + b"full", b"GET"),
    ],
)
async def test_a_connection_that_could_mix_replies_up_serves_no_other(sent: bytes, method: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(sent)
        await peer.gone()

    async with linked(script) as (connection, _):
        head, _body = await answer(connection, method)
        assert head.status in (200, 204)
        assert not connection.reusable


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
async def test_a_reply_without_a_body_is_over_at_once_and_told_to_be(method: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
        await peer.gone()

    async with linked(script) as (connection, _):
        assert (await answer(connection, method))[1] == b""
        assert connection.body.absent
        assert connection.reusable


async def test_bytes_on_an_idle_connection_end_it() -> None:
    idle = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b"one"))
        await idle.wait()
        await peer.send(reply(b"nobody asked"))
        await peer.gone()

    async with linked(script) as (connection, _):
        await answer(connection)
        assert connection.reusable
        idle.set()
        await until(lambda: not connection.open)
        assert not connection.reusable


async def test_an_idle_connection_that_the_upstream_closes_is_not_open() -> None:
    idle = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b"one"))
        await idle.wait()

    async with linked(script) as (connection, _):
        await answer(connection)
        idle.set()
        await until(lambda: not connection.open)


async def test_a_reply_that_comes_before_the_request_is_the_reply_to_it() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(reply(b"busy", status="503 Busy"))
        await peer.gone()

    async with linked(script) as (connection, _):
        await until(lambda: bool(connection._unread))
        head, body = await answer(connection)
        assert (head.status, body) == (503, b"busy")


async def test_interim_heads_come_first_and_in_order() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        await peer.send(early + reply(b"body"))
        await peer.gone()

    async with linked(script) as (connection, _):
        ask(connection)
        heads = [await connection.head() for _ in range(3)]
        assert [(head.status, head.interim) for head in heads] == [(100, True), (103, True), (200, False)]
        assert heads[1].headers == [(b"Link", b"</a>")]
        assert await rest(connection) == b"body"
        assert connection.reusable


async def test_an_interim_head_does_not_wait_for_the_final_one() -> None:
    seen = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await seen.wait()
        await peer.send(reply(b"body"))
        await peer.gone()

    async with linked(script) as (connection, _):
        ask(connection)
        assert (await connection.head()).status == 103
        seen.set()
        assert (await connection.head()).status == 200


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 25), max_size=30))
def test_a_reply_in_any_pieces_is_the_same_reply(sizes: list[int]) -> None:
    sent = b"HTTP/1.1 103 Early\r\nA: 1\r\n\r\n" + CHUNKED + b"5\r\nhello\r\n6\r\n, you!\r\n0\r\nT: 1\r\n\r\n"

    async def feed() -> tuple[list[int], bytes, bool]:
        connection = Connection(60)
        connection.begin(b"GET")
        position = 0
        for size in [*sizes, len(sent)]:
            if position < len(sent):
                connection.data_received(sent[position : position + size])
            position += size
        statuses = [(await connection.head()).status, (await connection.head()).status]
        return statuses, await rest(connection), cast(ReplyReader, connection._reply).last

    assert asyncio.run(feed()) == ([103, 200], b"hello, you!", False)


async def test_a_reply_that_is_not_read_to_its_end_leaves_no_reusable_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b"body"))
        await peer.gone()

    async with linked(script) as (connection, _):
        ask(connection)
        await connection.head()
        assert not connection.reusable
        assert await rest(connection) == b"body"
        assert connection.reusable

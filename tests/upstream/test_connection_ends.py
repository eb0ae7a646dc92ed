"""Every way in which a connection to the upstream can end: by garbage, by a close, by a reset, by us."""

import asyncio
from collections.abc import Callable

import pytest

from proxy.upstream.faults import ConnectionLost
from proxy.wire.heads import BadReply
from tests.cases import every
from tests.raw import Peer
from tests.upstream.links import answer, ask, final, linked, reset, rest
from tests.waiting import until

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OPEN_END = b"HTTP/1.1 200 OK\r\n\r\n"


@every(
    ("sent", "words"),
    [
        (b"SSH-2.0\r\n\r\n", "not an HTTP reply"),
        (b"HTTP/1.1 200 OK\r\nA : 1\r\n\r\n", "malformed header"),
        (b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 2", "lost"),
        (CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n") + b"0\r\n\r\n", "contradictory framing"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "invalid length"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 300_000, "too large"),
    ],
)
async def test_what_is_no_reply_is_an_error_instead_of_a_head(sent: bytes, words: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(sent)

    async with linked(script) as (connection, _):
        ask(connection)
        with pytest.raises((BadReply, ConnectionLost), match=words):
            await final(connection)
        for again in (connection.head, connection.read, connection.drain):
            with pytest.raises((BadReply, ConnectionLost), match=words):
                await again()
        assert not connection.open


async def test_a_body_that_turns_bad_is_delivered_up_to_there_and_then_is_an_error() -> None:
    read = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(CHUNKED + b"4\r\ngood\r\n")
        await read.wait()
        await peer.send(b"worse\r\n")
        await peer.gone()

    async with linked(script) as (connection, _):
        ask(connection)
        await connection.head()
        assert await connection.read() == b"good"
        read.set()
        with pytest.raises(BadReply, match="without a valid size"):
            await connection.read()


@every("end", [Peer.abort, reset])
@every("sent", [b"", b"HTTP/1.1 2", b"HTTP/1.1 103 Early\r\n\r\n"])
@every("kept", [False, True])
async def test_an_end_before_the_head_is_a_loss(end: Callable[[Peer], None], sent: bytes, kept: bool) -> None:
    """Had the upstream not read the request, it could not have said a word to it."""
    heard = asyncio.Event()

    async def script(peer: Peer) -> None:
        if kept:
            await peer.head()
            await peer.send(LENGTH + b"full")
        await peer.head()
        await peer.send(sent)
        await heard.wait()
        end(peer)

    async with linked(script) as (connection, _):
        if kept:
            await answer(connection)
        ask(connection)
        reply = connection._reply
        assert reply is not None
        await until(lambda: not sent or bool(reply._partial or reply.heads))
        heard.set()
        with pytest.raises(ConnectionLost) as caught:
            await final(connection)
        assert not sent or not caught.value.unread


@every("end", [Peer.abort, reset])
@every("sent", [LENGTH + b"hal", CHUNKED + b"4\r\nhal", CHUNKED + b"3\r\nhal\r\n0\r\n"])
async def test_an_end_within_a_body_is_a_loss(end: Callable[[Peer], None], sent: bytes) -> None:
    read = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(sent)
        await read.wait()
        end(peer)

    async with linked(script) as (connection, _):
        ask(connection)
        await connection.head()
        assert await connection.read() == b"hal"
        read.set()
        with pytest.raises(ConnectionLost) as caught:
            await connection.read()
        assert not caught.value.unread


async def test_a_close_is_the_end_of_a_body_that_has_no_other() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OPEN_END + b"all of it")

    async with linked(script) as (connection, _):
        assert (await answer(connection))[1] == b"all of it"
        assert not connection.reusable


async def test_a_reset_is_no_end_even_of_a_body_that_has_no_other() -> None:
    read = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OPEN_END + b"half")
        await read.wait()
        reset(peer)

    async with linked(script) as (connection, _):
        ask(connection)
        await connection.head()
        assert await connection.read() == b"half"
        read.set()
        with pytest.raises(ConnectionLost):
            await connection.read()


@pytest.mark.parametrize("sent", [LENGTH + b"full", CHUNKED + b"4\r\nfull\r\n0\r\n\r\n"])
async def test_a_reset_behind_a_whole_reply_costs_it_nothing(sent: bytes) -> None:
    arrived = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(sent)
        await arrived.wait()
        reset(peer)

    async with linked(script) as (connection, _):
        ask(connection)
        await connection.head()
        arrived.set()
        await until(lambda: not connection.open)
        assert await rest(connection) == b"full"
        assert not connection.open


async def test_what_has_come_is_read_before_the_loss_is_told() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(LENGTH + b"hal")

    async with linked(script) as (connection, _):
        ask(connection)
        await until(lambda: not connection.open)
        assert (await connection.head()).status == 200
        assert await connection.read() == b"hal"
        with pytest.raises(ConnectionLost):
            await connection.read()


@pytest.mark.parametrize("wait", ["head", "read", "drain"])
async def test_fail_wakes_whoever_waits(wait: str) -> None:
    stop = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(LENGTH if wait == "read" else b"")
        await stop.wait()

    async with linked(script) as (connection, _):
        ask(connection)
        if wait == "read":
            await connection.head()
        if wait == "drain":
            connection.write([b"x" * 32 * 1024 * 1024])
        waiting = asyncio.ensure_future(getattr(connection, wait)())
        await asyncio.sleep(0)
        assert not waiting.done()
        connection.fail(ZeroDivisionError("ours"))
        with pytest.raises(ZeroDivisionError):
            await waiting
        connection.fail(ValueError("later"))
        with pytest.raises(ZeroDivisionError):
            await connection.head()
        stop.set()


async def test_abort_is_seen_by_the_upstream_at_once() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.gone()
        gone.set()

    async with linked(script) as (connection, _):
        ask(connection)
        connection.abort()
        await gone.wait()
        connection.write([b"into the void"])
        with pytest.raises(ConnectionLost):
            await connection.head()

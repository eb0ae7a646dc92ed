"""The body of a request as it arrives: each piece at once, a stall told, and held while it may be sent again."""

import asyncio
from unittest import mock

import pytest
from aiohttp import EMPTY_PAYLOAD, StreamReader, web

from proxy.downstream.incoming import BodyFault, RequestBody, next_chunk


def reader() -> StreamReader:
    return StreamReader(mock.Mock(_reading_paused=False), 65536, loop=asyncio.get_running_loop())


def body(content: StreamReader, limit: int = 100, idle_timeout: float = 5) -> RequestBody:
    return RequestBody(content, idle_timeout, limit, complete=False, keep=False)


async def test_what_is_there_comes_at_once_and_then_the_end() -> None:
    content = reader()
    content.feed_data(b"one")
    content.feed_data(b"two")
    assert await next_chunk(content, 0) == b"onetwo"
    content.feed_eof()
    assert await next_chunk(content, 0) == b""


async def test_a_request_without_a_body_is_at_its_end() -> None:
    assert await next_chunk(EMPTY_PAYLOAD, 0) == b""


async def test_what_is_not_there_yet_is_waited_for() -> None:
    content = reader()
    waiting = asyncio.ensure_future(next_chunk(content, 5))
    await asyncio.sleep(0)
    assert not waiting.done()
    content.feed_data(b"late")
    assert await waiting == b"late"
    ending = asyncio.ensure_future(next_chunk(content, 5))
    await asyncio.sleep(0)
    content.feed_eof()
    assert await ending == b""


async def test_a_stall_is_the_clients_fault() -> None:
    with pytest.raises(BodyFault) as caught:
        await next_chunk(reader(), 0.01)
    assert (caught.value.status, str(caught.value)) == (408, "the client stalled inside its body")


@pytest.mark.parametrize("waiting", [False, True])
async def test_bytes_that_no_body_may_hold_are_the_clients_fault(waiting: bool) -> None:
    content = reader()
    asked = asyncio.ensure_future(next_chunk(content, 5))
    if waiting:
        await asyncio.sleep(0)
    content.set_exception(web.RequestPayloadError("planted"))
    with pytest.raises(BodyFault) as caught:
        await asked
    assert (caught.value.status, str(caught.value)) == (400, "the client sent a malformed body")


async def test_a_body_is_counted_and_held_while_it_passes() -> None:
    content = reader()
    sent = body(content)
    pieces = aiter(sent)
    for piece in (b"one", b"two"):
        content.feed_data(piece)
        assert await anext(pieces) == piece
    assert (sent.chunks, sent.size, sent.complete) == ([b"one", b"two"], 6, False)
    content.feed_eof()
    assert [piece async for piece in pieces] == []
    assert sent.complete
    assert sent.whole


async def test_a_body_above_the_limit_passes_and_is_not_held() -> None:
    content = reader()
    sent = body(content, limit=5)
    pieces = aiter(sent)
    for piece, held in ((b"five!", [b"five!"]), (b"six", []), (b"x", [])):
        content.feed_data(piece)
        assert await anext(pieces) == piece
        assert sent.chunks == held
        assert sent.whole is bool(held)
    content.feed_eof()
    assert [piece async for piece in pieces] == []
    assert (sent.complete, sent.size) == (True, 9)


async def test_a_body_that_stalls_is_not_complete() -> None:
    content = reader()
    content.feed_data(b"half")
    sent = body(content, idle_timeout=0.01)
    pieces = aiter(sent)
    assert await anext(pieces) == b"half"
    with pytest.raises(BodyFault):
        await anext(pieces)
    assert not sent.complete


@pytest.mark.parametrize(("most", "whole", "held"), [(6, True, [b"one", b"two"]), (5, False, [b"one", b"two"])])
async def test_a_body_is_collected_up_to_the_most_that_is_looked_at(most: int, whole: bool, held: list[bytes]) -> None:
    content = reader()
    received = body(content)
    collecting = asyncio.ensure_future(received.collect(most))
    for piece in held:
        content.feed_data(piece)
        for _ in range(3):
            await asyncio.sleep(0)
    content.feed_eof()
    assert await collecting is whole
    assert (received.chunks, received.size, received.complete) == (held, 6, whole)
    assert received.whole

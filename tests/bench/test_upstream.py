"""The scripted upstream and the stream client, on one event loop: they must not be what is wrong with a figure."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench import frames
from bench.latency import complete
from bench.streams import Plan, receive
from bench.traffic import conversation, request
from bench.upstream import Connection
from tests.raw import raw_client

BODY = conversation(48 * 1024)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_every_request_on_a_connection_gets_its_reply(port: int) -> None:
    async with raw_client(port) as client:
        for body in (BODY, b"", b"{}", conversation(1024 * 1024)):
            await client.send(request(port, body))
            assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")
            assert await client.chunks() == [frames.SHORT_REPLY]


async def test_a_head_may_arrive_in_pieces(port: int) -> None:
    async with raw_client(port) as client:
        for piece in (b"POST /v1/messages HTTP/1.1\r\ncontent-le", b"ngth: 3\r\n\r", b"\na", b"bc"):
            await client.send(piece)
            await asyncio.sleep(0)
        await client.head()
        assert await client.chunks() == [frames.SHORT_REPLY]


async def test_more_than_the_announced_body_ends_the_connection(port: int) -> None:
    async with raw_client(port) as client:
        await client.send(b"POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\nab")
        await client.gone()


def test_the_short_reply_is_half_a_kibibyte_of_six_events() -> None:
    assert 450 <= len(frames.SHORT_REPLY) <= 560
    assert frames.SHORT_REPLY.count(b"\n\n") == frames.SHORT_REPLY.count(b"event: ") == 6


async def test_streams_bring_all_their_frames_and_no_negative_delay(port: int) -> None:
    outcome = await receive(port, BODY, Plan(streams=5, frames=4, pace=1, spread=1))
    assert outcome.failures == []
    assert len(outcome.delays) == 20
    assert min(outcome.delays) > 0


async def test_a_stream_that_breaks_off_is_a_failure() -> None:
    def broken() -> asyncio.Protocol:
        return _Broken()

    server = await asyncio.get_running_loop().create_server(broken, "127.0.0.1", 0)
    async with server:
        outcome = await receive(server.sockets[0].getsockname()[1], b"{}", Plan(streams=2, frames=2, pace=1))
    assert outcome.failures == ["1 of 2 frames"] * 2


async def test_a_stream_that_is_refused_is_a_failure(unused_tcp_port: int) -> None:
    outcome = await receive(unused_tcp_port, b"{}", Plan(streams=2, frames=1, pace=1))
    assert outcome.failures == ["no connection: ConnectionRefusedError"] * 2


class _Broken(asyncio.Protocol):
    """Sends one frame, and ends the connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert complete(data)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        self._transport.write(head + frames.chunk(frames.frame(1)))  # type: ignore[attr-defined]
        self._transport.close()

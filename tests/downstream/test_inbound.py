"""A client's connection, call by call: who is read from when, and what becomes of what should not have come."""

import asyncio
import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import pytest_asyncio
from aiohttp import web

from proxy.downstream.inbound import OPTIONS, Inbound, Load
from proxy.downstream.replies import FullResponse
from proxy.logs.observe import logger
from proxy.settings.config import LimitsSettings, LogSettings
from proxy.wire.heads import MAX_HEAD
from tests.waiting import PATIENCE, until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
FLOOD = b"GET /" + b"x" * (MAX_HEAD + 1)


class Transport(asyncio.Transport):
    """The client's end: what it got, whether it is read from, and whether it is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.got, self.reading, self.closed = b"", True, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.got += data

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_reading(self) -> bool:
        return self.reading

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


@dataclass(slots=True)
class Client:
    """One connection, behind which a test is the application."""

    inbound: Inbound
    transport: Transport
    log: io.StringIO
    requests: asyncio.Queue[web.BaseRequest]
    finished: asyncio.Queue[bool]
    unread: Counter[str] = field(default_factory=Counter)

    def sends(self, data: bytes) -> None:
        self.inbound.data_received(data)

    async def request(self) -> web.BaseRequest:
        """The next request that is being served."""
        return await asyncio.wait_for(self.requests.get(), PATIENCE)

    def reply(self) -> None:
        """Answer the request that is being served."""
        self.finished.put_nowait(True)

    async def got(self, count: int) -> bytes:
        """What was sent to the client, once it is so many replies."""
        await until(lambda: self.transport.got.count(b"HTTP/1.1 ") == count)
        return self.transport.got

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


Limited = Callable[..., Client]


@pytest_asyncio.fixture
async def connect() -> AsyncIterator[Limited]:
    """Lets a client in; `head_timeout` in seconds."""
    inbounds: list[Inbound] = []

    def connected(head_timeout: float = 30) -> Client:
        requests: asyncio.Queue[web.BaseRequest] = asyncio.Queue()
        finished: asyncio.Queue[bool] = asyncio.Queue()

        async def serve(request: web.BaseRequest) -> web.StreamResponse:
            inbound = cast(Inbound, request.protocol)
            inbound.began(request)
            requests.put_nowait(request)
            await finished.get()
            reply = FullResponse(200, b"{}", [])
            await reply.prepare(request)
            inbound.ended()
            return reply

        log, unread = io.StringIO(), Counter[str]()
        own = logger(LogSettings(format="json"), log)
        limits = LimitsSettings(head_timeout=head_timeout)
        loop = asyncio.get_running_loop()
        inbound = Inbound(web.Server(serve), limits, Load(), unread, own, loop=loop, **OPTIONS)
        transport = Transport()
        inbound.connection_made(transport)
        inbounds.append(inbound)
        return Client(inbound, transport, log, requests, finished, unread)

    yield connected
    for inbound in inbounds:
        inbound.connection_lost(None)
    await asyncio.sleep(0)


async def test_a_client_is_not_read_from_while_more_than_a_head_waits(connect: Limited) -> None:
    client = connect()
    client.sends(GET)
    await client.request()
    client.sends(GET + GET)
    assert client.transport.reading
    client.sends(FLOOD)
    assert not client.transport.reading
    client.reply()
    await client.request()
    assert not client.transport.reading
    client.reply()
    await client.request()
    client.reply()
    assert (await client.got(4)).endswith(b"}") is True
    assert b" 431 " in client.transport.got
    assert client.unread == {"head too large": 1}


async def test_what_waited_is_served_and_its_client_read_from_again(connect: Limited) -> None:
    client = connect()
    client.sends(GET)
    await client.request()
    size = 3 * MAX_HEAD
    whole = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    client.sends(whole[: 2 * MAX_HEAD])
    assert not client.transport.reading
    client.reply()
    second = await client.request()
    await until(lambda: client.transport.reading)
    assert len(second.content.read_nowait()) == 2 * MAX_HEAD - (len(whole) - size)
    client.sends(whole[2 * MAX_HEAD :])
    assert len(second.content.read_nowait()) == len(whole) - 2 * MAX_HEAD
    assert second.content.at_eof()


async def test_a_body_that_is_read_does_not_let_in_what_waits_behind_it(connect: Limited) -> None:
    client = connect()
    size = 3 * MAX_HEAD
    client.sends(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
    request = await client.request()
    assert not client.transport.reading
    client.sends(FLOOD)
    assert len(request.content.read_nowait()) == size
    assert not client.transport.reading


async def test_many_chunks_are_taken_apart_while_nobody_reads_the_body(connect: Limited) -> None:
    """Nor is the client read from before somebody does."""
    client = connect()
    client.sends(CHUNKED + b"%x\r\n" % (3 * MAX_HEAD) + b"x" * 3 * MAX_HEAD + b"\r\n" + b"1\r\nx\r\n" * 5000)
    request = await client.request()
    assert not client.transport.reading
    await until(lambda: not client.inbound._requests.busy)
    assert not client.transport.reading
    assert len(request.content.read_nowait()) == 3 * MAX_HEAD + 5000
    assert client.transport.reading


async def test_a_million_chunks_leave_others_their_turn(connect: Limited) -> None:
    client = connect()
    turns: list[int] = []
    client.sends(CHUNKED)
    request = await client.request()
    client.sends(b"1\r\nx\r\n" * 43_690)
    while client.inbound._requests.busy:
        assert not client.transport.reading
        turns.append(len(request.content.read_nowait()))
        await asyncio.sleep(0)
    assert client.transport.reading
    assert sum(turns) + len(request.content.read_nowait()) == 43_690
    assert max(turns) <= 43_690 / 20


async def test_many_chunks_of_a_client_that_has_gone_are_left_alone(connect: Limited) -> None:
    client = connect()
    client.sends(CHUNKED + b"1\r\nx\r\n" * 43_690)
    assert client.inbound._requests.busy
    client.inbound.connection_lost(None)
    assert not client.inbound._requests.busy
    assert not client.inbound._requests.held


async def test_a_body_turns_bad_before_its_request_is_begun(connect: Limited) -> None:
    client = connect()
    client.sends(CHUNKED)
    client.sends(b"x")
    request = await client.request()
    with pytest.raises(web.RequestPayloadError):
        request.content.read_nowait()


async def test_a_body_turns_bad_while_its_request_is_served(connect: Limited) -> None:
    client = connect()
    client.sends(CHUNKED)
    request = await client.request()
    reading = asyncio.create_task(request.content.readany())
    await asyncio.sleep(0)
    client.sends(b"x")
    with pytest.raises(web.RequestPayloadError):
        await reading


async def test_a_body_turns_bad_behind_its_reply(connect: Limited, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client may still read that; nothing behind it is served."""
    monkeypatch.setitem(OPTIONS, "lingering_time", 0.01)
    client = connect()
    client.sends(CHUNKED)
    await client.request()
    client.reply()
    await client.got(1)
    client.sends(b"x\r\n0\r\n\r\n" + GET)
    await until(lambda: client.transport.closed)
    assert client.requests.empty()
    assert client.lines == []


async def test_what_comes_with_the_rest_of_an_answered_body_is_served(connect: Limited) -> None:
    client = connect()
    client.sends(CHUNKED)
    await client.request()
    client.reply()
    await client.got(1)
    client.sends(b"1\r\nx\r\n0\r\n\r\n" + GET)
    assert (await client.request()).method == "GET"


@pytest.mark.parametrize(
    ("second", "status", "reason"),
    [(b"GET  / HTTP/1.1\r\n\r\n", 400, "malformed"), (FLOOD, 431, "head too large"), (b"\x16\x03", 400, "malformed")],
)
async def test_a_refusal_waits_for_the_reply_before_it(
    connect: Limited, second: bytes, status: int, reason: str
) -> None:
    client = connect()
    client.sends(GET)
    await client.request()
    client.sends(second)
    await asyncio.sleep(0)
    assert client.transport.got == b""
    client.reply()
    got = await client.got(2)
    assert got.index(b" 200 ") < got.index(b" %d " % status)
    await until(lambda: client.transport.closed)
    assert [(line["status"], line["reason"], "error" in line) for line in client.lines] == [
        (status, reason, status == 400)
    ]
    assert client.unread == {reason: 1}


async def test_the_clock_runs_from_when_a_head_is_due(connect: Limited) -> None:
    client = connect(head_timeout=0.02)
    client.sends(GET)
    await client.request()
    client.sends(GET[:-2])
    await asyncio.sleep(0.05)
    assert not client.transport.closed
    client.reply()
    await client.got(1)
    await until(lambda: client.transport.closed)
    assert [(line["event"], line["bytes_in"]) for line in client.lines] == [("connection closed", len(GET) - 2)]
    assert client.unread == {"no whole head in time": 1}


async def test_no_clock_runs_for_a_client_that_has_gone(connect: Limited) -> None:
    client = connect()
    client.sends(GET)
    await client.request()
    client.sends(GET[:-2])
    client.inbound.connection_lost(None)
    client.inbound.ended()
    assert client.inbound._deadline is None


async def test_bytes_behind_an_upgrade_go_to_whoever_takes_the_connection_over(connect: Limited) -> None:
    client = connect()
    client.sends(GET.replace(b"Host", b"Connection: Upgrade\r\nUpgrade: websocket\r\nHost"))
    await client.request()
    client.sends(FLOOD)
    assert not client.transport.reading
    came: list[bytes] = []
    client.inbound.switch_protocol(came.append)
    assert client.transport.reading
    client.sends(b"frame")
    client.inbound.data_received(b"")
    assert came == [FLOOD, b"frame"]


@pytest.mark.parametrize("before", [0, 1])
async def test_a_connection_that_rests_is_closed_when_the_process_ends(connect: Limited, before: int) -> None:
    client = connect()
    for _ in range(before):
        client.sends(GET)
        await client.request()
        client.reply()
        await client.got(1)
        await until(lambda: client.inbound._requests.idle)
    client.sends(GET[:-2])
    client.inbound.end()
    assert client.transport.closed


async def test_a_connection_that_is_served_is_closed_behind_its_reply_when_the_process_ends(connect: Limited) -> None:
    """Its next request is not served, though it has come."""
    client = connect()
    client.sends(GET)
    await client.request()
    client.sends(GET)
    client.inbound.end()
    assert not client.transport.closed
    client.reply()
    await client.got(1)
    await until(lambda: client.transport.closed)
    assert client.requests.empty()


async def test_a_request_that_has_come_as_the_process_ends_is_served(connect: Limited) -> None:
    client = connect()
    client.sends(GET)
    client.inbound.end()
    await client.request()
    client.reply()
    await client.got(1)

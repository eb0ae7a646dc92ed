"""Clients that take their replies slowly, while the process ends: they get all of it, or can tell that they did not."""

import asyncio
import io
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from proxy.downstream.ends import OpenEnd
from proxy.downstream.inbound import Inbound
from proxy.downstream.relayed import RelayedResponse
from proxy.downstream.replies import EventsResponse, FullResponse
from proxy.downstream.server import listening
from proxy.logs.observe import logger
from proxy.settings.config import Config
from proxy.wire.heads import ReplyHead
from tests.waiting import PATIENCE, until

BODY = b"x" * 1024 * 1024
"""More than the kernel takes between the two."""
LITTLE = 8 * 1024
NOT_TAKEN = "not taken before the process ended"

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Stopping:
    """A server with one request, whose reply its client has not begun to read."""

    client: socket.socket
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to have the server end."""
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    """It has ended, and closed what was open, as the end of its process would."""
    transports: list[asyncio.Transport] = field(default_factory=list)
    log: io.StringIO = field(default_factory=io.StringIO)

    async def got(self) -> bytes:
        """What the client gets from now on."""
        found = bytearray()
        async with asyncio.timeout(PATIENCE):
            while data := await asyncio.get_running_loop().sock_recv(self.client, 65536):
                found += data
        return bytes(found)


@asynccontextmanager
async def _unread(reply: Reply, version: bytes, drain_timeout: float = PATIENCE) -> AsyncIterator[Stopping]:
    held, client = socket.socket(), socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LITTLE)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
    held.bind(("127.0.0.1", 0))
    stopping, app, config = Stopping(client), web.Application(), Config.model_validate({})

    async def serve(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        assert isinstance(request.protocol, Inbound)
        stopping.transports.append(request.transport)
        request.protocol.began(request)
        try:
            return await reply(request)
        finally:
            request.protocol.ended()

    async def run() -> None:
        async with listening(app, config, logger(config.log, stopping.log), lambda: drain_timeout, [held]):
            await stopping.ended.wait()
        for transport in stopping.transports:
            if transport.get_write_buffer_size():
                _cut(transport)
        stopping.stopped.set()

    app.router.add_get("/", serve)
    running = asyncio.create_task(run())
    client.setblocking(False)
    with held, client:
        held.listen()
        await asyncio.get_running_loop().sock_connect(client, held.getsockname())
        await asyncio.get_running_loop().sock_sendall(client, b"GET / HTTP/%s\r\nHost: a\r\n\r\n" % version)
        await until(lambda: any(each.get_write_buffer_size() > LITTLE for each in stopping.transports))
        yield stopping
        stopping.ended.set()
        await asyncio.wait_for(running, PATIENCE)


def _cut(transport: asyncio.Transport) -> None:
    """What is in the kernel is delivered, and nothing else."""
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as below:
        below.shutdown(socket.SHUT_RDWR)


async def whole(_request: web.Request) -> web.StreamResponse:
    return FullResponse(200, BODY, [])


async def events(request: web.Request) -> web.StreamResponse:
    response = EventsResponse([])
    await response.prepare(request)
    response.add(BODY)
    await response.write_eof()
    return response


async def at_once(request: web.Request) -> web.StreamResponse:
    response = RelayedResponse(ReplyHead(1, 200, b"OK", []), None, bodiless=False)
    await response.begin(request, BODY, last=True)
    await response.write_eof()
    return response


async def in_pieces(request: web.Request) -> web.StreamResponse:
    response = RelayedResponse(ReplyHead(1, 200, b"OK", []), None, bodiless=False)
    await response.begin(request, b"", last=False)
    response.send(BODY, last=True)
    await response.write_eof()
    return response


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("reply", [whole, events, at_once, in_pieces])
async def test_the_end_of_the_process_waits_until_a_slow_client_has_its_reply(reply: Reply, version: bytes) -> None:
    async with _unread(reply, version) as stopping:
        stopping.ended.set()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stopping.stopped.wait(), 0.2)
        got = await stopping.got()
        assert got.startswith(b"HTTP/1.1 200 ")
        assert BODY in got
        assert "connection closed" not in stopping.log.getvalue()


@pytest.mark.parametrize("reply", [events, at_once, in_pieces])
async def test_what_only_the_connections_end_completes_is_reset_until_the_client_has_it(reply: Reply) -> None:
    """As it is when the process is killed: the kernel closes what it had open."""
    async with _unread(reply, b"1.0") as stopping:
        stopping.transports[0].abort()
        with pytest.raises(ConnectionResetError):
            await stopping.got()


async def test_a_reply_that_was_not_taken_in_time_is_told() -> None:
    async with _unread(whole, b"1.1", drain_timeout=0.01) as stopping:
        stopping.ended.set()
        await stopping.stopped.wait()
        assert len(await stopping.got()) < len(BODY)
    (line,) = [json.loads(line) for line in stopping.log.getvalue().splitlines()]
    assert (line["event"], line["level"], line["reason"]) == ("connection closed", "warning", NOT_TAKEN)


async def test_a_client_that_has_gone_has_no_end() -> None:
    end = OpenEnd()
    end.begin(None)
    await end.finish(None)  # type: ignore[arg-type]

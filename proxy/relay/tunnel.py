"""After an upgrade: bytes both ways, until one side ends. Messages, pings and close codes are the peers' own affair."""

import asyncio
import time

from aiohttp import web

from proxy.downstream.ends import OpenEnd
from proxy.downstream.incoming import hold_back, switch_protocol
from proxy.downstream.relayed import RelayedResponse
from proxy.exchange import Exchange
from proxy.upstream.connection import Connection
from proxy.upstream.faults import BROKEN_OFF, PROBLEMS
from proxy.wire.heads import ReplyHead


async def tunnel(request: web.Request, exchange: Exchange, connection: Connection, head: ReplyHead) -> RelayedResponse:
    """Send the upstream's consent (101) on, then bytes both ways; returns when the upstream has ended.

    When the client ends, the server cancels the handler.
    """
    connection.switch_protocol()
    end = OpenEnd()
    end.begin(request.transport)
    response = RelayedResponse(head, None, bodiless=True)
    exchange.upstream_replied(head.status, None)
    try:
        await response.prepare(request)
        exchange.reply_begun(head.status, time.perf_counter())
        switch_protocol(request, _FromClient(request, exchange, connection).take)
        while data := await connection.read():
            await request.writer.write(data)
            exchange.sent(len(data))
        await end.finish(request.writer)
    except ConnectionError:
        exchange.client_gone()
    except PROBLEMS:
        exchange.upstream_failed("the upstream broke off", BROKEN_OFF)
        response.abort(request)
    return response


class _FromClient:
    """Takes the bytes of an upgraded connection. When the client ends, the handler is cancelled."""

    def __init__(self, request: web.Request, exchange: Exchange, connection: Connection) -> None:
        self._request, self._body, self._connection = request, exchange.body, connection
        self._waiting: asyncio.Task[None] | None = None

    def take(self, data: bytes) -> None:
        self._body.passed(len(data))
        self._connection.write([data])
        if self._connection.full and self._waiting is None:
            hold_back(self._request)
            self._waiting = asyncio.get_running_loop().create_task(self._resume())

    async def _resume(self) -> None:
        """Read from the client again as soon as the upstream has taken enough."""
        try:
            await self._connection.drain()
        except PROBLEMS:
            return
        finally:
            self._waiting = None
        if (transport := self._request.transport) is not None and not transport.is_closing():
            transport.resume_reading()

"""One request to the upstream and its reply back: the same bytes both ways, each as it arrives."""

import time
from functools import partial

from aiohttp import web

from proxy.downstream.incoming import BodyFault
from proxy.downstream.relayed import Copy, RelayedResponse, send_interim
from proxy.downstream.replies import HTTP_1_1
from proxy.exchange import Exchange
from proxy.headers import request_lines, upgrade_headers
from proxy.relay.tunnel import tunnel
from proxy.replies.meter import meter_for
from proxy.telemetry.counters import Histogram
from proxy.upstream.client import Request, Upstream
from proxy.upstream.connection import Connection
from proxy.upstream.faults import BROKEN_OFF, PROBLEMS
from proxy.wire.heads import ReplyHead


class Relay:
    """Joins the client's side and the upstream's. `gaps` counts the times between the pieces of replies."""

    def __init__(self, upstream: Upstream, gaps: Histogram) -> None:
        self.upstream, self._gaps = upstream, gaps

    async def forward(self, request: web.Request, exchange: Exchange, copy_limit: int = 0) -> RelayedResponse:
        """Send the request on and bring the reply back; a copy of at most `copy_limit` bytes of its body is kept.

        Raises `UpstreamError` when there is no reply, `BodyFault` when the client spoiled its request. Once the
        reply's head is out, a failure aborts the client's connection, so that no half answer is taken for a whole one.
        """
        outgoing = _outgoing(request, exchange)
        try:
            connection, head = await self.upstream.send(outgoing, partial(send_interim, request))
        finally:
            exchange.waited_for(outgoing.waited, sent_twice=outgoing.retried)
        try:
            if not exchange.body.keep:
                exchange.body.release()
            if head.status == 101:
                return await tunnel(request, exchange, connection, head)
            return await self._bring_back(request, exchange, connection, head, copy_limit)
        finally:
            self.upstream.release(connection)

    async def _bring_back(
        self, request: web.Request, exchange: Exchange, connection: Connection, head: ReplyHead, copy_limit: int
    ) -> RelayedResponse:
        body = connection.body
        copy = Copy(copy_limit) if copy_limit else None
        response = RelayedResponse(head, body.length, bodiless=body.absent, copy=copy)
        asked = head.status == 200 and exchange.head.method == "POST"
        exchange.upstream_replied(head.status, meter_for(head.known) if asked else None)
        try:
            await self._stream(request, exchange, connection, response)
        except ConnectionError:
            exchange.client_gone()
        except BodyFault as fault:
            exchange.client_failed(str(fault))
            response.abort(request)
        except PROBLEMS:
            exchange.upstream_failed("the upstream broke off its reply", BROKEN_OFF)
            response.abort(request)
        return response

    async def _stream(
        self, request: web.Request, exchange: Exchange, connection: Connection, response: RelayedResponse
    ) -> None:
        """Send the reply to the client, whose reading sets the pace."""
        piece, ended = connection.read_nowait(), connection.complete
        await response.begin(request, piece, last=ended)
        latest = time.perf_counter()
        exchange.reply_begun(response.status, latest)
        _sent(exchange, response, piece)
        if ended:
            await response.write_eof()
            return
        protocol = request.protocol

        def sink(piece: bytes, last: bool) -> bool:
            nonlocal latest
            response.send(piece, last=last)
            before, latest = latest, time.perf_counter()
            self._gaps.add(latest - before)
            _sent(exchange, response, piece)
            return not protocol.writing_paused

        await connection.stream_to(sink, request.writer.drain)
        await response.write_eof()


def _outgoing(request: web.Request, exchange: Exchange) -> Request:
    """The request as the upstream gets it. Its target is the raw one: yarl would tidy it, and drop a bare "?"."""
    known = exchange.head.headers
    return Request(
        request.method.encode(),
        request.raw_path.encode("utf-8", "surrogateescape"),
        request_lines(request.raw_headers),
        exchange.body,
        "transfer-encoding" in known,
        # HTTP/1.0 has no upgrade: there, the header says nothing (RFC 9110, section 7.8).
        upgrade_headers(request.raw_headers) if "upgrade" in known and request.version >= HTTP_1_1 else (),
    )


def _sent(exchange: Exchange, response: RelayedResponse, piece: bytes) -> None:
    """A piece of the body is on its way: count it, and copy it for those who read it later."""
    exchange.sent(len(piece))
    if exchange.meter is not None:
        exchange.meter.take(piece)
    if response.copy is not None:
        response.copy.take(piece)

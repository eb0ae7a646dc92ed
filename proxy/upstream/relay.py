"""One request to the upstream and its reply back: the same bytes both ways, each as it arrives."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web
from yarl import URL

from proxy.config import Config
from proxy.downstream.incoming import Body, BodyFault
from proxy.downstream.replies import Relayed, break_off, pass_on
from proxy.exchange import GONE, Exchange, Reply
from proxy.headers import request_headers
from proxy.telemetry.tally import Histogram, Tally
from proxy.upstream.connection import Connection
from proxy.upstream.dial import Dialer
from proxy.upstream.faults import BROKEN_OFF, PROBLEMS, ConnectionLost, upstream_error
from proxy.upstream.pool import Pool
from proxy.upstream.tunnel import tunnel, upgrade_headers
from proxy.usage import meter_for
from proxy.wire.heads import ReplyHead, request_head

_LAST_CHUNK = b"0\r\n\r\n"


class Upstream:
    """The upstream of this process, with its one pool of connections."""

    def __init__(self, config: Config, pool: Pool, tally: Tally) -> None:
        url = URL(config.upstream.url)
        self._name, self._pool, self._tally = url.host, pool, tally
        self._host, self._prefix = url.raw_authority.encode(), url.raw_path.rstrip("/").encode()
        self._limit, self._patience = config.rules.max_body, config.limits.body_timeout

    @property
    def idle(self) -> int:
        """How many connections are open and free."""
        return self._pool.idle

    async def relay(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        """Send the request on and bring the reply back, each piece as it arrives.

        Raises `UpstreamError` when there is no reply, `BodyFault` when the client spoiled its request. Once the
        reply's head is out, a failure aborts the client's connection, so that no half answer is taken for a whole one.
        """
        outbound = _Outbound(
            request, exchange, self._head(request, exchange), Body(exchange, request, self._limit, self._patience)
        )
        try:
            connection, head = await self._reply(outbound)
        except PROBLEMS as error:
            raise upstream_error(error, self._name) from error
        self._tally.streams += 1
        try:
            if not exchange.keep_body:
                exchange.collected.clear()
            if head.status == 101:
                return await tunnel(request, exchange, connection, head)
            return await _bring_back(request, exchange, connection, head, self._tally.gaps)
        finally:
            self._tally.streams -= 1
            self._pool.give_back(connection)

    def _head(self, request: web.Request, exchange: Exchange) -> bytes:
        """The request's head for the upstream. Its target is the raw one: yarl would tidy it, and drop a bare "?"."""
        raw, known = request.raw_headers, exchange.head.headers
        headers = [(b"Host", self._host), *request_headers(raw)]
        if "upgrade" in known:
            headers += upgrade_headers(raw)
        if "transfer-encoding" in known:
            headers.append((b"Transfer-Encoding", b"chunked"))
        target = self._prefix + request.raw_path.encode("utf-8", "surrogateescape")
        return request_head(request.method.encode(), target, headers)

    async def _reply(self, outbound: "_Outbound") -> tuple[Connection, ReplyHead]:
        """The head of the reply, and the connection that brings the rest.

        A pooled connection that turns out to be closed costs one retry, on a fresh one, if the upstream as good as
        certainly read nothing of the request, and its body is still held.
        """
        connection = await self._take(outbound, fresh=False)
        try:
            return connection, await outbound.answered(connection)
        except ConnectionLost as error:
            if not (error.unread and outbound.body.whole):
                raise
        outbound.exchange.retried = True
        connection = await self._take(outbound, fresh=True)
        return connection, await outbound.answered(connection)

    async def _take(self, outbound: "_Outbound", *, fresh: bool) -> Connection:
        """A connection; the time that it takes to open is not ours."""
        outbound.exchange.pause(time.perf_counter())
        connection = await self._pool.take(fresh)
        outbound.exchange.resume(time.perf_counter())
        if connection.used:
            self._tally.reused += 1
        else:
            self._tally.opened += 1
        return connection


class _Outbound:
    """A request on its way out, on one connection or, if need be, on another."""

    def __init__(self, request: web.Request, exchange: Exchange, head: bytes, body: Body) -> None:
        self._request, self.exchange, self._head, self.body = request, exchange, head, body
        known = exchange.head.headers
        self._chunked = "transfer-encoding" in known
        self._upgrade = "upgrade" in known and bool(upgrade_headers(request.raw_headers))

    async def answered(self, connection: Connection) -> ReplyHead:
        """Send the request, and wait for the final head of its reply; interim ones go on to the client.

        What is not there yet of the body follows while the reply is awaited: an upstream may answer before it has
        the whole of it. When anything fails, the connection is ended.
        """
        try:
            connection.begin(self._request.method.encode(), upgrade=self._upgrade)
            connection.write([self._head, *self._framed(self.exchange.collected)])
            self.exchange.pause(time.perf_counter())
            if not self.exchange.complete:
                connection.accompany(self._send_rest(connection))
            while (head := await connection.head()).interim:
                await pass_on(self._request, head)
            self.exchange.resume(time.perf_counter())
            return head
        except BaseException:
            connection.abort()
            raise

    async def _send_rest(self, connection: Connection) -> None:
        try:
            async for chunk in self.body:
                connection.write(self._framed([chunk]))
                await connection.drain()
            connection.write(self._framed([]))
        except Exception as error:  # the client's fault, or one of ours: whoever awaits the reply must hear of it
            connection.fail(error)

    def _framed(self, chunks: Iterable[bytes]) -> list[bytes]:
        """Chunks as the request's own framing has them; a body that is complete gets its end."""
        if not self._chunked:
            return list(chunks)
        parts = [part for chunk in chunks for part in (b"%x\r\n" % len(chunk), chunk, b"\r\n")]
        return [*parts, _LAST_CHUNK] if self.exchange.complete else parts


async def _bring_back(
    request: web.Request, exchange: Exchange, connection: Connection, head: ReplyHead, gaps: Histogram
) -> web.StreamResponse:
    """Copy the reply to the client; `gaps` counts the times between its pieces."""
    response = Relayed(head, connection.body.length, bodiless=connection.body.absent)
    room = exchange.copy_room
    exchange.reply = reply = Reply(head.status, response.pairs, [] if room else None, room)
    if head.status == 200 and exchange.head.method == "POST":
        exchange.meter = meter_for(head.known)
    try:
        chunk, ended = connection.read_nowait(), connection.complete
        exchange.status = head.status
        exchange.upstream_said(head.status)
        await response.begin(request, chunk, last=ended)
        exchange.reply_begun(time.perf_counter())
        _note(exchange, reply, chunk)
        if not ended:
            await _pour(request, exchange, connection, response, reply, gaps)
    except ConnectionError:
        exchange.status, exchange.error = 499, GONE
    except (*PROBLEMS, BodyFault) as error:
        exchange.outcome = "failed"
        if isinstance(error, BodyFault):
            exchange.error = str(error)
        else:
            exchange.error, exchange.fault = "the upstream broke off its reply", BROKEN_OFF
        reply.copy = None
        break_off(request, response)
    return response


async def _pour(
    request: web.Request, exchange: Exchange, connection: Connection, response: Relayed, reply: Reply, gaps: Histogram
) -> None:
    """Let the rest of the body flow; the client's reading sets the pace."""
    latest = exchange.first_byte or 0.0

    def sink(piece: bytes, last: bool) -> bool:
        nonlocal latest
        response.send(piece, last=last)
        before, latest = latest, time.perf_counter()
        gaps.add(latest - before)
        _note(exchange, reply, piece)
        return not request.protocol.writing_paused

    await connection.pour(sink, request.writer.drain)
    await response.write_eof()


def _note(exchange: Exchange, reply: Reply, chunk: bytes) -> None:
    exchange.bytes_out += len(chunk)
    reply.take(chunk)
    if exchange.meter is not None:
        exchange.meter.take(chunk)


@asynccontextmanager
async def connected(config: Config, tally: Tally) -> AsyncIterator[Upstream]:
    """The upstream, for as long as the application runs. Raises OSError when `upstream.ca_file` cannot be used."""
    settings = config.upstream
    pool = Pool(Dialer(settings), settings.keepalive_timeout, settings.max_idle_connections)
    try:
        yield Upstream(config, pool, tally)
    finally:
        pool.close()
        await asyncio.sleep(0)  # aborted transports close their sockets in the loop's next turn

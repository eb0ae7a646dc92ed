"""The chain around the one handler: `record( admit( shortcut( forward ) ) )`, as aiohttp middlewares."""

import asyncio
import time
from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from proxy import synthesis
from proxy.capture import Writer
from proxy.decision import shadow
from proxy.decision.audits import AUDIT
from proxy.decision.desk import Desk, InForce
from proxy.decision.model_text import model_text
from proxy.decision.steps import decide
from proxy.downstream.access import Access
from proxy.downstream.inbound import Inbound
from proxy.downstream.incoming import BodyFault, RequestBody
from proxy.downstream.relayed import RelayedResponse
from proxy.downstream.replies import EventsResponse, FullResponse, failure, send_100_continue
from proxy.exchange import Answer, Exchange, Forward, Head
from proxy.headers import RawPairs, is_reserved
from proxy.ids import message_id, request_id
from proxy.logs.observe import Logger
from proxy.relay.handler import Relay
from proxy.respond import Respond
from proxy.settings.config import Config
from proxy.telemetry.request_log import RequestLog
from proxy.upstream.faults import UpstreamError

EXCHANGE = web.RequestKey("exchange", Exchange)
RELAY = web.AppKey("relay", Relay)

_JSON = b"application/json"


def record(request_log: RequestLog, capture: Writer, config: Config) -> Middleware:
    """The outermost stage: starts the clock, and on every outcome enters one record into the request log."""
    patience, limit = config.limits.body_timeout, config.rules.max_body

    @web.middleware
    async def stage(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = RequestBody(request.content, patience, limit, complete=not request.body_exists, keep=capture.enabled)
        exchange = request[EXCHANGE] = Exchange(request_id(), _head(request), time.time(), time.perf_counter(), body)
        request_log.began(exchange)
        connection = request.protocol if isinstance(request.protocol, Inbound) else None
        if connection is not None:
            connection.began(request)
        try:
            return await handler(request)
        except BodyFault as fault:
            return await _blame(request, exchange, fault)
        except asyncio.CancelledError:
            if connection is not None and connection.out_of_time:
                exchange.stopped()
            else:
                exchange.client_gone()
            raise
        except Exception:
            exchange.crashed()
            raise
        finally:
            if connection is not None:
                connection.ended()
            request_log.ended(exchange, time.perf_counter())
            capture.request(exchange, request.raw_headers)
            if not body.complete:  # what still reads of it has been cancelled, and ends before aiohttp reads on
                await asyncio.sleep(0)
            body.release()

    return stage


def _head(request: web.Request) -> Head:
    target = request.raw_path
    # Any other form is refused, and could name a user and a password before a host.
    path = target.partition("?")[0] if target.startswith("/") else ""
    return Head(request.method, path, request.headers)


async def _blame(request: web.Request, exchange: Exchange, fault: BodyFault) -> web.StreamResponse:
    """What the client is told that spoiled its own request; then its connection ends."""
    exchange.client_failed(str(fault))
    response = await _fail(request, fault.status, "invalid_request_error", f"Sidestep: {fault}", close=True)
    if request.transport is not None:  # at once: nobody waits for the rest of such a body
        request.transport.close()
    return response


def admit(access: Access) -> Middleware:
    """Local security, from the request's head alone: no open proxy, no other site's pages, no other host's name."""

    @web.middleware
    async def stage(request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange = request[EXCHANGE]
        address = request.protocol.sockname
        port = address[1] if isinstance(address, tuple) else 0
        refused = access.refusal(exchange.head, request.raw_path, request.raw_headers, request.version, port)
        if refused is None:
            if "expect" in exchange.head.headers:
                await send_100_continue(request)
            return await handler(request)
        exchange.refused(refused.reason)
        return await _fail(
            request, refused.status, refused.kind, refused.text, close=refused.final, more=refused.headers
        )

    return stage


def shortcut(desk: Desk, log: Logger, capture: Writer) -> Middleware:
    """Decide, and answer here what a rule answers. A body is read only when a rule could match its head."""

    @web.middleware
    async def stage(request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange, now = request[EXCHANGE], desk.now
        await decide(exchange, desk, now, log)
        match exchange.decision:
            case Answer() as answer:
                return await _answer(request, exchange, answer)
            case Respond() as respond:
                return await _respond(request, exchange, respond)
            case Forward() as forwarded:
                response = await handler(request)
                # All bytes are out: from here on, nothing is done on the client's time.
                reply = response if isinstance(response, RelayedResponse) else None
                if reply is not None:
                    desk.replies.keep(exchange.head, reply.pairs, time.monotonic())
                if forwarded.shadow_answer is not None:
                    theirs = await model_text(reply.pairs, reply.body_copy) if reply is not None else None
                    _compare(exchange, forwarded, forwarded.shadow_answer, reply, theirs, desk, now, log, capture)
                return response

    return stage


def _compare(
    exchange: Exchange,
    decision: Forward,
    ours: Answer,
    reply: RelayedResponse | None,
    theirs: str | None,
    desk: Desk,
    now: InForce,
    log: Logger,
    capture: Writer,
) -> None:
    """Hold the answer of a rule in shadow, or audited, against the reply that the client has got, if it got one."""
    audited, rule = decision.reason == AUDIT, decision.rule
    found = desk.compare(now, ours, reply.status if reply is not None else 0, theirs, audited=audited)
    exchange.compared(found.verdict)
    if audited:
        log.info("audit", rule=rule, verdict=found.verdict, id=exchange.id)
    else:
        log.info("shadow", rule=rule, verdict=found.verdict, id=exchange.id)
    if found.trip:
        log.error("tripped", rule=rule, reason=found.trip, id=exchange.id)
    capture.comparison(exchange.id, rule, found.verdict, ours.text, found.theirs)


def forward(app: web.Application) -> Handler:
    """The innermost stage: to the upstream and back, unchanged."""

    async def handle(request: web.Request) -> web.StreamResponse:
        exchange = request[EXCHANGE]
        compared = isinstance(exchange.decision, Forward) and exchange.decision.shadow_answer is not None
        try:
            return await app[RELAY].forward(request, exchange, shadow.LIMIT if compared else 0)
        except UpstreamError as error:
            exchange.upstream_failed(error.fault, error.name)
            return await _fail(request, error.status, error.kind, error.text)

    return handle


async def serve_local(request: web.Request, page: FullResponse) -> web.StreamResponse:
    """Send a local page."""
    request[EXCHANGE].served_locally()
    return await _send(request, page)


async def _answer(request: web.Request, exchange: Exchange, answer: Answer) -> web.StreamResponse:
    pairs = _pairs(exchange, answer.rule, answer.headers)
    if not answer.stream:
        return await _send(request, FullResponse(200, synthesis.message(answer, message_id()), pairs))
    response = EventsResponse(pairs)
    await response.prepare(request)
    response.add(*synthesis.events(answer, message_id()))
    try:
        await response.write_eof()
        exchange.reply_begun(200, time.perf_counter())
        exchange.sent(response.sent)
    except ConnectionError:
        exchange.client_gone()
    return response


async def _respond(request: web.Request, exchange: Exchange, reply: Respond) -> web.StreamResponse:
    pairs = [*_pairs(exchange, reply.rule, reply.headers), *_encoded(reply.reserved_headers())]
    return await _send(request, FullResponse(reply.status, reply.body, pairs, kind=_JSON if reply.body else b""))


def _pairs(exchange: Exchange, rule: str, further: Sequence[tuple[str, str]]) -> RawPairs:
    """The headers of a local reply: those that a rule gives it, then the reserved ones."""
    allowed = [pair for pair in _encoded(further) if not is_reserved(pair[0].lower())]
    return [*allowed, (b"x-sidestep-rule", rule.encode()), (b"request-id", exchange.id.encode())]


def _encoded(headers: Sequence[tuple[str, str]]) -> RawPairs:
    return [(name.encode(), value.encode()) for name, value in headers]


async def _fail(
    request: web.Request,
    status: int,
    kind: str,
    text: str,
    *,
    close: bool = False,
    more: Sequence[tuple[bytes, bytes]] = (),
) -> web.StreamResponse:
    """A local error reply, in the API's own shape."""
    return await _send(request, failure(status, kind, text, request[EXCHANGE].id, close=close, more=more))


async def _send(request: web.Request, response: FullResponse) -> web.StreamResponse:
    """Write a complete reply now, so that what becomes of it is on the record."""
    exchange = request[EXCHANGE]
    try:
        await response.prepare(request)
        exchange.reply_begun(response.status, time.perf_counter())
        exchange.sent(0 if request.method == "HEAD" else len(response.body))
    except ConnectionError:
        exchange.client_gone()
    return response

"""The chain around the one handler: `record( guard( shortcut( forward ) ) )`, as aiohttp middlewares."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from proxy import messages, names, synthesis
from proxy.capture import Writer
from proxy.decision import shadow
from proxy.decision.audits import AUDIT
from proxy.decision.desk import Desk, InForce
from proxy.downstream.guard import Access
from proxy.downstream.inbound import Inbound
from proxy.downstream.incoming import BodyFault, next_chunk
from proxy.downstream.replies import Streamed, Whole, failure, invite
from proxy.exchange import GONE, STOPPED, Answer, Decision, Exchange, Forward, Head, Reply
from proxy.headers import is_own, text_pairs
from proxy.ids import message_id, request_id
from proxy.logs.observe import Logger
from proxy.messages import MessagesRequest, NotUnderstood
from proxy.telemetry.ledger import Ledger
from proxy.upstream.faults import UpstreamError
from proxy.upstream.relay import Upstream

EXCHANGE = web.RequestKey("exchange", Exchange)
UPSTREAM = web.AppKey("upstream", Upstream)

_LARGE = 1024 * 1024
"""Bytes of a body from which on it is understood in one turn of the loop, and decided on in another."""
_TURN = 0.001
"""Seconds."""


def record(ledger: Ledger, capture: Writer) -> Middleware:
    """The outermost stage: starts the clock, and on every outcome enters one record into the ledger."""

    @web.middleware
    async def stage(request: web.Request, handler: Handler) -> web.StreamResponse:
        target = request.raw_path
        # Any other form is refused, and could name a user and a password before a host.
        path = target.partition("?")[0] if target.startswith("/") else ""
        head = Head(request.method, path, request.headers)
        exchange = request[EXCHANGE] = Exchange(
            request_id(), head, time.time(), time.perf_counter(), keep_body=capture.enabled
        )
        ledger.began(exchange)
        if isinstance(request.protocol, Inbound):
            request.protocol.began(request)
        try:
            response = await _or_blame(request, handler)
            exchange.status = exchange.status or response.status
            return response
        except asyncio.CancelledError:
            exchange.status, exchange.error = _cut_short(request, exchange)
            raise
        except Exception:
            exchange.outcome, exchange.status, exchange.error = "failed", 500, "an error of Sidestep's own"
            raise
        finally:
            if isinstance(request.protocol, Inbound):
                request.protocol.ended()
            ledger.ended(exchange, time.perf_counter())
            capture.request(exchange, request.raw_headers)
            exchange.let_go()

    return stage


def _cut_short(request: web.Request, exchange: Exchange) -> tuple[int, str]:
    """Status and error of a request that was cancelled: its client went away, or this process ends."""
    if isinstance(request.protocol, Inbound) and request.protocol.out_of_time:
        return exchange.status or 503, STOPPED
    return 499, GONE


async def _or_blame(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The reply, or what the client is told that spoiled its own request; then its connection ends."""
    try:
        return await handler(request)
    except BodyFault as fault:
        exchange = request[EXCHANGE]
        exchange.outcome, exchange.error = "failed", str(fault)
        response = await _fail(request, fault.status, "invalid_request_error", f"Sidestep: {fault}", close=True)
        if request.transport is not None:  # at once: nobody waits for the rest of such a body
            request.transport.close()
        return response


def guard(access: Access) -> Middleware:
    """Local security, from the request's head alone: no open proxy, no other site's pages, no other host's name."""

    @web.middleware
    async def stage(request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange = request[EXCHANGE]
        port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
        version = (request.version.major, request.version.minor)
        refused = access.refusal(exchange.head, request.raw_path, request.raw_headers, version, port)
        if refused is None:
            if "expect" in exchange.head.headers:
                await invite(request)
            return await handler(request)
        exchange.outcome, exchange.decision = "refused", Forward(refused.reason)
        return await _fail(
            request, refused.status, refused.kind, refused.text, close=refused.final, more=refused.headers
        )

    return stage


def shortcut(desk: Desk, patience: float, log: Logger, capture: Writer) -> Middleware:
    """Decide, and answer here what a rule answers. A body is read only when a rule could match its head.

    `patience` is how many seconds of silence a client may make in the middle of a body.
    """

    @web.middleware
    async def stage(request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange, now = request[EXCHANGE], desk.now
        exchange.decision = await _decide(request, exchange, desk, now, patience, log)
        match exchange.decision:
            case Answer() as answer:
                exchange.outcome = "answered"
                return await _answer(request, exchange, answer)
            case Forward(beside=beside) as forwarded:
                exchange.copy_room = shadow.LIMIT if beside else 0
                response = await handler(request)
                # All bytes are out: from here on, nothing is done on the client's time.
                if exchange.reply is not None:
                    desk.replies.keep(exchange.head, exchange.reply.headers, time.monotonic())
                if beside is not None:
                    _compare(exchange, forwarded, beside, desk, now, log, capture)
                return response

    return stage


def _compare(
    exchange: Exchange, decision: Forward, beside: Answer, desk: Desk, now: InForce, log: Logger, capture: Writer
) -> None:
    """Hold the answer of a rule in shadow, or audited, against the reply that the client has got."""
    reply = exchange.reply or Reply(exchange.status, [])
    body = None if reply.copy is None else b"".join(reply.copy)
    audited, rule = decision.reason == AUDIT, decision.rule
    found = desk.compare(now, beside, reply.status, text_pairs(reply.headers), body, audited=audited)
    exchange.verdict = found.verdict
    if audited:
        log.info("audit", rule=rule, verdict=found.verdict, id=exchange.id)
    else:
        log.info("shadow", rule=rule, verdict=found.verdict, id=exchange.id)
    if found.trip:
        log.error("tripped", rule=rule, reason=found.trip, id=exchange.id)
    capture.comparison(exchange.id, rule, found.verdict, beside.text, found.theirs)


async def forward(request: web.Request) -> web.StreamResponse:
    """The innermost stage: to the upstream and back, unchanged."""
    exchange = request[EXCHANGE]
    try:
        exchange.outcome = "forwarded"
        return await request.app[UPSTREAM].relay(request, exchange)
    except UpstreamError as error:
        exchange.outcome, exchange.error, exchange.fault = "failed", error.fault, error.name
        return await _fail(request, error.status, error.kind, error.text)


async def serve_own(request: web.Request, page: Whole) -> web.StreamResponse:
    """A page of Sidestep's own; nothing was forwarded, so that there is no reason to tell."""
    exchange = request[EXCHANGE]
    exchange.outcome, exchange.decision = "local", Forward("")
    return await _send(request, page)


async def _decide(
    request: web.Request, exchange: Exchange, desk: Desk, now: InForce, patience: float, log: Logger
) -> Decision:
    exchange.complete = not request.body_exists
    exchange.session = names.session(exchange.head.headers.get("x-claude-code-session-id", ""))
    if exchange.complete or not now.rules.interested(exchange.head):
        return Forward("nothing to answer")
    if not await _collect(request, exchange, now.max_body, patience):
        return Forward("body too large to inspect")
    parsed = await _understood(exchange.head, b"".join(exchange.collected))
    if isinstance(parsed, NotUnderstood):
        return Forward(parsed.reason)
    exchange.model, exchange.session = names.model(parsed.model), names.session(parsed.session)
    ruling = desk.decide(now, parsed, time.monotonic())
    exchange.trail = ruling.trail
    if ruling.trip:
        log.warning("tripped", rule=ruling.decision.rule, reason=ruling.trip, id=exchange.id)
    for notice in ruling.notices:
        if not desk.sightings.add(notice, exchange.at, exchange.id):
            continue
        log.warning("drift", **{name: value for name, value in asdict(notice).items() if value}, id=exchange.id)
    return ruling.decision


async def _understood(head: Head, body: bytes) -> MessagesRequest | NotUnderstood:
    """Large bodies are understood, and decided on, in steps of milliseconds: between them, others are served."""
    if len(body) <= _LARGE:
        return messages.parse(head, body)
    outline = messages.outline_of(head, body)
    if isinstance(outline, NotUnderstood):
        return outline
    await asyncio.sleep(_TURN)
    parsed = messages.parse(head, body, outline)
    await asyncio.sleep(_TURN)
    return parsed


async def _collect(request: web.Request, exchange: Exchange, max_body: int, patience: float) -> bool:
    """Read the body into the exchange; False as soon as it is larger than `max_body`. Raises `BodyFault`."""
    if (request.content_length or 0) > max_body:
        return False
    content = request.content
    exchange.pause(time.perf_counter())
    while chunk := await next_chunk(content, patience):
        exchange.collected.append(chunk)
        exchange.bytes_in += len(chunk)
        if exchange.bytes_in > max_body or content.at_eof():
            break
    exchange.complete = content.at_eof() and exchange.bytes_in <= max_body
    exchange.resume(time.perf_counter())
    return exchange.complete


async def _answer(request: web.Request, exchange: Exchange, answer: Answer) -> web.StreamResponse:
    further = [(name.encode(), value.encode()) for name, value in answer.headers]
    own = [(b"x-sidestep-rule", answer.rule.encode()), (b"request-id", exchange.id.encode())]
    pairs = [*(pair for pair in further if not is_own(pair[0].lower())), *own]
    if not answer.stream:
        return await _send(request, Whole(200, synthesis.message(answer, message_id()), pairs))
    response = Streamed(pairs)
    await response.prepare(request)
    response.set_down(*synthesis.events(answer, message_id()))
    try:
        await response.write_eof()
        exchange.reply_begun(time.perf_counter())
        exchange.bytes_out = response.sent
    except ConnectionError:
        exchange.status, exchange.error = 499, GONE
    return response


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


async def _send(request: web.Request, response: Whole) -> web.StreamResponse:
    """Write a complete reply now, so that what becomes of it is on the record."""
    exchange = request[EXCHANGE]
    try:
        await response.prepare(request)
        exchange.reply_begun(time.perf_counter())
        exchange.bytes_out = len(response.body)
    except ConnectionError:
        exchange.status, exchange.error = 499, GONE
    return response

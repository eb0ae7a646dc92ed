"""From the head of a request to the decision on it: its body is read, and parsed, only where a rule could match."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict

from proxy.decision.desk import Desk, InForce, Ruling
from proxy.exchange import Exchange, Forward, Head
from proxy.logs.observe import Logger
from proxy.question import messages
from proxy.question.messages import MessagesRequest, NotUnderstood

NOT_READ, TOO_LARGE = "nothing to answer", "body too large to inspect"
"""Why the body of a request is not looked into."""

_LARGE = 1024 * 1024
"""A body of more bytes is understood in one turn of the event loop, and decided on in a later one."""
_PIECE = 4096
"""Bytes of the smallest piece of a body that is searched as it came. A read brings up to 256 KiB."""
_TURN = 0.001
"""Seconds between two steps of a large body, in which others are served."""


async def decide(exchange: Exchange, desk: Desk, now: InForce, log: Logger) -> None:
    """Have the exchange decided, as far as its head and body can be understood."""
    if unread := await _unread(exchange, now):
        _not_understood(exchange, unread)
        return
    body = _pieces(exchange.body.chunks)
    absent, conversation = now.rules.absent(body), messages.conversation(exchange.head, body)
    ruling = desk.settled(now, conversation, absent) if conversation is not None else None
    if ruling is None:
        found = await _understood(exchange.head, b"".join(body), now)
        if isinstance(found, NotUnderstood):
            _not_understood(exchange, found)
            return
        ruling = desk.decide(now, found, time.monotonic(), absent)
    exchange.belongs_to(ruling.session, ruling.model)
    exchange.decided(ruling.decision, ruling.trail)
    if ruling.trip or ruling.notices:
        _log_findings(exchange, ruling, desk, log)


def _log_findings(exchange: Exchange, ruling: Ruling, desk: Desk, log: Logger) -> None:
    """Log what a person should know of the decision: a rule that tripped, and drift."""
    if ruling.trip:
        log.warning("tripped", rule=ruling.decision.rule, reason=ruling.trip, id=exchange.id)
    for notice in ruling.notices:
        if desk.sightings.add(notice, exchange.at, exchange.id):
            known = {name: value for name, value in asdict(notice).items() if value}
            log.warning("drift", **known, id=exchange.id)


def _not_understood(exchange: Exchange, found: NotUnderstood) -> None:
    exchange.belongs_to(exchange.head.headers.get(messages.SESSION, ""))
    exchange.decided(Forward(found.reason))


async def _unread(exchange: Exchange, now: InForce) -> NotUnderstood | None:
    """Why the body is not read; None once all of it is there. It is read only when a rule could match."""
    head, body = exchange.head, exchange.body
    if not now.rules.responds(head) and (body.complete or not now.rules.interested(head)):
        return NotUnderstood(NOT_READ)
    if not body.complete and not await _collected(exchange, now.max_body):
        return NotUnderstood(TOO_LARGE)
    return None


def _pieces(chunks: Sequence[bytes]) -> Sequence[bytes]:
    """A body as it came; joined if it came in small pieces, since to search those, and between them, costs more."""
    return chunks if len(chunks) == 1 or min(map(len, chunks), default=0) >= _PIECE else [b"".join(chunks)]


async def _understood(head: Head, body: bytes, now: InForce) -> MessagesRequest | NotUnderstood:
    """What rules see of a request."""
    found = messages.parse(head, body) if len(body) <= _LARGE else await _understood_in_steps(head, body)
    return messages.opaque(head, body) if now.rules.responds(head) and isinstance(found, NotUnderstood) else found


async def _collected(exchange: Exchange, most: int) -> bool:
    """Read the body; False as soon as it is larger than `most`."""
    begun = time.perf_counter()
    whole = await exchange.body.collect(most)
    exchange.waited_for(time.perf_counter() - begun)
    return whole


async def _understood_in_steps(head: Head, body: bytes) -> MessagesRequest | NotUnderstood:
    """Large bodies are understood, and decided on, in steps of milliseconds: between them, others are served."""
    await asyncio.sleep(_TURN)  # joining its pieces was a step too
    outline = messages.outline_of(head, body)
    if isinstance(outline, NotUnderstood):
        return outline
    await asyncio.sleep(_TURN)
    parsed = messages.parse(head, body, outline)
    await asyncio.sleep(_TURN)
    return parsed

"""A request as a row of the live page, and the details of that row: plain data, without the request's content."""

from dataclasses import asdict
from typing import Any

from proxy import names
from proxy.exchange import Exchange
from proxy.record import Record


def row(record: Record) -> dict[str, Any]:
    """One row; empty fields are left out. Times are in milliseconds, `at` is in seconds since the epoch."""
    fields = {
        "id": record.id,
        "at": record.at,
        "method": record.method,
        "path": record.path,
        "outcome": record.outcome,
        "status": record.status,
        "rule": record.rule,
        "reason": record.reason,
        "error": record.error,
        "fault": record.fault,
        "client": record.client,
        "session": record.session,
        "model": record.model,
        "verdict": record.verdict,
        "duration": _rounded(record.duration),
        "first": _rounded(record.first_byte),
        "overhead": _rounded(record.overhead),
        "in": record.bytes_in,
        "out": record.bytes_out,
        "usage": record.usage and record.usage._asdict(),
        "decided": record.trail is not None,
        "earlier": record.earlier or None,
    }
    return {name: value for name, value in fields.items() if value not in (None, "")}


def decision(record: Record) -> dict[str, Any]:
    """How it was decided: the rules that were asked, in order, each with the condition that decided."""
    steps = record.trail.steps() if record.trail else ()
    return {"id": record.id, "steps": [asdict(step) for step in steps]}


def running(exchange: Exchange) -> dict[str, Any]:
    """A request that is being served."""
    sent = exchange.first_byte
    return {
        "id": exchange.id,
        "at": exchange.at,
        "path": names.path(exchange.head.path),
        "client": exchange.head.product,
        "model": exchange.model,
        "rule": exchange.decision.rule,
        "first": None if sent is None else _rounded((sent - exchange.started) * 1000),
        "out": exchange.bytes_out,
    }


def _rounded(value: float | None) -> float | None:
    """Two digits are enough: steps of ten microseconds."""
    return None if value is None else round(value, 2)

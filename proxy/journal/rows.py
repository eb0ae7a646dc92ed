"""A record as a row: plain values, without any text of a request, an answer or a header."""

from typing import Any

from proxy.names import OTHER
from proxy.record import Record
from proxy.replies.usage import Usage
from proxy.telemetry.counters import family

COLUMNS = (
    *("at", "outcome", "rule", "reason", "error", "fault", "method", "path", "client", "version", "session"),
    *("model", "family", "status", "verdict", "duration", "first_byte", "own", "bytes_in", "bytes_out"),
    *("input", "output", "cache_read", "cache_creation", "retried"),
)
"""In the order of a row; named as in `Record` and `Usage`, but for `own`, the overhead, and the client's two parts."""

Row = tuple[str | int | float | None, ...]

_LONGEST = 120
# Other paths may contain names of files or batches, or anything that somebody typed.
_PATHS = frozenset(
    {
        *("/v1/messages", "/v1/messages/count_tokens", "/v1/messages/batches", "/v1/models", "/v1/files"),
        *("/", "/api/hello", "/api/event_logging/batch"),
        *("/-/", "/-/health", "/-/ready", "/-/metrics"),
    }
)
_NO_USAGE = (None, None, None, None)


def row(record: Record) -> Row:
    """The values of `COLUMNS`; tokens are None if the upstream did not report them."""
    name, _, version = record.client.partition("/")
    return (
        record.at,
        record.outcome,
        record.rule[:_LONGEST],
        record.reason[:_LONGEST],
        record.error[:_LONGEST],
        record.fault,
        record.method,
        record.path if record.path in _PATHS else OTHER,
        name,
        version,
        record.session,
        record.model,
        family(record.model),
        record.status,
        record.verdict,
        record.duration,
        record.first_byte,
        record.overhead,
        record.bytes_in,
        record.bytes_out,
        *(record.usage or _NO_USAGE),
        int(record.retried),
    )


def record_of(values: Row) -> Record:
    """The record of a row, as far as the row has it; its `id` comes before the values of `COLUMNS`."""
    number, *rest = values
    known: dict[str, Any] = dict(zip(COLUMNS, rest, strict=True))
    tokens = [known.pop(name) for name in ("input", "output", "cache_read", "cache_creation")]
    client, version = known.pop("client"), known.pop("version")
    known["overhead"] = known.pop("own")
    del known["family"]
    known["retried"] = bool(known["retried"])
    known["usage"] = None if None in tokens else Usage(*tokens)
    return Record(id=f"earlier_{number}", client=f"{client}/{version}" if client else "", earlier=True, **known)

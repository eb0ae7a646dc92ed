"""Logs: set-up, the one line a request gets, and what libraries say, stripped of everything that may be secret."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog

from proxy.config import Log
from proxy.exchange import Record

Logger = Any
"""A structlog logger: `log.info("event", key=value)`."""

_LONGEST = 200


def logger(config: Log, stream: TextIO = sys.stdout) -> Logger:
    """A logger as configured: coloured lines for people, or one JSON object a line."""
    readable = config.format == "console" or (config.format == "auto" and stream.isatty())
    processors: list[Any]
    # JSON goes out as the bytes that it is made in, wherever the stream has a place for them.
    binary = None if readable else getattr(stream, "buffer", None)
    if readable:
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        console = structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=10, sort_keys=False)
        processors = [structlog.processors.add_log_level, stamp, console]
    else:
        processors = [_as_text if binary is None else _as_json]
    return structlog.wrap_logger(
        structlog.WriteLogger(stream) if binary is None else structlog.BytesLogger(binary),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, config.level.upper())),
        cache_logger_on_first_use=True,
    )


def _as_json(_logger: Any, method: str, event: structlog.typing.EventDict) -> bytes:
    """Level, time and rendering in one step, since a line is written for every request."""
    event["level"] = method
    event["timestamp"] = datetime.now(UTC)
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z)


def _as_text(logger: Any, method: str, event: structlog.typing.EventDict) -> str:
    return _as_json(logger, method, event).decode()


def log_request(log: Logger, record: Record) -> None:
    """The one line of a request. No header values, no query, no body: `Record` has none of them."""
    fields: dict[str, Any] = {
        "method": _short(record.method),
        "path": _short(record.path),
        "status": record.status,
        "outcome": record.outcome,
    }
    # Spelled out, as is much of what is done for every request.
    if record.rule:
        fields["rule"] = record.rule
    if record.reason:
        fields["reason"] = record.reason
    if record.error:
        fields["error"] = record.error
    if record.client:
        fields["client"] = record.client
    if record.model:
        fields["model"] = _short(record.model)
    fields["ms"] = round(record.duration, 2)
    if record.first_byte is not None:
        fields["first_byte_ms"] = round(record.first_byte, 2)
    emit = log.warning if record.error or record.outcome == "refused" else log.info
    emit("request", **fields, bytes_in=record.bytes_in, bytes_out=record.bytes_out, id=record.id)


def _short(text: str) -> str:
    """Client-made text, made fit for a line: printable and bounded."""
    shown = text if text.isprintable() else ascii(text)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"


class LibraryLogs(logging.Handler):
    """Passes on that a library logged, and where; not its words: messages of a parser quote what it parsed."""

    def __init__(self, log: Logger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        fields = {"library": record.name, "at": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[0]:
            fields["error"] = record.exc_info[0].__name__
        self._log.log(record.levelno, "library", **fields)


def take_over_library_logs(log: Logger) -> None:
    """Send what aiohttp and asyncio log through `log`, in place of standard error."""
    for name in ("aiohttp", "asyncio"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [LibraryLogs(log)], False

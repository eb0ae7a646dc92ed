"""Logs: set-up, the one line a request gets, and what libraries say, stripped of everything that may be secret."""

import logging
import sys
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
    ending: list[Any]
    if readable:
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        ending = [stamp, structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=10, sort_keys=False)]
    else:
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        ending = [stamp, structlog.processors.JSONRenderer(serializer=_json)]
    return structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[structlog.processors.add_log_level, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, config.level.upper())),
        cache_logger_on_first_use=True,
    )


def _json(value: Any, **_options: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def log_request(log: Logger, record: Record) -> None:
    """The one line of a request. No header values, no query, no body: `Record` has none of them."""
    fields: dict[str, Any] = {
        "method": _short(record.method),
        "path": _short(record.path),
        "status": record.status,
        "outcome": record.outcome,
        "rule": record.rule,
        "reason": record.reason,
        "error": record.error,
        "client": record.client,
        "model": _short(record.model),
        "ms": round(record.duration, 2),
        "first_byte_ms": None if record.first_byte is None else round(record.first_byte, 2),
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "id": record.id,
    }
    emit = log.warning if record.error or record.outcome == "refused" else log.info
    emit("request", **{name: value for name, value in fields.items() if value not in ("", None)})


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

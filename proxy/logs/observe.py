"""Logs: set-up, the one line a request gets, and what libraries say, stripped of everything that may be secret."""

import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partialmethod
from typing import Any, TextIO

import msgspec
import structlog

from proxy.logs.journald import PRIORITIES, is_journal
from proxy.logs.outlet import Outlet
from proxy.logs.repeats import Repeats
from proxy.machine.printable import printable
from proxy.machine.terminal import coloured
from proxy.record import Record
from proxy.settings.config import Level, LogSettings

Logger = Any
"""A structlog logger, `log.info("event", key=value)`; `logger` adds `write_repeats`, `set_level` and `write_all`."""

_KIND = (
    *("event", "reason", "status", "error", "problem", "rule", "library", "at"),
    *("sign", "client", "fingerprint"),
)
"""The fields by which two warnings are the same one said twice; the others are measurements and ids."""

_NEVER_HELD_BACK = frozenset({"problem", "reloaded", "not reloaded", "cannot serve", "cannot listen", "stopped"})
"""What somebody at the keyboard has asked for: a start, a reload, an end."""

_DELETE = 0x7F
"""As a number: to look for bytes in bytes, CPython tries first whether they are one, and drops an error."""

_ASKED_BY_BALANCERS = ("/-/health", "/-/ready")
"""Pages that are asked for day and night: at level info they would be half of the log."""

_MARKS = {level: b"<%d>" % priority for level, priority in PRIORITIES.items()}

_LEVELS = (logging.WARNING, logging.ERROR, logging.CRITICAL)
"""What of a library's is passed on."""

_NUMBERS = {level: getattr(logging, level.upper()) for level in PRIORITIES}

_json = msgspec.json.Encoder(enc_hook=str).encode
"""Takes a third of the time that orjson does for a line of this size."""

_Bytes = Callable[[Any, str, structlog.typing.EventDict], bytes]
_Processor = Callable[[Any, str, structlog.typing.EventDict], Any]
_Event = tuple[str, structlog.typing.EventDict]
"""A level, and fields with the `event` among them."""


def logger(config: LogSettings, stream: TextIO = sys.stdout, clock: Callable[[], float] = time.monotonic) -> Logger:
    """A logger as configured: lines for people (coloured on a terminal), or one JSON object a line.

    What goes to the journal has priorities. Warnings that repeat themselves are written once a minute, with the number
    that was left out as `repeated`; `log.write_repeats()` writes those that nothing came after, and is to be called now
    and then, and with `ending=True` at the end.
    """
    repeats = _RepeatFilter(clock)
    processors, binary = _form(config, stream)
    outlet: Any = Outlet(stream if binary is None else binary)  # a file, as far as structlog needs one
    target = structlog.WriteLogger(outlet) if binary is None else structlog.BytesLogger(outlet)
    return structlog.wrap_logger(
        target,
        processors=[repeats, *processors],
        wrapper_class=type(
            "SidestepLogger",
            (_filtering(config.level),),
            {
                "write_repeats": lambda log, *, ending=False: repeats.write_held(log, ending),
                "set_level": _set_level,
                "write_all": partialmethod(_write_all, target.msg, processors, "\n" if binary is None else b"\n"),
            },
        ),
        cache_logger_on_first_use=True,
    )


def _form(config: LogSettings, stream: TextIO) -> tuple[list[_Processor], Any]:
    """How lines are made, and the stream for bytes if they are made as such; None if they are text.

    JSON, and what the journal gets, are made in bytes, and go out so if the stream has a place for them.
    """
    journal = is_journal(stream)
    readable = config.format == "console" or (config.format == "auto" and (journal or stream.isatty()))
    binary = None if readable and not journal else getattr(stream, "buffer", None)
    if journal:
        return [_marked(_as_line if readable else _as_json)], binary
    if readable:
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        console = structlog.dev.ConsoleRenderer(colors=coloured(stream), pad_event_to=10, sort_keys=False)
        return [_printable, structlog.processors.add_log_level, stamp, console], binary
    return [_as_text if binary is None else _as_json], binary


def _filtering(level: Level) -> type:
    """A class of loggers whose methods below `level` do nothing: what is not written costs nothing."""
    return structlog.make_filtering_bound_logger(getattr(logging, level.upper()))


def _set_level(log: Any, level: Level) -> None:
    """Log from another level on; every logger has a class of its own."""
    type(log).__bases__ = (_filtering(level),)


def _write_all(
    log: Any,
    write: Callable[[Any], object],
    processors: Sequence[_Processor],
    joint: Any,
    events: Sequence[_Event],
) -> None:
    """Write events in one write, each as it would be by itself; none is held back as a repetition.

    What structlog does for each by itself (its context, a copy, a lock, a write) takes longer than rendering.
    """
    lines: list[Any] = []
    least = log.get_effective_level()
    for level, event in events:
        if _NUMBERS[level] >= least:
            line: Any = event
            for process in processors:
                line = process(None, level, line)
            lines.append(line)
    if lines:
        write(joint.join(lines))


class _RepeatFilter:
    """A processor that leaves out warnings which only repeat what was said within the last minute.

    The line of a request that was served does not come this way (`log_requests`). Lines may come from several threads.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._repeats: Repeats[tuple[str, structlog.typing.EventDict]] = Repeats()

    def __call__(self, _logger: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if method in ("info", "debug") or event["event"] in _NEVER_HELD_BACK:
            return event
        if "repeated" in event:  # one that was held back
            return event if event["repeated"] else {name: event[name] for name in event if name != "repeated"}
        with self._lock:
            left_out = self._repeats.note(tuple(map(event.get, _KIND)), (method, event), self._clock())
        if left_out is None:
            raise structlog.DropEvent
        # A copy: this one may be shown again, as the latest of its kind.
        return {**event, "repeated": left_out} if left_out else dict(event)

    def write_held(self, log: Logger, ending: bool) -> None:
        """Write to `log` what is held back and due; at the end, all of it."""
        with self._lock:
            due = self._repeats.rest() if ending else self._repeats.overdue(self._clock())
        for (method, event), left_out in due:
            getattr(log, method)(**event, repeated=left_out)


def _as_json(_logger: Any, method: str, event: structlog.typing.EventDict) -> bytes:
    """Level, time and rendering in one step, since a line is written for every request."""
    at = event.pop("timestamp", None)
    event["level"] = method
    event["timestamp"] = at or datetime.now(UTC)
    try:
        line = _json(event)
    except UnicodeEncodeError:  # the name of a file that is not UTF-8
        line = _json(_printable(_logger, method, event))
    return line if line.isascii() and _DELETE not in line else printable(line.decode()).encode()


def _printable(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: printable(value) if isinstance(value, str) else value for name, value in event.items()}


def _as_text(logger: Any, method: str, event: structlog.typing.EventDict) -> str:
    return _as_json(logger, method, event).decode()


def _as_line(_logger: Any, _method: str, event: structlog.typing.EventDict) -> bytes:
    """`event key=value ...` on one line, without time and level, which the journal has itself."""
    name = event.pop("event")
    event.pop("timestamp", None)
    return " ".join([name, *[f"{key}={_value(value)}" for key, value in event.items()]]).encode()


def _value(value: object) -> str:
    """As it is, or in quotation marks where a reader could take it for something else than one value."""
    text = value if isinstance(value, str) else str(value)
    if not text.isprintable() or '"' in text or "\\" in text:
        return json.dumps(text)
    return f'"{text}"' if " " in text or "=" in text or not text else text


def _marked(render: _Bytes) -> _Bytes:
    """The same line behind its priority."""

    def marked(logger: Any, method: str, event: structlog.typing.EventDict) -> bytes:
        return _MARKS[method] + render(logger, method, event)

    return marked


def log_requests(log: Logger, records: Iterable[Record]) -> None:
    """Write the lines of requests that have ended, one each: all of them in one write.

    No header values, no query, no body, no key as a name: `Record` has none of them.
    """
    log.write_all([(_level(record), _fields(record)) for record in records])


def _level(record: Record) -> str:
    if record.error or record.outcome == "refused":
        return "warning"
    return "debug" if record.path in _ASKED_BY_BALANCERS else "info"


def _fields(record: Record) -> structlog.typing.EventDict:
    """Its time is that at which the request ended, though the line may be written a little later."""
    fields: dict[str, Any] = {
        "method": record.method,
        "path": record.path,
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
    if record.retried:
        fields["retried"] = True
    if record.client:
        fields["client"] = record.client
    if record.model:
        fields["model"] = record.model
    fields["ms"] = round(record.duration, 2)
    if record.first_byte is not None:
        fields["first_byte_ms"] = round(record.first_byte, 2)
    fields["bytes_in"] = record.bytes_in
    fields["bytes_out"] = record.bytes_out
    fields["id"] = record.id
    fields["timestamp"] = datetime.fromtimestamp(record.at + record.duration / 1000, UTC)
    fields["event"] = "request"
    return fields


class LibraryLogs(logging.Handler):
    """Reports that a library logged, and where; never its words: messages of a parser quote what it parsed."""

    def __init__(self, log: Logger) -> None:
        super().__init__(min(_LEVELS))
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        fields = {"library": record.name, "at": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[0]:
            fields["error"] = record.exc_info[0].__name__
        # A library may have levels of its own, between those that are known here.
        level = max(known for known in _LEVELS if known <= record.levelno)
        self._log.log(level, "library", **fields)


def take_over_library_logs(log: Logger) -> None:
    """Send what aiohttp and asyncio log through `log`, in place of standard error."""
    for name in ("aiohttp", "asyncio"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [LibraryLogs(log)], False

"""Capture: requests as JSON Lines, which `explain` reads, in a file that only its owner can read.

Header values are written only if they are known to be harmless; of other headers only the names. Paths as in `names`.
"""

import asyncio
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from proxy import names
from proxy.exchange import Exchange, Forward
from proxy.headers import Pairs, RawHeaders, text_pairs
from proxy.logs.observe import Logger
from proxy.machine.disk import in_thread
from proxy.settings.config import CaptureSettings

# Headers that help to distinguish requests, and hold no secrets. Others may: anybody can invent a header.
_HARMLESS = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "connection", "content-encoding", "content-length"),
        *("content-type", "expect", "transfer-encoding", "user-agent", "x-app"),
        *("anthropic-beta", "anthropic-dangerous-direct-browser-access", "anthropic-version"),
        *(f"x-stainless-{name}" for name in ("arch", "async", "helper", "helper-method", "lang", "os", "runtime")),
        *(f"x-stainless-{name}" for name in ("package-version", "retry-count", "runtime-version", "timeout")),
    }
)

_WAITING, _ROOM = 256, 32 * 1024 * 1024
"""Lines, and their bytes, that may wait for the disk. Further lines are dropped and counted."""


def request_line(exchange: Exchange, headers: Pairs, now: datetime) -> bytes:
    """One request with its outcome and reason, as a line of JSON. A body that is not JSON is a string.

    A header value that is left out is null.
    """
    return _json(
        {
            "at": now.isoformat(),
            "id": exchange.id,
            "method": names.method(exchange.head.method),
            "target": names.path(exchange.head.path),
            "headers": [[name, value if _is_harmless(name, value) else None] for name, value in headers],
            "body": _body(b"".join(exchange.body.chunks)),
            "outcome": exchange.outcome,
            "rule": exchange.decision.rule,
            "reason": exchange.decision.reason if isinstance(exchange.decision, Forward) else "",
        }
    )


def _is_harmless(name: str, value: str) -> bool:
    return name.lower() in _HARMLESS and names.is_plain(value)


def _body(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode("utf-8", "replace")


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a header with a lone surrogate
        return json.dumps(value).encode() + b"\n"


class Writer:
    """Appends lines to the capture file in a thread: adding a line never waits."""

    def __init__(self, config: CaptureSettings, log: Logger) -> None:
        self._log = log
        self.configure(config)
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._held = self._dropped = 0

    def configure(self, config: CaptureSettings) -> None:
        """Capture by these settings from now on; lines that still wait are written too."""
        self.enabled = config.enabled
        self._outcomes = frozenset(config.outcomes) if config.enabled else frozenset()
        self._file, self._half = Path(config.file), config.max_bytes // 2

    def request(self, exchange: Exchange, raw: RawHeaders) -> None:
        """Capture a request that has ended, if its outcome is wanted.

        A request that began before capture was switched on is skipped: its body may be gone.
        """
        if exchange.body.keep and exchange.outcome in self._outcomes:
            self._write(request_line(exchange, text_pairs(raw), datetime.now(UTC)))

    def comparison(self, request_id: str, rule: str, verdict: str, ours: str, theirs: str | None) -> None:
        """Capture what a rule and the model answered to the same question."""
        if self._outcomes:
            line = {"id": request_id, "shadow": rule, "verdict": verdict, "ours": ours, "theirs": theirs}
            self._write(_json(line))

    def _write(self, data: bytes) -> None:
        if self._queue.full() or (self._held and self._held + len(data) > _ROOM):
            self._dropped += 1
            return
        self._held += len(data)
        self._queue.put_nowait(data)

    async def run(self) -> None:
        """Write until cancelled. If the disk fails, the lines are lost and a warning is logged."""
        while True:
            lines = [await self._queue.get(), *self._waiting()]
            await in_thread(partial(self._append, lines))
            self._held -= sum(map(len, lines))
            if self._dropped:
                self._log.warning("capture fell behind", lines=self._dropped)
                self._dropped = 0

    def finish(self) -> None:
        """Write the lines that still wait, at the end of the process."""
        self._append(list(self._waiting()))

    def _waiting(self) -> Iterator[bytes]:
        while not self._queue.empty():
            yield self._queue.get_nowait()

    def _append(self, lines: list[bytes]) -> None:
        fitting = [line for line in lines if len(line) <= self._half]
        if large := len(lines) - len(fitting):
            self._failed("larger than half of capture.max_bytes", large)
        for number, line in enumerate(fitting):
            try:
                self._append_line(line)
            except OSError as error:
                self._failed(error.strerror or type(error).__name__, len(fitting) - number)
                return

    def _failed(self, problem: str, lines: int) -> None:
        self._log.warning("capture failed", file=str(self._file), problem=problem, lines=lines)

    def _append_line(self, line: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        file = self._opened()
        with file:
            if os.fstat(file.fileno()).st_size + len(line) <= self._half:
                file.write(line)
                return
        self._file.replace(self._file.with_name(self._file.name + ".1"))
        with self._opened() as file:
            file.write(line)

    def _opened(self) -> BinaryIO:
        """Open the file, and make it readable for its owner alone. Never blocks: the path may be a FIFO."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        handle = os.open(self._file, flags, 0o600)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(None, "no regular file")
        os.fchmod(handle, 0o600)
        return os.fdopen(handle, "ab")

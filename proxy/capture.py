"""Capture: requests as JSON Lines that `explain` reads, without keys, in a file for its owner alone."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from proxy.config import Capture
from proxy.disk import beside
from proxy.exchange import Answer, Exchange
from proxy.headers import Pairs, RawHeaders, text_pairs
from proxy.logs.observe import Logger

# Names of headers that are, or may be, secrets.
_SECRET = ("authorization", "cookie", "credential", "key", "password", "secret", "token")

_WAITING = 256
"""Lines that may wait for the disk; further ones are dropped and counted, rather than held in memory."""


def request_line(exchange: Exchange, headers: Pairs, now: datetime) -> bytes:
    """One request, its outcome and its reason as a line of JSON; a body that is not JSON is told as text."""
    return _json(
        {
            "at": now.isoformat(),
            "id": exchange.id,
            "method": exchange.head.method,
            "target": exchange.head.path,
            "headers": [[name, value] for name, value in headers if not _is_secret(name)],
            "body": _body(b"".join(exchange.collected)),
            "outcome": exchange.outcome,
            "rule": exchange.decision.rule,
            "reason": "" if isinstance(exchange.decision, Answer) else exchange.decision.reason,
        }
    )


def _is_secret(name: str) -> bool:
    return any(part in name.lower() for part in _SECRET)


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
    """Appends lines to the capture file, off the event loop's back: noting never waits."""

    def __init__(self, config: Capture, log: Logger) -> None:
        self.enabled = config.enabled
        self._outcomes = frozenset(config.outcomes) if config.enabled else frozenset()
        self._file, self._half, self._log = Path(config.file), config.max_bytes // 2, log
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._dropped = 0

    def request(self, exchange: Exchange, raw: RawHeaders) -> None:
        """Note a request that has ended, if its outcome is one of those that are wanted."""
        if exchange.outcome in self._outcomes:
            self._write(request_line(exchange, text_pairs(raw), datetime.now(UTC)))

    def difference(self, request_id: str, rule: str, ours: str, theirs: str | None) -> None:
        """Note what a rule in shadow and the model said, where they differ."""
        if self._outcomes:
            self._write(_json({"id": request_id, "shadow": rule, "ours": ours, "theirs": theirs}))

    def _write(self, data: bytes) -> None:
        try:
            self._queue.put_nowait(data)
        except asyncio.QueueFull:
            self._dropped += 1

    async def run(self) -> None:
        """Write until cancelled; a disk that fails costs the lines, is told once a time, and disturbs nothing else."""
        while True:
            lines = [await self._queue.get(), *self._waiting()]
            await beside(partial(self._append, lines))
            if self._dropped:
                self._log.warning("capture fell behind", lines=self._dropped)
                self._dropped = 0

    def finish(self) -> None:
        """Write what still waits, at the end of the process."""
        self._append(list(self._waiting()))

    def _waiting(self) -> Iterator[bytes]:
        while not self._queue.empty():
            yield self._queue.get_nowait()

    def _append(self, lines: list[bytes]) -> None:
        for number, line in enumerate(lines):
            try:
                self._append_line(line)
            except OSError as error:
                lost, problem = len(lines) - number, error.strerror
                self._log.warning("capture failed", file=str(self._file), problem=problem, lines=lost)
                return

    def _append_line(self, line: bytes) -> None:
        if len(line) > self._half:
            raise OSError(None, "the line is larger than the file may be")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if self._file.exists() and self._file.stat().st_size + len(line) > self._half:
            self._file.replace(self._file.with_name(self._file.name + ".1"))
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "ab") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(line)

"""A file that holds what the desk remembers. It is written in the background whenever that has changed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from proxy.logs.observe import Logger
from proxy.machine.disk import in_thread, replace_file

_PAUSE = 1.0
"""Seconds between two writes of a file."""


@dataclass(slots=True)
class Kept:
    """`data` returns the present content of the file."""

    data: Callable[[], bytes]
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def touch(self) -> None:
        """The content has changed."""
        self._changed.set()

    async def keep(self, file: Path, log: Logger) -> None:
        """Write the file whenever the content has changed, until cancelled. Errors are logged."""
        while True:
            await self._changed.wait()
            await in_thread(self._saving(file, log))
            await asyncio.sleep(_PAUSE)

    def finish(self, file: Path, log: Logger) -> None:
        """Write the file if the content has changed since the last write."""
        if self._changed.is_set():
            self._saving(file, log)()

    def _saving(self, file: Path, log: Logger) -> Callable[[], None]:
        """A function that writes the present content. It is safe in a thread: it reads nothing that may change."""
        self._changed.clear()
        return partial(_save, file, self.data(), log)


def _save(file: Path, data: bytes, log: Logger) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, data, 0o600)
    except OSError as error:
        log.warning("state not saved", file=str(file), problem=error.strerror)

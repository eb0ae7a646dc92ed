"""What the desk remembers in a file: written whenever it has changed, and never on a request's time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from proxy.disk import in_thread
from proxy.logs.observe import Logger

_PAUSE = 1.0
"""Seconds between two writes of a file."""


@dataclass(slots=True)
class Kept:
    """`data` gives what is to stand in the file, as it is now."""

    data: Callable[[], bytes]
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def touch(self) -> None:
        """What is kept has changed."""
        self._changed.set()

    async def keep(self, file: Path, log: Logger) -> None:
        """Write whenever it has changed, until cancelled; a disk that fails is told."""
        while True:
            await self._changed.wait()
            await in_thread(self._saving(file, log))
            await asyncio.sleep(_PAUSE)

    def finish(self, file: Path, log: Logger) -> None:
        """Write it if it has changed since it was written last."""
        if self._changed.is_set():
            self._saving(file, log)()

    def _saving(self, file: Path, log: Logger) -> Callable[[], None]:
        """The work of writing it as it is now; the thread that does it looks at nothing that may change."""
        self._changed.clear()
        return partial(_save, file, self.data(), log)


def _save(file: Path, data: bytes, log: Logger) -> None:
    """Replace the file in one step, so that no reader sees half of it."""
    fresh = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(data)
        fresh.replace(file)
    except OSError as error:
        log.warning("state not saved", file=str(file), problem=error.strerror)

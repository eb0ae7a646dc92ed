"""Where lines go: a stream that may fail. A log that cannot be written costs its lines, and never a request."""

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

LOG_FILE = "SIDESTEP_LOG_FILE"
"""Names the file that standard output is appended to. launchd does not keep it small, so Sidestep does."""

MAX_FILE = 16 * 1024 * 1024
"""Bytes of that file, and of the one before it."""


def keep_small(file: Path) -> None:
    """Rotate a large file: it is copied to `.1` and emptied, so that whoever appends to it goes on."""
    with suppress(OSError):
        if file.stat().st_size > MAX_FILE:
            shutil.copy(file, file.with_name(f"{file.name}.1"))
            os.truncate(file, 0)


class Outlet:
    """Passes lines on to a stream, and raises nothing; when the stream begins to fail, standard error says so."""

    def __init__(self, stream: IO[Any]) -> None:
        self._stream, self._failing, self._told = stream, False, False

    def write(self, line: Any) -> None:
        self._failing = not self._done(self._stream.write, line)

    def flush(self) -> None:
        """A stream without a buffer fails when it is written to, and has nothing to flush."""
        if not self._failing and self._done(self._stream.flush):
            self._told = False

    def _done(self, action: Callable[..., object], *values: Any) -> bool:
        try:
            action(*values)
            return True
        except (OSError, ValueError) as error:
            if not self._told:
                problem = error.strerror if isinstance(error, OSError) else type(error).__name__
                with suppress(OSError, ValueError):
                    print(f"the log cannot be written: {problem}", file=sys.stderr, flush=True)
                self._told = True
            return False

"""The journal, opened for reading while it is being written; and why that is not possible."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from proxy.journal.schema import APPLICATION, VERSION


class UnreadableError(Exception):
    """There is no journal that can be read; the text says why."""


class OlderError(UnreadableError):
    """An earlier version wrote the journal; the next request brings it up to date."""


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """The journal, read-only, also while it is being written. Raises `UnreadableError`."""
    try:
        if not file.exists():
            if problem := obstacle(file):
                raise UnreadableError(f"there is no journal, and none can be written: {problem}")
            raise UnreadableError(f"{file}: there is no journal yet; it begins with the first request")
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)) as connection:
            _check(connection, file)
            connection.execute("BEGIN")  # all queries see the same state
            yield connection
    except (sqlite3.Error, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnreadableError(f"{file}: cannot be read: {reason}") from None


def _check(connection: sqlite3.Connection, file: Path) -> None:
    mark, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if mark != APPLICATION:
        raise UnreadableError(f"{file}: no journal of Sidestep's")
    if version > VERSION:
        raise UnreadableError(f"{file}: written by a newer Sidestep; use that one to read it")
    if version < VERSION:
        raise OlderError(f"{file}: written by an older Sidestep; it is brought up to date with the next request")


def obstacle(file: Path) -> str:
    """What keeps this user from writing the journal, in a few words; "" if nothing. Writes nothing itself."""
    try:
        status = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return _above(file.parent)
    except OSError as error:
        return f"{file.parent}: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return f"{file}: no regular file"
    return "" if os.access(file, os.R_OK | os.W_OK) else f"{file}: this user may not write to it"


def _above(folder: Path) -> str:
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    if not there.is_dir():
        return f"{there}: no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"{there}: this user may not write there"

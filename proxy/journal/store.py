"""The journal's SQLite file: opened, migrated, appended to and kept within its bounds. It has one writer."""

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import chain
from pathlib import Path

from proxy.journal.rows import COLUMNS, Row
from proxy.journal.schema import ADD_UP, APPLICATION, STEPS, VERSION

LOCK_TIMEOUT = 1.0
"""Seconds to wait for another program that has locked the file."""

STEP = 4000
"""Rows that are removed at once: more than a busy second adds, so that removing keeps up, and still fast."""

_PAGES = 256
"""Pages of 4 KiB that are returned to the file system at once."""

_STEADY, _SLACK = 600.0, 60.0
"""Rows are removed by age only if the time of day has agreed with the monotonic clock for so many seconds, within so
many."""

_INTO = f"INSERT INTO requests ({', '.join(COLUMNS)}) VALUES "
_VALUES = f"({', '.join('?' * len(COLUMNS))})"
_AT_ONCE = 512
"""Rows per statement, if SQLite allows so many values: before 3.32 it allowed 999."""

# Rows are removed in the order in which they came, up to the first that is not old. A row that a wrong clock dated to
# long ago stays as long as its neighbours.
_REMOVE_OLD = """
    DELETE FROM requests WHERE id IN (SELECT id FROM requests ORDER BY id LIMIT :step)
    AND id < coalesce((SELECT id FROM requests WHERE +at >= :cutoff ORDER BY id LIMIT 1), 0)
"""
_REMOVE_FIRST = "DELETE FROM requests WHERE id IN (SELECT id FROM requests ORDER BY id LIMIT :step)"
_FORGET = "DELETE FROM {} WHERE hour < (SELECT CAST(min(at) / 3600 AS INTEGER) FROM requests)"
_FORGET_HOURS = tuple(map(_FORGET.format, ("hours", "own_times", "upstream_errors")))


@lru_cache
def _insert(rows: int) -> str:
    return _INTO + ", ".join([_VALUES] * rows)


class UnusableError(Exception):
    """This program must not write to the file; it is left as it is."""


class Store:
    """The open file; for one thread. All methods raise `sqlite3.Error`."""

    def __init__(self, file: Path, max_age: float, max_bytes: int) -> None:
        """Raises `UnusableError`, OSError, and `sqlite3.Error`."""
        self._max_age, self._max_bytes = max_age, max_bytes
        self._offset = self._steady_since = float("-inf")
        _make(file)
        self._connection = sqlite3.connect(file, timeout=LOCK_TIMEOUT, isolation_level=None)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.close()

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows, and add them to the sums of their hours, in one transaction.

        Few statements are used: each releases the GIL, and getting it back from a busy event loop takes milliseconds,
        for which requests wait too.
        """
        most = min(_AT_ONCE, self._connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(COLUMNS))
        with self._transaction():
            last, start = 0, 0
            while start < len(rows):
                # Powers of two, so that few different statements are prepared and cached.
                some = rows[start : start + _power_of_two(min(most, len(rows) - start))]
                last = self._connection.execute(_insert(len(some)), list(chain(*some))).lastrowid or 0
                start += len(some)
            for statement in ADD_UP:
                self._connection.execute(statement, (last - len(rows),))

    def trim(self, now: float, steady: float) -> None:
        """One small step towards the bounds; `now` is the time of day, `steady` a monotonic clock, in seconds.

        Nothing is removed by age if the time of day has jumped.
        """
        if self._trusted(now, steady):
            self._remove(_REMOVE_OLD, {"step": STEP, "cutoff": now - self._max_age})
        if self._used() > self._max_bytes:
            self._remove(_REMOVE_FIRST, {"step": STEP})
        if self._number("freelist_count") > _PAGES:  # a few free pages are kept for reuse
            self._connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")

    def _remove(self, statement: str, values: dict[str, float]) -> None:
        with self._transaction():
            if self._connection.execute(statement, values).rowcount:
                for forget in _FORGET_HOURS:
                    self._connection.execute(forget)

    def _trusted(self, now: float, steady: float) -> bool:
        offset = now - steady
        if abs(offset - self._offset) > _SLACK:
            self._offset, self._steady_since = offset, steady
        return steady - self._steady_since >= _STEADY

    def _used(self) -> int:
        """Bytes of the file that are in use."""
        return (self._number("page_count") - self._number("freelist_count")) * self._number("page_size")

    def _number(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    def _prepare(self) -> None:
        version = self._number("user_version")
        if version > VERSION:
            raise UnusableError(f"written by a newer Sidestep (version {version} of its schema, {VERSION} is known)")
        if self._number("application_id") != APPLICATION and (version or self._number("schema_version")):
            raise UnusableError("another program's file")
        for setting in ("cache_size = -1024", "auto_vacuum = INCREMENTAL", "synchronous = NORMAL"):
            self._connection.execute(f"PRAGMA {setting}")
        self._connection.execute("PRAGMA journal_mode = WAL").fetchall()
        self._connection.execute("PRAGMA journal_size_limit = 4194304").fetchall()
        for number, statements in enumerate(STEPS[version:], version + 1):
            with self._transaction():
                for statement in statements:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # some errors have rolled back already
                self._connection.execute("ROLLBACK")
            raise


def _power_of_two(most: int) -> int:
    """The largest that is no larger than `most`."""
    return 1 << most.bit_length() - 1


def _make(file: Path) -> None:
    """Create the file if there is none, readable for its owner alone; SQLite gives its other files the same mode.

    An existing file is not opened: closing it would release the locks of a reader in this process.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if not stat.S_ISREG(file.lstat().st_mode):
            raise UnusableError("no regular file") from None
        if stat.S_IMODE(file.stat().st_mode) != 0o600:
            file.chmod(0o600)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether the file is damaged, and not just inaccessible."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def quarantine(file: Path, stamp: str) -> Path:
    """Rename the file and SQLite's other files to `NAME.corrupt-STAMP`; returns the new path. Raises OSError."""
    aside = file.with_name(f"{file.name}.corrupt-{stamp}")
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            file.with_name(file.name + ending).replace(aside.with_name(aside.name + ending))
    file.replace(aside)
    return aside

"""What the tests of the journal share: entries, the settings of a journal, and a look into its file."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from proxy.journal.rows import Row, row
from proxy.journal.store import Store
from proxy.record import Record
from proxy.replies.usage import Usage
from proxy.settings.config import JournalSettings
from tests.records import FORWARDED

NOON = 1_700_049_600.0
"""The beginning of an hour, in seconds since the epoch."""

RECORD = replace(
    FORWARDED,
    at=NOON,
    reason="no rule matches",
    session="0123456789abcdef",
    model="claude-haiku-4-5",
    duration=1500.0,
    first_byte=800.0,
    overhead=0.2,
    bytes_in=1000,
    bytes_out=2000,
)
USAGE = Usage(input=10, output=20, cache_read=30, cache_creation=40)


def entry(at: float = NOON, usage: Usage | None = USAGE, **changes: Any) -> Record:
    return replace(RECORD, at=at, usage=usage, **changes)


def rows(count: int, at: float = NOON) -> list[Row]:
    """Rows a second apart."""
    return [row(entry(at + number)) for number in range(count)]


def settings(file: Path, **changes: Any) -> JournalSettings:
    return JournalSettings(path=str(file), **changes)


def written(file: Path, entries: Iterable[Record]) -> Path:
    """The file, with these entries in it."""
    store = Store(file, 90 * 86400, 2**40)
    store.add([row(one) for one in entries])
    store.close()
    return file


def asked(file: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()


def count(file: Path) -> int:
    return int(asked(file, "SELECT count(*) FROM requests")[0][0])

"""Keeps faults of the journal's file away from requests: rows are lost and counted, and the fault is logged."""

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from proxy.journal.rows import row
from proxy.journal.store import Store, UnusableError, is_corrupt, quarantine
from proxy.logs.observe import Logger
from proxy.record import Record
from proxy.settings.config import JournalSettings

_EVERY = 1.0
"""Seconds between two checks of the bounds."""


class Keeper:
    """Writes records to the file; for one thread. Raises nothing, and tries again with every batch."""

    def __init__(self, settings: JournalSettings, log: Logger) -> None:
        self._settings, self._file, self._log = settings, Path(settings.path), log
        self._store: Store | None = None
        self._problem, self._lost = "", 0
        self._trimmed = float("-inf")

    @property
    def trouble(self) -> str:
        """What is wrong, in one line; "" if nothing is."""
        return f"journal: {self._problem} ({self._lost} rows lost)" if self._problem else ""

    def keep(self, records: Sequence[Record]) -> None:
        """Append the records. A corrupt file is quarantined, and a new one begun."""
        try:
            try:
                self._add(records)
            except sqlite3.DatabaseError as error:
                if not is_corrupt(error):
                    raise
                self._quarantine(error)
                self._add(records)
        except Exception as error:  # the thread must survive, whatever happens
            self._fail(records, error)
        else:
            self._recovered()
            self._trim()

    def finish(self) -> None:
        """Close the file; rows that could not be stored until now are lost for good."""
        if self._lost:
            self._log.error("journal not finished", lost=self._lost)
        self.close()

    def close(self) -> None:
        if self._store:
            self._store.close()
        self._store = None

    def _add(self, records: Sequence[Record]) -> None:
        if self._store is None:
            self._store = Store(self._file, self._settings.max_age, self._settings.max_bytes)
        self._store.add([row(record) for record in records])

    def _trim(self) -> None:
        """Errors are only logged here: if they matter, adding rows will fail too."""
        now = time.monotonic()
        if now - self._trimmed < _EVERY:
            return
        self._trimmed = now
        try:
            if self._store:
                self._store.trim(time.time(), now)
        except sqlite3.Error as error:
            self._log.warning("journal not trimmed", file=str(self._file), problem=str(error))

    def _quarantine(self, error: sqlite3.Error) -> None:
        self.close()
        moved_to = quarantine(self._file, datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ"))
        self._log.error("journal corrupt", file=str(self._file), problem=str(error), moved_to=str(moved_to))

    def _fail(self, records: Sequence[Record], error: Exception) -> None:
        self.close()
        known = isinstance(error, sqlite3.Error | UnusableError)
        said = error.strerror if isinstance(error, OSError) else str(error) if known else ""
        problem = said or type(error).__name__
        self._lost += len(records)
        if problem != self._problem:
            self._log.error("journal failed", file=str(self._file), problem=problem)
        self._problem = problem

    def _recovered(self) -> None:
        if self._problem:
            self._log.warning("journal recovered", file=str(self._file), lost=self._lost)
        self._problem, self._lost = "", 0

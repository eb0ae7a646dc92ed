"""The journal as the live page sees it: past requests, and whether anything is wrong with it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from proxy.journal.writer import Journal
from proxy.record import Record
from proxy.telemetry.bucket import Bucket


class Past:
    """A `live.charts.History`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @property
    def enabled(self) -> bool:
        return self._journal.settings.enabled

    @property
    def trouble(self) -> str:
        return self._journal.trouble

    async def timeline(self, since: float, until: float, step: float) -> Sequence[Bucket]:
        """As `timeline.timeline`, in a thread; empty if there is no readable file."""
        return await asyncio.to_thread(self._read, since, until, step)

    async def latest(self, before: float, count: int) -> Sequence[Record]:
        """As `timeline.latest`, in a thread; empty if there is no readable file."""
        return await asyncio.to_thread(self._latest, before, count)

    def _latest(self, before: float, count: int) -> Sequence[Record]:
        from proxy.journal.reader import UnreadableError
        from proxy.journal.timeline import latest

        try:
            return latest(Path(self._journal.settings.path), before, count)
        except UnreadableError:
            return []

    def _read(self, since: float, until: float, step: float) -> Sequence[Bucket]:
        from proxy.journal.reader import UnreadableError
        from proxy.journal.timeline import timeline  # imported here, since a start does not need SQLite

        try:
            return timeline(Path(self._journal.settings.path), since, until, step)
        except UnreadableError:
            return []

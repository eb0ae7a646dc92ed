"""The feed: the requests that ended last, and the browsers that are told of them as they end.

A browser that is slow, or asleep, costs nothing: what it has not taken is merged, never queued.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import orjson

from proxy.exchange import Record
from proxy.live.rows import row

KEPT = 500
"""Requests of which the decision can still be asked for."""

SHOWN = 200
"""Requests that a page shows; more would not be read."""

MOST = 32
"""Browsers that may look on at once."""

_TIMES = 200
"""Times of which a median is made, the latest."""

_RULES = 64
"""Rules whose times are kept: as many as are counted apart."""


class Watcher:
    """One browser: what it is still to be told. Of its sections the latest state alone counts."""

    def __init__(self) -> None:
        self._rows: deque[str] = deque(maxlen=SHOWN)
        self._sections: dict[str, str] = {}
        self._news = asyncio.Event()
        self._ended = False

    def add(self, rows: Sequence[str]) -> None:
        """Further rows, each a JSON object."""
        self._rows.extend(rows)
        self._news.set()

    def show(self, section: str, data: str) -> None:
        """What stands in a section from now on, as JSON."""
        self._sections[section] = data
        self._news.set()

    def end(self) -> None:
        """There will be nothing more."""
        self._ended = True
        self._news.set()

    async def news(self) -> Sequence[tuple[str, str]]:
        """Wait for news, and take all of it: names of events and their JSON. Empty at the end."""
        await self._news.wait()
        if self._ended:
            return ()
        self._news.clear()
        found = [("rows", f"[{','.join(self._rows)}]")] if self._rows else []
        found += self._sections.items()
        self._rows.clear()
        self._sections = {}
        return found


class Feed:
    """What ended lately. `publish` is called on the event loop with a batch, and must be cheap."""

    def __init__(self) -> None:
        self.watched = asyncio.Event()
        """Whether anybody looks on."""
        self._records: deque[Record] = deque(maxlen=KEPT)
        self._watchers: set[Watcher] = set()
        self._closed = False
        self._own: deque[float] = deque(maxlen=_TIMES)
        self._answers: dict[str, deque[float]] = {}

    def publish(self, records: Sequence[Record]) -> None:
        """Requests that have ended, in that order. Those for Sidestep's own pages are nobody's news."""
        news = [record for record in records if record.outcome != "local"]
        self._records.extend(news)
        self._own.extend([record.own for record in news if record.outcome == "forwarded" and record.own is not None])
        for record in news:
            if record.outcome == "answered" and (record.rule in self._answers or len(self._answers) < _RULES):
                self._answers.setdefault(record.rule, deque(maxlen=_TIMES)).append(record.duration)
        if self._watchers and news:
            rows = [orjson.dumps(row(record)).decode() for record in news[-SHOWN:]]
            for watcher in self._watchers:
                watcher.add(rows)

    def show(self, section: str, data: str) -> None:
        """Tell everybody what stands in a section from now on, as JSON."""
        for watcher in self._watchers:
            watcher.show(section, data)

    @contextmanager
    def watching(self) -> Iterator[Watcher | None]:
        """Look on; None where there is no more room, or nothing more to come."""
        if self._closed or len(self._watchers) >= MOST:
            yield None
            return
        watcher = Watcher()
        self._watchers.add(watcher)
        self.watched.set()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                self.watched.clear()

    def close(self) -> None:
        """The process is about to end: nobody is to wait for more."""
        self._closed = True
        for watcher in self._watchers:
            watcher.end()

    def latest(self) -> list[Record]:
        """What a page shows at first, the oldest first."""
        return list(self._records)[-SHOWN:]

    def find(self, request_id: str) -> Record | None:
        """The request with that id, if it is still kept."""
        return next((record for record in reversed(self._records) if record.id == request_id), None)

    @property
    def own(self) -> float | None:
        """The median time in milliseconds that forwarded requests spent here of late."""
        return _median(self._own)

    @property
    def answers(self) -> Mapping[str, float | None]:
        """The median time in milliseconds until an answer was complete, by rule."""
        return {rule: _median(times) for rule, times in self._answers.items()}


def _median(times: Sequence[float]) -> float | None:
    from statistics import median  # here, since it brings much along that serving does not need

    return median(times) if times else None

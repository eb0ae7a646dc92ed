"""The feed: the requests that ended last, and the browsers that get them as they end.

A browser that is slow or asleep costs nothing: what it has not received is merged, not queued.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import orjson

from proxy.live.rows import row
from proxy.record import Record

MAX_RECORDS = 500
"""Requests whose decision is still in memory."""

SHOWN = 200
"""Requests that a page shows."""

MAX_WATCHERS = 32
"""Browsers that may watch at the same time."""

_TIMES = 200
"""Times that a median is made of: the latest."""

_RULES = 64
"""Rules whose times are kept."""


class Watcher:
    """One browser, and what must still be sent to it. Of a section, only the latest state is kept."""

    def __init__(self) -> None:
        self._rows: deque[str] = deque(maxlen=SHOWN)
        self._sections: dict[str, str] = {}
        self._news = asyncio.Event()
        self._ended = False

    def add(self, rows: Sequence[str]) -> None:
        """More rows, each a JSON object."""
        self._rows.extend(rows)
        self._news.set()

    def show(self, section: str, data: str) -> None:
        """The new state of a section, as JSON."""
        self._sections[section] = data
        self._news.set()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._news.set()

    async def news(self) -> Sequence[tuple[str, str]]:
        """Wait for news, and take it all: names of events and their JSON. Empty at the end."""
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
    """The requests that ended recently. `publish` runs on the event loop and must be cheap."""

    def __init__(self) -> None:
        self.watched = asyncio.Event()
        """Set while anybody watches."""
        self._records: deque[Record] = deque(maxlen=MAX_RECORDS)
        self._watchers: set[Watcher] = set()
        self._closed = False
        self._overheads: deque[float] = deque(maxlen=_TIMES)
        self._answers: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_TIMES))

    def publish(self, records: Sequence[Record]) -> None:
        """Requests that have ended, in order. Those for Sidestep's own pages are skipped."""
        news = [record for record in records if record.outcome != "local"]
        self._records.extend(news)
        forwarded = [record.overhead for record in news if record.outcome == "forwarded"]
        self._overheads.extend([overhead for overhead in forwarded if overhead is not None])
        for record in news:
            if record.outcome == "answered" and (record.rule in self._answers or len(self._answers) < _RULES):
                self._answers[record.rule].append(record.duration)
        if self._watchers and news:
            rows = [orjson.dumps(row(record)).decode() for record in news[-SHOWN:]]
            for watcher in self._watchers:
                watcher.add(rows)

    def show(self, section: str, data: str) -> None:
        """Send everybody the new state of a section, as JSON."""
        for watcher in self._watchers:
            watcher.show(section, data)

    @contextmanager
    def watching(self) -> Iterator[Watcher | None]:
        """Watch. Yields None if too many watch, or if the feed is closed."""
        if self._closed or len(self._watchers) >= MAX_WATCHERS:
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
        """The process is about to end: end every stream."""
        self._closed = True
        for watcher in self._watchers:
            watcher.end()

    def latest(self) -> list[Record]:
        """What a page shows when it opens, the oldest first."""
        return list(self._records)[-SHOWN:]

    def find(self, request_id: str) -> Record | None:
        """The request with that id, if it is still kept."""
        return next((record for record in reversed(self._records) if record.id == request_id), None)

    @property
    def overhead(self) -> float | None:
        """The median overhead of recent forwarded requests, in milliseconds."""
        return _median(self._overheads)

    @property
    def answers(self) -> Mapping[str, float | None]:
        """The median time in milliseconds until an answer was complete, by rule."""
        return {rule: _median(times) for rule, times in self._answers.items()}


def _median(times: Sequence[float]) -> float | None:
    from statistics import median  # imported here, since serving does not need it and it loads many modules

    return median(times) if times else None

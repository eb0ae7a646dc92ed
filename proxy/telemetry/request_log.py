"""Registers every request when it begins; reports it, when it has ended, to the log, the counters and the observers."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from proxy.exchange import Exchange
from proxy.logs.observe import Logger, log_requests
from proxy.record import Record
from proxy.replies.errors import FOUND_IN_REPLIES
from proxy.telemetry.counters import Counters

Observer = Callable[[Sequence[Exchange], Sequence[Record]], None]
"""Is called with requests that have ended, one record each, in that order; must neither wait nor raise."""

_PAUSE = 0.02
"""Seconds until a request that ended well is reported, with others: no next request waits for its log line.

Batching keeps CPU caches warm: in a row, each takes half the time that it takes by itself.
"""

_BATCH = 64
"""Requests that are reported without letting the event loop go on: half a millisecond."""


class RequestLog:
    """The one place where requests begin and end. `observers` are called after the log and the counters.

    Used on the event loop alone. What did not go well is reported at once, and what ended before it first.
    """

    def __init__(self, log: Logger, counters: Counters) -> None:
        self._log, self._counters = log, counters
        self.running: dict[str, Exchange] = {}
        """Requests that are being served, by id."""
        self.observers: list[Observer] = []
        self._ended: deque[tuple[Exchange, float]] = deque()
        """What is still to be reported, and when it ended."""
        self._next: asyncio.Handle | None = None

    @property
    def counters(self) -> Counters:
        """The counts, with all that has ended until now."""
        self.flush()
        self._counters.now_running(len(self.running))
        return self._counters

    def began(self, exchange: Exchange) -> None:
        self.running[exchange.id] = exchange

    def exclude(self, exchange: Exchange) -> None:
        """This one lasts as long as a page is open, and serves nothing: it is logged, and not counted."""
        del self.running[exchange.id]

    def ended(self, exchange: Exchange, now: float) -> None:
        """`now` on the clock of `exchange.started`."""
        if self.running.pop(exchange.id, None) is None:  # it was excluded
            self.flush()
            log_requests(self._log, [exchange.record(now)])
            return
        self._ended.append((exchange, now))
        if exchange.error or exchange.outcome not in ("forwarded", "answered"):
            self.flush()
        elif self._next is None:
            self._next = asyncio.get_running_loop().call_later(_PAUSE, self._flush_some)

    def read(self, records: Sequence[Record]) -> None:
        """The replies of requests that were reported have been read (a `journal.writer.Listener`)."""
        self._counters.read(records)
        for record in records:
            if record.fault in FOUND_IN_REPLIES:
                self._log.warning("upstream error", kind=record.fault, error=record.error, id=record.id)

    def cut_short(self, now: float) -> None:
        """The process ends at once: what is running has ended too."""
        for exchange in list(self.running.values()):
            exchange.stopped()
            self.ended(exchange, now)
        self.flush()

    def flush(self) -> None:
        """Report all that has ended until now."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        while self._ended:
            self._report()

    def _flush_some(self) -> None:
        self._next = None
        try:
            self._report()
        finally:  # whatever becomes of some, those behind them have their turn
            if self._ended:
                self._next = asyncio.get_running_loop().call_soon(self._flush_some)

    def _report(self) -> None:
        """Report those that ended first, a batch at most."""
        some = [self._ended.popleft() for _ in range(min(_BATCH, len(self._ended)))]
        ended = [exchange for exchange, _ in some]
        records = [exchange.record(now) for exchange, now in some]
        log_requests(self._log, records)
        for record in records:
            self._counters.count(record)
        for observe in self.observers:
            observe(ended, records)

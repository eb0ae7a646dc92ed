"""Takes the journal's work off the event loop: what has ended is collected, and passed in batches to one thread."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue

from proxy.exchange import Exchange
from proxy.logs.observe import Logger
from proxy.record import Record
from proxy.replies.errors import EMPTY_REPLY, NOT_A_MESSAGE
from proxy.replies.meter import Meter
from proxy.settings.config import JournalSettings

Listener = Callable[[Sequence[Record]], None]
"""Is called on the event loop with records, in the order in which they ended; must neither wait nor raise."""

PAUSE = 0.25
"""Seconds for which a row waits for company."""

BATCH = 1024
"""Rows that are handed over at once."""

MAX_WAITING = 4096
"""Rows that may wait; further ones are dropped and counted, rather than held in memory."""

ROOM = 16 * 1024 * 1024
"""Bytes of replies that may wait to have their tokens read; those of further replies are not read."""

_STRETCH = 128
"""Rows that are read without letting the event loop go on: a millisecond, as rarely as that many requests end."""

_LAST_WORDS = 5.0
"""Seconds that the thread has at the end of the process; a disk may hang for longer than anybody wants to wait."""

Ended = tuple[Record, Meter | None]
"""With what its tokens are still to be read from."""


class Journal:
    """Takes what has ended, off the requests' time; one of a kind in a process, used on its event loop alone.

    When the journal is switched off, nothing is stored, and `listeners` are told all the same.
    """

    def __init__(self, settings: JournalSettings, log: Logger) -> None:
        self.settings, self._log = settings, log
        self.listeners: list[Listener] = []
        self.trouble = ""
        """What is wrong with the file, in one line; "" when all is well."""
        self._waiting: list[Ended] = []
        self._held = self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None
        self._busy = 0
        """Rows that the thread is storing."""
        self._batches: SimpleQueue[list[Ended] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._idle, self._over = asyncio.Event(), asyncio.Event()

    def put(self, ended: Sequence[Exchange], records: Sequence[Record]) -> None:
        """Requests have ended (a `request_log.Observer`). Those for Sidestep's own pages are nothing to remember."""
        if not self.settings.enabled and not self.listeners:
            return
        for exchange, record in zip(ended, records, strict=True):
            if record.outcome == "local":
                continue
            if len(self._waiting) >= MAX_WAITING:
                self._dropped += 1
            else:
                self._waiting.append(self._taken(exchange, record))
        if self._waiting and self._timer is None and not self._busy:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._hand_over)

    def _taken(self, exchange: Exchange, record: Record) -> Ended:
        """What is kept of a request; what its reply says of tokens is read here if that is quick, or else later."""
        meter = exchange.meter
        if meter is None or not record.bytes_out:
            record.error_read(NOT_A_MESSAGE if record.bytes_out else EMPTY_REPLY)
        if meter is None:
            return record, None
        if meter.quick:
            # Here, since to keep the bytes for the thread would take longer, and fragment the heap.
            self._read(record, meter)
            return record, None
        if self._held + meter.size > ROOM:
            self._log.warning("tokens not read", reason="too many replies at once", id=record.id)
            return record, None
        self._held += meter.size
        return record, meter

    async def finish(self) -> None:
        """Store what still waits, and end the thread; the process ends without it when it takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                while self._busy or self._waiting:
                    if not self._busy:
                        self._hand_over()
                    self._idle.clear()
                    await self._idle.wait()
                if self._thread:
                    self._batches.put(None)
                    await self._over.wait()
                    self._thread.join()
                return
        self._log.error("journal not finished", lost=self._busy + len(self._waiting))

    def _hand_over(self) -> None:
        if self._timer:
            self._timer.cancel()
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        self._timer, self._busy = None, len(batch)
        self._held = sum(meter.size for _, meter in self._waiting if meter)
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._work, args=(loop,), name="journal", daemon=True)
            self._thread.start()
        self._batches.put(batch)

    def _kept(self, records: Sequence[Record], trouble: str) -> None:
        """Back on the loop."""
        self._busy, self.trouble = 0, trouble
        self._idle.set()
        if self._dropped:
            self._log.warning("journal fell behind", lost=self._dropped)
            self._dropped = 0
        if self._waiting:
            pause = 0 if len(self._waiting) >= BATCH else PAUSE
            self._timer = asyncio.get_running_loop().call_later(pause, self._hand_over)
        for tell in self.listeners:
            tell(records)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread. What it needs is imported here, since a proxy that serves nobody needs none of it."""
        keeper = None
        if self.settings.enabled:
            from proxy.journal.keeper import Keeper

            keeper = Keeper(self.settings, self._log)
        while (batch := self._batches.get()) is not None:
            records = self._records(batch)
            batch.clear()  # what was kept of the replies
            if keeper:
                keeper.keep(records)
            _call_on_loop(loop, self._kept, records, keeper.trouble if keeper else "")
        if keeper:
            keeper.finish()
        _call_on_loop(loop, self._over.set)

    def _records(self, batch: Sequence[Ended]) -> list[Record]:
        unread = [(record, meter) for record, meter in batch if meter]
        for number, (record, meter) in enumerate(unread, 1):
            self._read(record, meter)
            # Release the GIL, so that the event loop does not wait for long; rarely, since to get it back slows both.
            if number % _STRETCH == 0:
                time.sleep(0)
        return [record for record, _ in batch]

    def _read(self, record: Record, meter: Meter) -> None:
        """Add what the reply said of tokens, and an error within it. If the meter gave up, the log says why."""
        record.usage_read(meter.read())
        if meter.error:
            record.error_read(meter.error)
        if meter.gave_up and not record.error:
            self._log.warning("tokens not read", reason=meter.gave_up, id=record.id)


def _call_on_loop(loop: asyncio.AbstractEventLoop, what: Callable[..., None], *values: object) -> None:
    with suppress(RuntimeError):  # a process that would not wait has closed its loop
        loop.call_soon_threadsafe(what, *values)

"""The way off the event loop: gathered, bounded, handed to one thread, and told of when it is done."""

import asyncio
import io
import json
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from proxy.exchange import Exchange, Head
from proxy.journal import keeper, writer
from proxy.journal.writer import BATCH, Journal
from proxy.logs.observe import logger
from proxy.record import Record
from proxy.replies.meter import Meter
from proxy.replies.usage import Usage
from proxy.settings.config import LogSettings
from tests.journal.given import RECORD, USAGE, asked, count, settings
from tests.waiting import PATIENCE

Make = Callable[..., Journal]


class Told(list[Record]):
    """A listener that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()
        self.threads: set[str] = set()

    def __call__(self, entries: Sequence[Record]) -> None:
        self.extend(entries)
        self.threads.add(threading.current_thread().name)
        self._more.set()

    async def until(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self) < number:
                self._more.clear()
                await self._more.wait()


class Counted:
    """A meter that tells where it was read."""

    def __init__(self, size: int = 0, *, quick: bool = False) -> None:
        self.size, self.quick = size, quick
        self.read_by = self.error = self.gave_up = ""

    def take(self, chunk: bytes) -> None:
        raise AssertionError(chunk)

    def read(self) -> Usage | None:
        self.read_by = threading.current_thread().name
        return USAGE


def put(journal: Journal, meter: Counted | None = None, **changes: str) -> None:
    """A request has ended."""
    one = Exchange("req_1", Head("POST", "/v1/messages", {}), RECORD.at, 0.0)
    one.upstream_replied(200, cast(Meter | None, meter))
    journal.put([one], [replace(RECORD, **changes)])


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
async def made(tmp_path: Path, log: io.StringIO) -> AsyncIterator[Make]:
    journals: list[Journal] = []

    def make(**changes: bool) -> Journal:
        journals.append(
            Journal(settings(tmp_path / "journal.sqlite", **changes), logger(LogSettings(format="json"), log))
        )
        return journals[-1]

    yield make
    for journal in journals:
        await journal.finish()


async def test_rows_are_stored_and_listeners_told_on_the_loop(made: Make, tmp_path: Path) -> None:
    journal, told, meter = made(), Told(), Counted()
    journal.listeners.append(told)
    put(journal, meter)
    put(journal)
    await told.until(2)
    assert [one.usage for one in told] == [USAGE, None]
    assert told[0] == replace(RECORD, usage=USAGE)
    assert count(tmp_path / "journal.sqlite") == 2
    assert (meter.read_by, told.threads) == ("journal", {threading.current_thread().name})
    assert journal.trouble == ""


async def test_what_is_read_quickly_is_read_at_once_and_kept_for_no_thread(made: Make) -> None:
    journal, told, meter = made(), Told(), Counted(quick=True)
    journal.listeners.append(told)
    put(journal, meter)
    assert meter.read_by == threading.current_thread().name
    await told.until(1)
    assert [one.usage for one in told] == [USAGE]


async def test_the_last_rows_are_written_at_the_end_and_the_thread_is_gone(made: Make, tmp_path: Path) -> None:
    journal, told = made(), Told()
    journal.listeners.append(told)
    for _ in range(2 * BATCH + 5):
        put(journal)
    await journal.finish()
    assert (count(tmp_path / "journal.sqlite"), len(told)) == (2 * BATCH + 5, 2 * BATCH + 5)
    assert not [thread for thread in threading.enumerate() if thread.name == "journal"]
    assert os.listdir(tmp_path) == ["journal.sqlite"], "nothing is left beside it"


async def test_nothing_runs_as_long_as_nothing_has_ended(made: Make, tmp_path: Path) -> None:
    await made().finish()
    assert os.listdir(tmp_path) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "journal"]


async def test_switched_off_it_stores_nothing_and_tells_all_the_same(made: Make, tmp_path: Path) -> None:
    journal, told = made(enabled=False), Told()
    put(journal)
    journal.listeners.append(told)
    put(journal, Counted())
    await told.until(1)
    assert [one.usage for one in told] == [USAGE]
    assert os.listdir(tmp_path) == []


async def test_what_waits_is_bounded_and_what_is_dropped_is_counted(
    made: Make, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 10)
    journal, told = made(), Told()
    journal.listeners.append(told)
    for _ in range(25):
        put(journal)
    await told.until(10)
    assert '"lost":15' in log.getvalue()
    put(journal)
    await told.until(11)
    assert log.getvalue().count("fell behind") == 1
    assert journal._dropped == 0
    assert count(tmp_path / "journal.sqlite") == 11


async def test_replies_that_wait_are_bounded_by_their_bytes(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ROOM", 100)
    journal, told = made(), Told()
    journal.listeners.append(told)
    for size in (60, 60, 40):
        put(journal, Counted(size))
    await told.until(3)
    put(journal, Counted(100))
    await told.until(4)
    assert [one.usage for one in told] == [USAGE, None, USAGE, USAGE]


async def test_while_the_disk_hangs_nobody_waits(
    made: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, log: io.StringIO
) -> None:
    """Requests go on, and the end of the process is put off for a moment only; nothing is lost before that end."""
    hangs, released = threading.Event(), threading.Event()
    add = keeper.Keeper._add

    def hang(self: keeper.Keeper, entries: Sequence[Record]) -> None:
        hangs.set()
        released.wait(10)
        add(self, entries)

    monkeypatch.setattr(keeper.Keeper, "_add", hang)
    monkeypatch.setattr(writer, "PAUSE", 0.0)
    monkeypatch.setattr(writer, "_LAST_WORDS", 0.05)
    journal, told = made(), Told()
    journal.listeners.append(told)
    put(journal)
    assert await asyncio.to_thread(hangs.wait, 10)
    for _ in range(3):
        put(journal)
    await journal.finish()
    assert json.loads(log.getvalue())["event"] == "journal not finished"
    assert json.loads(log.getvalue())["lost"] == 4
    assert not told
    released.set()
    await told.until(4)
    assert (count(tmp_path / "journal.sqlite"), journal.trouble) == (4, "")


async def test_trouble_is_told_and_goes_when_it_is_over(made: Make, tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    file.mkdir()
    journal, told = made(), Told()
    journal.listeners.append(told)
    put(journal)
    await told.until(1)
    assert journal.trouble == "journal: no regular file (1 rows lost)"
    file.rmdir()
    put(journal)
    await told.until(2)
    assert journal.trouble == ""
    assert asked(file, "SELECT count(*) FROM requests") == [(1,)]


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize(("error", "said"), [("", True), ("the upstream broke off its reply", False)])
async def test_a_meter_that_gave_up_says_so_unless_something_worse_is_said(
    made: Make, log: io.StringIO, quick: bool, error: str, said: bool
) -> None:
    meter, told = Counted(quick=quick), Told()
    meter.gave_up = "larger than is read"
    journal = made()
    journal.listeners.append(told)
    put(journal, meter, error=error)
    await told.until(1)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["event"], line["reason"], line["id"]) for line in lines] == [
        ("tokens not read", "larger than is read", RECORD.id)
    ] * said

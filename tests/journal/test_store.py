"""The file: begun, brought up to date, appended to all or nothing, and kept within its bounds."""

import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from proxy.journal import store as module
from proxy.journal.rows import COLUMNS, Row, row
from proxy.journal.schema import STEPS, VERSION
from proxy.journal.store import STEP, Store, UnusableError, is_corrupt, quarantine
from tests.journal.given import NOON, asked, count, entry, rows

DAY = 86400.0

Open = Callable[..., Store]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def opened(file: Path) -> Iterator[Open]:
    stores: list[Store] = []

    def opener(max_age: float = 90 * DAY, max_bytes: int = 2**40) -> Store:
        stores.append(Store(file, max_age, max_bytes))
        return stores[-1]

    yield opener
    for store in stores:
        store.close()


def test_a_new_file_is_for_its_owner_alone_and_so_is_what_lies_beside_it(file: Path, opened: Open) -> None:
    opened().add(rows(1))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == {f"journal.sqlite{ending}": 0o600 for ending in ("", "-wal", "-shm")}


def test_a_file_that_others_may_read_is_closed_to_them(file: Path, opened: Open) -> None:
    opened().close()
    file.chmod(0o644)
    opened()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [1, 2, 3, 511, 512, 513, 1300])
def test_a_batch_of_any_size_is_appended_whole_and_in_order_and_summed(opened: Open, file: Path, number: int) -> None:
    store, some = opened(), [(NOON + at, *row[1:]) for at, row in enumerate(rows(number))]
    store.add(some[:1])
    store.add(some)
    assert asked(file, "SELECT at FROM requests ORDER BY id") == [(NOON,), *((NOON + at,) for at in range(number))]
    assert asked(file, "SELECT sum(requests) FROM hours") == [(number + 1,)]


def test_a_library_that_takes_few_values_gets_few_at_once(opened: Open, file: Path) -> None:
    store = opened()
    store._connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
    store.add(rows(100))
    assert asked(file, "SELECT count(*) FROM requests") == [(100,)]


def test_rows_are_there_after_it_was_opened_anew(file: Path, opened: Open) -> None:
    first = opened()
    first.add(rows(3))
    first.close()
    opened().add(rows(2))
    assert count(file) == 5
    assert asked(file, "SELECT sum(requests), sum(input), sum(counted) FROM hours") == [(5, 50.0, 5)]


def test_it_is_written_ahead_of_and_can_be_read_meanwhile(file: Path, opened: Open) -> None:
    opened().add(rows(3))
    assert asked(file, "PRAGMA journal_mode") == [("wal",)]
    assert count(file) == 3


def test_what_fails_half_way_leaves_nothing_behind(file: Path, opened: Open) -> None:
    store = opened()
    spoiled: list[Row] = [*rows(2), (None,) * len(rows(1)[0])]
    with pytest.raises(sqlite3.IntegrityError):
        store.add(spoiled)
    store.add(rows(1))
    assert (count(file), asked(file, "SELECT sum(requests) FROM hours")) == (1, [(1,)])


def older(file: Path, version: int, of: Sequence[Row] = ()) -> None:
    """A file as an earlier version of the schema had it, with three rows in it, or these."""
    file.parent.mkdir()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statements in STEPS[:version]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
        known = [name for _, name, *_ in connection.execute("PRAGMA table_info(requests)")][1:]
        into = f"INSERT INTO requests ({', '.join(known)}) VALUES ({', '.join('?' * len(known))})"
        for values in of or rows(3):
            named = dict(zip(COLUMNS, values, strict=True))
            connection.execute(into, [named[name] for name in known])


def test_an_older_schema_is_brought_up_to_date_with_its_rows(file: Path, opened: Open) -> None:
    older(file, 1)
    opened().add(rows(1, NOON + 3600))
    assert asked(file, "PRAGMA user_version") == [(VERSION,)]
    assert count(file) == 4
    sums = asked(file, "SELECT hour, sum(requests), sum(output) FROM hours GROUP BY 1")
    assert sums == [(NOON // 3600, 3, 60.0), (NOON // 3600 + 1, 1, 20.0)]


def test_of_older_rows_the_status_tells_which_were_errors_of_the_upstream(file: Path, opened: Open) -> None:
    statuses = (200, 400, 429, 500, 529, 529, 499)
    some = [row(entry(status=status)) for status in statuses]
    older(
        file, 2, [*some, row(entry(status=404, method="HEAD")), row(entry(status=502, outcome="failed", fault="tls"))]
    )
    opened().add([row(entry(status=429, fault="429"))])
    told = asked(file, "SELECT kind, sum(requests) FROM upstream_errors GROUP BY 1")
    assert dict(told) == {"4xx": 1, "429": 2, "5xx": 1, "529": 2}
    assert asked(file, "SELECT count(*) FROM requests WHERE fault = ''") == [(3,)]


def test_every_older_schema_ends_up_like_a_new_one(tmp_path: Path) -> None:
    shapes = []
    for version in range(VERSION + 1):
        file = tmp_path / str(version) / "j"
        if version:
            older(file, version)
        Store(file, DAY, 2**40).close()
        shapes.append(asked(file, "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2"))
    assert all(shape == shapes[0] for shape in shapes)


def test_a_newer_schema_is_left_as_it_is(file: Path, opened: Open) -> None:
    store = opened()
    store.add(rows(1))
    store.close()
    asked(file, f"PRAGMA user_version = {VERSION + 1}")
    before = file.read_bytes()
    with pytest.raises(UnusableError, match="written by a newer Sidestep"):
        opened()
    assert file.read_bytes() == before


def test_another_programs_file_is_left_as_it_is(file: Path, opened: Open) -> None:
    file.parent.mkdir()
    asked(file, "CREATE TABLE requests (x)")
    before = file.read_bytes()
    with pytest.raises(UnusableError, match="another program's file"):
        opened()
    assert file.read_bytes() == before


def test_a_link_is_not_followed(file: Path, opened: Open, tmp_path: Path) -> None:
    file.parent.mkdir()
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnusableError, match="no regular file"):
        opened()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("spoil", [b"no database" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_spoiled_file_is_known_as_such_and_can_be_quarantined(file: Path, opened: Open, spoil: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(spoil)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        opened()
    assert is_corrupt(caught.value)
    aside = quarantine(file, "now")
    assert (aside.name, aside.read_bytes()) == ("journal.sqlite.corrupt-now", spoil)
    assert not file.exists()


def test_what_lies_beside_a_spoiled_file_goes_with_it(file: Path) -> None:
    file.parent.mkdir()
    for ending in ("", "-wal", "-shm"):
        file.with_name(file.name + ending).write_text(ending)
    quarantine(file, "now")
    assert sorted(path.name for path in file.parent.iterdir()) == [
        f"journal.sqlite.corrupt-now{ending}" for ending in ("", "-shm", "-wal")
    ]


def trim(store: Store, now: float, times: int = 1) -> None:
    """With a clock that has been steady for long."""
    store.trim(now, 0.0)
    for number in range(times):
        store.trim(now + 700 + number, 700.0 + number)


def test_old_rows_are_removed_with_the_sums_of_their_hours(file: Path, opened: Open) -> None:
    store = opened(max_age=DAY)
    store.add([*rows(10), *rows(5, NOON + 7200)])
    trim(store, NOON + DAY + 3600)
    assert asked(file, "SELECT min(at), count(*) FROM requests") == [(NOON + 7200, 5)]
    assert asked(file, "SELECT hour FROM hours") == [(NOON // 3600 + 2,)]
    assert asked(file, "SELECT hour FROM own_times") == [(NOON // 3600 + 2,)]


def test_rows_are_removed_in_small_steps(file: Path, opened: Open) -> None:
    store = opened(max_age=DAY)
    store.add([*rows(STEP + 500), *rows(1, NOON + 5 * DAY)])
    trim(store, NOON + 5 * DAY)
    assert count(file) == 501
    trim(store, NOON + 5 * DAY, times=2)
    assert count(file) == 1


def test_nothing_is_old_as_long_as_the_clock_jumps(file: Path, opened: Open) -> None:
    store = opened(max_age=DAY)
    store.add(rows(10))
    for number in range(100):  # a year ahead, and back, every five minutes
        store.trim(NOON + 365 * DAY * (number % 2), 300.0 * number)
    assert count(file) == 10


def test_a_clock_that_went_back_removes_nothing_and_breaks_nothing(file: Path, opened: Open) -> None:
    store = opened(max_age=DAY)
    store.add(rows(10))
    store.add(rows(3, at=0.0))
    trim(store, 3600.0)
    assert count(file) == 13
    trim(store, NOON + 3600)
    assert count(file) == 13, "rows of a wrong clock stay as long as their neighbours"
    store.add(rows(1, NOON + 3 * DAY))
    trim(store, NOON + 3 * DAY)
    assert count(file) == 1


def test_above_its_size_the_oldest_rows_give_way_and_the_file_shrinks(file: Path, opened: Open) -> None:
    limit = 2**20
    store = opened(max_bytes=limit)
    for number in range(20):
        store.add(rows(1000, NOON + 1000 * number))
    before = count(file)
    for number in range(40):
        store.trim(NOON, float(number))
    (oldest, newest, left), *_ = asked(file, "SELECT min(at), max(at), count(*) FROM requests")
    assert 0 < left < before
    assert newest == NOON + 19_999
    assert oldest == newest - left + 1
    store.close()
    assert file.stat().st_size < 2.1 * limit, "a mebibyte may stay free for later"
    assert asked(file, "SELECT min(hour) FROM hours") == [(int(oldest // 3600),)]


def test_a_file_that_another_program_holds_is_waited_for_and_no_longer(
    file: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_TIMEOUT", 0.01)
    store = opened()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            store.add(rows(1))
        other.execute("ROLLBACK")
    store.add(rows(1))
    assert count(file) == 1


def test_own_times_are_summed_to_five_percent(file: Path, opened: Open) -> None:
    times = [0.0004, 0.003, 0.0123, 0.0999, 0.234, 0.99, 4.9, 77.0, 123.4, 2500.0, 60_000.0]
    store = opened()
    found: list[Any] = []
    for time in times:
        row = list(rows(1)[0])
        row[17] = time
        store.add([tuple(row)])
    found = [own for (own,) in asked(file, "SELECT own FROM own_times ORDER BY own")]
    assert found[0] == 0
    assert found[-1] == 10_000_000, "above ten seconds, it matters no more"
    for own, time in zip(found[1:-1], times[1:-1], strict=True):
        assert own == pytest.approx(time * 1000, rel=0.051)

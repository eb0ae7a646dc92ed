"""Whatever befalls the file: rows are lost, it is said once, and it mends itself when the disk does."""

import io
import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from proxy.journal import store
from proxy.journal.keeper import Keeper
from proxy.journal.schema import VERSION
from proxy.logs.observe import logger
from proxy.settings.config import LogSettings
from tests.journal.given import NOON, asked, count, entry, settings


class Kept:
    """A keeper, with its log."""

    def __init__(self, file: Path, **changes: Any) -> None:
        self._stream = io.StringIO()
        self.file = file
        self.keeper = Keeper(settings(file, **changes), logger(LogSettings(format="json"), self._stream))

    def keep(self, rows: int = 1) -> str:
        """Have rows kept; the trouble with them."""
        self.keeper.keep([entry(NOON + number) for number in range(rows)])
        return self.keeper.trouble

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.said]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    monkeypatch.setattr(store, "LOCK_TIMEOUT", 0.01)
    made = Kept(tmp_path / "state" / "journal.sqlite")
    yield made
    made.keeper.close()


@contextmanager
def held(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_all_well_is_not_worth_a_word(kept: Kept) -> None:
    assert kept.keep(3) == ""
    assert (count(kept.file), kept.said) == (3, [])


def test_a_locked_file_costs_rows_is_said_once_and_recovers(kept: Kept) -> None:
    kept.keep()
    with held(kept.file):
        assert kept.keep(2) == "journal: database is locked (2 rows lost)"
        assert kept.keep(3) == "journal: database is locked (5 rows lost)"
    assert kept.keep() == ""
    assert kept.events == ["journal failed", "journal recovered"]
    assert (kept.said[1]["lost"], count(kept.file)) == (5, 2)


def test_a_corrupt_file_is_moved_aside_loudly_and_a_new_one_begun(kept: Kept) -> None:
    kept.file.parent.mkdir()
    kept.file.write_bytes(b"no database" * 999)
    assert kept.keep(2) == ""
    (aside,) = kept.file.parent.glob("journal.sqlite.corrupt-*")
    assert aside.read_bytes().startswith(b"no database")
    assert kept.events == ["journal corrupt"]
    assert (kept.said[0]["level"], kept.said[0]["moved_to"]) == ("error", str(aside))
    assert count(kept.file) == 2


def test_so_is_one_that_turns_out_to_be_corrupt_while_it_is_written(kept: Kept) -> None:
    kept.keep(2000)
    kept.keeper.close()
    with kept.file.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (kept.file.stat().st_size - 8192))
    assert kept.keep(2) == ""
    assert kept.events == ["journal corrupt"]
    assert count(kept.file) == 2


def test_a_newer_file_is_not_touched(kept: Kept) -> None:
    kept.keep()
    kept.keeper.close()
    asked(kept.file, f"PRAGMA user_version = {VERSION + 1}")
    assert "written by a newer Sidestep" in kept.keep()
    assert kept.keep().endswith("(2 rows lost)")
    assert (count(kept.file), kept.events) == (1, ["journal failed"])


def test_a_folder_that_cannot_be_made_costs_rows(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = Kept(tmp_path / "file" / "journal.sqlite")
    assert made.keep() == "journal: File exists (1 rows lost)"
    (tmp_path / "file").unlink()
    assert made.keep() == ""
    made.keeper.close()


def test_a_file_that_may_not_be_written_costs_rows(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.keep()
    kept.keeper.close()
    real = sqlite3.connect

    def read_only(file: Path, **options: Any) -> sqlite3.Connection:
        return cast(sqlite3.Connection, real(f"file:{file}?mode=ro", uri=True, **options))

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", read_only)
        assert kept.keep() == "journal: attempt to write a readonly database (1 rows lost)"
    assert kept.keep() == ""


def test_what_nobody_thought_of_costs_rows_and_shows_no_content(kept: Kept) -> None:
    kept.keeper.keep([entry(bytes_in=2**70)])
    assert kept.keeper.trouble == "journal: OverflowError (1 rows lost)"
    assert kept.keep() == ""


def test_trimming_that_fails_costs_nothing(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: float) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(store.Store, "trim", fail)
    assert kept.keep() == ""
    assert (count(kept.file), kept.events) == (1, ["journal not trimmed"])


def test_a_full_disk_that_says_so_costs_rows_and_recovers(kept: Kept) -> None:
    kept.keep()
    assert kept.keeper._store
    kept.keeper._store._connection.execute("PRAGMA max_page_count = 1").fetchall()
    assert kept.keep(5000) == "journal: database or disk is full (5000 rows lost)"
    assert kept.keep() == ""
    assert (count(kept.file), kept.events) == (2, ["journal failed", "journal recovered"])


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"mounting a file system is not permitted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full_costs_rows_until_there_is_room(tiny: Path) -> None:
    ballast = tiny / "ballast"
    made = Kept(tiny / "journal.sqlite")
    try:
        assert made.keep() == ""
        with ballast.open("wb", buffering=0) as file:
            free = os.statvfs(tiny)
            file.write(b"x" * (free.f_bavail * free.f_frsize))
        assert "database or disk is full" in made.keep(500)
        assert "database or disk is full" in made.keep(500)
        ballast.unlink()
        assert made.keep() == ""
        assert (count(made.file), made.events) == (2, ["journal failed", "journal recovered"])
    finally:
        made.keeper.close()


def test_a_disk_that_is_full_from_the_beginning_is_no_corrupt_file(tiny: Path) -> None:
    ballast = tiny / "ballast"
    ballast.write_bytes(b"x" * (255 * 1024))
    made = Kept(tiny / "journal.sqlite")
    try:
        assert made.keep() != ""
        ballast.unlink()
        assert made.keep() == ""
        assert made.events == ["journal failed", "journal recovered"]
    finally:
        made.keeper.close()


def test_rows_that_are_lost_for_good_are_told_at_the_end(kept: Kept) -> None:
    kept.keep()
    with held(kept.file):
        kept.keep(7)
        kept.keeper.finish()
    assert kept.events == ["journal failed", "journal not finished"]
    assert kept.said[-1]["lost"] == 7


def test_an_end_with_all_rows_stored_is_not_worth_a_word(kept: Kept) -> None:
    kept.keep()
    kept.keeper.finish()
    assert kept.events == []

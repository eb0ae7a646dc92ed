"""Warnings that repeat themselves: written once a minute, and counted; other lines are always written."""

import io
import logging
from typing import Any

import pytest
from msgspec.structs import replace

from proxy.logs.observe import LibraryLogs, Logger, log_requests, logger
from proxy.settings.config import LogSettings
from tests.cases import every
from tests.logs.test_observe import RECORD, lines


class Said:
    """A log with a clock that stands still until it is moved."""

    def __init__(self, level: str = "info") -> None:
        self.now, self._stream = 0.0, io.StringIO()
        self.log: Logger = logger(LogSettings.model_validate({"level": level}), self._stream, lambda: self.now)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return lines(self._stream)

    def events(self, *fields: str) -> list[tuple[Any, ...]]:
        return [tuple(line.get(name) for name in ("event", *fields)) for line in self.lines]


def test_a_warning_that_comes_again_within_a_minute_is_left_out_and_then_counted() -> None:
    said = Said()
    for number in range(5):
        said.now = number
        said.log.warning("connection closed", reason="no whole head in time", bytes_in=number)
    said.now = 60.0
    said.log.warning("connection closed", reason="no whole head in time", bytes_in=9)
    assert said.events("bytes_in", "repeated") == [("connection closed", 0, None), ("connection closed", 9, 4)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"event": "request", "status": 400, "reason": "malformed"}, {"event": "request", "status": 431}),
        ({"event": "library", "at": "a:1"}, {"event": "library", "at": "a:2"}),
        ({"event": "drift", "sign": "s", "fingerprint": "1"}, {"event": "drift", "sign": "s", "fingerprint": "2"}),
        ({"event": "capture failed", "problem": "x"}, {"event": "capture failed", "problem": "y"}),
    ],
)
def test_warnings_that_say_different_things_are_all_written(first: dict[str, Any], second: dict[str, Any]) -> None:
    said = Said()
    said.log.warning(**first)
    said.log.warning(**second)
    assert len(said.lines) == 2


def test_what_only_measures_or_names_a_request_makes_no_difference() -> None:
    said = Said()
    said.log.warning("tripped", rule="r", reason="again", id="1")
    said.log.warning("tripped", rule="r", reason="again", id="2")
    assert said.events("id") == [("tripped", "1")]


@pytest.mark.parametrize("outcome", ["refused", "failed", "forwarded"])
def test_the_line_of_a_request_is_always_written(outcome: Any) -> None:
    said = Said()
    for _ in range(10):
        log_requests(said.log, [replace(RECORD, outcome=outcome)] * 10)
    assert len(said.lines) == 100
    assert {line["level"] for line in said.lines} == {"warning"}


@pytest.mark.parametrize("level", ["debug", "info"])
def test_what_is_no_warning_is_always_written(level: str) -> None:
    said = Said("debug")
    for _ in range(3):
        getattr(said.log, level)("shadow", rule="r", verdict="same")
    assert len(said.lines) == 3


@every("event", ["problem", "not reloaded", "cannot serve", "cannot listen", "stopped"])
def test_what_somebody_waits_for_is_always_written(event: str) -> None:
    said = Said()
    for _ in range(3):
        said.log.error(event, problem="the same")
    assert len(said.lines) == 3


def test_what_libraries_repeat_is_counted_too() -> None:
    said = Said()
    library = LibraryLogs(said.log)
    for _ in range(3):
        library.handle(logging.makeLogRecord({"name": "asyncio", "levelno": logging.ERROR, "levelname": "ERROR"}))
    said.log.write_repeats(ending=True)
    assert said.events("level", "repeated") == [("library", "error", None), ("library", "error", 1)]


def test_what_nothing_came_after_is_told_when_its_minute_is_over() -> None:
    said = Said()
    for number in range(3):
        said.log.warning("capture failed", problem="disk full", lines=number)
    said.log.write_repeats()
    assert len(said.lines) == 1
    said.now = 60.0
    said.log.write_repeats()
    said.log.write_repeats()
    assert said.events("lines", "repeated") == [("capture failed", 0, None), ("capture failed", 2, 1)]


def test_one_line_that_was_held_back_stands_for_itself_alone() -> None:
    said = Said()
    for number in range(2):
        said.log.warning("capture failed", problem="disk full", lines=number)
    said.log.write_repeats(ending=True)
    assert said.events("lines") == [("capture failed", 0), ("capture failed", 1)]
    assert "repeated" not in said.lines[1]
    assert set(said.lines[0]) == set(said.lines[1])


def test_what_is_below_the_level_is_neither_written_nor_told() -> None:
    said = Said("error")
    for _ in range(3):
        said.log.warning("capture failed", problem="disk full")
    said.log.write_repeats(ending=True)
    assert said.lines == []

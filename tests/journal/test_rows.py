"""What of an entry becomes a row, and what does not."""

from typing import Any

import pytest
from msgspec.structs import replace

from proxy.journal.rows import COLUMNS, record_of, row
from tests.journal.given import NOON, entry


def as_row(**changes: Any) -> dict[str, Any]:
    return dict(zip(COLUMNS, row(entry(**changes)), strict=True))


def test_a_row_has_what_the_record_and_the_upstream_say() -> None:
    assert as_row(rule="topic", error="e", fault="broken off", verdict="same", retried=True) == {
        "at": NOON,
        "outcome": "forwarded",
        "rule": "topic",
        "reason": "no rule matches",
        "error": "e",
        "fault": "broken off",
        "method": "POST",
        "path": "/v1/messages",
        "client": "claude-cli",
        "version": "2.1.330",
        "session": "0123456789abcdef",
        "model": "claude-haiku-4-5",
        "family": "haiku",
        "status": 200,
        "verdict": "same",
        "duration": 1500.0,
        "first_byte": 800.0,
        "own": 0.2,
        "bytes_in": 1000,
        "bytes_out": 2000,
        "input": 10,
        "output": 20,
        "cache_read": 30,
        "cache_creation": 40,
        "retried": 1,
    }


@pytest.mark.parametrize("changes", [{}, {"usage": None, "client": "", "first_byte": None, "overhead": None}])
def test_a_row_read_again_is_the_request_that_it_tells_of(changes: dict[str, Any]) -> None:
    before = entry(rule="topic", error="e", fault="529", verdict="same", **changes)
    again = record_of((7, *row(before)))
    assert again == replace(before, id="earlier_7", earlier=True)


def test_tokens_that_nobody_told_are_none_and_not_nothing() -> None:
    found = as_row(usage=None)
    assert [found[name] for name in ("input", "output", "cache_read", "cache_creation")] == [None] * 4


@pytest.mark.parametrize("path", ["/v1/files/file_secret", "", "/v1/messages/x", "/v1/…"])
def test_a_path_that_somebody_may_have_made_up_is_not_kept(path: str) -> None:
    assert as_row(path=path)["path"] == "other"


def test_phrases_are_bounded() -> None:
    assert as_row(reason="r" * 999, rule="u" * 999)["reason"] == "r" * 120

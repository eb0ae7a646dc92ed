"""What an answer has saved: by the size of its request, and by what the upstream told of others."""

from typing import Any

import pytest

from proxy.replies.usage import Usage
from proxy.telemetry.savings import CACHE_LASTS, AvoidedCost, Measures, Savings
from tests.cases import every
from tests.journal.given import NOON, entry


def test_nothing_is_estimated_before_a_reply_of_the_model_has_told_anything() -> None:
    measures = Measures()
    measures.measure("opus", 4000, 1000)
    measures.measure("haiku", 0, 1000)
    assert measures.estimate("", "haiku", NOON, 4000) == AvoidedCost(None, 0.0)


def test_the_lower_quartile_of_what_was_measured_counts() -> None:
    measures = Measures()
    for tokens in (1000, 500, 2000, 4000, 1000):
        measures.measure("haiku", 4000, tokens)
    assert measures.estimate("", "haiku", NOON, 8000) == AvoidedCost(2000.0, 0.0)


@every(
    ("asked", "found"),
    [
        ({}, AvoidedCost(10_500.0, 10_000.0)),
        ({"size": 40_000}, AvoidedCost(10_000.0, 0.0)),
        ({"session": "other"}, AvoidedCost(10_500.0, 0.0)),
        ({"family": "opus"}, AvoidedCost(None, 0.0)),
        ({"at": NOON + CACHE_LASTS + 1}, AvoidedCost(10_500.0, 0.0)),
    ],
)
def test_of_a_copied_conversation_the_cache_would_have_held_the_last_turn(asked: dict[str, Any], found: Any) -> None:
    measures = Measures()
    measures.measure("haiku", 40_000, 10_000)
    measures.remember("mine", "haiku", NOON, 40_000, 10_000)
    given = {"session": "mine", "family": "haiku", "at": NOON + 60, "size": 42_000, **asked}
    assert measures.estimate(**given) == found


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([(4000, 1000), (4000, 2000), (4000, 1600)], (2.5, 3)),
        ([(4000, 1000), (4000, 1000)], None),
        # Some say nothing of what they had in mind, or nothing at all; and an image is many bytes.
        ([(4000, 1000)] * 3 + [(4000, 12)] * 5 + [(4000, 0)] * 5 + [(900_000, 3000)] * 5, (4.0, 3)),
    ],
)
def test_how_many_bytes_make_a_token_is_the_median_of_what_is_likely(
    told: list[tuple[int, int]], found: tuple[float, int] | None
) -> None:
    measures = Measures()
    for size, tokens in told:
        measures.measure("haiku", size, tokens)
    assert measures.bytes_per_token("haiku") == found
    assert measures.bytes_per_token("opus") is None


def test_where_nobody_has_looked_for_a_model_nothing_is_measured_or_saved() -> None:
    """An answer that is no message has asked no model, and so saved no tokens of any."""
    measures = Measures()
    measures.measure("", 4000, 1000)
    assert measures.estimate("", "", NOON, 4000) == AvoidedCost(None, 0.0)


def test_requests_without_a_session_have_nothing_to_do_with_each_other() -> None:
    measures = Measures()
    measures.measure("haiku", 40, 10)
    measures.remember("", "haiku", NOON, 40, 10)
    assert measures.estimate("", "haiku", NOON, 80).cached == 0


def test_what_is_kept_in_mind_is_bounded() -> None:
    measures = Measures()
    for number in range(10_000):
        measures.measure(f"family {number}", 4, 1)
        measures.remember(f"session {number}", "haiku", NOON, 4, 1)
    for _ in range(1000):
        measures.measure("family 0", 4, 1)
        measures.remember("session 0", "haiku", NOON, 4, 1)
    assert len(measures._ratios) <= 10
    assert len(measures._sessions) <= 1024
    assert len(measures._ratios["family 0"]) <= 50
    assert len(measures._sessions["session 0", "haiku"]) <= 4


def test_turns_of_other_agents_do_not_stand_for_the_conversation_that_was_copied() -> None:
    measures = Measures()
    measures.measure("haiku", 40_000, 10_000)
    measures.remember("mine", "haiku", NOON, 40_000, 10_000)
    for size in (900, 3000):
        measures.remember("mine", "haiku", NOON + 1, size, size // 4)
    assert measures.estimate("mine", "haiku", NOON + 60, 42_000) == AvoidedCost(10_500.0, 10_000.0)


def test_a_process_sums_what_its_answers_saved() -> None:
    saved = Savings()
    asked: dict[str, Any] = {"outcome": "answered", "rule": "title", "bytes_in": 8000, "duration": 100.0}
    saved.read(entry(usage=None, **asked), "haiku")
    assert (saved.requests, saved.size, saved.tokens, saved.time) == (1, 8000, 0, 0), "nothing is known yet"
    saved.read(entry(usage=Usage(100, 9, 300, 600), bytes_in=4000, duration=600.0), "haiku")
    others: list[dict[str, Any]] = [
        {"fault": "error in stream"},
        {"error": "x"},
        {"status": 499},
        {"outcome": "failed"},
    ]
    for other in others:
        saved.read(entry(usage=Usage(1, 1, 0, 0), bytes_in=4000, rule="title", **other), "haiku")
    saved.read(entry(usage=None, **asked), "haiku")
    assert (saved.requests, saved.size, saved.tokens, saved.cached) == (2, 16_000, 2000, 1000)
    assert saved.time == 0, "what other questions take says nothing of this one"
    for duration in (700.0, 600.0, 2000.0):
        saved.read(entry(usage=None, rule="title", duration=duration), "haiku")
    saved.read(entry(usage=None, **asked), "opus")
    assert saved.time == 0, "another model"
    saved.read(entry(usage=None, **asked), "haiku")
    assert saved.time == 600
    saved.read(entry(usage=None, **{**asked, "duration": 9000.0}), "haiku")
    assert saved.time == 600, "a counter never falls"

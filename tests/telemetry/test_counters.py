"""Counts: what a record adds to them, and that no label grows with what clients send."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from proxy.names import OTHER
from proxy.record import Outcome, Record
from proxy.replies.errors import ERROR_IN_STREAM, NOT_A_MESSAGE
from proxy.telemetry.counters import BOUNDS, Counters, Histogram, family
from tests.cases import every
from tests.records import FORWARDED

OUTCOMES: tuple[Outcome, ...] = ("answered", "forwarded", "local", "refused", "failed")


def record(**changed: Any) -> Record:
    """A request that was forwarded, with success."""
    return replace(FORWARDED, **{"at": 1000.0, "model": "claude-opus-4-5", **changed})


def counted(*records: Record) -> Counters:
    counters = Counters()
    for each in records:
        counters.count(each)
    return counters


def filled(histogram: Histogram) -> dict[float, int]:
    """How many fell below which bound, and above the one before it."""
    return {bound: count for bound, count in zip([*BOUNDS, float("inf")], histogram.counts, strict=True) if count}


def test_a_request_is_counted_by_its_labels_with_its_times_and_sizes() -> None:
    counters = counted(record(), record(), record(outcome="answered", rule="topic", reason="", model="haiku"))
    assert counters.requests == {
        ("forwarded", "", "2xx", "opus"): 2,
        ("answered", "topic", "2xx", "haiku"): 1,
    }
    assert counters.reasons == {("forwarded", "", "no rule matched"): 2}
    assert filled(counters.duration["forwarded"]) == {2.5: 2}
    assert filled(counters.first_byte["forwarded"]) == {0.5: 2}
    assert filled(counters.overhead["answered"]) == {0.00025: 1}
    assert (counters.duration["forwarded"].total, counters.overhead["answered"].total) == (5.0, 0.00025)
    assert (counters.bytes_in, counters.bytes_out) == (30, 60)


def test_a_request_without_a_reply_has_a_duration_alone() -> None:
    counters = counted(record(status=499, first_byte=None, overhead=None))
    assert filled(counters.duration["forwarded"]) == {2.5: 1}
    assert (counters.first_byte, counters.overhead) == ({}, {})
    assert list(counters.lately) == []


def test_a_page_of_its_own_has_no_reason_and_is_no_reply_of_the_upstream() -> None:
    counters = counted(record(outcome="local", reason=""))
    assert (counters.reasons, list(counters.lately)) == ({}, [])


def test_it_is_remembered_when_the_upstream_last_failed() -> None:
    counters = counted(record(), record(at=2000.0, outcome="failed", status=502, fault="unreachable"))
    assert counters.last_fault == (2002.5, "unreachable")
    assert counters.faults == {"unreachable": 1}


def test_errors_that_are_read_late_are_no_news_of_the_upstream() -> None:
    """Replies are read a quarter of a second after they ended; many others may have ended by then."""
    early = [record(id=f"early {number}", at=1000.0 + number) for number in range(3)]
    counters = counted(*early, record(at=1900.0, id="it", outcome="failed", fault="lost"))
    for number in range(19):
        counters.count(record(id=str(number), at=2000.0 + number))
    for one in early:
        one.error_read(ERROR_IN_STREAM if one is early[0] else NOT_A_MESSAGE)
    counters.read(early)
    assert counters.upstream_errors == {ERROR_IN_STREAM: 1, NOT_A_MESSAGE: 2}
    assert [fault for _, fault in counters.lately.values()] == ["lost", *[""] * 19]
    assert counters.last_fault == (1902.5, "lost")


def test_an_error_that_is_read_stands_where_its_reply_ended() -> None:
    found = record(id="first")
    counters = counted(found, record(id="second"))
    found.error_read(NOT_A_MESSAGE)
    counters.read([found])
    assert [fault for _, fault in counters.lately.values()] == [NOT_A_MESSAGE, ""]
    assert counters.last_fault == (1002.5, NOT_A_MESSAGE)


def test_a_failure_that_is_not_the_upstreams_says_nothing_of_it() -> None:
    counters = counted(record(outcome="failed", status=408))
    assert (list(counters.lately), counters.last_fault, counters.faults) == ([], None, {})


def test_a_reload_is_counted_by_its_result_and_the_last_is_remembered() -> None:
    counters = Counters()
    for at, result in enumerate(("done", "refused", "done"), 1):
        counters.reloaded(float(at), result)  # type: ignore[arg-type]
    assert (counters.reloads, counters.last_reload) == ({"done": 2, "refused": 1}, (3.0, "done"))


@every(
    ("model", "found"),
    [
        ("claude-opus-4-5-20251101", "opus"),
        ("claude-3-5-haiku-20241022", "haiku"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "sonnet"),
        ("Claude-Sonnet", "sonnet"),
        ("opusculum", OTHER),
        ("my-opus2", "opus"),
        ("sk-planted-key", OTHER),
        ("", ""),
    ],
    ids=lambda text: text[:30],
)
def test_a_model_is_told_by_its_family_alone(model: str, found: str) -> None:
    assert family(model) == found


@given(st.lists(st.floats(min_value=0, max_value=5000, allow_nan=False), max_size=50))
def test_a_histogram_puts_each_time_below_the_first_bound_that_is_not_less(times: list[float]) -> None:
    histogram = Histogram()
    for seconds in times:
        histogram.add(seconds)
    for index, bound in enumerate(BOUNDS):
        assert sum(histogram.counts[: index + 1]) == sum(seconds <= bound for seconds in times)
    assert sum(histogram.counts) == len(times)
    assert histogram.total == pytest.approx(sum(times))


RECORDS = st.builds(
    record,
    outcome=st.sampled_from(OUTCOMES),
    rule=st.text(max_size=4),
    reason=st.text(max_size=4),
    status=st.integers(0, 999),
    model=st.text(max_size=12) | st.sampled_from(["claude-opus-4", "haiku"]),
    fault=st.sampled_from(["", "lost"]),
)


@given(st.lists(RECORDS, max_size=60), st.integers(0, 400))
def test_labels_are_bounded_and_nothing_is_lost_whatever_is_recorded(records: list[Record], more: int) -> None:
    many = [record(rule=f"rule-{number}", reason=f"reason {number}", model=f"m{number}") for number in range(more)]
    counters = counted(*many, *records)
    assert sum(counters.requests.values()) == len(many) + len(records)
    assert sum(counters.reasons.values()) == len(many) + sum(1 for r in records if r.reason)
    outcomes, rules, statuses, models = (
        (set(values) for values in zip(*counters.requests, strict=True)) if counters.requests else [set[str]()] * 4
    )
    assert len(rules) <= 129
    assert len({reason for *_, reason in counters.reasons}) <= 129
    assert outcomes <= set(OUTCOMES)
    assert statuses <= {"1xx", "2xx", "3xx", "4xx", "5xx", OTHER}
    assert models <= {"opus", "sonnet", "haiku", OTHER, ""}

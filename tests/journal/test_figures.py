"""What is read from the journal: sums by group, the cost of a rule's own forwards, and stretches of time."""

import time
from pathlib import Path
from typing import Any

import pytest

from proxy.journal.figures import MEASURED, Basis, Totals, bases, totals
from proxy.journal.reader import UnreadableError, opened
from proxy.journal.schema import VERSION
from proxy.journal.store import Store
from proxy.journal.timeline import timeline
from proxy.replies.usage import Usage
from proxy.telemetry.bucket import Bucket
from tests.journal.given import NOON, asked, entry, rows, written

HOUR = 3600.0
NOTHING = Usage(0, 0, 0, 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def summed(file: Path, since: float = 0.0) -> Totals:
    with opened(file) as journal:
        return totals(journal, since).get("", Totals())


def test_requests_are_counted_by_outcome_and_those_of_its_own_pages_left_out(file: Path) -> None:
    outcomes = ["answered", "forwarded", "forwarded", "failed", "refused", "local"]
    found = summed(written(file, [entry(outcome=outcome) for outcome in outcomes]))
    assert dict(found.outcomes) == {"answered": 1, "forwarded": 2, "failed": 1, "refused": 1}
    assert found.requests == 5


def test_tokens_are_summed_where_they_are_known(file: Path) -> None:
    found = summed(written(file, [entry(), entry(), entry(usage=None)]))
    assert (found.requests, found.counted, found.input, found.output) == (3, 2, 20, 40)
    assert (found.cache_read, found.cache_creation, found.all_input) == (60, 80, 160)


def test_agreement_is_summed(file: Path) -> None:
    verdicts = ["same", "same", "different", "upstream error", ""]
    found = summed(written(file, [entry(verdict=verdict) for verdict in verdicts]))
    assert (found.same, found.different) == (2, 1)


def test_answers_are_summed_by_rule_and_model(file: Path) -> None:
    answers = [entry(outcome="answered", rule="topic", duration=3.0) for _ in range(2)]
    other = entry(outcome="answered", rule="topic", duration=5.0, model="claude-opus-4")
    found = summed(written(file, [*answers, other, entry(rule="topic")]))
    assert found.answered == {("topic", "haiku"): (2, 6.0), ("topic", "opus"): (1, 5.0)}


@pytest.mark.parametrize(("own", "median"), [([0.1, 0.2, 0.4], 0.2), ([0.1, 0.2], 0.1), ([1.0], 1.0), ([], None)])
def test_the_time_added_is_the_median_of_forwards(file: Path, own: list[float], median: float | None) -> None:
    others = [entry(outcome="answered", overhead=9.0), entry(overhead=None)]
    assert summed(written(file, [*others, *(entry(overhead=one) for one in own)])).overhead == median


def test_what_came_before_the_hour_is_left_out(file: Path) -> None:
    written(file, [entry(NOON - 1), entry(NOON), entry(NOON + HOUR)])
    assert [summed(file, since).requests for since in (NOON - 1, NOON, NOON + 1800, NOON + HOUR)] == [3, 2, 2, 1]


@pytest.mark.parametrize(
    ("by", "found"),
    [
        ("rule", {"topic": 1, "": 2}),
        ("model", {"haiku": 2, "": 1}),
        ("client", {"claude-cli/2.1.330": 2, "": 1}),
        ("", {"": 3}),
    ],
)
def test_sums_are_told_by_group(file: Path, by: str, found: dict[str, int]) -> None:
    written(file, [entry(rule="topic"), entry(NOON + HOUR, client=""), entry(model="")])
    with opened(file) as journal:
        groups = totals(journal, 0.0, by)
    assert {name: group.requests for name, group in groups.items()} == found
    assert {name: group.overhead for name, group in groups.items()} == dict.fromkeys(found, 0.2)


def test_days_are_those_of_the_time_zone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(file, [entry(NOON), entry(NOON + 6 * HOUR)])  # noon of 15 November 2023
    for zone, days in (("UTC", ["2023-11-15"]), ("UTC-8", ["2023-11-15", "2023-11-16"])):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            with opened(file) as journal:
                assert sorted(totals(journal, 0.0, "day")) == days
        finally:
            monkeypatch.undo()
            time.tzset()


def based(file: Path, rule: str = "topic", family: str = "haiku", since: float = 0.0) -> Basis:
    with opened(file) as journal:
        return bases(journal, since, [(rule, family)])[rule, family]


ANSWER: dict[str, Any] = {"outcome": "answered", "rule": "topic", "usage": None}


def test_the_basis_is_the_median_of_the_forwards_of_one_rule_and_model(file: Path) -> None:
    durations = [100.0, 900.0, 200.0]
    mine = [entry(rule="topic", duration=one, usage=Usage(int(one), 7, 1, 2)) for one in durations]
    others: list[dict[str, Any]] = [
        {"rule": "title"},
        {"rule": ""},
        {"rule": "topic", "model": "opus"},
        {"rule": "topic", "outcome": "answered"},
        {"rule": "topic", "status": 529},
        {"rule": "topic", "error": "the client went away"},
    ]
    answers = [entry(**{**ANSWER, "bytes_in": size}) for size in (100, 500)]
    written(file, [*mine, *answers, *(entry(**{"duration": 1.0, "session": "", **other}) for other in others)])
    assert based(file).forwards == 3
    found = based(file)
    assert (found.time, found.input, found.cached, found.output) == (200.0, 203.0, 1.0, 7.0)


def test_without_forwards_of_its_own_tokens_are_estimated_by_sizes_and_no_time_is_told(file: Path) -> None:
    talk: dict[str, Any] = {"usage": Usage(100, 9, 300, 100), "bytes_in": 2000, "session": "mine"}
    before = entry(NOON, **ANSWER, bytes_in=1000, session="mine")
    copies = [entry(NOON + 60, **ANSWER, bytes_in=3000, session=session) for session in ("mine", "other")]
    written(file, [before, entry(NOON + 30, **talk), *copies])
    size, tokens, cached = (1000 + 3000 + 3000) / 3, (250 + 750 + 750) / 3, 500 / 3
    found = based(file)
    assert (found.size, found.time, found.output, found.forwards) == (pytest.approx(size), None, 0.0, 0)
    assert (found.input, found.cached) == (pytest.approx(tokens), pytest.approx(cached))


@pytest.mark.parametrize(
    "talk",
    [
        *({"usage": None}, {"status": 529, "fault": "529"}, {"fault": "error in stream"}, {"outcome": "failed"}),
        *({"error": "the client went away"}, {"bytes_in": 0}, {"model": "opus"}),
    ],
)
def test_what_told_nothing_of_the_model_is_no_basis(file: Path, talk: dict[str, Any]) -> None:
    found = based(written(file, [entry(**ANSWER, bytes_in=700), entry(**talk)]))
    assert found == Basis(size=700.0, time=None, input=None, cached=0.0, output=0.0)


def test_forwards_whose_tokens_are_not_known_tell_of_time_alone(file: Path) -> None:
    written(file, [entry(rule="topic", usage=None, duration=90.0), entry(**ANSWER, bytes_in=10), entry(bytes_in=100)])
    found = based(file)
    assert (found.time, found.input, found.output, found.forwards) == (90.0, 8.0, 0.0, 1)


def test_only_the_latest_forwards_count(file: Path) -> None:
    old = [entry(NOON - 1, rule="topic", duration=1.0) for _ in range(MEASURED)]
    found = based(written(file, [*old, *(entry(rule="topic", duration=9.0) for _ in range(MEASURED))]))
    assert (found.forwards, found.time) == (MEASURED, 9.0)


def test_answers_before_the_hour_are_no_part_of_the_mean(file: Path) -> None:
    written(file, [entry(NOON - 1, **ANSWER, bytes_in=9), entry(NOON, **ANSWER, bytes_in=100)])
    assert based(file, since=NOON + 1800).size == 100


@pytest.mark.parametrize("step", [60.0, HOUR, 2 * HOUR])
def test_a_timeline_has_every_stretch_with_what_ended_in_it(file: Path, step: float) -> None:
    outcomes = ["forwarded", "answered", "forwarded"]
    third = [
        entry(NOON + 2 * step + number, outcome=one, overhead=0.2, fault="529") for number, one in enumerate(outcomes)
    ]
    written(file, [entry(NOON - 1), entry(NOON, usage=None, overhead=None), *third, entry(NOON + 4 * step)])
    assert timeline(file, NOON, NOON + 4 * step, step) == [
        Bucket(NOON, {"forwarded": 1}, 0, None, NOTHING),
        Bucket(NOON + step, {}, 0, None, NOTHING),
        Bucket(NOON + 2 * step, {"answered": 1, "forwarded": 2}, 2, 0.2, Usage(30, 60, 90, 120)),
        Bucket(NOON + 3 * step, {}, 0, None, NOTHING),
    ]


def test_of_a_timeline_that_begins_within_an_hour_the_hour_is_whole(file: Path) -> None:
    written(file, [entry(NOON + 1)])
    (first, second) = timeline(file, NOON + 1800, NOON + 1800 + HOUR, HOUR)
    assert (first.start, first.outcomes, second.start) == (NOON, {"forwarded": 1}, NOON + HOUR)


def test_an_empty_stretch_of_time_has_no_buckets(file: Path) -> None:
    assert timeline(written(file, []), NOON, NOON, 60.0) == []


def test_it_is_read_while_it_is_being_written(file: Path) -> None:
    store = Store(file, HOUR, 2**40)
    store.add(rows(1))
    with opened(file) as journal:
        store.add(rows(1))
        assert totals(journal, 0.0)[""].requests == 2
        store.add(rows(1))
        assert totals(journal, 0.0)[""].requests == 2, "one state, until it is closed"
    assert summed(file).requests == 3
    store.close()


def refusal(file: Path) -> str:
    with pytest.raises(UnreadableError) as caught:
        summed(file)
    return str(caught.value)


def test_what_cannot_be_read_is_said_for_people(file: Path) -> None:
    assert refusal(file) == f"{file}: there is no journal yet; it begins with the first request"
    file.write_bytes(b"no database" * 99)
    assert refusal(file) == f"{file}: cannot be read: file is not a database"


@pytest.mark.parametrize(("version", "said"), [(VERSION + 1, "a newer Sidestep"), (VERSION - 1, "an older Sidestep")])
def test_so_is_a_schema_of_another_version(file: Path, version: int, said: str) -> None:
    written(file, [])
    asked(file, f"PRAGMA user_version = {version}")
    assert said in refusal(file)


def test_so_is_another_programs_file(file: Path) -> None:
    asked(file, "CREATE TABLE x (y)")
    assert refusal(file) == f"{file}: no journal of Sidestep's"


def test_reading_changes_nothing(file: Path) -> None:
    before = written(file, [entry()]).read_bytes()
    summed(file)
    assert file.read_bytes() == before

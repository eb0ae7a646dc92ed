"""Sums over time: from the journal where there is one, else of what this process has seen."""

from collections.abc import Sequence
from typing import cast

from proxy.live.charts import History, Recent, chart
from proxy.replies.usage import Usage
from proxy.telemetry.bucket import Bucket
from tests.live.entries import AT, entry


class Remembered:
    """A journal that knows one bucket; `asked` is what it was asked for."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self.asked: list[tuple[float, float, float]] = []

    async def timeline(self, since: float, until: float, step: float) -> Sequence[Bucket]:
        self.asked.append((since, until, step))
        return [Bucket(since, {"answered": 3}, 1, 0.25, Usage(1, 2, 3, 4))]


async def test_an_hour_is_sixty_whole_minutes_and_a_week_is_of_two_hours_each() -> None:
    journal = Remembered(True)
    hour = await chart("hour", AT + 30, cast(History, journal), Recent())
    await chart("week", AT + 30, cast(History, journal), Recent())
    (since, until, step), (week_since, week_until, week_step) = journal.asked
    assert (until - AT, until - since, step) == (60, 3600, 60)
    assert (week_until - week_since, week_step, week_until % 7200) == (7 * 86400, 7200, 0)
    assert week_until - 7200 <= AT + 30 < week_until
    assert hour["source"] == "journal"
    assert hour["buckets"] == [
        {
            "start": since,
            "outcomes": {"answered": 3},
            "errors": 1,
            "overhead": 0.25,
            "usage": {"input": 1, "output": 2, "cache_read": 3, "cache_creation": 4},
        }
    ]


async def test_without_a_journal_there_is_the_hour_that_was_seen_and_no_week() -> None:
    recent = Recent()
    recent.add([entry(usage=Usage(1, 1, 1, 1), overhead=own) for own in (0.1, 0.3, 0.5)])
    recent.add(
        [entry(outcome="answered", overhead=9.0), entry(outcome="local"), entry(at=AT + 60, usage=Usage(5, 0, 0, 0))]
    )
    for journal in (None, cast(History, Remembered(False))):
        hour = await chart("hour", AT + 90, journal, recent)
        assert hour["source"] == "process"
        assert [(each["start"] - AT, each["outcomes"], each["overhead"]) for each in hour["buckets"]] == [
            (0, {"forwarded": 3, "answered": 1}, 0.3),
            (60, {"forwarded": 1}, 0.5),
        ]
        assert [each["usage"]["input"] for each in hour["buckets"]] == [3, 5]
        week = await chart("week", AT, journal, recent)
        assert (week["source"], week["buckets"]) == ("none", [])


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    recent = Recent()
    for minute in range(100):
        recent.add([entry(at=AT + 60 * minute)])
    kept = recent.timeline(0, AT * 2)
    assert [(kept[0].start - AT) / 60, (kept[-1].start - AT) / 60] == [40, 99]


def test_a_clock_that_is_set_back_adds_to_the_latest_minute() -> None:
    recent = Recent()
    recent.add([entry(at=AT + 600), entry(at=AT)])
    (only,) = recent.timeline(0, AT * 2)
    assert (only.start, only.outcomes) == (AT + 600, {"forwarded": 2})

"""The feed: who looks on is told, nothing grows, and nothing is made ready for nobody."""

import asyncio

import orjson
import pytest

from proxy.live import feed as live_feed
from proxy.live.feed import MAX_RECORDS, MAX_WATCHERS, SHOWN, Feed
from tests.live.entries import entry


async def test_a_watcher_is_told_of_what_ends() -> None:
    feed = Feed()
    with feed.watching() as watcher:
        assert watcher is not None
        feed.publish([entry("req_1"), entry("req_2", outcome="answered")])
        ((name, data),) = await watcher.news()
    assert name == "rows"
    assert [(row["id"], row["outcome"]) for row in orjson.loads(data)] == [
        ("req_1", "forwarded"),
        ("req_2", "answered"),
    ]


async def test_what_is_not_taken_is_merged_and_bounded() -> None:
    feed = Feed()
    with feed.watching() as watcher:
        assert watcher is not None
        for number in range(3 * SHOWN):
            feed.publish([entry(f"req_{number}")])
            feed.show("counts", str(number))
        told = dict(await watcher.news())
    rows = orjson.loads(told["rows"])
    assert [rows[0]["id"], rows[-1]["id"], len(rows)] == [f"req_{2 * SHOWN}", f"req_{3 * SHOWN - 1}", SHOWN]
    assert told["counts"] == str(3 * SHOWN - 1)


async def test_rows_are_made_only_while_somebody_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(live_feed, "row", lambda found: made.append(found.id) or {})
    feed = Feed()
    feed.publish([entry("req_1")])
    with feed.watching(), feed.watching():
        feed.publish([entry("req_2")])
    feed.publish([entry("req_3")])
    assert made == ["req_2"]


async def test_it_is_known_whether_anybody_looks_on() -> None:
    feed = Feed()
    assert not feed.watched.is_set()
    with feed.watching():
        with feed.watching():
            pass
        assert feed.watched.is_set()
    assert not feed.watched.is_set()


async def test_one_too_many_is_turned_away_until_another_leaves() -> None:
    feed = Feed()
    contexts = [feed.watching() for _ in range(MAX_WATCHERS)]
    assert all(context.__enter__() is not None for context in contexts)
    with feed.watching() as late:
        assert late is None
    contexts[0].__exit__(None, None, None)
    with feed.watching() as watcher:
        assert watcher is not None
        assert watcher is not None


async def test_closing_ends_those_who_wait_and_lets_nobody_in() -> None:
    feed = Feed()
    with feed.watching() as watcher:
        assert watcher is not None
        waiting = asyncio.create_task(watcher.news())
        await asyncio.sleep(0)
        feed.close()
        assert await waiting == ()
    with feed.watching() as late:
        assert late is None


async def test_requests_for_its_own_pages_are_no_news() -> None:
    feed = Feed()
    with feed.watching() as watcher:
        assert watcher is not None
        feed.publish([entry("req_1", outcome="local")])
        feed.publish([entry("req_2")])
        ((_, data),) = await watcher.news()
    assert [row["id"] for row in orjson.loads(data)] == ["req_2"]
    assert feed.find("req_1") is None


async def test_the_latest_can_be_asked_for_and_older_ones_are_forgotten() -> None:
    feed = Feed()
    feed.publish([entry(f"req_{number}") for number in range(MAX_RECORDS + 1)])
    assert feed.find("req_0") is None
    assert feed.find("req_1") is not None
    assert [found.id for found in feed.latest()] == [
        f"req_{number}" for number in range(MAX_RECORDS + 1 - SHOWN, MAX_RECORDS + 1)
    ]


async def test_medians_are_of_the_latest_times() -> None:
    feed = Feed()
    assert (feed.overhead, feed.answers) == (None, {})
    feed.publish([entry(overhead=own) for own in (0.1, 0.2, 9.0)])
    feed.publish([entry(outcome="answered", rule="topic", duration=ms) for ms in (1.0, 3.0)])
    assert (feed.overhead, feed.answers) == (0.2, {"topic": 2.0})
    feed.publish([entry(overhead=5.0)] * 200)
    assert feed.overhead == 5.0

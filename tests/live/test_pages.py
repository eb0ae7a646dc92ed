"""The page over HTTP, without a browser: what it may do, what its events are, and that they hold nothing up."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from proxy.live import pages
from proxy.live.feed import MAX_WATCHERS
from proxy.live.state import LiveState
from proxy.rules.load import Loaded
from proxy.scripted import ScriptedUpstream
from proxy.serving.app import LIVE, REQUEST_LOG
from proxy.sse import Decoder, Event
from tests.journal.given import written
from tests.live.entries import entry
from tests.live.given import Shown, conversation, send, shown
from tests.raw import Peer, raw_client, raw_upstream
from tests.waiting import PATIENCE, until


@pytest.fixture
async def sidestep(shipped: Loaded, scripted: ScriptedUpstream, tmp_path: Any) -> AsyncIterator[Shown]:
    async with shown(shipped.rules, scripted.url, tmp_path) as found:
        yield found


@asynccontextmanager
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


async def _events(reply: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    decoder = Decoder()
    async for chunk in reply.content.iter_any():
        for event in decoder.feed(chunk):
            yield event


def _logged(sidestep: Shown) -> list[dict[str, Any]]:
    sidestep.app[REQUEST_LOG].flush()
    lines = [json.loads(line) for line in sidestep.log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "request"]


async def test_the_page_may_load_nothing_and_be_kept_by_nobody(sidestep: Shown) -> None:
    async with _session() as session, session.get(f"{sidestep.url}/-/") as reply:
        text, headers = await reply.text(), reply.headers
    assert text.startswith("<!doctype html>")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'sha256-")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_events_begin_with_all_there_is_and_go_on_with_what_ends(sidestep: Shown) -> None:
    sidestep.app[LIVE].publish([entry("req_before")])
    async with _session() as session, session.get(f"{sidestep.url}/-/events") as reply:
        assert reply.headers["Content-Type"] == "text/event-stream"
        assert reply.headers["Cache-Control"] == "no-store"
        events = _events(reply)
        state = await anext(events)
        everything = json.loads(state.data)
        assert (state.name, [row["id"] for row in everything["rows"]]) == ("state", ["req_before"])
        assert {"running", "counts", "rules", "upstream", "setup", "drift"} == everything["sections"].keys()
        sidestep.app[LIVE].publish([entry("req_after")])
        rows = await anext(event async for event in events if event.name == "rows")
        assert [row["id"] for row in json.loads(rows.data)] == ["req_after"]


async def test_what_seems_to_be_of_before_the_start_is_shown_once(sidestep: Shown, tmp_path: Path) -> None:
    """A clock that was set back makes new requests look like those of an earlier process, which the journal has."""
    old, new = entry("req_old", at=1000.0), entry("req_new", at=2000.0)
    written(tmp_path / "journal.sqlite", [old, new])
    sidestep.app[LIVE].publish([new])
    async with _session() as session, session.get(f"{sidestep.url}/-/events") as reply:
        state = await anext(_events(reply))
        assert [row["id"] for row in json.loads(state.data)["rows"]] == ["earlier_1", "req_new"]


async def test_sections_are_told_when_they_change(sidestep: Shown) -> None:
    async with _session() as session, session.get(f"{sidestep.url}/-/events") as reply:
        events = _events(reply)
        await anext(events)
        await send(session, sidestep.url, *conversation())
        async for event in events:
            if event.name == "counts" and json.loads(event.data)["outcomes"] == {"forwarded": 1}:
                return
    raise AssertionError("the events ended")


async def test_there_is_a_sign_of_life_though_nothing_happens(sidestep: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_EVERY", 0.001)
    async with _session() as session, session.get(f"{sidestep.url}/-/events") as reply:
        beats = 0
        async for event in _events(reply):
            beats += event.name == "beat"
            if beats == 3:
                return
    raise AssertionError("the events ended")


async def test_nothing_is_looked_at_while_nobody_looks_on(sidestep: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pulse waits: a turn of it while nobody looks would read the sections."""
    monkeypatch.setattr(pages, "_EVERY", 0.001)
    looks: list[None] = []
    sections = LiveState.sections
    monkeypatch.setattr(LiveState, "sections", lambda state: looks.append(None) or sections(state))
    async with _session() as session:
        async with session.get(f"{sidestep.url}/-/events") as reply:
            await anext(_events(reply))
            await until(lambda: len(looks) > 3)
        watched = sidestep.app[LIVE]._feed.watched
        await until(lambda: not watched.is_set())
        seen = len(looks)
        for _ in range(5):
            await send(session, sidestep.url, *conversation())
    assert len(looks) <= seen + 1


async def test_a_stream_of_events_leaves_one_line_and_is_counted_nowhere(sidestep: Shown) -> None:
    request_log = sidestep.app[REQUEST_LOG]
    told: list[object] = []
    request_log.observers.append(lambda *each: told.append(each))
    async with _session() as session, session.get(f"{sidestep.url}/-/events") as reply:
        await anext(_events(reply))
        assert (request_log.running, request_log.counters.running) == ({}, 0)
    await until(lambda: bool(_logged(sidestep)))
    (line,) = _logged(sidestep)
    assert (line["path"], line["outcome"], line["status"], line["level"]) == ("/-/events", "local", 200, "info")
    assert line["bytes_out"] > 1000
    assert (request_log.counters.running, request_log.counters.requests, told) == (0, {}, [])


async def test_one_page_too_many_is_told_so(sidestep: Shown) -> None:
    async with _session() as session:
        replies = [await session.get(f"{sidestep.url}/-/events") for _ in range(MAX_WATCHERS)]
        assert {reply.status for reply in replies} == {200}
        async with session.get(f"{sidestep.url}/-/events") as late:
            assert late.status == 503
        for reply in replies:
            reply.close()


async def test_a_browser_that_sleeps_is_let_go(sidestep: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_SEND_TIMEOUT", 0.2)
    live = sidestep.app[LIVE]
    async with raw_client(int(sidestep.url.rpartition(":")[2])) as client:
        cast(asyncio.Transport, client.writer.transport).pause_reading()
        await client.send(f"GET /-/events HTTP/1.1\r\nHost: {sidestep.url[7:]}\r\n\r\n".encode())
        await until(live._feed.watched.is_set)
        many = [entry(f"req_{number}", error="x" * 20_000) for number in range(200)]

        def gone() -> bool:
            live.publish(many)
            return not live._feed.watched.is_set()

        await until(gone)
    await until(lambda: bool(_logged(sidestep)))
    assert _logged(sidestep)[0]["path"] == "/-/events"


async def test_a_row_opens_to_the_rules_that_were_asked(sidestep: Shown) -> None:
    async with _session() as session:
        await send(session, sidestep.url, *conversation())
        request_id = _logged(sidestep)[0]["id"]
        live = sidestep.app[LIVE]
        await until(lambda: live._feed.find(request_id) is not None)
        async with session.get(f"{sidestep.url}/-/requests/{request_id}") as reply:
            steps = (await reply.json())["steps"]
        async with session.get(f"{sidestep.url}/-/requests/req_unknown") as missing:
            assert missing.status == 404
    assert {"rule": "quota-probe", "matched": False, "condition": "max_tokens is 1"} in steps


@pytest.mark.parametrize(
    ("query", "status"), [("?span=hour", 200), ("?span=week", 200), ("?span=year", 400), ("", 400)]
)
async def test_charts_are_of_an_hour_or_a_week(sidestep: Shown, query: str, status: int) -> None:
    async with _session() as session, session.get(f"{sidestep.url}/-/timeline{query}") as reply:
        assert reply.status == status


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("path", ["/-", "/-/", "/-/events", "/-/timeline?span=hour"])
async def test_it_can_only_be_read(sidestep: Shown, method: str, path: str) -> None:
    async with _session() as session, session.request(method, sidestep.url + path) as reply:
        assert reply.status == 404


@pytest.mark.parametrize("path", ["/-/", "/-/timeline?span=hour", "/-/health"])
async def test_its_head_alone_can_be_asked_for(sidestep: Shown, path: str) -> None:
    async with _session() as session, session.get(sidestep.url + path) as reply:
        wanted, body = (reply.status, reply.headers["Content-Type"]), await reply.read()
    async with _session() as session, session.head(sidestep.url + path) as reply:
        assert (reply.status, reply.headers["Content-Type"]) == wanted == (200, reply.headers["Content-Type"])
        assert abs(int(reply.headers["Content-Length"]) - len(body)) < 99  # a chart's times go on
        assert await reply.read() == b""


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/-", "/-?a=b"])
async def test_the_address_without_its_last_slash_leads_to_the_page(sidestep: Shown, method: str, path: str) -> None:
    async with _session() as session:
        async with session.request(method, sidestep.url + path, allow_redirects=False) as reply:
            assert (reply.status, reply.headers["Location"]) == (307, "/-/")
        async with session.request(method, sidestep.url + path) as reply:
            assert (reply.status, reply.url.path) == (200, "/-/")


async def test_open_streams_end_at_once_with_the_process_and_hold_up_nothing(shipped: Loaded, tmp_path: Any) -> None:
    """The drain still waits for a request that runs, and the page's stream has long ended by then."""
    release = asyncio.Event()

    async def say(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await release.wait()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    async with raw_upstream(say) as upstream, _session() as session:
        stopped = asyncio.Event()

        async def serve() -> None:
            async with shown(shipped.rules, upstream.url, tmp_path) as found:
                made.set_result(found)
                await stopped.wait()

        made: asyncio.Future[Shown] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve())
        url = (await made).url
        talk = asyncio.create_task(send(session, url, *conversation()))
        async with session.get(f"{url}/-/events") as reply:
            events = _events(reply)
            await anext(events)
            await until(lambda: bool(upstream.peers))
            stopped.set()
            async with asyncio.timeout(PATIENCE):
                with suppress(StopAsyncIteration):
                    while True:
                        await anext(events)
            assert not serving.done()
        release.set()
        assert await talk == 200
        await asyncio.wait_for(serving, PATIENCE)

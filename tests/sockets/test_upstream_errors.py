"""Errors that the upstream replies with: relayed as they come, and told by kind wherever figures are told."""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from proxy.replies.errors import UPSTREAM_ERRORS
from tests.journal.given import asked
from tests.process import run, running
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.scraping import scrape
from tests.sdk.replies import BEGINNING, FAILING, STREAM
from tests.waiting import PATIENCE

EVENTS, JSON = "content-type: text/event-stream; charset=utf-8", "content-type: application/json"
PACKED = f"{EVENTS}\r\ncontent-encoding: gzip"
SAID = b'{"type":"error","error":{"type":"x","message":"as it is"}}'


ERRORS = "sidestep_upstream_errors_total"

KINDS: Mapping[str, list[bytes]] = {
    "": [
        reply(b"".join(STREAM), headers=EVENTS),
        reply(gzip.compress(b"".join(STREAM)), headers=PACKED),
        reply(b'{"type":"message","content":[],"usage":{"input_tokens":1,"output_tokens":1}}', headers=JSON),
    ],
    "4xx": [reply(SAID, status=status, headers=JSON) for status in ("400 Bad Request", "401 Unauthorized", "404 No")],
    "429": [reply(SAID, status="429 Too Many Requests", headers=JSON)],
    "5xx": [reply(SAID, status=status, headers=JSON) for status in ("500 Internal", "503 No")],
    "529": [reply(SAID, status="529 Overloaded", headers=JSON)],
    "error in stream": [
        reply(b"".join(FAILING), headers=EVENTS),
        reply(gzip.compress(b"".join(FAILING)), headers=PACKED),
    ],
    "stream without end": [
        reply(b"".join(BEGINNING), headers=EVENTS),
        reply(gzip.compress(b"".join(STREAM[:-1])), headers=PACKED),
    ],
    "empty reply": [reply(b"", headers=EVENTS), reply(b"")],
    "not a message": [
        reply(b"<html>log in</html>", headers="content-type: text/html"),
        *(reply(body, headers=JSON) for body in (SAID, b'{"detail":"model not loaded"}', b"[]", b"no JSON")),
    ],
}
"""Replies of the upstream, by the kind of error that they are."""


def an_hour() -> Iterator[tuple[str, bytes]]:
    """Sixty errors, some kinds more often than others, among as many good replies."""
    for number in range(4):
        for rank, (kind, replies) in enumerate(KINDS.items()):
            for told in replies * (1 + (rank + number) % 2):
                yield kind, told
                yield "", KINDS[""][number % 3]


async def shown(port: int) -> Any:
    """What the page shows beside its rows, section by section."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/-/events") as events:
        data = (await events.content.readuntil(b"\r\n\r\n")).partition(b"data: ")[2]
        return json.loads(data)["sections"]


async def test_an_hour_of_errors_is_told_figure_by_figure_as_the_upstream_counted_them(tmp_path: Path) -> None:
    hour = list(an_hour())
    counted = Counter(kind for kind, _ in hour if kind)
    assert set(counted) == set(UPSTREAM_ERRORS)
    assert sum(counted.values()) >= 60
    waiting = iter(hour)

    async def script(peer: Peer) -> None:
        while head := await peer.head():
            await peer.sized(head)
            await peer.send(next(waiting)[1])

    file = tmp_path / "journal.sqlite"
    settings = (f"journal.path={file}", "upstream.max_idle_connections=1")
    async with raw_upstream(script) as upstream, running(upstream.url, *settings) as (process, port):
        async with raw_client(port) as client:
            for _, told in hour:
                await client.send(request(port, body=b"{}"))
                head = await client.head()
                assert head + await client.sized(head) == told, "what is relayed does not change"
        async with asyncio.timeout(PATIENCE):  # packed streams are read a moment later, in the journal's thread
            while sum((scraped := await scrape(port)).counts(ERRORS, "kind").values()) < sum(counted.values()):
                pass
        page = await shown(port)
        process.process.terminate()
        assert await process.exit_code() == 0
        lines = [json.loads(line) for line in process.said]
    by_kind = {(kind,): many for kind, many in counted.items()}
    assert scraped.counts(ERRORS, "kind") == by_kind
    assert scraped.counts("sidestep_upstream_faults_total", "kind") == {}
    assert page["counts"]["errors"] == counted
    assert page["counts"]["outcomes"] == {"forwarded": len(hour)}
    rows = asked(file, "SELECT fault, count(*) FROM requests WHERE fault <> '' GROUP BY 1")
    assert dict(rows) == counted
    requests = Counter(line["error"] for line in lines if line["event"] == "request" and "error" in line)
    found = Counter({line["error"]: 1 + line.get("repeated", 0) for line in lines if line["event"] == "upstream error"})
    assert set(requests) | set(found) == set(UPSTREAM_ERRORS.values())
    by_status = {UPSTREAM_ERRORS[kind]: counted[kind] for kind in ("4xx", "429", "5xx", "529")}
    assert requests == by_status
    code, out, err = await run("stats", "--json", "--set", f"journal.path={file}")
    assert (code, err) == (0, "")
    total = json.loads(out)["total"]
    assert (total["upstream_errors"], total["forwarded"], total["failed"]) == (counted, len(hour), 0)
    code, out, _ = await run("stats", "--set", f"journal.path={file}")
    lines_shown = {tuple(line.split()) for line in out.splitlines()}
    assert {(*kind.split(), str(many)) for kind, many in counted.items()} <= lines_shown


async def test_a_stream_that_this_process_cuts_short_is_no_error_of_the_upstream(tmp_path: Path) -> None:
    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(b"HTTP/1.1 200 OK\r\n" + EVENTS.encode() + b"\r\n\r\n" + b"".join(BEGINNING))
        await peer.gone()

    file = tmp_path / "journal.sqlite"
    settings = (f"journal.path={file}", "stop.drain_timeout=0.1")
    async with raw_upstream(script) as upstream, running(upstream.url, *settings) as (process, port):
        async with asyncio.timeout(PATIENCE), raw_client(port) as client:
            await client.send(request(port, body=b"{}"))
            await client.head()
            process.process.terminate()
            assert await process.exit_code() == 0
        lines = [json.loads(line) for line in process.said]
    assert "upstream error" not in {line["event"] for line in lines}
    assert asked(file, "SELECT error, fault FROM requests") == [("Sidestep stopped before it was complete", "")]


async def test_the_last_reply_is_the_one_that_began_last_and_not_the_one_that_ended_last() -> None:
    last, release = "sidestep_upstream_last_reply_timestamp_seconds", asyncio.Event()

    async def script(peer: Peer) -> None:
        body = await peer.sized(await peer.head())
        if b"slow" in body:
            await peer.send(b"HTTP/1.1 200 OK\r\n" + EVENTS.encode() + b"\r\nconnection: close\r\n\r\n")
            await release.wait()
            await peer.send(b"".join(STREAM))
        else:
            await peer.send(KINDS[""][0])

    async with (
        asyncio.timeout(PATIENCE),
        raw_upstream(script) as upstream,
        running(upstream.url) as (process, port),
        raw_client(port) as slow,
        raw_client(port) as quick,
    ):
        await slow.send(request(port, body=b'{"slow": 1}'))
        await slow.head()
        began = (await scrape(port)).value(last)
        await quick.send(request(port, body=b"{}"))
        await quick.sized(await quick.head())
        await process.line("request")
        latest = (await scrape(port)).value(last)
        release.set()
        await process.line("request")
        assert began < latest == (await scrape(port)).value(last)

"""The real proxy with its journal: what the upstream said of tokens, what is killed, and what must never be in it."""

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.scripted import ScriptedUpstream
from tests.journal.given import asked, count
from tests.packing import PACKING
from tests.process import run, running
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.replies.test_meter import EVENTS, JSON, TOLD, message, stream
from tests.waiting import PATIENCE, until

SECRET = "sk-ant-planted"


def answered(kind: str, coding: str, body: bytes) -> bytes:
    return reply(body, headers=f"Content-Type: {kind}\r\nContent-Encoding: {coding}")


async def exchanged(port: int, whole: bytes) -> bytes:
    """The bytes of the reply."""
    async with raw_client(port) as client:
        await client.send(whole)
        head = await client.head()
        return head + await client.sized(head)


async def test_tokens_are_those_that_the_upstream_sent_in_every_form_and_coding(tmp_path: Path) -> None:
    """And what the client gets is what was sent, byte for byte."""
    bodies = {EVENTS: stream("words " * 5000), JSON: orjson.dumps(message())}
    replies = [answered(kind, name, pack(bodies[kind])) for kind in bodies for name, pack in PACKING.items()]
    waiting = iter(replies)

    async def script(peer: Peer) -> None:
        while head := await peer.head():
            await peer.sized(head)
            whole = next(waiting)
            for start in range(0, len(whole), 1500):
                await peer.send(whole[start : start + 1500])

    file = tmp_path / "journal.sqlite"
    async with raw_upstream(script) as upstream, running(upstream.url, f"journal.path={file}") as (process, port):
        for expected in replies:
            assert await exchanged(port, request(port, body=b"{}")) == expected
        process.process.terminate()
        assert await process.exit_code() == 0
    told = asked(file, "SELECT input, output, cache_read, cache_creation, status, path FROM requests")
    row = (TOLD.input, TOLD.output, TOLD.cache_read, TOLD.cache_creation, 200, "/v1/messages")
    assert told == [row] * len(replies)


async def test_a_stream_that_broke_off_has_told_its_beginning(tmp_path: Path) -> None:
    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99999\r\n\r\n")
        await peer.send(stream()[:700])

    file = tmp_path / "journal.sqlite"
    async with raw_upstream(script) as upstream, running(upstream.url, f"journal.path={file}") as (process, port):
        async with raw_client(port) as client:
            await client.send(request(port, body=b"{}"))
            await client.gone()
        process.process.terminate()
        assert await process.exit_code() == 0
    told = asked(file, "SELECT outcome, input, output, error FROM requests")
    assert told == [("failed", 11, 1, "the upstream broke off its reply")]


async def test_no_row_holds_what_is_secret(tmp_path: Path, scripted: ScriptedUpstream) -> None:
    """Planted wherever a client can put something; looked for in every byte of the file."""
    file = tmp_path / "journal.sqlite"
    session = "11111111-2222-3333-4444-555555555555"
    body = {"model": f"claude {SECRET}", "messages": [{"role": "user", "content": SECRET}], "stream": True}
    more = f"x-api-key: {SECRET}\r\nAuthorization: Bearer {SECRET}\r\nx-claude-code-session-id: {session}\r\n"
    more += f"User-Agent: claude-cli/2.1.330 ({SECRET})\r\n"
    targets = [f"/v1/messages?key={SECRET}", f"/{SECRET}", f"/v1/files/{SECRET}", f"/-/{SECRET}"]
    async with running(scripted.url, f"journal.path={file}") as (process, port):
        for target in targets:
            async with raw_client(port) as client:
                await client.send(request(port, target, orjson.dumps(body), more=more + "Connection: close\r\n"))
                assert (await client.head()).startswith(b"HTTP/1.1 ")
                await client.gone()
        process.process.terminate()
        assert await process.exit_code() == 0
    assert count(file) == len(targets) - 1, "all but its own page"
    found = file.read_bytes()
    assert b"claude-cli" in found
    assert SECRET.encode() not in found
    assert session.encode() not in found
    assert b"from the upstream" not in found


async def _traffic(port: int, until: asyncio.Event) -> None:
    async with raw_client(port) as client:
        while not until.is_set():
            await client.send(request(port, body=b"{}"))
            await client.sized(await client.head())


async def test_killed_under_traffic_it_goes_on_where_it_was(tmp_path: Path, scripted: ScriptedUpstream) -> None:
    file, counts = tmp_path / "journal.sqlite", [0]
    for _ in range(3):
        async with running(scripted.url, f"journal.path={file}") as (process, port):
            stop = asyncio.Event()
            clients = [asyncio.create_task(_traffic(port, stop)) for _ in range(4)]
            goal = counts[-1] + 300
            await until(partial(_reached, file, goal), PATIENCE)
            process.process.kill()
            await process.process.wait()
            stop.set()
            await asyncio.gather(*clients, return_exceptions=True)
        assert asked(file, "PRAGMA integrity_check") == [("ok",)]
        counts.append(count(file))
        assert asked(file, "SELECT sum(requests) FROM hours") == [(counts[-1],)]
    assert counts == sorted(set(counts)), "each life has added its rows"


def _reached(file: Path, goal: int) -> bool:
    return _count(file) >= goal


def _count(file: Path) -> int:
    """0 as long as it is being made."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM requests").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


async def test_a_journal_in_trouble_disturbs_no_request(tmp_path: Path, scripted: ScriptedUpstream) -> None:
    file = tmp_path / "journal.sqlite"
    file.mkdir()
    async with running(scripted.url, f"journal.path={file}") as (process, port):
        assert (await exchanged(port, request(port, body=b"{}"))).startswith(b"HTTP/1.1 200 OK")
        assert (await process.line("journal failed"))["problem"] == "no regular file"
        assert (await exchanged(port, request(port, body=b"{}"))).startswith(b"HTTP/1.1 200 OK")
        process.process.terminate()
        assert await process.exit_code() == 0


async def test_switched_off_there_is_none(tmp_path: Path, scripted: ScriptedUpstream) -> None:
    settings = (f"journal.path={tmp_path / 'j'}", "journal.enabled=false")
    async with running(scripted.url, *settings) as (process, port):
        await exchanged(port, request(port, body=b"{}"))
        process.process.terminate()
        assert await process.exit_code() == 0
    assert os.listdir(tmp_path) == []


async def test_stats_can_be_asked_while_it_runs(tmp_path: Path, scripted: ScriptedUpstream) -> None:
    file = tmp_path / "journal.sqlite"
    async with running(scripted.url, f"journal.path={file}") as (_, port):
        await exchanged(port, request(port, body=b"{}"))
        await until(lambda: _count(file) > 0, PATIENCE)
        code, out, err = await run("stats", "--json", "--set", f"journal.path={file}")
    document: dict[str, Any] = orjson.loads(out)
    assert (code, err, document["total"]["forwarded"], document["total"]["input_tokens"]) == (0, "", 1, 1)


async def test_the_library_is_not_loaded_before_there_is_something_to_write() -> None:
    code = "import proxy.program, proxy.serving.service, sys; print('sqlite3' in sys.modules)"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate()
    assert out == b"False\n"


@pytest.mark.slow
async def test_a_million_rows_are_summed(tmp_path: Path) -> None:
    """Over ninety days, of five rules, three models and two clients; the time is printed, and not judged."""
    from tests.journal.million import filled

    file = filled(tmp_path / "journal.sqlite")
    for arguments in (["--since", "all"], ["--since", "all", "--by", "rule"], ["--since", "all", "--by", "day"], []):
        started = asyncio.get_running_loop().time()
        code, out, err = await run("stats", "--json", *arguments, "--set", f"journal.path={file}")
        print(arguments, f"{asyncio.get_running_loop().time() - started:.2f} s")
        total = orjson.loads(out)["total"]
        assert (code, err) == (0, "")
        assert total["requests"] == 1_000_000 if arguments else 0 < total["requests"] < 1_000_000

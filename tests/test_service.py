"""The real entry point, as a process: start-up line, exit codes, cancellation, and an orderly end."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.raw import Peer, raw_client, raw_upstream, reply, request

ROOT = Path(__file__).parent.parent
PATIENCE = 20
"""Seconds after which a test gives up; nothing below takes that long."""


class Process:
    """`python -m proxy`, with its JSON log lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    async def line(self, event: str) -> dict[str, Any]:
        """The next line about `event`."""
        assert self.process.stdout is not None
        while text := await asyncio.wait_for(self.process.stdout.readline(), PATIENCE):
            self.lines.append(json.loads(text))
            if self.lines[-1]["event"] == event:
                return self.lines[-1]
        raise AssertionError(f"the process ended without {event!r}; it said {self.lines}")

    async def exit_code(self) -> int:
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "proxy", "--config", str(ROOT / "config.toml"), *arguments]


@asynccontextmanager
async def _process(upstream_url: str, *settings: str) -> AsyncIterator[tuple[Process, int]]:
    """The running proxy and its port."""
    options = [
        part
        for setting in ("listen.port=0", f"upstream.url={upstream_url}", "log.format=json", *settings)
        for part in ("--set", setting)
    ]
    child = await asyncio.create_subprocess_exec(*_command(*options), cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    process = Process(child)
    try:
        listening = await process.line("listening")
        yield process, int(listening["address"].rpartition(":")[2])
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        child._transport.close()  # type: ignore[attr-defined] # else Python 3.11 warns of it at shutdown


async def _run(*arguments: str, cwd: Path = ROOT) -> tuple[int, str, str]:
    """Exit code and output of a command that ends by itself."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*_command(*arguments), cwd=cwd, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(child.communicate(), PATIENCE)
    return child.returncode or 0, out.decode(), err.decode()


async def _slow(peer: Peer) -> None:
    """The first half of a reply."""
    await peer.sized(await peer.head())
    await peer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")


async def _refused(port: int) -> None:
    """Wait until no new connection is accepted any more; one that still waits to be is reset."""
    with suppress(ConnectionRefusedError, ConnectionResetError):
        async with asyncio.timeout(PATIENCE):
            while True:
                async with raw_client(port):
                    await asyncio.sleep(0)


async def test_start_up_says_address_upstream_and_rules_in_one_line() -> None:
    async with _process("http://127.0.0.1:9/prefix") as (process, port):
        (line,) = process.lines
    assert line["address"] == f"http://127.0.0.1:{port}"
    assert line["upstream"] == "http://127.0.0.1:9/prefix"
    assert line["rules"] == 13


async def test_a_client_that_goes_ends_the_upstream_request_at_once() -> None:
    ended = asyncio.Event()

    async def script(peer: Peer) -> None:
        await _slow(peer)
        await peer.gone()
        ended.set()

    async with raw_upstream(script) as upstream, _process(upstream.url) as (process, port):
        async with raw_client(port) as client:
            await client.send(request(port, body=b"{}"))
            await client.head()
        await asyncio.wait_for(ended.wait(), PATIENCE)
        assert (await process.line("request"))["status"] == 499


async def test_running_streams_finish_after_sigterm_and_new_connections_are_refused() -> None:
    release = asyncio.Event()

    async def script(peer: Peer) -> None:
        await _slow(peer)
        await release.wait()
        await peer.send(b"4\r\nlast\r\n0\r\n\r\n")

    async with raw_upstream(script) as upstream, _process(upstream.url) as (process, port):
        async with raw_client(port) as client:
            await client.send(request(port, body=b"{}"))
            await client.head()
            assert await client.chunk() == b"first"
            process.process.send_signal(signal.SIGTERM)
            await process.line("stopping")
            await _refused(port)
            release.set()
            assert await client.chunks() == [b"last"]
        assert await process.exit_code() == 0
        assert process.lines[-1]["event"] == "stopping"


async def test_a_second_signal_ends_at_once() -> None:
    async def script(peer: Peer) -> None:
        await _slow(peer)
        await peer.gone()

    async with (
        raw_upstream(script) as upstream,
        _process(upstream.url) as (process, port),
        raw_client(port) as client,
    ):
        await client.send(request(port, body=b"{}"))
        await client.head()
        process.process.send_signal(signal.SIGINT)
        await process.line("stopping")
        process.process.send_signal(signal.SIGINT)
        assert await process.exit_code() == 1


async def test_an_address_in_use_is_said_and_exits_with_1() -> None:
    async with raw_upstream(Peer.gone) as upstream:
        port = upstream.url.rpartition(":")[2]
        code, out, _ = await _run("--set", f"listen.port={port}", "--set", "log.format=json")
    assert code == 1
    assert json.loads(out)["event"] == "cannot listen"


async def test_a_bad_configuration_is_told_whole_and_exits_with_2(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[listen]\nport = "8787"\n\n[upstreams]\nurl = "x"\n')
    code, out, err = await _run("--config", str(config), "--set", "log.level=loud")
    assert (code, out) == (2, "")
    assert f"{config}:2: listen.port: found '8787' (string), expected a valid integer" in err
    assert f"{config}:4: upstreams: unknown key; did you mean 'upstream'?" in err
    assert "--set: log.level: found 'loud' (string)" in err


WARM_UP = json.dumps(
    {
        "model": "m",
        "max_tokens": 1,
        "system": "You are a file search specialist for Claude Code",
        "messages": [{"role": "user", "content": "Warmup"}],
    }
).encode()
CLAUDE = "User-Agent: claude-cli/2.0.64 (external, cli)\r\n"


async def _answers(peer: Peer) -> None:
    while True:
        await peer.sized(await peer.head())
        await peer.send(reply(b"{}"))


async def _is_answered(port: int) -> bool:
    async with raw_client(port) as client:
        await client.send(request(port, body=WARM_UP, more=CLAUDE))
        head = await client.head()
        assert b" 200 " in head
        await client.sized(head)
    return b"x-sidestep-rule" in head


async def test_sighup_loads_rules_anew_and_keeps_the_old_ones_on_any_error(tmp_path: Path) -> None:
    rule = (ROOT / "rules/70-warm-up.toml").read_text()
    file = tmp_path / "1.toml"
    file.write_text(rule)
    async with (
        raw_upstream(_answers) as upstream,
        _process(upstream.url, f"rules.directory={tmp_path}", "breaker.window=0") as (process, port),
    ):
        assert await _is_answered(port)
        file.write_text(rule.replace('action = "answer"', 'action = "answer"\nstatus = "off"'))
        process.process.send_signal(signal.SIGHUP)
        assert (await process.line("reloaded"))["rules"] == 0
        assert not await _is_answered(port)
        file.write_text(rule)
        process.process.send_signal(signal.SIGHUP)
        assert (await process.line("reloaded"))["rules"] == 1
        file.write_text(rule.replace("Ready.", "Steady."))
        (tmp_path / "2.toml").write_text("[[rules]]\nname = 3\n")
        process.process.send_signal(signal.SIGHUP)
        kept = await process.line("not reloaded")
        assert (kept["problems"], kept["rules"]) == (6, 1)
        assert await _is_answered(port)


async def test_a_reload_under_load_loses_no_request(tmp_path: Path) -> None:
    """Rules are switched on and off under clients that never pause; every request gets a whole reply of either sort."""
    rule = (ROOT / "rules/70-warm-up.toml").read_text()
    file = tmp_path / "1.toml"
    file.write_text(rule)
    done = asyncio.Event()

    async def ask(port: int) -> list[bool]:
        found = []
        while not done.is_set():
            found.append(await _is_answered(port))
        return found

    async with (
        raw_upstream(_answers) as upstream,
        _process(upstream.url, f"rules.directory={tmp_path}", "breaker.window=0") as (process, port),
    ):
        clients = [asyncio.create_task(ask(port)) for _ in range(8)]
        for number in range(10):
            status = "off" if number % 2 == 0 else "on"
            file.write_text(rule.replace('action = "answer"', f'action = "answer"\nstatus = "{status}"'))
            process.process.send_signal(signal.SIGHUP)
            await process.line("reloaded")
        done.set()
        replies = [reply for client in clients for reply in await client]
    assert set(replies) == {True, False}


async def test_a_broken_rule_is_left_out_loudly_and_the_others_serve(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "1.toml").write_text((ROOT / "rules/70-warm-up.toml").read_text())
    (rules / "2.toml").write_text("[[rules]]\nname = 3\n")

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b""))

    async with raw_upstream(script) as upstream, _process(upstream.url, f"rules.directory={rules}") as (process, port):
        async with raw_client(port) as client:
            await client.send(request(port, "/-/ready", method="GET"))
            assert b" 503 " in await client.head()
        assert process.lines[-1]["rules"] == 1
        assert {line["place"] for line in process.lines[:-1]} == {f"{rules}/2.toml:1", f"{rules}/2.toml:2"}
        async with raw_client(port) as client:
            await client.send(request(port, method="GET"))
            assert b" 200 " in await client.head()

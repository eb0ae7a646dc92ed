"""The real entry point, as a process: start-up line, exit codes, and rules loaded anew."""

import asyncio
import json
import platform
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.process import EXECUTED, ROOT, run, running
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.shipped import IN_FORCE


async def test_start_up_says_address_upstream_and_rules_in_one_line() -> None:
    async with running("http://127.0.0.1:9/sk-ant-planted", command=EXECUTED) as (process, port):
        (line,) = process.lines
    assert line["address"] == f"http://127.0.0.1:{port}"
    assert line["upstream"] == "http://127.0.0.1:9"
    assert line["rules"] == IN_FORCE


async def test_an_address_in_use_is_said_with_its_setting_and_exits_with_1(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    (tmp_path / "rules").mkdir()
    async with raw_upstream(Peer.gone) as upstream:
        port = upstream.url.rpartition(":")[2]
        config.write_text(f"[listen]\n# the door\nport = {port}\n")
        code, out, _ = await run("--config", str(config), "--set", "log.format=json", command=EXECUTED)
    assert code == 1
    line = json.loads(out.splitlines()[-1])
    assert line["event"] == "cannot listen"
    assert line["problem"] == (
        f"{config}:3: listen.port: {port} is taken by another program: set another, or stop that one"
    )


async def test_an_address_that_this_machine_has_not_is_said_with_its_setting() -> None:
    beyond = ("listen.host=192.0.2.1", "listen.token=0123456789abcdef", "log.format=json")
    code, out, _ = await run(*(part for setting in beyond for part in ("--set", setting)))
    assert code == 1
    assert json.loads(out)["problem"] == "--set: listen.host: 192.0.2.1 is no address of this machine"


async def test_a_bad_configuration_is_told_whole_and_exits_with_2(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[listen]\nport = "8787"\n\n[upstreams]\nurl = "x"\n')
    code, out, err = await run("--config", str(config), "--set", "log.level=loud", command=EXECUTED)
    assert (code, out) == (2, "")
    assert f"{config}:2: listen.port: found '8787' (string), expected an integer" in err
    assert f"{config}:4: upstreams: unknown key; did you mean 'upstream'?" in err
    assert "--set: log.level: found 'loud' (string)" in err


WARM_UP = json.dumps(
    {
        "model": "m",
        "max_tokens": 100,
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
        running(upstream.url, f"rules.directory={tmp_path}", "breaker.window=0") as (process, port),
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
        async with raw_client(port) as client:
            await client.send(request(port, "/-/ready", method="GET"))
            state = json.loads(await client.sized(await client.head()))
        assert (state["ready"], state["rules"], state["reload"]["result"]) == (False, 1, "refused")


@pytest.mark.parametrize("kept", [False, True])
async def test_the_first_line_says_once_that_suggestions_disappear_and_how_to_keep_them(kept: bool) -> None:
    keep = 'rules.override={prompt-suggestion={status="off"}}'
    async with running("http://127.0.0.1:9", *([keep] if kept else [])) as (process, _):
        note = process.lines[-1].get("note", "")
        assert ('[rules.override.prompt-suggestion] status = "off" keeps it' in note) is not kept


async def test_what_the_settings_say_of_a_rule_counts_at_the_next_reload(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[rules]\ndirectory = "{ROOT / "rules"}"\n[breaker]\nwindow = 0.0\n')
    async with raw_upstream(_answers) as upstream, running(upstream.url, config=config) as (process, port):
        assert await _is_answered(port)
        text = config.read_text()
        config.write_text(f'{text}[rules.override.warm-up]\nstatus = "off"\n')
        process.process.send_signal(signal.SIGHUP)
        await process.line("reloaded")
        assert not await _is_answered(port)
        config.write_text(f'{text}[rules.override.warm-upp]\nstatus = "off"\n')
        process.process.send_signal(signal.SIGHUP)
        problem = await process.line("problem")
        assert (problem["place"], problem["key"]) == (f"{config}:5", "rules.override.warm-upp")
        await process.line("not reloaded")
        config.write_text(text)
        process.process.send_signal(signal.SIGHUP)
        await process.line("reloaded")
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
        running(upstream.url, f"rules.directory={tmp_path}", "breaker.window=0") as (process, port),
    ):
        clients = [asyncio.create_task(ask(port)) for _ in range(8)]
        for number in range(10):
            status = "off" if number % 2 == 0 else "on"
            file.write_text(rule.replace('action = "answer"', f'action = "answer"\nstatus = "{status}"'))
            process.process.send_signal(signal.SIGHUP)
            await process.line("reloaded")
            assert await _is_answered(port) is (status == "on")
        done.set()
        replies = [len(await client) for client in clients]
    assert min(replies) > 0


async def test_a_broken_rule_is_left_out_loudly_and_the_others_serve(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "1.toml").write_text((ROOT / "rules/70-warm-up.toml").read_text())
    (rules / "2.toml").write_text("[[rules]]\nname = 3\n")

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b""))

    async with raw_upstream(script) as upstream, running(upstream.url, f"rules.directory={rules}") as (process, port):
        async with raw_client(port) as client:
            await client.send(request(port, "/-/ready", method="GET"))
            assert b" 503 " in await client.head()
        assert process.lines[-1]["rules"] == 1
        assert {line["place"] for line in process.lines[:-1]} == {f"{rules}/2.toml:1", f"{rules}/2.toml:2"}
        async with raw_client(port) as client:
            await client.send(request(port, method="GET"))
            assert b" 200 " in await client.head()


_BURST = """
import os, sys
from proxy import __main__
def resident():
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
def burst():
    large = b"a" * 2**23
    del large  # from now on, glibc would take blocks up to this size from its heap
    before, large, small = resident(), [], []
    for _ in range(16):
        large.append(b"a" * 2**20)
        small.append(b"a" * 2**16)  # holds its place in the heap
    large.clear()
    print(resident() - before)
if len(sys.argv) > 1:
    __main__.main()
burst()
"""
"""What 16 large blocks have left behind in a process, which has served if it was given arguments."""


async def _left(arguments: Sequence[str]) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _BURST, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    async for line in process.stdout:
        if b'"listening"' in line:
            process.terminate()
    await process.wait()
    return int(line)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that keeps what it has got")
async def test_what_a_burst_of_large_bodies_has_needed_is_given_back() -> None:
    settings = ("listen.port=0", "log.format=json")
    assert await _left([]) > 8 * 2**20, "the burst proves nothing"
    assert await _left([part for setting in settings for part in ("--set", setting)]) < 2 * 2**20


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux alone tells of another process")
async def test_as_many_files_as_the_machine_allows_may_be_open() -> None:
    """Every request holds two sockets, and a shell's habit is 1,024 files."""
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    try:
        async with running("http://127.0.0.1:9", command=EXECUTED) as (process, _):
            limits = resource.prlimit(process.process.pid, resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))
    assert limits == (hard, hard)

"""The real entry point with its output going to a journal: a stream socket, named by `JOURNAL_STREAM`."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxy.commands.doctor.plain_http import Address, ask
from tests.children import Child, fork_or_execute
from tests.process import EXECUTED
from tests.waiting import PATIENCE


@dataclass(slots=True)
class Journaled:
    """A process, and the lines that journald would get from it."""

    process: Child
    journal: asyncio.StreamReader

    async def line(self, start: str) -> str:
        """The next line that begins so."""
        while line := (await asyncio.wait_for(self.journal.readline(), PATIENCE)).decode():
            if line.startswith(start):
                return line.rstrip("\n")
        raise AssertionError(f"it ended without {start!r}")


@asynccontextmanager
async def _journaled(*settings: str, matches: bool = True, command: Sequence[str] = ()) -> AsyncIterator[Journaled]:
    """The program with both outputs on one socket, as systemd has it; `matches` tells whether that is the journal."""
    ours, theirs = socket.socketpair()
    status = os.fstat(theirs.fileno())
    environ = {
        **os.environ,
        "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino + (not matches)}",
        "PYTHONUNBUFFERED": "1",
    }
    options = [part for setting in ("listen.port=0", *settings) for part in ("--set", setting)]
    with open(os.devnull, "rb") as nothing:  # noqa: ASYNC230 - it takes no time
        files = [nothing.fileno(), theirs.fileno(), theirs.fileno()]
        process = await fork_or_execute(["--config", "config.toml", *options], environ, command, files)
    theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        yield Journaled(process, reader)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        writer.close()


async def _asked(line: str) -> None:
    """One request to the address that the start-up line names, which another site's page would send."""
    address = Address("127.0.0.1", int(line.partition("address=")[2].split(" ")[0].rpartition(":")[2]))
    reply = await ask(address, b"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert reply.status == 403


async def test_lines_are_readable_and_have_their_priorities(tmp_path: Path) -> None:
    async with _journaled(f"shadow.file={tmp_path / 'a.json'}", command=EXECUTED) as program:
        await _asked(await program.line("<6>listening address=http://127.0.0.1:"))
        request = await program.line("<4>request ")
        assert "method=GET path=/v1/models status=403 outcome=refused " in request
        program.process.send_signal(signal.SIGHUP)
        await program.line("<6>reloaded rules=")
        program.process.send_signal(signal.SIGTERM)
        await program.line("<6>stopping drain_timeout=60.0")
        assert await program.line("<6>stopped") == "<6>stopped"
        assert await asyncio.wait_for(program.process.wait(), PATIENCE) == 0


async def test_json_where_it_is_asked_for(tmp_path: Path) -> None:
    async with _journaled(f"shadow.file={tmp_path / 'a.json'}", "log.format=json") as program:
        line = json.loads((await program.line("<6>{")).removeprefix("<6>"))
        assert (line["event"], line["level"]) == ("listening", "info")


async def test_an_output_that_is_not_the_journals_gets_plain_json(tmp_path: Path) -> None:
    """As when a service's output is a file, and `JOURNAL_STREAM` is that of whoever started it."""
    async with _journaled(f"shadow.file={tmp_path / 'a.json'}", matches=False) as program:
        assert json.loads(await program.line("{"))["event"] == "listening"


async def test_a_fault_of_the_rules_is_an_error_there(tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text("[[rules]\n")
    async with _journaled(f"rules.directory={tmp_path}", f"shadow.file={tmp_path / 'a.json'}") as program:
        assert (await program.line("<3>problem ")).startswith(f"<3>problem place={tmp_path / '1.toml'}:1 ")


@pytest.mark.parametrize("setting", ["listen.port=none", "listen.token=short"])
async def test_settings_that_cannot_be_used_are_errors_there(setting: str) -> None:
    async with _journaled(setting) as program:
        assert setting.partition("=")[0] in await program.line("<3>")
        assert await asyncio.wait_for(program.process.wait(), PATIENCE) == 2

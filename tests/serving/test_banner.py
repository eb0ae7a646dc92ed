"""What a person at a terminal is told at start and stop, and that nobody else is."""

import json
import re
import socket
import sys
from pathlib import Path

import pexpect
import pytest

from proxy.rules.load import Loaded
from proxy.serving import banner
from proxy.settings.config import Config
from tests.process import ROOT, running
from tests.terminal import on_terminal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".claude").mkdir()
    return tmp_path


def _started(home: Path, *more: str) -> "pexpect.spawn[str]":
    settings = ("listen.port=0", f"journal.path={home}/j.sqlite", *more)
    arguments = [part for setting in settings for part in ("--set", setting)]
    return on_terminal(*arguments, environment={"HOME": str(home), "TERM": "dumb"})


def _ended(child: "pexpect.spawn[str]") -> str:
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return str(child.before).replace("\r\n", "\n")


def test_a_start_on_a_terminal_says_where_what_and_how_on(home: Path) -> None:
    child = _started(home)
    child.expect(r"serves http://127\.0\.0\.1:(\d+), before https://api\.anthropic\.com\.\r\n")
    here = f"http://127.0.0.1:{child.match[1]}"
    child.expect("listening")
    told = str(child.before).replace("\r\n", "\n")
    assert f"\n  ANTHROPIC_BASE_URL={here} ENABLE_TOOL_SEARCH=true claude\n" in told
    assert " -m proxy connect\n" in told
    assert f"\nPage:     {here}/-/\n" in told
    assert "\nAnswers:  quota-probe, topic, session-title," in told
    assert "\nLog:      here, a line for each request\n" in told
    assert re.search(r"\nFigures:  .* -m proxy stats\n", told)
    assert "still set to come here" not in _ended(child)


def test_a_client_that_is_set_to_come_here_is_told_at_start_and_stop(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = home / ".claude/settings.json"
    settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"}}))
    child = _started(home, f"listen.port={port}")
    child.expect("listening")
    assert f"Claude Code comes here, by {settings}." in child.before.replace("\r\n", "")
    told = _ended(child)
    assert f"still set to come here, by ANTHROPIC_BASE_URL in {settings}.\n" in told
    assert "-m proxy disconnect" in told


async def test_nobody_else_is_told() -> None:
    async with running("http://127.0.0.1:9") as (process, _):
        process.process.terminate()
        await process.exit_code()
    assert b"serves http" not in b"".join(process.said)


def test_a_log_that_goes_elsewhere_is_said_to(home: Path) -> None:
    command = f'exec "{sys.executable}" -m proxy --set listen.port=0 --set journal.path={home}/j.sqlite > {home}/log'
    child = pexpect.spawn("/bin/sh", ["-c", command], cwd=str(ROOT), encoding="utf-8", timeout=60)
    child.expect("Log: +standard output, which is not this terminal")
    child.expect("Stop:")
    assert "serves" not in _ended(child)
    assert json.loads((home / "log").read_text().splitlines()[0])["event"] == "listening"


@pytest.mark.parametrize(
    ("listen", "line"),
    [
        ({"host": "::1"}, "ANTHROPIC_BASE_URL=http://[::1]:8787 "),
        ({"host": "localhost"}, "ANTHROPIC_BASE_URL=http://127.0.0.1:8787 "),
        (
            {"host": "0.0.0.0", "token": "0123456789abcdef"},
            'ANTHROPIC_CUSTOM_HEADERS="x-sidestep-token: $TOKEN" ANTHROPIC_BASE_URL=http://127.0.0.1:8787 ',
        ),
    ],
)
def test_the_line_to_copy_fits_the_settings(listen: dict[str, str], line: str, shipped: Loaded) -> None:
    told = banner.greeting(Config.model_validate({"listen": listen}), shipped.rules)
    assert f"  {line}ENABLE_TOOL_SEARCH=true claude\n" in told
    assert "0123456789abcdef" not in told


def test_a_capture_is_not_kept_quiet(shipped: Loaded) -> None:
    config = Config.model_validate({"capture": {"enabled": True, "file": "/kept/here.jsonl"}})
    told = banner.greeting(config, shipped.rules)
    assert "bodies, in /kept/here.jsonl" in " ".join(told.split())

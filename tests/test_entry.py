"""The entry: how a command ends that is interrupted, or whose output nobody reads, and what a terminal gets."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from proxy import __version__
from tests.children import start
from tests.commands.given import BASE, HELLO
from tests.process import EXECUTED
from tests.terminal import on_terminal
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent
COMMANDS = ("rules", "check", "demo", "doctor", "drift", "explain", "schema", "--help", "--version", "init")


@pytest.fixture
def command(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """A command on rules of the test's own."""
    (tmp_path / "1.toml").write_text(BASE + HELLO)
    named = str(request.param)
    if named.startswith("--"):
        return [named]
    if named == "init":
        return ["init", "--root", str(tmp_path)]
    told = ["--example", f"{tmp_path}/1.toml:hello"] if named == "explain" else []
    settings = (f"rules.directory={tmp_path}", "upstream.url=http://127.0.0.1:9")
    return [named, *told, *(part for setting in settings for part in ("--set", setting))]


def _run(
    command: list[str], stdout: int, env: dict[str, str] | None = None, before: Callable[[], object] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "proxy", *command],
        cwd=ROOT,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        env=env,
        preexec_fn=before,
        check=False,
    )


def test_a_clone_is_run_from_any_folder_by_its_file(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "sidestep.py"), "--version"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"sidestep {__version__}\n")


@pytest.mark.parametrize("command", COMMANDS, indirect=True)
async def test_a_reader_that_has_gone_ends_it_without_a_word_by_sigpipe(command: list[str]) -> None:
    """As every program does that is before `| head`."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        child, _, err = await start(command, os.environ, EXECUTED if command == ["--version"] else (), stdout=writer)
    finally:
        os.close(writer)
    async with asyncio.timeout(PATIENCE):
        assert (await err.reader.read(), await child.wait()) == (b"", -signal.SIGPIPE)
    err.close()


@pytest.mark.parametrize("command", ["rules", "init"], indirect=True)
async def test_a_full_disk_behind_the_output_is_told_in_words(command: list[str]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        child, _, err = await start(command, os.environ, EXECUTED if "rules" in command else (), stdout=full)
    finally:
        os.close(full)
    async with asyncio.timeout(PATIENCE):
        said = (await err.reader.read(), await child.wait())
    assert said == (b"the output cannot be written: No space left on device\n", 1)
    err.close()


@pytest.mark.parametrize("command", ["rules"], indirect=True)
def test_an_output_that_is_closed_is_none(command: list[str]) -> None:
    done = _run(command, subprocess.DEVNULL, before=lambda: os.close(1))
    assert (done.stderr, done.returncode) == (b"", 0)


@pytest.mark.parametrize("command", ["explain"], indirect=True)
def test_what_the_terminal_has_no_letters_for_is_escaped(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text((BASE + HELLO).replace('"Hi"', '"日本"'))
    done = _run(command, subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert rb"\u65e5\u672c" in done.stdout
    assert (done.stderr, done.returncode) == (b"", 0)


_INTERRUPTED = """
import importlib.abc, os, signal, sys
class Interrupt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == sys.argv[-1]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
from proxy.__main__ import main
sys.exit(main(sys.argv[1:-1]))
"""
"""Ctrl-C comes at the moment when a module is looked for."""


@pytest.mark.parametrize(
    ("command", "module"),
    [
        *(
            ("serve", name)
            for name in ("proxy.machine.printable", "proxy.program", "aiohttp", "proxy.rules.load", "uvloop")
        ),
        *(("rules", name) for name in ("pydantic", "proxy.commands.catalogue")),
        *(("demo", "proxy.scripted"), ("doctor", "proxy.commands.doctor.bench")),
    ],
)
def test_ctrl_c_at_any_moment_of_a_start_ends_it_without_a_word(command: str, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, command, module],
        cwd=ROOT,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", -signal.SIGINT)


def test_ctrl_c_in_the_middle_of_a_command_does_so_as_well() -> None:
    child = on_terminal("doctor", "--set", "upstream.url=http://192.0.2.1", executed=True)  # TEST-NET-1: nobody says no
    began = time.monotonic()
    while "re2" not in Path(f"/proc/{child.pid}/maps").read_text():  # until then, it is Python itself that starts
        assert time.monotonic() < began + PATIENCE
        time.sleep(0.01)
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert "Traceback" not in child.before
    assert child.signalstatus == signal.SIGINT


COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
    ids=["a terminal", "NO_COLOR", "NO_COLOR, but empty", "TERM=dumb"],
)
def test_colours_are_for_terminals_that_want_them(environment: dict[str, str], coloured: bool, tmp_path: Path) -> None:
    settings = ("listen.port=0", f"journal.path={tmp_path}/j.sqlite", "log.level=info")
    child = on_terminal(*(part for setting in settings for part in ("--set", setting)), environment=environment)
    child.expect("listening[^\n]*\n")
    said = child.before + child.after
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert bool(COLOUR.search(said + child.before)) == coloured
    assert child.exitstatus == 0

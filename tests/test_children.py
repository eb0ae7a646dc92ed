"""A forked process is what an executed one is."""

import os
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.process import EXECUTED, run, running
from tests.terminal import screen


@pytest.mark.parametrize("arguments", [["check"], ["--set", "listen.port=x"], ["explain", "-"]])
async def test_it_says_and_ends_as_one_that_is_executed(arguments: list[str]) -> None:
    """The last one reads standard input, which is empty."""
    assert await run(*arguments) == await run(*arguments, command=EXECUTED)


def test_it_does_so_on_a_terminal() -> None:
    assert screen("rules", columns=50) == screen("rules", columns=50, executed=True)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux alone tells of another process")
async def test_it_holds_the_same_files_and_heeds_the_same_signals() -> None:
    """Also where others were forked before it, whose outputs it would keep open; an exec inherits pytest's."""

    async def seen(command: Sequence[str]) -> tuple[Counter[str], list[str]]:
        async with running("http://127.0.0.1:9", command=command) as (process, _):
            at = Path(f"/proc/{process.process.pid}")
            files = Counter(os.readlink(entry.path).partition(":[")[0] for entry in os.scandir(at / "fd"))
            said = (at / "status").read_text().splitlines()
            return files, [line for line in said if line.startswith(("SigBlk", "SigIgn", "SigCgt"))]

    async with running("http://127.0.0.1:9"):
        (files, signals), (allowed, expected) = await seen(()), await seen(EXECUTED)
    assert (files - allowed, signals) == (Counter(), expected)


@pytest.mark.parametrize("command", [(), EXECUTED], ids=["forked", "executed"])
async def test_its_end_by_a_signal_is_told(command: Sequence[str]) -> None:
    async with running("http://127.0.0.1:9", command=command) as (process, _):
        process.process.kill()
        assert await process.exit_code() == process.process.returncode == -signal.SIGKILL

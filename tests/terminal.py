"""The program on a terminal of its own, as a person has it: what was written there, and how it ended."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pexpect

from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent


def on_terminal(
    *arguments: str, columns: int = 80, environment: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> "pexpect.spawn[str]":
    """`python -m proxy` on a terminal so wide. `TERM` is an ordinary one, and no variable asks for something else."""
    unasked = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    command = ["-m", "proxy", *arguments]
    return pexpect.spawn(
        sys.executable,
        command,
        dimensions=(50, columns),
        timeout=PATIENCE,
        encoding="utf-8",
        cwd=str(cwd),
        env={**unasked, "TERM": "xterm", "PYTHONPATH": str(ROOT), **(environment or {})},
    )


def screen(*arguments: str, columns: int = 80, environment: Mapping[str, str] | None = None) -> tuple[str, int | None]:
    """What a command that ends by itself has written, and its exit code."""
    child = on_terminal(*arguments, columns=columns, environment=environment)
    child.expect(pexpect.EOF)
    child.close()
    return str(child.before).replace("\r\n", "\n"), child.exitstatus

"""The program on a terminal of its own, as a person has it: what was written there, and how it ended."""

import os
import socket
import sys
import termios
from collections.abc import Mapping

import pexpect
from pexpect.fdpexpect import fdspawn

from tests import children, preloaded
from tests.waiting import PATIENCE

LINES = 50


class Forked(fdspawn):  # type: ignore[misc]
    """What tests do with a `pexpect.spawn`, of a fork of the preloaded process (tests/preloaded.py)."""

    def __init__(self, arguments: tuple[str, ...], columns: int, environment: Mapping[str, str]) -> None:
        screen, keyboard = os.openpty()
        termios.tcsetwinsize(keyboard, (LINES, columns))
        ours, theirs = socket.socketpair()
        with ours, theirs:
            files = [keyboard, keyboard, keyboard, theirs.fileno()]
            preloaded.send(children.preloaded_process(), list(arguments), dict(environment), files)
            self._told = ours.makefile("r")
        os.close(keyboard)
        super().__init__(screen, timeout=PATIENCE, encoding="utf-8")
        self.pid = int(self._told.readline())

    def sendintr(self) -> None:
        """Press Ctrl-C."""
        self.send("\x03")

    def close(self) -> None:
        """Hang up, and wait for the end."""
        super().close()
        with self._told:
            code = os.waitstatus_to_exitcode(int(self._told.readline()))
        self.exitstatus: int | None = code if code >= 0 else None
        self.signalstatus: int | None = -code if code < 0 else None


def on_terminal(
    *arguments: str, columns: int = 80, environment: Mapping[str, str] | None = None, executed: bool = False
) -> "pexpect.spawn[str]":
    """`python -m proxy` on a terminal so wide. `TERM` is an ordinary one, and no variable asks for something else.

    It is a fork unless it is to be `executed`, as of `tests.process.running`.
    """
    unasked = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    given = {**unasked, "TERM": "xterm", **(environment or {})}
    if not executed:
        return Forked(arguments, columns, given)
    return pexpect.spawn(
        sys.executable,
        ["-m", "proxy", *arguments],
        dimensions=(LINES, columns),
        timeout=PATIENCE,
        encoding="utf-8",
        cwd=str(children.ROOT),
        env=given,
    )


def screen(
    *arguments: str, columns: int = 80, environment: Mapping[str, str] | None = None, executed: bool = False
) -> tuple[str, int | None]:
    """What a command that ends by itself has written, and its exit code; keywords as of `on_terminal`."""
    child = on_terminal(*arguments, columns=columns, environment=environment, executed=executed)
    child.expect(pexpect.EOF)
    child.close()
    return str(child.before).replace("\r\n", "\n"), child.exitstatus

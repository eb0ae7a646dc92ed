"""Processes of the proxy: forked from one that has imported it already (tests/preloaded.py), or executed."""

import asyncio
import atexit
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

from tests import preloaded

ROOT = Path(__file__).parent.parent


class Child(Protocol):
    """What tests do with a process; asyncio's own has it too."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def send_signal(self, signal: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    async def wait(self) -> int: ...


@dataclass(slots=True)
class Forked:
    """A child of the preloaded process, which tells of its end."""

    pid: int
    ended: asyncio.Task[int]

    @property
    def returncode(self) -> int | None:
        return self.ended.result() if self.ended.done() else None

    def send_signal(self, number: int, /) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):  # it has ended, and that is told in a moment
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)


@dataclass(slots=True)
class Output:
    """One output of a process, which is to be read to its end or closed."""

    reader: asyncio.StreamReader = field(default_factory=asyncio.StreamReader)
    transport: asyncio.BaseTransport | None = None

    async def connect(self) -> int:
        """Begin to read; the end to write to, which is the caller's to close."""
        ours, theirs = os.pipe()
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self.reader), os.fdopen(ours, "rb", buffering=0)
        )
        return theirs

    def close(self) -> None:
        """Whatever the process writes from now on fails."""
        assert self.transport
        self.transport.close()


@cache
def preloaded_process() -> socket.socket:
    """The way to ask the preloaded process, which is started now and ends with this one."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "tests.preloaded", str(theirs.fileno())]
        process = subprocess.Popen(
            command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


async def fork(arguments: Sequence[str], environment: Mapping[str, str], files: list[int]) -> Child:
    """`python -m proxy` with these arguments, as a fork of the preloaded process."""
    ours, theirs = socket.socketpair()
    with theirs:
        preloaded.send(preloaded_process(), list(arguments), dict(environment), [*files, theirs.fileno()])
    reader, writer = await asyncio.open_connection(sock=ours)
    number = int(await reader.readline())

    async def ended() -> int:
        try:
            return os.waitstatus_to_exitcode(int(await reader.readline()))
        finally:
            writer.close()

    return Forked(number, asyncio.create_task(ended()))


async def fork_or_execute(
    arguments: Sequence[str], environment: Mapping[str, str], command: Sequence[str], files: list[int]
) -> Child:
    """A process whose standard input, output and error are these files; without a `command` it is a fork."""
    if not command:
        return await fork(arguments, environment, files)
    stdin, stdout, stderr = files
    return await asyncio.create_subprocess_exec(
        *(*command, *arguments), cwd=ROOT, env=dict(environment), stdin=stdin, stdout=stdout, stderr=stderr
    )


async def start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    command: Sequence[str] = (),
    *,
    stdout: int | None = None,
) -> tuple[Child, Output, Output]:
    """A process and its two outputs; `command` is executed in place of a fork, `stdout` is a file of the caller's."""
    out, err = Output(), Output()
    written = await out.connect() if stdout is None else os.dup(stdout)
    files = [os.open(os.devnull, os.O_RDONLY), written, await err.connect()]
    try:
        return await fork_or_execute(arguments, environment, command, files), out, err
    finally:
        for file in files:
            os.close(file)

"""`python -m proxy` as a process of its own: its port, its log lines, everything it said, and how it ended."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests import children
from tests.children import Child, Output, start
from tests.waiting import PATIENCE

ROOT = children.ROOT
CONFIG = ROOT / "config.toml"

EXECUTED = (sys.executable, "-m", "proxy")
"""The command that a person gives: executed, where a fork of a process with the same modules is no proof."""


@dataclass(slots=True)
class Process:
    """The running proxy. What it writes is read as it comes, so that it never waits for a test to do so."""

    process: Child
    _out: Output
    _err: Output
    lines: list[dict[str, Any]] = field(default_factory=list)
    """The log lines that `line` has passed, with the one that it found."""
    said: list[bytes] = field(default_factory=list)
    """Everything written to standard output and standard error so far."""
    _unread: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    async def listen(self) -> None:
        """Read both outputs to their end."""
        await asyncio.gather(self._read(self._out.reader, self._unread), self._read(self._err.reader))

    async def _read(self, stream: asyncio.StreamReader, unread: asyncio.Queue[bytes | None] | None = None) -> None:
        while line := await stream.readline():
            self.said.append(line)
            if unread:
                unread.put_nowait(line)
        if unread:
            unread.put_nowait(None)

    async def line(self, event: str, **fields: object) -> dict[str, Any]:
        """The next line about `event` with these fields."""
        while text := await asyncio.wait_for(self._unread.get(), PATIENCE):
            self.lines.append(json.loads(text))
            if self.lines[-1].items() >= {"event": event, **fields}.items():
                return self.lines[-1]
        raise AssertionError(f"the process ended without {event!r}; it said {b''.join(self.said).decode()}")

    def forget(self) -> None:
        """Pass by what has been written so far: `line` is to find what comes from now on."""
        while not self._unread.empty():
            self._unread.get_nowait()

    def stop_reading(self) -> None:
        """Close this end of its standard output: whatever it writes there from now on fails."""
        self._out.close()

    def close(self) -> None:
        self._out.close()
        self._err.close()

    async def exit_code(self) -> int:
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    def memory(self, name: str = "VmRSS") -> int:
        """Bytes of memory as the kernel counts them: `VmRSS` is now, `VmHWM` the most there ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (kibibytes,) = (line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(kibibytes) * 1024


@asynccontextmanager
async def running(
    upstream_url: str,
    *settings: str,
    environment: Mapping[str, str] | None = None,
    config: Path = CONFIG,
    command: Sequence[str] = (),
) -> AsyncIterator[tuple[Process, int]]:
    """The running proxy and its port.

    `environment` is put on top of that of the tests; `command`, such as `EXECUTED`, is executed in place of a fork.
    """
    state = TemporaryDirectory()
    own = ("listen.port=0", f"upstream.url={upstream_url}", "log.format=json", f"journal.path={state.name}/j.sqlite")
    options = [part for setting in (*own, *settings) for part in ("--set", setting)]
    process = Process(*await start(["--config", str(config), *options], {**os.environ, **(environment or {})}, command))
    listening = asyncio.create_task(process.listen())
    try:
        line = await process.line("listening")
        yield process, int(line["address"].rpartition(":")[2])
    finally:
        if process.process.returncode is None:
            process.process.kill()
        await process.process.wait()
        await listening
        process.close()
        state.cleanup()


async def run(
    *arguments: str, environment: Mapping[str, str] | None = None, command: Sequence[str] = ()
) -> tuple[int, str, str]:
    """Exit code and output of a command that ends by itself; keywords as of `running`."""
    given = {**os.environ, **(environment or {})}
    child, out, err = await start(["--config", str(CONFIG), *arguments], given, command)
    try:
        async with asyncio.timeout(PATIENCE):
            said, complained = await asyncio.gather(out.reader.read(), err.reader.read())
            return await child.wait(), said.decode(), complained.decode()
    except TimeoutError:
        child.kill()
        raise
    finally:
        out.close()
        err.close()

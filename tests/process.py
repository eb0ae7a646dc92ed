"""`python -m proxy` as a process of its own: its port, its log lines, everything it said, and how it ended."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent


@dataclass(slots=True)
class Process:
    """The running proxy. What it writes is read as it comes, so that it never waits for a test to do so."""

    process: asyncio.subprocess.Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    """The log lines that `line` has passed, with the one that it found."""
    said: list[bytes] = field(default_factory=list)
    """Everything written to standard output and standard error so far."""
    _unread: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    async def listen(self) -> None:
        """Read both outputs to their end."""
        assert self.process.stdout
        assert self.process.stderr
        await asyncio.gather(self._read(self.process.stdout, self._unread), self._read(self.process.stderr))

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
        self.process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined] # asyncio has no other way

    async def exit_code(self) -> int:
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    def memory(self, name: str = "VmRSS") -> int:
        """Bytes of memory as the kernel counts them: `VmRSS` is now, `VmHWM` the most there ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (kibibytes,) = (line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(kibibytes) * 1024


CONFIG = ROOT / "config.toml"


def _command(*arguments: str, config: Path = CONFIG) -> list[str]:
    return [sys.executable, "-m", "proxy", "--config", str(config), *arguments]


@asynccontextmanager
async def running(
    upstream_url: str, *settings: str, environment: Mapping[str, str] | None = None, config: Path = CONFIG
) -> AsyncIterator[tuple[Process, int]]:
    """The running proxy and its port; `environment` is put on top of that of the tests."""
    state = TemporaryDirectory()
    own = ("listen.port=0", f"upstream.url={upstream_url}", "log.format=json", f"journal.path={state.name}/j.sqlite")
    options = [part for setting in (*own, *settings) for part in ("--set", setting)]
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        *_command(*options, config=config),
        cwd=ROOT,
        stdout=pipe,
        stderr=pipe,
        env={**os.environ, **(environment or {})},
    )
    process = Process(child)
    listening = asyncio.create_task(process.listen())
    try:
        line = await process.line("listening")
        yield process, int(line["address"].rpartition(":")[2])
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        await listening
        state.cleanup()
        child._transport.close()  # type: ignore[attr-defined] # else Python 3.11 warns of it at shutdown


async def run(*arguments: str, cwd: Path = ROOT) -> tuple[int, str, str]:
    """Exit code and output of a command that ends by itself."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*_command(*arguments), cwd=cwd, stdout=pipe, stderr=pipe)
    try:
        out, err = await asyncio.wait_for(child.communicate(), PATIENCE)
    except TimeoutError:
        child.kill()
        raise
    return child.returncode or 0, out.decode(), err.decode()

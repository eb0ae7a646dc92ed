"""The real entry point under a service manager: readiness, reload, watchdog, and sockets that outlive it."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest

from proxy.commands.doctor.bench import scripted
from proxy.commands.doctor.plain_http import Address, ask
from tests.shipped import IN_FORCE
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
CLIENTS = 64
RESTARTS = 4
"""Enough of both that some client connects in the very moment in which a process stops to accept."""

# `LISTEN_PID` must be the process's own: a shell that becomes the program knows it.
AS_SYSTEMD = 'LISTEN_PID=$$ exec "$@"'


class Manager:
    """systemd's side: the datagram socket, and the listening socket that it holds."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.settimeout(PATIENCE)
        self._notified.bind(self.address)
        self.held = socket.create_server(("127.0.0.1", 0), backlog=2048)

    @property
    def sidestep(self) -> Address:
        return Address("127.0.0.1", self.held.getsockname()[1])

    def told(self) -> str:
        """The next message, whatever it says."""
        return self._notified.recv(65536).decode()

    async def hears(self, wanted: str) -> list[str]:
        """The next message with that assignment."""
        while True:
            said = (await asyncio.to_thread(self.told)).split("\n")
            if wanted in said:
                return said

    def close(self) -> None:
        self._notified.close()
        self.held.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with closing(Manager(tmp_path)) as made:
        yield made


@asynccontextmanager
async def _service(
    manager: Manager, upstream: int, state: Path, *more: str, watchdog: float = 0, hand_over: bool = True
) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = [
        f"upstream.url=http://127.0.0.1:{upstream}",
        f"shadow.file={state / 'a.json'}",
        f"journal.path={state / 'journal.sqlite'}",
        "log.format=json",
        *more,
    ]
    options = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "proxy", "--config", "config.toml", *options]
    environ = {**os.environ, "NOTIFY_SOCKET": manager.address}
    environ |= {"WATCHDOG_USEC": str(int(watchdog * 1_000_000))} if watchdog else {}
    environ |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"} if hand_over else {}
    held = os.dup(manager.held.fileno())
    os.set_inheritable(held, True)
    handing = f"exec 3<&{held} {held}<&-; {AS_SYSTEMD}" if hand_over else 'exec "$@"'
    child = await asyncio.create_subprocess_exec(
        *("bash", "-c", handing, "bash", *command),
        cwd=ROOT,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        pass_fds=[held],
    )
    os.close(held)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        child._transport.close()  # type: ignore[attr-defined] # else Python 3.11 warns of it at shutdown


async def _said(child: asyncio.subprocess.Process, event: str) -> dict[str, object]:
    assert child.stdout is not None
    while text := await asyncio.wait_for(child.stdout.readline(), PATIENCE):
        line: dict[str, object] = json.loads(text)
        if line["event"] == event:
            return line
    raise AssertionError(f"it ended without {event!r}")


async def test_it_is_ready_when_it_listens_and_says_when_it_reloads_and_stops(manager: Manager, tmp_path: Path) -> None:
    async with scripted({}) as (_, upstream), _service(manager, upstream, tmp_path) as child:
        await manager.hears("READY=1")
        reply = await ask(manager.sidestep, manager.sidestep.request("GET /-/ready"))
        assert reply.status == 200
        child.send_signal(signal.SIGHUP)
        assert (await manager.hears("RELOADING=1"))[1].startswith("MONOTONIC_USEC=")
        await manager.hears("READY=1")
        child.send_signal(signal.SIGTERM)
        await manager.hears("STOPPING=1")
        assert await asyncio.wait_for(child.wait(), PATIENCE) == 0


async def test_settings_that_cannot_be_used_are_the_last_status(manager: Manager, tmp_path: Path) -> None:
    async with _service(manager, 9, tmp_path, "upstream.idel_timeout=1") as child:
        assert await asyncio.wait_for(child.wait(), PATIENCE) == 2
        said = await asyncio.to_thread(manager.told)
    assert said.startswith("STATUS=--set: upstream.idel_timeout: unknown key; did you mean 'idle_timeout'?")


async def test_a_watchdog_gets_its_signs_of_life_with_a_status(manager: Manager, tmp_path: Path) -> None:
    async with scripted({}) as (_, upstream), _service(manager, upstream, tmp_path, watchdog=0.02):
        for _ in range(3):
            said = await manager.hears("WATCHDOG=1")
            assert said[1].startswith("STATUS=")


async def test_the_status_line_counts_what_became_of_requests(manager: Manager, tmp_path: Path) -> None:
    """It comes with every sign of life: each is looked at until one has the request that has just ended."""
    async with scripted({}) as (_, upstream), _service(manager, upstream, tmp_path, watchdog=0.02):
        fresh = (await manager.hears("WATCHDOG=1"))[1]
        assert fresh == f"STATUS={IN_FORCE} rules; 0 requests; 0 running; upstream not asked yet"
        assert (await ask(manager.sidestep, manager.sidestep.request("GET /v1/models"))).status == 200
        await ask(manager.sidestep, manager.sidestep.request("GET /-/health"))
        async with asyncio.timeout(PATIENCE):
            while (said := (await manager.hears("WATCHDOG=1"))[1]) == fresh or "; 0 running" not in said:
                pass
        assert said.startswith(f"STATUS={IN_FORCE} rules; 1 request: 1 forwarded; 0 running; upstream ok ")


async def test_a_service_restarts_under_load_and_refuses_no_connection(manager: Manager, tmp_path: Path) -> None:
    """Clients never pause and connect anew each time, while one process takes over from another, again and again."""
    done = asyncio.Event()

    async def client() -> int:
        count = 0
        while not done.is_set():
            request = manager.sidestep.request("GET /v1/models", ["Connection: close"])
            reply = await ask(manager.sidestep, request)
            assert reply.status == 200
            count += 1
        return count

    async with scripted({}) as (_, upstream):
        clients: list[asyncio.Task[int]] = []
        for _ in range(RESTARTS):
            async with _service(manager, upstream, tmp_path) as child:
                await manager.hears("READY=1")
                clients = clients or [asyncio.create_task(client()) for _ in range(CLIENTS)]
                await _said(child, "request")  # this one is in use now
                reading = asyncio.create_task(_read_on(child))
                child.send_signal(signal.SIGTERM)
                await asyncio.wait_for(child.wait(), PATIENCE)
                await reading
        async with _service(manager, upstream, tmp_path):
            done.set()
            counts = await asyncio.gather(*clients)
    assert all(counts)


async def _read_on(child: asyncio.subprocess.Process) -> None:
    assert child.stdout is not None
    while await child.stdout.readline():
        pass


async def test_a_socket_that_others_reach_wants_a_token(manager: Manager, tmp_path: Path) -> None:
    manager.held.close()
    manager.held = socket.create_server(("0.0.0.0", 0))
    async with _service(manager, 9, tmp_path) as child:
        line = await _said(child, "cannot serve")
        assert "0.0.0.0" in str(line["problem"])
        assert await asyncio.wait_for(child.wait(), PATIENCE) == 2


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd is not installed here")
async def test_systemds_own_tool_starts_it_with_the_first_connection(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    async with scripted({}) as (_, upstream):
        options = ["--set", f"upstream.url=http://127.0.0.1:{upstream}", "--set", f"shadow.file={tmp_path / 'a'}"]
        options += ["--set", f"journal.path={tmp_path / 'journal.sqlite'}"]
        program = [sys.executable, "-m", "proxy", "--config", "config.toml", *options]
        child = await asyncio.create_subprocess_exec(
            *("systemd-socket-activate", "-l", f"127.0.0.1:{port}", *program),
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            assert child.stderr is not None
            await asyncio.wait_for(child.stderr.readline(), PATIENCE)
            sidestep = Address("127.0.0.1", port)
            reply = await ask(sidestep, sidestep.request("GET /v1/models", ["Connection: close"]))
            assert reply.status == 200
        finally:
            with suppress(ProcessLookupError):
                child.terminate()
            await child.communicate()

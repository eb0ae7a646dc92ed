"""What the storms share: an upstream that can be killed and started again, and how the end of an answer is judged."""

import asyncio
import json
import os
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from tests.process import Process, running
from tests.raw import Peer, Script, raw_client
from tests.waiting import PATIENCE, until

BROKEN = (asyncio.IncompleteReadError, ConnectionError)

# What a proxy may say while clients and upstreams come and go; a traceback is not among it.
_EVENTS = {"listening", "request", "upstream error", "stopping", "stopped"}
_STATUSES = {200, 499, 502}


@dataclass(frozen=True, slots=True)
class End:
    """How an answer ended for the client: `whole`, `broken` (visibly), or `502` in the API's shape; else `wrong: …`."""

    kind: str
    body: bytes = b""


async def answer(client: Peer, on_head: Callable[[], None] = lambda: None) -> End:
    """Read one reply to its end, whichever that is; `on_head` is called as soon as its head is there."""
    try:
        head = await client.head()
        on_head()
        chunked = b"transfer-encoding: chunked" in head.lower()
        body = b"".join(await client.chunks()) if chunked else await client.sized(head)
    except BROKEN:
        return End("broken")
    if b" 502 " not in head.partition(b"\r\n")[0]:
        return End("whole", body)
    try:
        made = json.loads(body)
        assert made["type"] == "error"
        assert made["error"].keys() == {"type", "message"}
        assert f"request-id: {made['request_id']}".encode() in head.lower()
    except (AssertionError, KeyError, TypeError, ValueError):
        return End(f"wrong: {body[:200]!r}")
    return End("502", body)


async def ask(port: int, message: bytes, on_head: Callable[[], None] = lambda: None) -> End:
    """One request over a connection of its own. A proxy that lets it hang raises TimeoutError."""
    async with asyncio.timeout(PATIENCE), raw_client(port) as client:
        try:
            await client.send(message)
        except ConnectionError:
            return End("broken")
        return await answer(client, on_head)


@dataclass(slots=True)
class Tally:
    """The figures of a storm. `lost` are requests that never ended; `wrong` ended in a way that tells a lie."""

    ends: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)

    async def add(
        self, port: int, message: bytes, is_right: Callable[[End], bool], on_head: Callable[[], None] = lambda: None
    ) -> End | None:
        try:
            end = await ask(port, message, on_head)
        except TimeoutError:
            self.lost += 1
            return None
        self.ends[end.kind.partition(":")[0]] += 1
        if not is_right(end):
            self.wrong.append(f"{end.kind} {end.body[:200]!r}")
        return end

    def __str__(self) -> str:
        requests = self.ends.total() + self.lost
        ends = ", ".join(f"{count} {kind}" for kind, count in sorted(self.ends.items()))
        return f"requests {requests} ({ends}), faults {self.faults}, lost {self.lost}, wrong {len(self.wrong)}"


@dataclass(slots=True)
class Mortal:
    """An upstream on one port that can die, with all its connections, and come back."""

    script: Script
    port: int = 0
    failures: list[Exception] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def kill(self) -> None:
        """As a killed process ends: nothing listens any more, and every connection is reset."""
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer, task = Peer(reader, writer), asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self.script(peer)
        except (*BROKEN, asyncio.CancelledError):
            pass
        except Exception as error:
            self.failures.append(error)
        finally:
            self._tasks.discard(task)
            peer.abort()


def open_files(process: Process) -> int:
    """How many file descriptors the proxy holds, but for the journal's, which it opens when a request has ended."""
    return sum(".sqlite" not in held for held in _held(f"/proc/{process.process.pid}/fd"))


def _held(folder: str) -> Iterator[str]:
    for descriptor in os.listdir(folder):
        with suppress(FileNotFoundError):  # closed since
            yield os.readlink(f"{folder}/{descriptor}")


async def files_back_to(process: Process, count: int) -> None:
    """Wait until the proxy holds no more file descriptors than `count`; one that leaks raises TimeoutError."""
    await until(lambda: open_files(process) <= count, PATIENCE)


def said_nothing_else(process: Process) -> None:
    """Every line on both outputs is a log line of one of the expected kinds, and none is a traceback."""
    for line in process.said:
        entry = json.loads(line)
        assert entry["event"] in _EVENTS, line
        assert entry["event"] != "request" or entry["status"] in _STATUSES, line


@asynccontextmanager
async def before(upstream: Mortal) -> AsyncIterator[tuple[Process, int]]:
    """A proxy before this upstream; both have to end without a complaint."""
    await upstream.start()
    async with running(upstream.url) as (process, port):
        yield process, port
        await upstream.kill()
    said_nothing_else(process)
    assert not upstream.failures


def reset(peer: Peer) -> None:
    """Close at once and with a reset, as the kernel does for a process that is killed with data unread."""
    connection = peer.writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.abort()


def told(tally: Tally, capfd: pytest.CaptureFixture[str], about: str) -> None:
    """Print the figures, whatever pytest captures; none of them may be a loss or a lie."""
    with capfd.disabled():
        print(f"\n{about}: {tally}")
    assert (tally.lost, tally.wrong) == (0, [])

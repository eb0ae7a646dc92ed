"""The set-up of the self-test: a scripted raw upstream, and a second Sidestep in front of it."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

import proxy
from proxy.commands.doctor.plain_http import TIMEOUT, Address, HttpMessage, read_message
from proxy.settings.config import Config, UpstreamSettings

FRAMES = 5
"""Events of the scripted stream; each is sent after the client has received the one before."""

START = 30.0
"""Seconds for the second Sidestep to load its rules and listen."""

REPLY_LINES = (b"Content-Type: application/octet-stream", b"X-Doctor: one", b"x-DOCTOR: two", b"Content-Length: 256")
REPLY_FIRST = b"HTTP/1.1 203 As It Came"
REPLY_BODY = bytes(range(256))

_CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_SYSTEMD_VARIABLES = (
    *("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "RUNTIME_DIRECTORY"),
    *("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"),
)


class NotStartedError(Exception):
    """The second Sidestep did not start to listen; the message is the last line of its output."""


@dataclass(slots=True)
class BenchUpstream:
    """The upstream: what arrived, and the progress of its stream. Times are `time.perf_counter()`."""

    headers: Mapping[str, str]
    """More headers of messages, which rules may repeat."""
    arrived: list[HttpMessage] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    seen: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the client when it has received the last frame."""
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the other side closes the connection of an endless reply."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(EOFError, OSError, TimeoutError):
            while True:
                request = await read_message(reader)
                self.arrived.append(request)
                await self._reply(request.first.split(b" ")[1], reader, writer)

    async def _reply(self, target: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match target.partition(b"?")[0]:
            case b"/doctor/bytes":
                writer.write(b"\r\n".join([REPLY_FIRST, *REPLY_LINES]) + b"\r\n\r\n" + REPLY_BODY)
            case b"/doctor/stream":
                await self._stream(writer)
            case b"/doctor/endless":
                writer.write(_CHUNKED + _chunk(frame(0)))
                with suppress(ConnectionError):
                    while await reader.read(65536):
                        pass
                self.left.set()
                raise EOFError
            case _:
                writer.write(self._message())

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        self.sent_at.clear()
        for number in range(FRAMES):
            self.seen.clear()
            self.sent_at.append(time.perf_counter())
            writer.write((b"" if number else _CHUNKED) + _chunk(frame(number)))
            await asyncio.wait_for(self.seen.wait(), TIMEOUT)
        writer.write(b"0\r\n\r\n")

    def _message(self) -> bytes:
        """A short message, as the model would send it."""
        content = [{"type": "text", "text": "from the scripted upstream"}]
        usage = {"input_tokens": 1, "output_tokens": 1}
        said = {"id": "msg_doctor", "type": "message", "role": "assistant", "model": "scripted", "content": content}
        body = orjson.dumps({**said, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage})
        lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def frame(number: int) -> bytes:
    """One event of the scripted stream."""
    return b'event: doctor\ndata: {"frame":%d}\n\n' % number


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass(frozen=True, slots=True)
class Bench:
    """A Sidestep to try, and the upstream behind it."""

    sidestep: Address
    upstream: BenchUpstream


@asynccontextmanager
async def scripted(headers: Mapping[str, str]) -> AsyncIterator[tuple[BenchUpstream, int]]:
    """The upstream on a free port of loopback, and that port."""
    script = BenchUpstream(headers)
    async with serving(script.serve) as port:
        yield script, port


@asynccontextmanager
async def serving(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """Serve connections on a free port of loopback; at the end, all connections and tasks are ended."""
    tasks: set[asyncio.Task[None]] = set()

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
            writer.close()
        finally:
            if not writer.is_closing():
                writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(whole(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def second(file: Path, given: Sequence[str], config: Config, upstream: int) -> AsyncIterator[Address]:
    """Sidestep in a separate process, with these settings except for address, upstream and state.

    Raises `NotStartedError`.
    """
    with _state() as state:
        child = await asyncio.create_subprocess_exec(
            *_command(file, [*given, *_changed(Path(state), upstream)]),
            cwd=Path(proxy.__file__).parent.parent,  # so that no other package named `proxy` is run
            env={name: value for name, value in os.environ.items() if name not in _SYSTEMD_VARIABLES},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert child.stdout is not None
        try:
            port = await _listening(child.stdout)
            reading = asyncio.create_task(_read_on(child.stdout))  # a full pipe would stop it
            try:
                yield Address("127.0.0.1", port, getattr(config.listen, "token", ""))
            finally:
                reading.cancel()
        finally:
            await _end(child)


def _state() -> TemporaryDirectory[str]:
    """A folder for its state. Raises `NotStartedError`, in a container with a read-only disk for example."""
    try:
        return TemporaryDirectory()
    except OSError as error:
        raise NotStartedError(f"no folder for temporary files: {error.strerror}") from None


def _command(file: Path, settings: Sequence[str]) -> list[str]:
    options = [part for setting in settings for part in ("--set", setting)]
    return [sys.executable, "-m", "proxy", "serve", "--config", str(file.resolve()), *options]


def _changed(state: Path, upstream: int) -> list[str]:
    changed = ["listen.host=127.0.0.1", "listen.port=0", f"upstream.url=http://127.0.0.1:{upstream}"]
    changed += [f"shadow.file={state / 'agreement.json'}", "capture.enabled=false"]
    changed += [f"journal.path={state / 'journal.sqlite'}"]
    changed += ["log.level=info", "log.format=json"]
    if "proxy" in UpstreamSettings.model_fields:
        changed.append("upstream.proxy=")  # a proxy would lead out of this machine
    return changed


async def _listening(out: asyncio.StreamReader) -> int:
    """The port in its start-up line."""
    last = "it said nothing"
    try:
        async with asyncio.timeout(START):
            while text := await out.readline():
                last = text.decode("utf-8", "replace").strip()
                with suppress(orjson.JSONDecodeError):
                    said = orjson.loads(text)
                    if said["event"] == "listening":
                        return int(said["address"].rpartition(":")[2])
    except TimeoutError:
        raise NotStartedError(f"not listening after {START:.0f} seconds: {last}") from None
    raise NotStartedError(last)


async def _read_on(out: asyncio.StreamReader) -> None:
    while await out.readline():
        pass


async def _end(child: asyncio.subprocess.Process) -> None:
    """Send SIGTERM, and a second one if it does not end: nobody needs its requests."""
    for _ in range(2):
        with suppress(ProcessLookupError, TimeoutError):
            child.send_signal(signal.SIGTERM)
            await asyncio.wait_for(child.wait(), TIMEOUT)
            return
    with suppress(ProcessLookupError):
        child.kill()
    await child.wait()

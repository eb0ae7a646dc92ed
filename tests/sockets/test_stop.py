"""An orderly end: readiness falls, nothing new is taken, what runs may finish for a while, and the process ends."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from tests.process import Process, running
from tests.raw import Peer, raw_client, raw_upstream
from tests.sockets.given import CHUNKED, CLAUDE, broken_off, chunk, chunked, head, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

POST = b"POST /v1/messages HTTP/1.1"
CUT_SHORT = "Sidestep stopped before it was complete"
GET_READY = b"GET /-/ready HTTP/1.1"


@dataclass(slots=True)
class Busy:
    """A proxy with one reply half written to `client`; the other half comes upon `release`."""

    process: Process
    port: int
    client: Peer
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def signal(self, number: signal.Signals) -> None:
        self.process.process.send_signal(number)


@asynccontextmanager
async def _busy(*settings: str) -> AsyncIterator[Busy]:
    release = asyncio.Event()

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n" + chunk(b"first"))
        await release.wait()
        await peer.send(chunked(b"last"))

    async with (
        raw_upstream(script) as upstream,
        running(upstream.url, *settings) as (process, port),
        asyncio.timeout(PATIENCE),
        raw_client(port) as client,
    ):
        await client.send(head(port, POST, b"Content-Length: 2") + b"{}")
        await client.head()
        assert await client.chunk() == b"first"
        yield Busy(process, port, client, release)


async def _refused(port: int) -> None:
    """Wait until no new connection is accepted any more."""
    with suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE):
            while True:
                async with raw_client(port):
                    await asyncio.sleep(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_new_connections_are_refused_running_streams_finish_and_the_exit_code_is_0(
    number: signal.Signals,
) -> None:
    async with _busy() as busy:
        busy.signal(number)
        await busy.process.line("stopping")
        await _refused(busy.port)
        busy.release.set()
        assert await busy.client.chunks() == [b"last"]
        assert await broken_off(busy.client) == b""
        assert await busy.process.exit_code() == 0


async def test_readiness_falls_on_a_connection_that_was_open_before() -> None:
    """It says 503, or the connection is closed; either way nobody takes the process for ready."""
    async with _busy() as busy, raw_client(busy.port) as other:
        await other.send(head(busy.port, GET_READY))
        assert (await receive(other)).status == 200
        busy.signal(signal.SIGTERM)
        await busy.process.line("stopping")
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await other.send(head(busy.port, GET_READY))
            assert (await receive(other)).status == 503
        busy.release.set()
        assert await busy.process.exit_code() == 0


async def test_a_request_whose_body_is_still_coming_is_served_to_its_end() -> None:
    arrived = asyncio.Event()
    bodies: list[bytes] = []

    async def script(peer: Peer) -> None:
        start = await peer.head()
        arrived.set()
        bodies.append(await peer.sized(start))
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with raw_upstream(script) as upstream, running(upstream.url) as (process, port):
        async with asyncio.timeout(PATIENCE), raw_client(port) as client:
            await client.send(head(port, b"POST /api/batch HTTP/1.1", b"Content-Length: 8") + b"half")
            await arrived.wait()
            process.process.send_signal(signal.SIGTERM)
            await process.line("stopping")
            await client.send(b"half")
            assert (await receive(client)).body == b"ok"
        assert await process.exit_code() == 0
    assert bodies == [b"halfhalf"]


async def test_an_idle_process_ends_at_once_though_connections_rest_at_it() -> None:
    async with (
        raw_upstream(Peer.gone) as upstream,
        running(upstream.url, "stop.drain_timeout=3600") as (process, port),
        raw_client(port) as used,
        raw_client(port) as fresh,
    ):
        await used.send(head(port, GET_READY))
        await receive(used)
        process.process.send_signal(signal.SIGTERM)
        assert await process.exit_code() == 0
        assert await broken_off(used) == b""
        assert await broken_off(fresh) == b""


@pytest.mark.parametrize("signals", [1, 2])
async def test_what_ended_a_moment_before_has_its_line(signals: int) -> None:
    async with _busy() as busy:
        busy.release.set()
        assert await busy.client.chunks() == [b"last"]
        for _ in range(signals):
            busy.signal(signal.SIGTERM)
        line = await busy.process.line("request")
        assert (line["status"], line["bytes_out"]) == (200, len("firstlast"))
        await busy.process.line("stopped")


async def test_a_stream_longer_than_the_drain_time_is_broken_off_and_not_ended() -> None:
    async with _busy("stop.drain_timeout=0.2") as busy:
        busy.signal(signal.SIGTERM)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await busy.client.chunks()
        line = await busy.process.line("request")
        assert (line["status"], line["error"], line["level"]) == (200, CUT_SHORT, "warning")
        assert line["bytes_out"] == len("first")
        assert await busy.process.exit_code() == 0


async def test_a_request_that_got_no_reply_within_the_drain_time_is_logged_as_unavailable() -> None:
    arrived = asyncio.Event()

    async def script(peer: Peer) -> None:
        await receive(peer)
        arrived.set()
        await peer.gone()

    async with raw_upstream(script) as upstream, running(upstream.url, "stop.drain_timeout=0.2") as (process, port):
        async with asyncio.timeout(PATIENCE), raw_client(port) as client:
            await client.send(head(port, POST, b"Content-Length: 2") + b"{}")
            await arrived.wait()
            process.process.send_signal(signal.SIGTERM)
            line = await process.line("request")
            assert (line["status"], line["error"]) == (503, CUT_SHORT)
            assert "first_byte_ms" not in line
            assert await broken_off(client) == b""
        assert await process.exit_code() == 0


@pytest.mark.parametrize("ending", [(signal.SIGTERM,), (signal.SIGTERM, signal.SIGTERM), (signal.SIGKILL,)])
async def test_a_reply_that_only_the_connections_end_completes_is_reset_when_the_process_ends(
    ending: tuple[signal.Signals, ...],
) -> None:
    """As a client of HTTP/1.0 gets one: it would take a clean end for the end of the reply."""

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"first"))
        await peer.gone()

    async with (
        raw_upstream(script) as upstream,
        running(upstream.url, "stop.drain_timeout=0.2") as (process, port),
        asyncio.timeout(PATIENCE),
        raw_client(port) as client,
    ):
        await client.send(b"GET /x HTTP/1.0\r\nHost: localhost:%d\r\n\r\n" % port)
        assert await client.reader.readuntil(b"first")
        for number in ending:
            process.process.send_signal(number)
        with pytest.raises(ConnectionResetError):
            await client.reader.read()


async def test_an_upload_longer_than_the_drain_time_is_logged_as_unavailable() -> None:
    async with raw_upstream(Peer.gone) as upstream, running(upstream.url, "stop.drain_timeout=0.2") as (process, port):
        async with asyncio.timeout(PATIENCE), raw_client(port) as client:
            await client.send(head(port, POST, CLAUDE, b"Content-Length: 100") + b"half")
            process.process.send_signal(signal.SIGTERM)
            line = await process.line("request")
            assert (line["status"], line["error"]) == (503, CUT_SHORT)
        assert await process.exit_code() == 0


async def test_a_websocket_longer_than_the_drain_time_is_logged_with_the_status_that_was_sent() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        await peer.gone()

    async with raw_upstream(script) as upstream, running(upstream.url, "stop.drain_timeout=0.2") as (process, port):
        async with asyncio.timeout(PATIENCE), raw_client(port) as client:
            await client.send(head(port, b"GET /ws HTTP/1.1", b"Connection: Upgrade", b"Upgrade: websocket"))
            assert (await receive(client)).status == 101
            process.process.send_signal(signal.SIGTERM)
            line = await process.line("request")
            assert (line["status"], line["error"]) == (101, CUT_SHORT)
        assert await process.exit_code() == 0


async def test_a_client_that_goes_within_the_drain_time_is_said_to_have_gone() -> None:
    async with _busy("stop.drain_timeout=3600") as busy:
        busy.signal(signal.SIGTERM)
        await busy.process.line("stopping")
        busy.client.abort()
        line = await busy.process.line("request")
        assert (line["status"], line["error"]) == (499, "the client went away")
        assert await busy.process.exit_code() == 0


@pytest.mark.parametrize(("first", "second"), [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)])
async def test_a_second_signal_ends_at_once(first: signal.Signals, second: signal.Signals) -> None:
    async with _busy("stop.drain_timeout=3600") as busy:
        busy.signal(first)
        await busy.process.line("stopping")
        busy.signal(second)
        request = await busy.process.line("request")
        assert (request["status"], request["error"]) == (200, "Sidestep stopped before it was complete")
        assert await busy.process.exit_code() == 1
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await busy.client.chunks()

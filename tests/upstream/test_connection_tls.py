"""The end of a connection under TLS, on both event loops: each tells of it in its own way, and neither tells all."""

import asyncio
import fcntl
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import pytest
import uvloop

from proxy.settings.config import UpstreamSettings
from proxy.upstream.connection import ENOUGH, Connection
from proxy.upstream.dial import Dialer
from proxy.upstream.faults import ConnectionLost
from tests.below_tls import End, close, cut, serving
from tests.certificates import Certificate, certificate
from tests.upstream.links import ask, rest
from tests.waiting import PATIENCE, until

OPEN_END = b"HTTP/1.1 200 OK\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
Loop = Callable[[], asyncio.AbstractEventLoop]

pytestmark = pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "own", alternative="IP:127.0.0.1")


def fetched(loop: Loop, own: Certificate, sent: bytes, end: End, *, slowly: bool = False) -> bytes | None:
    """The whole body of a reply, None if it was incomplete; `slowly` lets it wait until no more of it is taken."""

    async def fetch(url: str) -> bytes | None:
        connection = await Dialer(UpstreamSettings(url=url, ca_file=str(own.file))).open()
        try:
            async with asyncio.timeout(PATIENCE):
                ask(connection)
                await connection.head()
                if slowly:
                    await until(lambda: connection._paused)
                    await asyncio.sleep(0.1)  # the end comes, and nothing tells of it
                return await rest(connection)
        except ConnectionLost:
            return None
        finally:
            connection.abort()
            await asyncio.sleep(0)

    with serving(own, sent, end) as url, asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(fetch(url))


@pytest.mark.parametrize(("end", "whole"), [(close, True), (cut, False)])
def test_close_notify_alone_ends_a_body_that_has_no_other_end(
    own: Certificate, loop: Loop, end: End, whole: bool
) -> None:
    """RFC 9112, section 9.8: without it, anybody on the way may have cut the reply."""
    assert fetched(loop, own, OPEN_END + b"what came", end) == (b"what came" if whole else None)


def test_a_body_that_says_itself_where_it_ends_needs_no_close_notify(own: Certificate, loop: Loop) -> None:
    assert fetched(loop, own, SIZED % 4 + b"full", cut) == b"full"


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("end", [close, cut])
def test_an_end_is_told_when_all_that_came_before_it_is_taken_apart(
    own: Certificate, loop: Loop, end: End, whole: bool
) -> None:
    """The end comes with the bytes before it, and there are too many chunks in them for one turn of the loop."""
    sent = CHUNKED + b"1\r\nx\r\n" * 10_000 + (b"0\r\n\r\n" if whole else b"")
    assert fetched(loop, own, sent, end) == (b"x" * 10_000 if whole else None)


@pytest.mark.parametrize("head", [OPEN_END, SIZED % (3 * ENOUGH)], ids=["without a length", "with one"])
@pytest.mark.parametrize("end", [close, cut])
def test_who_reads_slowly_gets_all_that_came_before_the_end(
    own: Certificate, loop: Loop, head: bytes, end: End
) -> None:
    body = b"x" * (3 * ENOUGH)
    got = fetched(loop, own, head + body, end, slowly=True)
    assert (got is not None) is (end is close or head is not OPEN_END)
    assert got in (None, body)


def left_in_the_kernel(handle: socket.socket, request: int) -> int:
    """What has come and was not read (FIONREAD), or was sent and not acknowledged (TIOCOUTQ): tcp(7)."""
    return int(struct.unpack("i", fcntl.ioctl(handle, request, bytes(4)))[0])


def test_an_early_answer_to_an_upload_is_whole_though_the_upstream_resets_before_it_is_read(
    own: Certificate, loop: Loop
) -> None:
    """The next write fails, and the transport ends with what the kernel holds for who reads slowly."""
    links: list[Connection] = []
    piece, sent = bytes(16 * 1024), bytearray()

    def answer_and_close(peer: ssl.SSLSocket) -> None:
        (connection,) = links
        peer.settimeout(PATIENCE)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, len(piece))
        handle = cast(socket.socket, connection._tcp._socket)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * len(piece))  # all that is sent arrives
        while not connection._paused or left_in_the_kernel(handle, termios.FIONREAD) < 2 * len(piece):
            peer.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            sent.extend(piece)
        peer.sendall(b"0\r\n\r\n")
        deadline = time.monotonic() + PATIENCE
        while left_in_the_kernel(peer, termios.TIOCOUTQ) and time.monotonic() < deadline:
            time.sleep(0.001)
        socket.socket(fileno=peer.detach()).close()

    async def upload(connection: Connection) -> None:
        with suppress(ConnectionLost):
            while connection._transport is not None:
                connection.write([piece])
                await connection.drain()
                await asyncio.sleep(0)

    async def fetch(url: str) -> bytes:
        connection = await Dialer(UpstreamSettings(url=url, ca_file=str(own.file))).open()
        links.append(connection)
        try:
            async with asyncio.timeout(PATIENCE):
                ask(connection, b"POST")
                connection.send_alongside(upload(connection))
                await connection.head()
                await until(lambda: connection._transport is None)
                return await rest(connection)
        finally:
            connection.abort()
            await asyncio.sleep(0)

    with serving(own, CHUNKED, answer_and_close) as url, asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(fetch(url)) == sent


class Below(asyncio.Transport):
    """A transport that was asked to pause, and whose TLS still holds the rest of a reply when it tells of an end."""

    def __init__(self, held: bytes) -> None:
        super().__init__({"ssl_object": self})
        self._held = held

    def read(self, most: int) -> bytes:
        """As `ssl.SSLObject.read`, behind whose last byte the connection was cut."""
        if not self._held:
            raise ssl.SSLEOFError
        data, self._held = self._held[:most], self._held[most:]
        return data

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None: ...


@pytest.mark.parametrize("end", [b"0\r\n\r\n", b"1\r\n"], ids=["whole", "cut"])
def test_an_end_that_comes_before_what_tls_holds_back_waits_for_it(loop: Loop, end: bytes) -> None:
    """asyncio tells of an end in between where reading was resumed and paused again in the same turn."""
    chunks = b"1\r\nx\r\n" * 3000

    async def fetch() -> bytes | None:
        connection, transport = Connection(60), Below(chunks + end)
        connection.connection_made(transport)
        connection.begin(b"GET")
        connection.data_received(CHUNKED + chunks)
        connection.eof_received()
        reading = asyncio.create_task(rest(connection))
        await until(lambda: not connection._paused)
        await asyncio.sleep(0)
        connection.connection_lost(None)
        try:
            return await reading
        except ConnectionLost:
            return None

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(fetch()) == (b"x" * 6000 if end.startswith(b"0") else None)


@pytest.mark.parametrize("end", [b"0\r\n\r\n", b"1\r\n"], ids=["whole", "cut"])
def test_so_does_one_that_comes_while_the_client_takes_no_more(loop: Loop, end: bytes) -> None:
    async def fetch() -> bytes | None:
        connection, taken, free = Connection(60), bytearray(), asyncio.Event()

        def sink(piece: bytes, _last: bool) -> bool:
            taken.extend(piece)
            return free.is_set()

        async def drain() -> None:
            await asyncio.wait_for(free.wait(), PATIENCE)

        connection.connection_made(Below(b"2\r\nyz\r\n" + end))
        connection.begin(b"GET")
        streaming = asyncio.create_task(connection.stream_to(sink, drain))
        await asyncio.sleep(0)
        connection.data_received(CHUNKED + b"1\r\nx\r\n")
        connection.eof_received()
        connection.connection_lost(None)
        free.set()
        try:
            await streaming
        except ConnectionLost:
            return None
        return bytes(taken)

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(fetch()) == (b"xyz" if end.startswith(b"0") else None)

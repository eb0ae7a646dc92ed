"""Whether a request was read that a kept connection ended with: every order of request and end, on both event loops."""

import asyncio
import contextlib
import os
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
import uvloop

from proxy.settings.config import UpstreamSettings
from proxy.upstream import tcp
from proxy.upstream.connection import Connection
from proxy.upstream.dial import Dialer
from proxy.upstream.faults import ConnectionLost
from proxy.upstream.pool import Pool
from tests.certificates import Certificate, certificate
from tests.raw import reply
from tests.upstream.links import GET, answer
from tests.waiting import PATIENCE

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
Loop = Callable[[], asyncio.AbstractEventLoop]
Server = socket.socket | ssl.SSLSocket

pytestmark = pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "own", alternative="IP:127.0.0.1")


@contextmanager
def listening(own: Certificate, *, tls: bool) -> Iterator[tuple[socket.socket, Dialer]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        yield listener, Dialer(UpstreamSettings(url=url, ca_file=str(own.file) if tls else ""))


async def kept(connection: Connection, server: Server) -> None:
    """Have one request answered."""
    server.settimeout(PATIENCE)
    asked = asyncio.ensure_future(answer(connection))
    assert await asyncio.to_thread(server.recv, 4096) == GET
    server.sendall(reply(b"x"))
    await asked


async def opened(listener: socket.socket, dialer: Dialer, own: Certificate, *, tls: bool) -> tuple[Connection, Server]:
    """A connection that has been used, and the upstream's end of it."""
    opening = asyncio.ensure_future(dialer.open())
    server: Server = (await asyncio.to_thread(listener.accept))[0]
    if tls:
        server = await asyncio.to_thread(own.server().wrap_socket, server, server_side=True)
    connection = await opening
    await kept(connection, server)
    return connection, server


def arrived(server: Server) -> None:
    """Wait until the request stands in the kernel, which nobody reads from."""
    seen = socket.socket(fileno=os.dup(server.fileno()))
    seen.settimeout(PATIENCE)
    assert seen.recv(1, socket.MSG_PEEK)
    seen.close()


def acknowledged(server: Server) -> None:
    """The same, until the kernel has told the other side."""
    arrived(server)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def closes(server: Server) -> None:
    server.close()


def lingers(server: Server) -> None:
    """End its own side, and take what still comes: no reset tells that it is thrown away, and it says so late."""
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
    socket.socket.shutdown(server, socket.SHUT_WR)


def closes_unread(server: Server) -> None:
    arrived(server)
    server.close()


def closes_unread_and_acknowledged(server: Server) -> None:
    acknowledged(server)
    server.close()


def shuts_down_and_closes_unread(server: Server) -> None:
    """As cpp-httplib does; FIN goes out first, then the reset."""
    arrived(server)
    server.shutdown(socket.SHUT_RDWR)
    time.sleep(0.005)
    server.close()


def close_notify(server: Server) -> None:
    """Say by TLS that no more comes; while OpenSSL does so, it takes a record off the kernel, if one is there."""
    assert isinstance(server, ssl.SSLSocket)
    server.settimeout(0)
    with contextlib.suppress(ssl.SSLError):
        server.unwrap()


def notifies_and_closes_unread(server: Server) -> None:
    """As most TLS servers do: what they say acknowledges the request, and the reset comes after it."""
    acknowledged(server)
    with socket.socket(fileno=os.dup(server.fileno())):  # the end of the last descriptor is that of the connection
        close_notify(server)
        server.close()
        time.sleep(0.005)


def reads_notifies_and_closes(server: Server) -> None:
    assert server.recv(4096) == GET
    close_notify(server)
    server.close()


def reads_notifies_and_closes_later(server: Server) -> None:
    assert server.recv(4096) == GET
    with socket.socket(fileno=os.dup(server.fileno())):
        close_notify(server)
        server.close()
        time.sleep(0.005)


def reads_notifies_and_waits(server: Server) -> None:
    """Until the other side ends, too."""
    assert server.recv(4096) == GET
    with socket.socket(fileno=os.dup(server.fileno())) as below, contextlib.suppress(ConnectionError):
        close_notify(server)
        server.close()
        below.settimeout(PATIENCE)
        while below.recv(4096):
            pass


def reads_a_part_and_closes(server: Server) -> None:
    assert server.recv(4)
    server.close()


def reads_and_closes(server: Server) -> None:
    assert server.recv(4096) == GET
    server.close()


def works_and_closes(server: Server) -> None:
    assert server.recv(4096) == GET
    time.sleep(2 * tcp._MOMENT)
    server.close()


def works_and_resets(server: Server) -> None:
    assert server.recv(4096) == GET
    time.sleep(2 * tcp._MOMENT)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()


def reads_and_resets_later(server: Server) -> None:
    assert server.recv(4096) == GET
    time.sleep(2 * tcp._AT_ONCE)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()


def end_of(
    loop: Loop,
    own: Certificate,
    act: Callable[[Server], None],
    *,
    request: Sequence[bytes] = (GET,),
    before: bool = False,
    tls: bool = False,
) -> bool:
    """Whether a request is told to be unread when the upstream acts like that, `before` or after it is written."""

    async def ended() -> bool:
        with listening(own, tls=tls) as (listener, dialer):
            connection, server = await opened(listener, dialer, own, tls=tls)
            with server:
                connection.begin(b"POST")
                if before:
                    act(server)
                connection.write(request)
                acting = asyncio.to_thread(act, server) if not before else asyncio.sleep(0)
                async with asyncio.timeout(PATIENCE):
                    with pytest.raises(ConnectionLost) as caught:
                        await asyncio.gather(connection.head(), acting)
                    connection.abort()
                    await asyncio.sleep(0)
            return caught.value.unread

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(ended())


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("act", [closes, lingers])
def test_an_end_that_crosses_the_request_has_not_read_it(
    own: Certificate, loop: Loop, act: Callable[[Server], None], tls: bool
) -> None:
    assert end_of(loop, own, act, before=True, tls=tls)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("act", [closes_unread, closes_unread_and_acknowledged])
def test_a_request_that_is_in_the_kernel_when_the_upstream_closes_is_unread(
    own: Certificate, loop: Loop, act: Callable[[Server], None], tls: bool
) -> None:
    assert end_of(loop, own, act, tls=tls)


@pytest.fixture
def patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the machine takes for a reset, it comes at once."""
    monkeypatch.setattr(tcp, "_MOMENT", PATIENCE)
    monkeypatch.setattr(tcp, "_AT_ONCE", PATIENCE)


@pytest.mark.parametrize(
    ("act", "tls"),
    [
        (shuts_down_and_closes_unread, False),
        (shuts_down_and_closes_unread, True),
        (reads_a_part_and_closes, False),
        (notifies_and_closes_unread, True),
    ],
)
@pytest.mark.usefixtures("patiently")
def test_a_reset_at_once_says_that_not_all_was_read(
    own: Certificate, loop: Loop, act: Callable[[Server], None], tls: bool
) -> None:
    """With TLS, each part of the request is a record."""
    assert end_of(loop, own, act, request=[GET[:4], GET[4:]], tls=tls)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("act", [works_and_closes, works_and_resets])
def test_what_was_worked_on_was_read(
    own: Certificate, loop: Loop, act: Callable[[Server], None], tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "_MOMENT", 0.1)
    assert not end_of(loop, own, act, tls=tls)


@pytest.mark.parametrize(
    ("act", "tls"),
    [
        (reads_and_closes, False),
        (reads_and_closes, True),
        (reads_notifies_and_closes, True),
        (reads_notifies_and_closes_later, True),
        (reads_notifies_and_waits, True),
    ],
)
def test_what_was_read_was_read_however_soon_the_end_came(
    own: Certificate, loop: Loop, act: Callable[[Server], None], tls: bool
) -> None:
    """Its bytes are acknowledged, and no reset follows: nothing is sent any more that could bring one."""
    assert not end_of(loop, own, act, tls=tls)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_reset_that_is_not_at_once_is_no_sign_that_nothing_was_read(own: Certificate, loop: Loop, tls: bool) -> None:
    assert not end_of(loop, own, reads_and_resets_later, tls=tls)


def test_where_tcp_tells_nothing_an_end_at_once_has_to_do(
    own: Certificate, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "_HAS_INFO", False)
    assert end_of(loop, own, closes, before=True)
    assert end_of(loop, own, reads_and_closes)
    assert not end_of(loop, own, works_and_closes)


def unheard(connection: Connection) -> None:
    """Wait until TCP knows of the end, and do not let the loop hear of it."""
    deadline = time.monotonic() + PATIENCE
    while connection.open and time.monotonic() < deadline:
        time.sleep(0.001)


def test_a_connection_whose_end_the_loop_has_not_heard_of_is_not_taken(own: Certificate, loop: Loop) -> None:
    """The upstream reads on after its end, as one that lingers does: what it reads then, it throws away."""

    async def taken() -> None:
        with listening(own, tls=False) as (listener, dialer):
            connection, server = await opened(listener, dialer, own, tls=False)
            pool = Pool(dialer, keepalive=60, most=8)
            pool.give_back(connection)
            with server:
                server.shutdown(socket.SHUT_WR)
                unheard(connection)
                assert connection._error is None
                assert pool.take() is None
                assert not connection.open

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(taken())

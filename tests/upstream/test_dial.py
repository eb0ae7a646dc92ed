"""Opening a connection: straight, by way of a proxy, with TLS, and every way in which that fails."""

import asyncio
import base64
import socket
import ssl
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from proxy.settings.config import UpstreamSettings
from proxy.upstream.dial import Dialer
from proxy.upstream.faults import ConnectTimeout, ProxyRefused, TlsFailed, TlsTimeout
from proxy.upstream.tls import tls_context
from tests.cases import every
from tests.certificates import certificate
from tests.raw import Peer, raw_upstream, reply
from tests.upstream.links import answer
from tests.waiting import PATIENCE


async def dial(url: str, **settings: Any) -> tuple[int, bytes]:
    """Open a connection and ask over it: status and body."""
    async with asyncio.timeout(PATIENCE):
        connection = await Dialer(UpstreamSettings.model_validate({"url": url, **settings})).open()
        try:
            head, body = await answer(connection)
            return head.status, body
        finally:
            connection.abort()
            await asyncio.sleep(0)


async def fail(kind: type[Exception], url: str, **settings: Any) -> Exception:
    """What `dial` fails with."""
    with pytest.raises(kind) as caught:
        await dial(url, **settings)
    return caught.value


async def hello(peer: Peer) -> None:
    await peer.head()
    await peer.send(reply(b"hello"))
    await peer.gone()


async def test_an_address_and_a_name_are_dialled() -> None:
    async with raw_upstream(hello) as upstream:
        assert await dial(upstream.url) == (200, b"hello")
        assert await dial(upstream.url.replace("127.0.0.1", "localhost")) == (200, b"hello")


async def test_an_ipv6_literal_is_dialled() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with raw_upstream(hello, "::1") as upstream:
        assert await dial(upstream.url) == (200, b"hello")


async def test_what_is_written_goes_out_at_once() -> None:
    """Either event loop sees to it by itself."""
    async with raw_upstream(hello) as upstream:
        connection = await Dialer(UpstreamSettings(url=upstream.url)).open()
        assert connection._transport is not None
        handle = connection._transport.get_extra_info("socket")
        assert handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connection.abort()
        await asyncio.sleep(0)


def silent(address: str, port: int, stack: ExitStack) -> None:
    """Have connections to that address hang: somebody listens there, and what may wait to be accepted is full."""
    listener = stack.enter_context(socket.socket())
    listener.bind((address, port))
    listener.listen(0)
    for _ in range(8):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        with suppress(BlockingIOError):
            waiting.connect((address, port))


async def test_an_address_that_does_not_answer_holds_up_the_next_one_for_a_moment_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RFC 8305, section 5: else the first of a name's addresses would be waited for until `connect_timeout`."""
    with ExitStack() as stack:
        async with raw_upstream(hello) as upstream:
            port = int(upstream.url.rpartition(":")[2])
            silent("127.0.0.2", port, stack)
            loop = asyncio.get_running_loop()
            resolve = loop.getaddrinfo

            async def both(host: str, port: int, **more: Any) -> list[Any]:
                addresses = ("127.0.0.2", "127.0.0.1") if host == "two.invalid" else (host,)
                return [found for address in addresses for found in await resolve(address, port, **more)]

            monkeypatch.setattr(loop, "getaddrinfo", both)
            assert await dial(f"http://two.invalid:{port}", connect_timeout=20) == (200, b"hello")


async def test_a_port_where_nobody_listens_is_an_os_error() -> None:
    async with raw_upstream(hello) as upstream:
        pass
    await fail(ConnectionRefusedError, upstream.url)
    assert str(await fail(ProxyRefused, "http://127.0.0.1:9", proxy=upstream.url)) == "cannot be reached"


async def test_a_name_that_does_not_resolve_is_told() -> None:
    await fail(socket.gaierror, "http://no-such-host.invalid")


# By way of a proxy.


@pytest.mark.parametrize("host", ["upstream.invalid", "[2001:db8::1]"])
async def test_a_proxy_is_asked_for_a_tunnel_and_the_request_goes_through_it(host: str) -> None:
    """The name is the proxy's to resolve; what follows its consent is the upstream's."""
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
        heads.append(await peer.head())
        await peer.send(reply(b"through"))
        await peer.gone()

    async with raw_upstream(script) as proxy:
        assert await dial(f"http://{host}:81", proxy=proxy.url) == (200, b"through")
    assert heads[0] == f"CONNECT {host}:81 HTTP/1.1\r\nHost: {host}:81\r\n\r\n".encode()
    assert heads[1].startswith(b"GET / ")


@every(("user", "sent"), [("user:pa%3Ass%40", "user:pa:ss@"), ("user", "user:"), ("caf%C3%A9:x", "café:x")])
async def test_the_proxys_credentials_are_sent_to_it_alone(user: str, sent: str) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(b"HTTP/1.0 200\r\n\r\n")
        heads.append(await peer.head())
        await peer.send(reply(b""))
        await peer.gone()

    async with raw_upstream(script) as proxy:
        await dial("http://upstream.invalid", proxy=proxy.url.replace("://", f"://{user}@"))
    basic = base64.b64encode(sent.encode())
    assert b"\r\nProxy-Authorization: Basic " + basic + b"\r\n" in heads[0]
    assert b"Authorization" not in heads[1]


async def test_a_proxys_consent_may_come_in_pieces() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        for byte in b"HTTP/1.1 200 OK\r\n\r\n":
            await peer.send(bytes([byte]))
            await asyncio.sleep(0)
        await hello(peer)

    async with raw_upstream(script) as proxy:
        assert await dial("http://upstream.invalid", proxy=proxy.url) == (200, b"hello")


@every(
    ("said", "told"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "said 407"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 12\r\n\r\n<html>planted", "said 407"),
        (b"HTTP/1.1 503 Busy\r\n\r\nno upstream, and no end of this page", "said 503"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", "said 301"),
        (b"HTTP/2 200 OK\r\n\r\n", "does not speak HTTP"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP"),
        (b"x" * 100_000, "does not speak HTTP"),
    ],
)
async def test_a_proxy_that_refuses_is_told_by_its_status_alone(said: bytes, told: str) -> None:
    """At once: it need not close the connection, nor send a reply that ends with its head."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(said)
        await peer.gone()

    async with raw_upstream(script) as proxy:
        error = await fail(ProxyRefused, "http://upstream.invalid", proxy=proxy.url)
    assert str(error) == told


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n"])
async def test_a_proxy_that_closes_has_refused(said: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(said)

    async with raw_upstream(script) as proxy:
        error = await fail(ProxyRefused, "http://upstream.invalid", proxy=proxy.url)
    assert str(error) == "closed the connection"


async def test_a_proxy_that_says_nothing_is_given_up_and_its_socket_closed() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.gone()
        gone.set()

    async with raw_upstream(script) as proxy:
        await fail(ConnectTimeout, "http://upstream.invalid", proxy=proxy.url, connect_timeout=0.05)
        await asyncio.wait_for(gone.wait(), PATIENCE)


# TLS.


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    made = certificate(tmp_path_factory.mktemp("own"), "own", alternative="DNS:localhost,IP:127.0.0.1")
    return made.file, made.server()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_certificate_of_ca_file_is_taken_for_its_names(own: tuple[Path, ssl.SSLContext], host: str) -> None:
    spoken: list[str | None] = []

    async def script(peer: Peer) -> None:
        spoken.append(peer.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await hello(peer)

    async with raw_upstream(script, tls=own[1]) as upstream:
        url = upstream.url.replace("127.0.0.1", host)
        assert await dial(url, ca_file=str(own[0])) == (200, b"hello")
    assert spoken == ["http/1.1"]


async def test_a_certificate_of_nobody_known_is_refused_and_nothing_is_sent(own: tuple[Path, ssl.SSLContext]) -> None:
    async def script(_peer: Peer) -> None:
        raise AssertionError("the handshake was completed")

    async with raw_upstream(script, tls=own[1]) as upstream:
        await fail(ssl.SSLCertVerificationError, upstream.url)
        assert upstream.peers == []


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    made = certificate(tmp_path, "other", alternative="DNS:localhost")
    cert, tls = made.file, made.server()
    async with raw_upstream(hello, tls=tls) as upstream:
        error = await fail(ssl.SSLCertVerificationError, upstream.url, ca_file=str(cert))
    assert "match" in str(error)


async def test_an_upstream_that_speaks_no_tls_fails_in_the_handshake() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.gone()

    async with raw_upstream(script) as upstream:
        await fail(ssl.SSLError, upstream.url.replace("http:", "https:"))


async def test_an_upstream_that_closes_within_the_handshake_has_failed_in_it() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read(1)
        peer.abort()

    async with raw_upstream(script) as upstream:
        await fail(TlsFailed, upstream.url.replace("http:", "https:"))


async def test_a_handshake_without_end_is_a_connect_timeout_and_its_socket_closed() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.gone()
        gone.set()

    async with raw_upstream(script) as upstream:
        await fail(
            TlsTimeout, upstream.url.replace("http:", "https:"), connect_timeout=0.5
        )  # enough to connect, even on a busy machine
        await asyncio.wait_for(gone.wait(), PATIENCE)


async def test_tls_goes_through_the_proxys_tunnel(own: tuple[Path, ssl.SSLContext]) -> None:
    """Two bare pipes stand for the proxy; the certificate is held against the upstream's name."""
    async with raw_upstream(hello, tls=own[1]) as upstream:
        port = int(upstream.url.rpartition(":")[2])

        async def script(peer: Peer) -> None:
            await peer.head()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(_pipe(peer.reader, writer), _pipe(reader, peer.writer))

        async with raw_upstream(script) as proxy:
            assert await dial(upstream.url, ca_file=str(own[0]), proxy=proxy.url) == (200, b"hello")


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


def test_a_ca_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        tls_context(str(tmp_path / "missing.pem"))
    (tmp_path / "empty.pem").write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        tls_context(str(tmp_path / "empty.pem"))


def test_what_the_upstream_shows_is_always_verified() -> None:
    context = tls_context("")
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname

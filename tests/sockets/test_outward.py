"""The way to the upstream: TLS that is always verified, an explicit proxy, and nothing taken from the environment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.certificates import Certificate, certificate
from tests.process import running
from tests.raw import Peer, RawUpstream, raw_upstream
from tests.sockets.given import OK, Message, answers, ask, head, receive

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET = b"GET /v1/models HTTP/1.1"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for the address of the tests' upstreams."""
    return certificate(tmp_path_factory.mktemp("tls"), "ours", alternative="IP:127.0.0.1,DNS:localhost")


async def _reply(upstream_url: str, *settings: str, environment: dict[str, str] | None = None) -> Message:
    async with running(upstream_url, *settings, environment=environment) as (_, port):
        return await ask(port, head(port, GET))


async def test_an_upstream_that_speaks_no_tls_is_a_502() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_upstream(script) as upstream:
        came = await _reply(upstream.url.replace("http:", "https:"))
    assert (came.status, came.error["type"]) == (502, "api_error")
    assert "TLS" in came.error["message"]


async def test_a_certificate_that_nobody_vouches_for_is_a_502_and_the_request_is_not_sent(ours: Certificate) -> None:
    arrived = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.reader.readexactly(1)
        arrived.set()

    async with raw_upstream(script, tls=ours.server()) as upstream:
        came = await _reply(upstream.url)
    assert (came.status, came.error["type"]) == (502, "api_error")
    assert "certificate" in came.error["message"]
    assert not arrived.is_set()


async def test_a_certificate_of_another_host_is_a_502_though_its_issuer_is_trusted(tmp_path: Path) -> None:
    other = certificate(tmp_path, "other", alternative="DNS:other.example")
    async with raw_upstream(answers, tls=other.server()) as upstream:
        came = await _reply(upstream.url, f"upstream.ca_file={other.file}")
    assert came.status == 502
    assert "certificate" in came.error["message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_certificate_that_ca_file_vouches_for_is_served(ours: Certificate, host: str) -> None:
    async with raw_upstream(answers, tls=ours.server()) as upstream:
        came = await _reply(upstream.url.replace("127.0.0.1", host), f"upstream.ca_file={ours.file}")
    assert (came.status, came.body) == (200, b'{"ok":true}')


async def test_proxies_and_netrc_of_the_environment_are_ignored(tmp_path: Path) -> None:
    """Nothing reaches the proxy that they name, and no credentials are put in."""
    arrived: list[Message] = []
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login planted password planted\ndefault login planted password planted\n")
    netrc.chmod(0o600)

    async def script(peer: Peer) -> None:
        arrived.append(await receive(peer))
        await peer.send(OK)

    async with raw_upstream(Peer.gone) as proxy, raw_upstream(script) as upstream:
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
        environment = {**dict.fromkeys(names, proxy.url), "NO_PROXY": "", "no_proxy": "", "NETRC": str(netrc)}
        came = await _reply(upstream.url, environment={**environment, "HOME": str(tmp_path)})
    assert (came.status, proxy.peers) == (200, [])
    assert [name.lower() for name, _ in arrived[0].fields] == [b"host"]


@asynccontextmanager
async def _tunnels(asked: list[Message]) -> AsyncIterator[RawUpstream]:
    """A proxy that knows CONNECT alone."""

    async def pump(source: Peer, target: Peer) -> None:
        while data := await source.reader.read(65536):
            await target.send(data)
        target.writer.close()

    async def script(peer: Peer) -> None:
        asked.append(await receive(peer))
        host, _, port = asked[-1].line.split(b" ")[1].rpartition(b":")
        far = Peer(*await asyncio.open_connection(host.decode(), int(port)))
        try:
            await peer.send(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n")
            await asyncio.gather(pump(peer, far), pump(far, peer))
        finally:
            far.writer.close()

    async with raw_upstream(script) as proxy:
        yield proxy


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
async def test_an_explicit_proxy_is_asked_for_a_tunnel(ours: Certificate, tls: bool) -> None:
    """It learns host and port, and nothing of the request but what an http upstream lets everybody see."""
    asked: list[Message] = []
    arrived: list[Message] = []

    async def script(peer: Peer) -> None:
        arrived.append(await receive(peer))
        await peer.send(OK)

    async with _tunnels(asked) as proxy, raw_upstream(script, tls=ours.server() if tls else None) as upstream:
        trust = [f"upstream.ca_file={ours.file}"] if tls else []
        async with running(upstream.url, f"upstream.proxy={proxy.url}", *trust) as (_, port):
            came = await ask(port, head(port, GET, b"X-Api-Key: planted"))
    assert (came.status, came.body) == (200, b'{"ok":true}')
    (connect,) = asked
    assert connect.line == b"CONNECT %s HTTP/1.1" % upstream.address.encode()
    assert connect.values(b"host") == [upstream.address.encode()]
    assert b"planted" not in connect.head
    assert arrived[0].line == GET
    assert arrived[0].forwarded == [(b"X-Api-Key", b"planted")]


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b""]
)
async def test_a_proxy_that_opens_no_tunnel_is_a_502_that_names_the_proxy(answer: bytes) -> None:
    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(answer)

    async with raw_upstream(script) as proxy:
        came = await _reply("https://api.example", f"upstream.proxy={proxy.url}")
    assert (came.status, came.error["type"]) == (502, "api_error")
    assert "proxy" in came.error["message"]


async def test_a_proxy_that_refuses_is_a_502_that_names_the_setting() -> None:
    async with raw_upstream(Peer.gone) as proxy:
        pass
    came = await _reply("https://api.example", f"upstream.proxy={proxy.url}")
    assert came.status == 502
    assert "upstream.proxy" in came.error["message"]

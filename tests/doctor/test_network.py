"""Faults on the way to the upstream, each planted for real on loopback; and the clock."""

import os
import ssl
from contextlib import closing
from pathlib import Path
from socket import create_server

import pytest

import proxy
from proxy.commands.doctor import network
from proxy.commands.doctor.findings import Finding
from proxy.settings.config import Config, UpstreamSettings
from tests.certificates import Certificate, certificate
from tests.raw import Peer, Script, raw_upstream, reply

API = b'{"type":"error","error":{"type":"authentication_error","message":"x-api-key header is required"}}'


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's surroundings."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(network, "_SPEAKS", 0.3)


async def _way(url: str, listens: int = 8787, **more: object) -> list[Finding]:
    config = Config.model_validate({"listen": {"port": listens}, "upstream": {"url": url, **more}})
    return [finding async for finding in network.upstream(config)]


async def _quiet(peer: Peer) -> None:
    """Takes the connection, and is sent not one byte of a request."""
    assert await peer.reader.read() == b""


def _says(body: bytes, status: str, kind: str) -> Script:
    async def script(peer: Peer) -> None:
        head = await peer.head()
        assert head.startswith(b"GET /v1/models HTTP/1.1\r\n")
        assert not any(name in head.lower() for name in (b"authorization", b"x-api-key", b"cookie"))
        await peer.send(reply(body, status=status, headers=f"Content-Type: {kind}"))
        await peer.gone()

    return script


def _free_port() -> int:
    with closing(create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "here", alternative="IP:127.0.0.1")


@pytest.fixture(scope="module")
def misnamed(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "other", alternative="DNS:other.example")


async def test_an_upstream_that_is_there_is_connected_to_and_asked_nothing(trusted: Certificate) -> None:
    async with raw_upstream(_quiet, tls=trusted.server()) as up:
        (finding,) = await _way(up.url, ca_file=str(trusted.file))
    assert (finding.verdict, "its certificate is valid" in finding.found) == ("ok", True)


async def test_plain_http_on_this_machine_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_speaks_tls", lambda _host, _port: False)
    async with raw_upstream(_quiet) as up:
        (finding,) = await _way(up.url)
    assert (finding.verdict, finding.found) == ("ok", f"{up.url.removeprefix('http://')} is connected to")


async def test_nobody_listening_is_a_fault() -> None:
    (finding,) = await _way(f"http://127.0.0.1:{_free_port()}")
    assert (finding.verdict, "127.0.0.1 cannot be reached" in finding.found) == ("fault", True)
    assert "host and port of upstream.url" in finding.todo


async def test_a_name_that_leads_nowhere_is_a_fault() -> None:
    (finding,) = await _way("https://no-such-host.invalid")
    assert (finding.verdict, finding.found) == ("fault", "no-such-host.invalid cannot be resolved")


async def test_a_name_that_leads_nowhere_behind_a_proxy_of_the_environment_is_not_blamed_on_dns_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:planted@proxy.example")
    hint, finding = await _way("https://no-such-host.invalid")
    assert (hint.verdict, "HTTPS_PROXY is set, and not looked at" in hint.found) == ("warning", True)
    assert "(HTTPS_PROXY is set, and not looked at)" in finding.todo
    assert "planted" not in repr((hint, finding))


async def test_https_spoken_to_plain_http_is_a_fault() -> None:
    async def plain(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    async with raw_upstream(plain) as up:
        (finding,) = await _way(up.url.replace("http://", "https://"))
    assert (finding.verdict, "does not speak TLS" in finding.found, "http://" in finding.todo) == ("fault", True, True)


async def test_http_spoken_to_https_is_a_fault(trusted: Certificate) -> None:
    async with raw_upstream(_quiet, tls=trusted.server()) as up:
        (finding,) = await _way(up.url.replace("https://", "http://"))
    assert (finding.verdict, "speaks TLS, and upstream.url says http" in finding.found) == ("fault", True)


async def test_a_certificate_that_no_authority_vouches_for_is_a_fault_that_names_the_setting(
    trusted: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(trusted.file))
    async with raw_upstream(_quiet, tls=trusted.server()) as up:
        hint, finding = await _way(up.url)
    assert (hint.verdict, "NODE_EXTRA_CA_CERTS" in hint.found) == ("warning", True)
    assert (finding.verdict, "no authority known here vouches for" in finding.found) == ("fault", True)
    assert finding.todo.startswith("set upstream.ca_file")
    assert "NODE_EXTRA_CA_CERTS" in finding.todo


async def test_a_certificate_for_another_name_is_a_fault(misnamed: Certificate) -> None:
    async with raw_upstream(_quiet, tls=misnamed.server()) as up:
        (finding,) = await _way(up.url, ca_file=str(misnamed.file))
    assert (finding.verdict, "for another name" in finding.found) == ("fault", True)


async def test_authorities_that_only_this_command_has_are_a_warning(
    trusted: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted.file))
    async with raw_upstream(_quiet, tls=trusted.server()) as up:
        hint, finding = await _way(up.url)
    assert (hint.verdict, "a service does not see it" in hint.found, finding.verdict) == ("warning", True, "ok")
    monkeypatch.setenv("SSL_CERT_FILE", os.path.join(ssl.get_default_verify_paths().openssl_capath, "all.pem"))
    assert network._borrowed(UpstreamSettings()) is None


async def test_a_silent_upstream_is_a_fault_after_the_connect_timeout() -> None:
    """It takes connections and never speaks, so that TLS does not come about."""
    async with raw_upstream(_quiet) as up:
        (finding,) = await _way(up.url.replace("http://", "https://"), connect_timeout=0.2)
    assert (finding.verdict, "took too long" in finding.found) == ("fault", True)


async def test_a_proxy_that_is_not_there_is_a_fault_without_its_password() -> None:
    through = f"http://user:planted@127.0.0.1:{_free_port()}"
    (finding,) = await _way("https://api.example", proxy=through)
    assert (finding.verdict, "the proxy of upstream.proxy cannot be reached" in finding.found) == ("fault", True)
    assert "planted" not in repr(finding)


async def test_a_proxy_that_refuses_is_a_fault() -> None:
    async def refuses(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    async with raw_upstream(refuses) as there:
        (finding,) = await _way("https://api.example", proxy=there.url)
    assert (finding.verdict, "said 407" in finding.found) == ("fault", True)


@pytest.mark.parametrize("end", ["/v1", "/v1/messages"])
async def test_a_path_that_requests_bring_themselves_is_a_warning(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_speaks_tls", lambda _host, _port: False)
    async with raw_upstream(_quiet) as up:
        hint, finding = await _way(up.url + end)
    assert (hint.verdict, hint.todo, finding.verdict) == ("warning", f"leave {end} out", "ok")


async def test_an_upstream_that_is_sidestep_itself_is_a_fault() -> None:
    (finding,) = await _way("http://localhost:8788", listens=8788)
    assert (finding.verdict, "is Sidestep itself" in finding.found) == ("fault", True)


async def test_keys_in_the_clear_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_speaks_tls", lambda _host, _port: False)
    monkeypatch.setattr(network, "is_loopback", lambda _host: False)
    async with raw_upstream(_quiet) as up:
        (finding,) = await _way(up.url)
    assert (finding.verdict, "unencrypted" in finding.found) == ("warning", True)


@pytest.mark.parametrize(
    ("body", "status", "kind", "verdict", "told"),
    [
        (API, "401 Unauthorized", "application/json", "ok", "as the API does"),
        (b'{"data":[]}', "200 OK", "application/json", "ok", "as the API does"),
        (b"<html>", "200 OK", "text/html", "fault", "a page, and no API"),
        (b"<html>", "401 Unauthorized", "text/html", "fault", "a page, and no API"),
        (b"", "301 Moved Permanently", "text/html", "fault", "it leads elsewhere"),
        (b"{}", "503 Service Unavailable", "application/json", "fault", "what stands there fails"),
        (b"{}", "404 Not Found", "application/json", "warning", "without this page"),
    ],
)
async def test_one_question_without_a_key_tells_a_gateway_from_a_web_page(
    body: bytes, status: str, kind: str, verdict: str, told: str
) -> None:
    async with raw_upstream(_says(body, status, kind)) as up:
        finding = await network.answer(UpstreamSettings(url=up.url))
    assert (finding.check, finding.verdict, told in finding.found) == ("answer", verdict, True)


async def test_the_question_goes_the_way_of_a_request(trusted: Certificate) -> None:
    """TLS by `ca_file`; and, through the proxy, where the tunnel is asked for."""
    async with raw_upstream(_says(API, "401 Unauthorized", "application/json"), tls=trusted.server()) as up:
        assert (await network.answer(UpstreamSettings(url=up.url, ca_file=str(trusted.file)))).verdict == "ok"
        assert "vouches" in (await network.answer(UpstreamSettings(url=up.url))).found
    heads: list[bytes] = []

    async def refuses(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    async with raw_upstream(refuses) as there:
        through = there.url.replace("http://", "http://user:word@")
        finding = await network.answer(UpstreamSettings(url="https://api.example", proxy=through))
    assert finding.verdict == "fault"
    assert heads[0].startswith(b"CONNECT api.example:443 ")
    assert b"Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n" in heads[0]


async def test_what_answers_no_http_is_a_fault() -> None:
    async def noise(peer: Peer) -> None:
        await peer.send(b"220 mail ready\r\n\r\n")

    async with raw_upstream(noise) as up:
        finding = await network.answer(UpstreamSettings(url=up.url))
    assert (finding.verdict, "no HTTP/1.1" in finding.found) == ("fault", True)


async def test_an_upstream_that_is_slow_to_reply_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was connected to: a busy local model takes its time."""
    monkeypatch.setattr(network, "TIMEOUT", 0.2)

    async def busy(peer: Peer) -> None:
        await peer.head()
        await peer.gone()

    async with raw_upstream(busy) as up:
        finding = await network.answer(UpstreamSettings(url=up.url))
    assert (finding.verdict, finding.found) == ("warning", "/v1/models: no reply within 0.2 seconds")
    assert "a busy local model may take longer" in finding.todo


async def test_an_upstream_that_hangs_up_was_reached(trusted: Certificate) -> None:
    """In plain http, perhaps since it speaks TLS."""

    async def hangs_up(peer: Peer) -> None:
        await peer.head()

    async with raw_upstream(hangs_up) as up:
        finding = await network.answer(UpstreamSettings(url=up.url))
    assert (finding.verdict, finding.found) == ("fault", "the upstream closed the connection without a reply")
    assert "if it speaks TLS, upstream.url begins with https://" in finding.todo
    async with raw_upstream(hangs_up, tls=trusted.server()) as up:
        finding = await network.answer(UpstreamSettings(url=up.url, ca_file=str(trusted.file)))
    assert finding.found == "the upstream closed the connection without a reply"
    assert "TLS" not in finding.todo


@pytest.mark.parametrize("stays", [True, False])
@pytest.mark.parametrize("begun", [b"Content-Length: 9\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n9\r\n{"])
async def test_a_reply_without_an_end_is_no_page(begun: bytes, stays: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "TIMEOUT", 0.2)

    async def stops(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n" + begun)
        if stays:
            await peer.gone()

    async with raw_upstream(stops) as up:
        finding = await network.answer(UpstreamSettings(url=up.url))
    assert (finding.verdict, finding.found) == ("fault", "/v1/models: the reply does not come to its end")


async def test_silence_within_the_tls_handshake_is_not_called_slow_to_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request has not been sent."""
    monkeypatch.setattr(network, "TIMEOUT", 0.2)
    async with raw_upstream(Peer.gone) as up:
        finding = await network.answer(UpstreamSettings(url=up.url.replace("http://", "https://")))
    assert (finding.verdict, "took too long to answer in TLS" in finding.found) == ("fault", True)


async def test_a_proxy_in_the_way_of_the_question_is_blamed_and_not_the_upstream() -> None:
    through = f"http://user:planted@127.0.0.1:{_free_port()}"
    finding = await network.answer(UpstreamSettings(url="https://api.example", proxy=through))
    assert (finding.verdict, "the proxy of upstream.proxy did not open a tunnel" in finding.found) == ("fault", True)
    assert "planted" not in repr(finding)


def test_a_clock_from_before_the_installation_is_a_fault() -> None:
    installed = Path(proxy.__file__).stat().st_mtime
    assert network.clock(installed + 5).verdict == "ok"
    finding = network.clock(0.0)
    assert (finding.verdict, finding.found) == ("fault", "1970-01-01 00:00 UTC, before this program was installed")

"""Faults around the process: its port, the upstream's name, certificates, the clock."""

import ssl
from contextlib import closing
from pathlib import Path
from socket import create_server, gaierror

import pytest
from yarl import URL

import proxy
from proxy.commands.doctor import network, plain_http
from proxy.config import Listen
from tests.conftest import Start
from tests.raw import Peer, Script, raw_upstream, reply

NAMED = URL("https://api.example")


def _free_port() -> int:
    with closing(create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


async def test_a_running_sidestep_is_known_by_its_answer(start: Start) -> None:
    running = await start("http://127.0.0.1:9")
    finding = await network.port(Listen(port=running.port))
    assert (finding.verdict, finding.found) == ("ok", f"Sidestep answers at 127.0.0.1:{running.port}")


async def test_an_address_that_is_all_of_them_is_tried_from_here(start: Start) -> None:
    running = await start("http://127.0.0.1:9")
    finding = await network.port(Listen.model_construct(host="0.0.0.0", port=running.port))
    assert (finding.verdict, finding.found) == ("ok", f"Sidestep answers at 127.0.0.1:{running.port}")


async def test_a_proxys_password_is_not_shown() -> None:
    finding = await network.upstream_name(NAMED, Listen(), "http://user:secret@localhost:8787")
    assert (finding.verdict, "secret" in finding.found) == ("fault", False)


async def test_nobody_at_the_port_is_a_warning() -> None:
    finding = await network.port(Listen(host="localhost", port=_free_port()))
    assert (finding.verdict, "Sidestep does not run" in finding.found) == ("warning", True)


async def _silent(peer: Peer) -> None:
    await peer.head()


async def _page(peer: Peer) -> None:
    await peer.head()
    await peer.send(reply(b"<html>"))
    await peer.gone()


async def _list(peer: Peer) -> None:
    await peer.head()
    await peer.send(reply(b"[]"))
    await peer.gone()


async def _noise(peer: Peer) -> None:
    await peer.send(b"220 mail ready\r\n\r\n")
    await peer.gone()


@pytest.mark.parametrize("script", [_silent, _page, _list, _noise])
async def test_another_program_at_the_port_is_a_fault(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_http, "PATIENCE", 0.2)  # for the one that never ends
    async with raw_upstream(script) as other:
        finding = await network.port(Listen(port=int(other.url.rpartition(":")[2])))
    assert (finding.verdict, finding.found.startswith("another program is at 127.0.0.1:")) == ("fault", True)


async def test_a_sidestep_whose_rules_are_not_those_of_its_files_is_a_fault() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b'{"ready":false,"faults":["rules/1.toml:3: bad"]}', status="503 Service Unavailable"))
        await peer.gone()

    async with raw_upstream(script) as running:
        finding = await network.port(Listen(port=int(running.url.rpartition(":")[2])))
    assert (finding.verdict, "rules/1.toml:3: bad" in finding.found) == ("fault", True)


async def test_a_name_that_leads_nowhere_is_a_fault() -> None:
    async def nowhere(host: str, _port: int) -> list[str]:
        raise gaierror(-2, f"Name or service not known: {host}")

    finding = await network.upstream_name(NAMED, Listen(), by=nowhere)
    assert finding.verdict == "fault"
    assert finding.found == "api.example: Name or service not known: api.example"


async def test_with_a_proxy_it_is_the_proxys_name_that_counts() -> None:
    asked: list[tuple[str, int]] = []

    async def by(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["192.0.2.1"]

    finding = await network.upstream_name(NAMED, Listen(), "http://proxy.example:3128", by)
    assert (finding.verdict, asked) == ("ok", [("proxy.example", 3128)])


async def test_an_upstream_that_is_sidestep_itself_is_a_fault() -> None:
    finding = await network.upstream_name(URL("http://localhost:8787"), Listen())
    assert (finding.verdict, "is Sidestep itself" in finding.found) == ("fault", True)


async def test_keys_in_the_clear_are_a_warning_unless_they_stay_here() -> None:
    async def by(_host: str, _port: int) -> list[str]:
        return ["192.0.2.1"]

    assert (await network.upstream_name(URL("http://api.example"), Listen(), by=by)).verdict == "warning"
    assert (await network.upstream_name(URL("http://localhost:1"), Listen())).verdict == "ok"


def test_a_certificate_file_that_is_not_there_or_holds_none_is_a_fault(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    for found in (network.tls(NAMED, str(empty)), (empty.write_text("none"), network.tls(NAMED, str(empty)))[1]):
        assert (found.verdict, found.found.startswith(f"{empty}: ")) == ("fault", True)


def test_a_machine_without_certificates_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    if ssl.create_default_context().cert_store_stats()["x509_ca"]:
        pytest.skip("this Python takes its certificates from elsewhere")
    finding = network.tls(NAMED)
    assert (finding.verdict, finding.found) == ("fault", "no certificate authority is known")


def test_certificates_are_not_missed_where_none_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert network.tls(URL("http://127.0.0.1:9")).verdict == "ok"


def test_a_clock_from_before_the_installation_is_a_fault() -> None:
    installed = Path(proxy.__file__).stat().st_mtime
    assert network.clock(installed + 5).verdict == "ok"
    finding = network.clock(0.0)
    assert (finding.verdict, finding.found) == ("fault", "1970-01-01 00:00 UTC, before this program was installed")


async def test_a_sidestep_with_another_token_is_a_fault_that_says_how_to_name_it() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b'{"type":"error"}', status="401 Unauthorized"))
        await peer.gone()

    async with raw_upstream(script) as running:
        finding = await network.port(Listen(port=int(running.url.rpartition(":")[2])))
    assert (finding.verdict, "wants another token" in finding.found, "--set" in finding.todo) == ("fault", True, True)

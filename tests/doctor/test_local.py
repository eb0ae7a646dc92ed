"""Faults at the address of the settings: nobody there, a stranger, another program, a Sidestep that is not well."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import create_server
from typing import Any

import pytest

from proxy.commands.doctor import local
from proxy.commands.doctor.findings import Finding
from proxy.commands.doctor.local import Holder, holder
from proxy.settings import places
from proxy.settings.config import ListenSettings
from tests.conftest import Start
from tests.process import EXECUTED, running
from tests.raw import Peer, Script, raw_upstream, reply

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a socket is")
TOKEN = "0123456789abcdef"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No service of the person who runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("proxy.commands.doctor.local.manager._installed", lambda: iter(()))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "config.toml"
    found.touch()
    return found


def _port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def _free_port() -> int:
    with closing(create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


async def _at(script: Script, file: Path, **listen: Any) -> list[Finding]:
    """What is found where that script stands in for Sidestep."""
    async with raw_upstream(script) as other:
        return await local.port(file, ListenSettings(port=_port_of(other.url), **listen))


def _says(body: bytes, status: str = "200 OK") -> Script:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(body, status=status))
        await peer.gone()

    return script


async def test_a_running_sidestep_is_known_by_its_answer(start: Start, file: Path) -> None:
    sidestep = await start("http://127.0.0.1:9")
    (finding,) = await local.port(file, ListenSettings(port=sidestep.port))
    assert (finding.verdict, finding.found) == ("ok", f"Sidestep answers at 127.0.0.1:{sidestep.port}")


async def test_an_address_that_is_all_of_them_is_tried_from_here(start: Start, file: Path) -> None:
    sidestep = await start("http://127.0.0.1:9")
    (finding,) = await local.port(file, ListenSettings.model_construct(host="0.0.0.0", port=sidestep.port, token=""))
    assert finding.verdict == "ok"


async def test_nobody_at_the_port_is_a_warning(file: Path) -> None:
    (finding,) = await local.port(file, ListenSettings(host="localhost", port=_free_port()))
    assert (finding.verdict, "Sidestep does not run" in finding.found) == ("warning", True)
    assert finding.todo == f"start the service, or {places.called()}"


async def _noise(peer: Peer) -> None:
    await peer.send(b"220 mail ready\r\n\r\n")
    await peer.gone()


@needs_proc
@pytest.mark.parametrize("script", [_says(b"<html>"), _says(b"[]"), _says(b'{"ok":true}'), _noise])
async def test_another_program_at_the_port_is_a_fault_that_names_it(script: Script, file: Path) -> None:
    (finding,) = await _at(script, file)
    assert finding.verdict == "fault"
    assert finding.found.startswith("another program is at 127.0.0.1:")
    assert finding.found.endswith(f"process {os.getpid()})")


async def test_a_sidestep_whose_rules_are_not_those_of_its_files_is_a_fault(file: Path) -> None:
    state = b'{"ready":false,"faults":["rules/1.toml:3: bad"]}'
    (finding,) = await _at(_says(state, "503 Service Unavailable"), file)
    assert (finding.verdict, "rules/1.toml:3: bad" in finding.found) == ("fault", True)


@pytest.mark.parametrize(
    ("state", "check", "verdict", "told"),
    [
        (b'"reload":{"result":"refused","at":"then"}', "reload", "fault", "the last one was refused (then)"),
        (b'"restart_for":["listen.port","upstream.url"]', "reload", "warning", "listen.port, upstream.url"),
        (b'"journal":"disk is full (3 rows lost)"', "journal", "warning", "disk is full (3 rows lost)"),
        (b'"upstream":{"state":"failing","last_fault":{"kind":"tls"}}', "traffic", "warning", "failed: tls"),
    ],
)
async def test_what_a_sidestep_says_of_itself_is_told(
    state: bytes, check: str, verdict: str, told: str, file: Path
) -> None:
    well, finding = await _at(_says(b'{"ready":true,%b}' % state), file)
    assert (well.verdict, finding.check, finding.verdict, told in finding.found) == ("ok", check, verdict, True)
    assert finding.todo


async def test_a_sidestep_with_another_token_is_a_fault_whose_advice_shows_none(file: Path) -> None:
    (finding,) = await _at(_says(b'{"type":"error"}', "401 Unauthorized"), file, token=TOKEN)
    assert (finding.verdict, "wants another token" in finding.found) == ("fault", True)
    assert str(file.parent / "listen.token") in finding.todo
    assert TOKEN not in repr(finding)


async def test_a_token_that_is_not_in_force_is_a_fault(start: Start, file: Path) -> None:
    sidestep = await start("http://127.0.0.1:9")
    _, finding = await local.port(file, ListenSettings(port=sidestep.port, token=TOKEN))
    assert (finding.check, finding.verdict, "answers without it" in finding.found) == ("token", "fault", True)


@needs_proc
async def test_a_strangers_process_is_a_fault_and_is_not_shown_the_token(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    async def script(peer: Peer) -> None:
        heard.append(await peer.head())

    me = os.geteuid()
    monkeypatch.setattr(local, "_expected", lambda uid, _file: uid != me)
    (finding,) = await _at(script, file, token=TOKEN)
    assert (finding.verdict, "a process that is not yours" in finding.found) == ("fault", True)
    assert heard == []


@pytest.mark.parametrize(
    ("uid", "me", "owner", "expected"),
    [
        (1000, 1000, 1000, True),
        (1001, 1000, 1000, False),
        (0, 1000, 1000, False),
        (0, 1000, 0, True),
        (0, 0, 0, True),
        (1000, 0, 0, False),
        (1000, 0, 1000, True),
        (998, 1000, 0, True),
        (63801, 0, 0, True),
    ],
)
def test_whose_process_may_be_the_sidestep_of_these_settings(
    uid: int, me: int, owner: int, expected: bool, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: me)
    monkeypatch.setattr(Path, "stat", lambda _path, **_more: os.stat_result((0o100644, 0, 0, 1, owner, 0, 0, 0, 0, 0)))
    assert local._expected(uid, file) is expected


@needs_proc
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])
def test_the_kernel_tells_whose_a_socket_is_and_which_process_has_it(host: str) -> None:
    with closing(create_server((host, 0), family=10 if ":" in host else 2)) as held:
        found = holder("127.0.0.1" if host == "0.0.0.0" else host, held.getsockname()[1])
        assert found is not None
        assert (found.uid, found.process[0]) == (os.geteuid(), os.getpid())
    assert holder("127.0.0.1", _free_port()) is None
    assert Holder(4_000_000_000, 0).user == "user 4000000000"


@contextmanager
def _stopped(number: int) -> Iterator[None]:
    os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(number, signal.SIGCONT)


@needs_proc
async def test_a_sidestep_that_hangs_is_no_other_program(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "TIMEOUT", 0.3)
    async with running("http://127.0.0.1:9", command=EXECUTED) as (process, port):
        with _stopped(process.process.pid):
            (finding,) = await local.port(file, ListenSettings(port=port))
    assert finding.verdict == "fault"
    assert finding.found.startswith(f"Sidestep (process {process.process.pid}) is at 127.0.0.1:{port}")
    assert f"kill {process.process.pid}" in finding.todo


async def test_a_service_that_cannot_start_while_systemd_holds_its_address_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(_file: Path, _listen: ListenSettings) -> tuple[str, str]:
        return "it cannot start, failed (failed); it said last: config.toml:3: x", "mend that"

    monkeypatch.setattr(local, "TIMEOUT", 0.2)
    monkeypatch.setattr("proxy.commands.doctor.local.manager.stuck", stuck)
    with closing(create_server(("127.0.0.1", 0))) as held:
        (finding,) = await local.port(file, ListenSettings(port=held.getsockname()[1]))
    assert "systemd holds 127.0.0.1:" in finding.found
    assert "it said last: config.toml:3: x" in finding.found

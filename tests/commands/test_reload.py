"""`reload`, before a running service: what is put in force, what waits for a restart, and what is refused."""

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxy.commands import reload as command
from tests.process import ROOT, Process, run, running
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.shipped import IN_FORCE, IN_FORCE_LOCALLY


@dataclass
class Service:
    """A process of a service manager's, with settings of its own and the folder that is its while it runs."""

    process: Process
    port: int
    settings: Path
    runtime: Path

    def change(self, **lines: str) -> None:
        """Say other things in the settings, by key."""
        text = self.settings.read_text()
        for key, value in lines.items():
            text, found = re.subn(rf"^{key} = .*$", f"{key} = {value}", text, count=1, flags=re.MULTILINE)
            assert found
        self.settings.write_text(text)

    async def reload(self) -> tuple[int, str, str]:
        """As the unit's `ExecReload=` does."""
        return await _run({"RUNTIME_DIRECTORY": str(self.runtime), "MAINPID": str(self.process.process.pid)})

    async def ask(self, path: str) -> bytes:
        async with raw_client(self.port) as client:
            await client.send(request(self.port, path, method="GET"))
            return await client.sized(await client.head())


async def _run(environment: dict[str, str], *more: str) -> tuple[int, str, str]:
    return await run("reload", *more, environment=environment)


async def _answers(peer: Peer) -> None:
    while True:
        await peer.sized(await peer.head())
        await peer.send(reply(b"{}"))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    settings = Path(shutil.copy(ROOT / "config.toml", tmp_path))
    runtime = tmp_path / "run"
    runtime.mkdir()
    environment = {"RUNTIME_DIRECTORY": str(runtime)}
    async with (
        raw_upstream(_answers) as upstream,
        running(upstream.url, config=settings, environment=environment) as (process, port),
    ):
        yield Service(process, port, settings, runtime)


async def test_what_can_be_applied_is_in_force_at_once(service: Service, tmp_path: Path) -> None:
    """Level, capture and drain time; health checks are written at debug alone, so that they show the level."""
    await service.ask("/-/health")
    service.change(level='"debug"', drain_timeout="7.0", outcomes='["forwarded"]')
    service.settings.write_text(service.settings.read_text().replace("enabled = false", "enabled = true"))
    assert await service.reload() == (0, f"Reloaded: {IN_FORCE} rules.\n", "")
    await service.ask("/-/health")
    assert (await service.process.line("request"))["level"] == "debug"
    await service.ask("/v1/models")
    service.process.process.terminate()
    assert (await service.process.line("stopping"))["drain_timeout"] == 7.0
    await service.process.exit_code()
    (line,) = (tmp_path / "state/capture.jsonl").read_text().splitlines()
    assert '"target":"/v1/models"' in line


async def test_what_is_said_of_the_upstream_for_the_rules_sake_is_in_force_at_once(service: Service) -> None:
    """These two settings change rules, and are read with them."""
    head = b"HEAD /api/hello HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n"
    async with raw_client(service.port) as client:
        await client.send(head % service.port)
        assert b"x-sidestep-rule" not in await client.head()
    service.change(kind='"local"', rate_limits="false")
    assert await service.reload() == (0, f"Reloaded: {IN_FORCE_LOCALLY} rules.\n", "")
    async with raw_client(service.port) as client:
        await client.send(head % service.port)
        assert b"x-sidestep-rule: hello" in await client.head()


async def test_what_wants_a_restart_is_named_wherever_one_looks(service: Service) -> None:
    service.change(connect_timeout="3.0", head_timeout="9.0")
    code, out, _ = await service.reload()
    assert (code, out) == (
        0,
        f"Reloaded: {IN_FORCE} rules; restart for: upstream.connect_timeout, limits.head_timeout.\n",
    )
    line = await service.process.line("reloaded")
    assert (line["level"], line["restart_for"]) == ("warning", "upstream.connect_timeout, limits.head_timeout")
    assert b'"restart_for":["upstream.connect_timeout","limits.head_timeout"]' in await service.ask("/-/ready")
    service.change(connect_timeout="10.0", head_timeout="30.0")
    assert await service.reload() == (0, f"Reloaded: {IN_FORCE} rules.\n", "")


async def test_a_refused_reload_fails_with_its_reasons_and_changes_nothing(service: Service) -> None:
    service.change(level='"debug"')
    service.settings.write_text(service.settings.read_text().replace("idle_timeout", "idel_timeout", 1))
    code, out, err = await service.reload()
    assert (code, out) == (1, "")
    assert "upstream.idel_timeout: unknown key; did you mean 'idle_timeout'?" in err
    assert err.endswith("Not reloaded: what was in force stays.\n")
    assert b'"result":"refused"' in await service.ask("/-/ready")
    await service.ask("/v1/models")
    assert (await service.process.line("request"))["path"] == "/v1/models"  # and no health or readiness before it


async def test_a_person_needs_to_know_no_process(service: Service) -> None:
    (service.runtime.parent / "sidestep").symlink_to(service.runtime)
    environment = {"XDG_RUNTIME_DIR": str(service.runtime.parent)}
    assert await _run(environment, "--user") == (0, f"Reloaded: {IN_FORCE} rules.\n", "")


async def test_without_a_service_it_says_what_else_there_is(tmp_path: Path) -> None:
    code, out, err = await _run({"XDG_RUNTIME_DIR": str(tmp_path)}, "--user")
    assert (code, out) == (1, "")
    assert f"there is no {tmp_path}/sidestep/reload.json" in err
    assert "sudo sidestep reload" in err


def test_a_service_that_says_nothing_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "TIMEOUT", 0.1)
    monkeypatch.setattr("os.kill", lambda _pid, _number: None)
    (tmp_path / "reload.json").write_text('{"pid": 1, "reloads": 4}')
    assert command.run(tmp_path, {}) == 1
    assert "Not reloaded" in capsys.readouterr().err

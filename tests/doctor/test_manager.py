"""Faults of the service, before a `systemctl` of the test's own."""

import sys
from pathlib import Path

import pytest

from proxy.commands.doctor import manager
from proxy.commands.doctor.findings import Finding
from proxy.commands.units import Service, systemd_unit
from proxy.settings import places
from proxy.settings.config import ListenSettings

ROOT = Path(__file__).parents[2]
WELL = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running", "Result": "success", "NRestarts": "0"}


class Home:
    """A user's home with a service in it, and the `systemctl` that tells of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = path / "config.toml"
        self.tool = path / "bin/systemctl"
        self.tool.parent.mkdir()
        self.says(**WELL)

    def says(self, **properties: str) -> None:
        lines = "\n".join(f"{name}={value}" for name, value in {**WELL, **properties}.items())
        self.script(f"cat <<'END'\n{lines}\nEND\n")

    def journal_says(self, line: str) -> None:
        tool = self.tool.with_name("journalctl")
        tool.write_text(f"#!/bin/sh\necho '{line}'\n")
        tool.chmod(0o755)

    def script(self, text: str) -> None:
        self.tool.write_text(f"#!/bin/sh\n{text}")
        self.tool.chmod(0o755)

    def install(self, program: str = sys.executable, listen: str = "127.0.0.1:8787") -> None:
        folder = self.path / ".config/systemd/user"
        folder.mkdir(parents=True)
        service = Service((program, "-m", "proxy"), ("serve", "--config", str(self.settings)), listen)
        for name in ("sidestep.service", "sidestep.socket"):
            (folder / name).write_text(systemd_unit((ROOT / "systemd/user" / name).read_text(), service))

    async def found(self, port: int = 8787) -> list[Finding]:
        return await manager.service(self.settings, ListenSettings(port=port))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr("proxy.settings.places.for_system", lambda: places.for_user().below(tmp_path / "system"))
    return Home(tmp_path)


async def test_no_service_is_no_fault(home: Home) -> None:
    assert await home.found() == [Finding("service", "ok", "none is installed")]


async def test_a_service_that_runs_is_well(home: Home) -> None:
    home.install()
    assert await home.found() == [Finding("service", "ok", "active (running)")]


@pytest.mark.parametrize(
    ("properties", "verdict", "found", "todo"),
    [
        ({"ActiveState": "failed", "Result": "watchdog"}, "fault", "watchdog", "journalctl --user -u sidestep"),
        ({"LoadState": "masked"}, "fault", "masked", "daemon-reload"),
        ({"ActiveState": "inactive", "SubState": "dead"}, "warning", "inactive (dead)", "enable --now"),
        ({"NRestarts": "7"}, "warning", "started anew 7 times", "journalctl"),
        ({"NeedDaemonReload": "yes"}, "warning", "by an older unit", "systemctl --user daemon-reload"),
    ],
)
async def test_a_service_in_a_bad_state_says_so(
    home: Home, properties: dict[str, str], verdict: str, found: str, todo: str
) -> None:
    home.install()
    home.says(**properties)
    (finding,) = await home.found()
    assert (finding.verdict, found in finding.found, todo in finding.todo) == (verdict, True, True)


async def test_a_socket_elsewhere_than_the_settings_say_is_a_fault(home: Home) -> None:
    home.install(listen="127.0.0.1:9000")
    finding, _ = await home.found()
    assert finding.verdict == "fault"
    assert finding.found.endswith("sidestep.socket listens at 127.0.0.1:9000, the settings say 127.0.0.1:8787")


async def test_a_service_whose_program_has_gone_is_a_fault(home: Home) -> None:
    home.install(program=str(home.path / "my venv/100%/python"))
    finding, _ = await home.found()
    assert finding.verdict == "fault"
    assert finding.found.endswith(f"starts {home.path}/my venv/100%/python, which is not there")


async def test_a_service_with_other_settings_is_a_warning(home: Home) -> None:
    home.install()
    home.settings = home.path / "other.toml"
    finding, _ = await home.found(port=9)
    assert (finding.verdict, "uses other settings" in finding.found) == ("warning", True)


@pytest.mark.parametrize(
    ("said", "code"), [("Failed to connect to bus", 1), ("Running in chroot, ignoring command 'show'", 0)]
)
async def test_a_manager_that_does_not_answer_is_a_warning(home: Home, said: str, code: int) -> None:
    home.install()
    home.script(f'echo "{said}" >&2; exit {code}\n')
    assert await home.found() == [Finding("service", "warning", f"its state cannot be had: {said}", manager.NO_MANAGER)]


async def test_a_service_that_failed_says_its_last_words(home: Home) -> None:
    """Those of its status, or of the journal where it said none; an empty journal has none."""
    home.install()
    failed = {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"}
    home.says(**failed, StatusText="config.toml:3: upstream.idel_timeout: unknown key")
    (finding,) = await home.found()
    assert "it said last: config.toml:3: upstream.idel_timeout: unknown key" in finding.found
    home.says(**failed)
    home.journal_says('cannot listen problem="Address already in use"')
    assert "it said last: cannot listen" in (await home.found())[0].found
    home.journal_says("-- No entries --")
    assert "said last" not in (await home.found())[0].found


async def test_a_service_between_two_failing_starts_is_a_fault(home: Home) -> None:
    home.install()
    home.says(ActiveState="deactivating", SubState="stop-post", Result="exit-code")
    (finding,) = await home.found()
    assert (finding.verdict, "stop-post" in finding.found) == ("fault", True)


@pytest.mark.parametrize(
    ("properties", "found", "todo"),
    [
        (
            {"ActiveState": "active", "SubState": "running", "MainPID": "5"},
            "it hangs, active (running), process 5",
            "restart",
        ),
        ({"ActiveState": "failed", "StatusText": "no such key"}, "it cannot start", "mend that, then"),
    ],
)
async def test_whose_socket_systemd_holds_is_named_for_what_it_is(
    home: Home, properties: dict[str, str], found: str, todo: str
) -> None:
    home.install()
    service = "\n".join(f"{name}={value}" for name, value in {**WELL, **properties}.items())
    home.script(f"case $* in *sidestep.socket*) echo ActiveState=active;; *) cat <<'END'\n{service}\nEND\n;; esac\n")
    named = await manager.stuck(home.settings, ListenSettings())
    assert named is not None
    assert (found in named[0], todo in named[1]) == (True, True)
    assert ("it said last: no such key" in named[0]) == ("StatusText" in properties)
    assert await manager.stuck(home.settings, ListenSettings(port=9)) is None
    assert await manager.stuck(home.path / "other.toml", ListenSettings()) is None


async def test_a_socket_that_is_not_active_holds_nothing(home: Home) -> None:
    home.install()
    home.says(ActiveState="inactive")
    assert await manager.stuck(home.settings, ListenSettings()) is None

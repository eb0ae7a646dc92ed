"""The units as carried, before systemd's own judgement, and what they promise about the program."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.commands.units import Service, systemd_unit
from proxy.program import USAGE_ERROR
from proxy.settings.config import StopSettings
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "systemd").rglob("sidestep.*"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]
MOST_EXPOSED = 1.5

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")


def _analyze(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(cwd)}
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False)


def _settings(unit: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE))


@needs_analyze
@pytest.mark.parametrize("manager", ["--system", "--user"])
def test_systemd_finds_no_fault_in_them(manager: str, tmp_path: Path) -> None:
    service = Service((sys.executable, "-m", "proxy"), ("serve",), "127.0.0.1:9000", ROOT)
    folder = ROOT / "systemd" / ("user" if manager == "--user" else "")
    for name in ("sidestep.service", "sidestep.socket"):
        (tmp_path / name).write_text(systemd_unit((folder / name).read_text(), service))
    found = _analyze("verify", manager, "./sidestep.service", "./sidestep.socket", cwd=tmp_path)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@needs_analyze
def test_the_system_unit_is_hardly_exposed() -> None:
    found = _analyze("security", "--offline=true", "./sidestep.service", cwd=ROOT / "systemd")
    level = re.search(r"Overall exposure level for sidestep.service: ([\d.]+)", found.stdout)
    assert level is not None, found.stdout + found.stderr
    assert float(level[1]) <= MOST_EXPOSED


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_drain_ends_before_systemd_loses_its_patience(unit: Path) -> None:
    assert int(_settings(unit)["TimeoutStopSec"]) > StopSettings().drain_timeout


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_service_that_cannot_start_keeps_its_socket_open_and_the_machine_idle(unit: Path) -> None:
    """At a start limit, systemd closes the socket; the pause is what then keeps a waiting client from a busy loop."""
    settings = _settings(unit)
    assert settings["StartLimitIntervalSec"] == "0"
    assert settings["RestartPreventExitStatus"] == str(USAGE_ERROR)
    pause = settings["ExecStopPost"].removeprefix("/bin/sh -c ").strip("'").replace("$$", "$").replace("sleep", "echo")
    said = {
        result: subprocess.run(["sh", "-c", pause], env={"SERVICE_RESULT": result}, capture_output=True, check=True)
        for result in ("success", "exit-code", "watchdog")
    }
    assert {result: done.stdout for result, done in said.items()} == {
        "success": b"",
        "exit-code": b"2\n",
        "watchdog": b"2\n",
    }


def test_an_address_may_come_after_the_socket() -> None:
    assert _settings(ROOT / "systemd/sidestep.socket")["FreeBind"] == "yes"


def test_both_sockets_are_the_same_but_for_who_holds_them() -> None:
    assert (ROOT / "systemd/sidestep.socket").read_bytes() == (ROOT / "systemd/user/sidestep.socket").read_bytes()


def test_the_carried_socket_is_at_the_address_that_is_carried() -> None:
    assert _settings(ROOT / "systemd/sidestep.socket")["ListenStream"] == "127.0.0.1:8787"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is denied to Linux programs by prctl(2)")
def test_the_program_runs_where_memory_is_never_both_writable_and_executable() -> None:
    """As under `NoNewPrivileges=` (prctl 38) and `MemoryDenyWriteExecute=` (65), with all that answers in use."""
    strict = (
        "import ctypes, os, sys\n"
        "libc = ctypes.CDLL(None)\n"
        "assert libc.prctl(38, 1, 0, 0, 0) == 0\n"
        "if libc.prctl(65, 1, 0, 0, 0) != 0: sys.exit(77)\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'proxy', 'demo', '--config', 'config.toml'])\n"
    )
    command = [sys.executable, "-c", strict]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel is older than PR_SET_MDWE (Linux 6.3)")
    assert done.returncode == 0, done.stdout + done.stderr

"""The service manager: whether a service is installed, fits the settings, and runs."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from proxy import places
from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.commands.units import LABEL, SYSTEMD, address, listens, program
from proxy.config import Listen

_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "NeedDaemonReload")

NOT_BOOTED = "where systemd has not started the machine, run `sidestep serve` yourself"
NO_MANAGER = "log in as yourself (ssh, console): after su or sudo, no manager of yours is in reach"


async def service(file: Path, listen: Listen) -> list[Finding]:
    """Every service of Sidestep's on this machine, the user's own first."""
    if sys.platform == "darwin":
        agent = places.for_user().services / f"{LABEL}.plist"
        return [await _launchd(agent)] if agent.exists() else [ok("service", "none is installed")]
    found: list[Finding] = []
    for where, options in [(places.for_user(), ["--user"]), (places.for_system(), [])]:
        unit = where.services / SYSTEMD[0]
        if unit.is_file():
            found += [*_fits(unit, file, listen), await _state(options)]
    return found or [ok("service", "none is installed")]


def _fits(unit: Path, file: Path, listen: Listen) -> Iterator[Finding]:
    """Whether the units and the settings that are being looked at mean the same."""
    text = unit.read_text("utf-8", errors="replace")
    again = "run install-service again"
    started = program(text)
    if started and not Path(started).exists():
        yield fault("service", f"{unit} starts {started}, which is not there", again)
    if str(file.resolve()) not in text and str(file) not in text:
        yield warning("service", f"{unit} uses other settings than {file}", "look at those: --config")
        return
    socket = unit.with_name(SYSTEMD[1])
    held = listens(socket.read_text("utf-8", errors="replace")) if socket.is_file() else []
    wanted = address(listen.host, listen.port)
    if held and wanted not in held:
        yield fault("service", f"{socket} listens at {', '.join(held)}, the settings say {wanted}", again)


async def _state(options: list[str]) -> Finding:
    control = " ".join(["systemctl", *options])
    if shutil.which("systemctl") is None:
        return warning("service", "installed, but there is no systemctl here", "")
    code, said = await _run("systemctl", *options, "show", SYSTEMD[0], *(f"--property={name}" for name in _PROPERTIES))
    state = dict(line.partition("=")[::2] for line in said.splitlines())
    if code != 0 or "ActiveState" not in state:  # in a chroot it says that it does nothing, and calls that success
        return warning("service", f"its state cannot be had: {said}", NO_MANAGER if options else NOT_BOOTED)
    return _judged(state, control, " ".join(["journalctl", *options, "-u sidestep -n 50"]))


def _judged(state: dict[str, str], control: str, journal: str) -> Finding:
    active, restarts = state.get("ActiveState", ""), state.get("NRestarts", "0")
    shown = f"{active} ({state.get('SubState', '')})"
    if state.get("LoadState") not in (None, "loaded"):
        return fault("service", f"the unit is {state['LoadState']}", f"{control} daemon-reload")
    if active == "failed":
        return fault("service", f"{shown}: {state.get('Result', '')}", f"see why: {journal}")
    if state.get("NeedDaemonReload") == "yes":
        return warning("service", f"{shown}, by an older unit", f"{control} daemon-reload, then restart")
    if active not in ("active", "reloading", "activating"):
        return warning("service", shown, f"{control} enable --now sidestep.socket sidestep.service")
    if restarts != "0":
        return warning("service", f"{shown}, started anew {restarts} times", f"see why: {journal}")
    return ok("service", shown)


async def _launchd(agent: Path) -> Finding:
    code, said = await _run("launchctl", "list", LABEL)
    if code != 0:
        return warning("service", f"not loaded: {said}", f"launchctl bootstrap gui/$(id -u) '{agent}'")
    return ok("service", "loaded")


async def _run(*command: str) -> tuple[int, str]:
    """Exit code, and what it said, on one stream or the other."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        out, err = await asyncio.wait_for(child.communicate(), 10.0)
    except TimeoutError:
        child.kill()
        await child.wait()
        return 1, "no answer within 10 seconds"
    return child.returncode or 0, (out or err).decode("utf-8", "replace").strip()

"""The service manager: whether a service is installed, fits the settings, and runs."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.commands.units import LABEL, SYSTEMD, address, listens, program
from proxy.settings import places
from proxy.settings.config import ListenSettings

_PROPERTIES = (
    *("LoadState", "ActiveState", "SubState", "Result", "NRestarts"),
    *("NeedDaemonReload", "StatusText", "MainPID"),
)

NOT_BOOTED = "where systemd has not started the machine, run `sidestep serve` yourself"
NO_MANAGER = "log in as yourself (ssh, console): after su or sudo, no manager of yours is in reach"


async def service(file: Path, listen: ListenSettings) -> list[Finding]:
    """Findings about every service of Sidestep on this machine, the user's first."""
    if sys.platform == "darwin":
        agent = places.for_user().services / f"{LABEL}.plist"
        return [await _launchd(agent)] if agent.exists() else [ok("service", "none is installed")]
    found: list[Finding] = []
    for unit, options in _installed():
        found += [*_fits(unit, file, listen), await _state(options)]
    return found or [ok("service", "none is installed")]


def _installed() -> Iterator[tuple[Path, list[str]]]:
    """The installed service units, each with the options of `systemctl` for its manager."""
    for where, options in ((places.for_user(), ["--user"]), (places.for_system(), [])):
        unit = where.services / SYSTEMD[0]
        if unit.is_file():
            yield unit, options


def is_the_machines(file: Path) -> bool:
    """Whether these are the settings of the machine's service."""
    unit = places.for_system().services / SYSTEMD[0]
    return unit.is_file() and _means(unit.read_text("utf-8", errors="replace"), file)


def _means(unit: str, file: Path) -> bool:
    return str(file.resolve()) in unit or str(file) in unit


async def stuck(file: Path, listen: ListenSettings) -> tuple[str, str] | None:
    """The state of a service whose socket systemd holds at this address, and what to do; None without one."""
    for unit, options in _installed():
        socket = unit.with_name(SYSTEMD[1])
        held = listens(socket.read_text("utf-8", errors="replace")) if socket.is_file() else []
        if address(listen.host, listen.port) not in held or not _means(unit.read_text("utf-8", errors="replace"), file):
            continue
        if (await _show(options, SYSTEMD[1])).get("ActiveState") != "active":
            continue
        state, control = await _show(options, SYSTEMD[0]), " ".join(["systemctl", *options])
        shown = f"{state.get('ActiveState')} ({state.get('SubState')})"
        if state.get("ActiveState") == "active":
            todo = f"the watchdog starts it anew, or you: {control} restart {SYSTEMD[0]}"
            return f"it hangs, {shown}, process {state.get('MainPID')}", todo
        last = await _last_words(options, state)
        return f"it cannot start, {shown}{last}", f"mend that, then: {control} restart {SYSTEMD[0]}"
    return None


async def _last_words(options: list[str], state: dict[str, str]) -> str:
    """The last error of the service, from its status or the journal."""
    said = state.get("StatusText", "") if state.get("ActiveState") != "active" else ""
    if not said and shutil.which("journalctl"):
        # A running service has logged other lines since. If it does not start, a traceback counts: it has no priority.
        least = ["-p", "warning"] if state.get("ActiveState") == "active" else []
        asked = ["journalctl", *options, "-u", SYSTEMD[0], "-t", "sidestep", *least, "-n", "1", "-o", "cat"]
        code, said = await _run(*asked)
        said = "" if code != 0 or said.startswith(("-- ", "No journal", "Hint:")) else said
    return f"; it said last: {said}" if said else ""


def _fits(unit: Path, file: Path, listen: ListenSettings) -> Iterator[Finding]:
    """Findings where the units and these settings differ."""
    text = unit.read_text("utf-8", errors="replace")
    again = "run install-service again"
    started = program(text)
    if started and not Path(started).exists():
        yield fault("service", f"{unit} starts {started}, which is not there", again)
    if not _means(text, file):
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
    state = await _show(options, SYSTEMD[0])
    if "ActiveState" not in state:
        return warning("service", f"its state cannot be had: {state['']}", NO_MANAGER if options else NOT_BOOTED)
    return _judged(
        state, control, " ".join(["journalctl", *options, "-u sidestep -n 50"]), await _last_words(options, state)
    )


async def _show(options: list[str], unit: str) -> dict[str, str]:
    """A unit's properties, and the whole output under ""; no `ActiveState` if the manager cannot be reached."""
    code, said = await _run("systemctl", *options, "show", unit, *(f"--property={name}" for name in _PROPERTIES))
    state = dict(line.partition("=")[::2] for line in said.splitlines())
    # In a chroot, systemctl does nothing and reports success.
    return {"": said} if code != 0 else {"": said, **state}


def _judged(state: dict[str, str], control: str, journal: str, last: str) -> Finding:
    active, restarts = state.get("ActiveState", ""), state.get("NRestarts", "0")
    shown = f"{active} ({state.get('SubState', '')})"
    if state.get("LoadState") not in (None, "loaded"):
        return fault("service", f"the unit is {state['LoadState']}", f"{control} daemon-reload")
    if active == "failed" or (state.get("Result", "success") not in ("", "success") and active != "active"):
        return fault("service", f"{shown}: {state.get('Result', '')}{last}", f"mend that; all of it: {journal}")
    if state.get("NeedDaemonReload") == "yes":
        return warning("service", f"{shown}, by an older unit", f"{control} daemon-reload, then restart")
    if active not in ("active", "reloading", "activating"):
        return warning("service", shown, f"{control} enable --now sidestep.socket sidestep.service")
    if restarts != "0":
        return warning("service", f"{shown}, started anew {restarts} times{last}", f"see why: {journal}")
    return ok("service", shown)


async def _launchd(agent: Path) -> Finding:
    code, said = await _run("launchctl", "list", LABEL)
    if code != 0:
        return warning("service", f"not loaded: {said}", f"launchctl bootstrap gui/$(id -u) '{agent}'")
    return ok("service", "loaded")


async def _run(*command: str) -> tuple[int, str]:
    """The exit code, and the output, or else the standard error."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        out, err = await asyncio.wait_for(child.communicate(), 10.0)
    except TimeoutError:
        child.kill()
        await child.wait()
        return 1, "no answer within 10 seconds"
    return child.returncode or 0, (out or err).decode("utf-8", "replace").strip()

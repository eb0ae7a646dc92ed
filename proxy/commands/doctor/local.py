"""The configured address: whose process listens there, whether it is Sidestep, and its state."""

import asyncio
import http.client
import ipaddress
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from proxy.commands.doctor import manager
from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.commands.units import address
from proxy.settings import places
from proxy.settings.config import ListenSettings

TIMEOUT = 5.0
"""Seconds for an answer on loopback."""

_LOOPBACK = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""The address to connect to, where the one to listen on is not an address of loopback."""

_LISTENING = "0A"  # TCP_LISTEN, as proc(5) has it in /proc/net/tcp
_MOVE = "set listen.port otherwise, or stop it"


@dataclass(frozen=True, slots=True)
class Holder:
    """The owner of a listening socket."""

    uid: int
    inode: int

    @property
    def user(self) -> str:
        with suppress(KeyError):
            return pwd.getpwuid(self.uid).pw_name
        return f"user {self.uid}"

    @property
    def process(self) -> tuple[int, str]:
        """A process that has the socket, and its command line; 0 and "" if that cannot be seen."""
        wanted = f"socket:[{self.inode}]"
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if process.name != "1" and any(os.readlink(fd) == wanted for fd in (process / "fd").iterdir()):
                    return int(process.name), (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        return 0, ""


def holder(host: str, port: int) -> Holder | None:
    """Who listens there, by Linux's /proc; None if nobody does, or on other systems."""
    found: dict[str, Holder] = {}
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path("/proc/self/net", table).read_text().splitlines()[1:]:
                fields = line.split()
                there, _, number = fields[1].partition(":")
                if fields[3] == _LISTENING and int(number, 16) == port:
                    found[_address(there)] = Holder(int(fields[7]), int(fields[9]))
    return next((found[each] for each in (host, "0.0.0.0", "::") if each in found), None)


def _address(hexadecimal: str) -> str:
    """An address as in proc(5): groups of four bytes in the machine's byte order."""
    groups = [bytes.fromhex(hexadecimal[at : at + 8])[::-1] for at in range(0, len(hexadecimal), 8)]
    found = ipaddress.ip_address(b"".join(groups))
    return str(getattr(found, "ipv4_mapped", None) or found)


async def port(file: Path, listen: ListenSettings) -> list[Finding]:
    """Who listens at the configured address: nobody, another user, Sidestep, or another program.

    Another user's process gets no request, since the request would contain the token.
    """
    host, shown = _LOOPBACK.get(listen.host, listen.host), address(listen.host, listen.port)
    if listen.port == 0:
        return [ok("port", "any free one, as the settings say")]
    held = holder(host, listen.port)
    if held and not _expected(held.uid, file):
        return [_stranger(held, shown)]
    try:
        status, body = await asyncio.to_thread(_ask, host, listen.port, listen.token)
        open_to_all = bool(listen.token) and (await asyncio.to_thread(_ask, host, listen.port, ""))[0] != 401
    except ConnectionRefusedError:
        return [_free(host, listen.port, shown)]
    except (OSError, http.client.HTTPException):
        return [await _silent(file, listen, held, shown)]
    found = list(_answered(file, shown, status, body, held))
    if open_to_all and found[0].verdict == "ok":
        found.append(fault("token", f"{shown} answers without it: it is not in force", "restart the service"))
    return found


def _expected(uid: int, file: Path) -> bool:
    """Whether a process of that user may be the Sidestep with these settings: one's own, or that of their owner.

    The machine's is root's (systemd holds its socket), or that of a system user (`SYS_UID_MAX` of Debian,
    `DynamicUser=` of systemd.exec(5)).
    """
    owner = file.stat().st_uid if file.exists() else os.geteuid()
    is_system_user = uid < 1000 or 61184 <= uid <= 65535
    return uid in (os.geteuid(), owner) or (owner == 0 and is_system_user)


def _stranger(held: Holder, shown: str) -> Finding:
    todo = "set listen.port (and ANTHROPIC_BASE_URL) otherwise"
    if held.uid == 0:
        todo = f"if it is the machine's Sidestep: doctor --config {places.for_system().config_file}; else {todo}"
    found = f"{shown} is held by {held.user}: what is sent there, keys too, goes through a process that is not yours"
    return fault("port", found, todo)


def _ask(host: str, number: int, token: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, number, timeout=TIMEOUT)
    try:
        connection.request("GET", "/-/ready", headers={"x-sidestep-token": token} if token else {})
        reply = connection.getresponse()
        return reply.status, reply.read(1_000_000)
    finally:
        connection.close()


def _free(host: str, number: int, shown: str) -> Finding:
    """Nobody listens; check whether Sidestep could."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            return fault("port", f"{shown}: {error.strerror}", "set listen.host and listen.port otherwise")
    return warning("port", f"{shown} is free: Sidestep does not run", f"start the service, or {places.called()}")


async def _silent(file: Path, listen: ListenSettings, held: Holder | None, shown: str) -> Finding:
    """Somebody listens and gives no answer: perhaps a Sidestep that hangs or cannot start."""
    if stuck := await manager.stuck(file, listen):
        return fault("port", f"systemd holds {shown} for Sidestep, which does not answer: {stuck[0]}", stuck[1])
    number, command = held.process if held else (0, "")
    if "sidestep" in command or "-m proxy" in command:
        found = f"Sidestep (process {number}) is at {shown}, and has not answered within {TIMEOUT:.0f} seconds"
        return fault("port", found, f"it hangs: kill {number}, start it again, and report what its log says")
    return _another(shown, held)


def _another(shown: str, held: Holder | None) -> Finding:
    number, command = held.process if held else (0, "")
    who = f"{Path(command.split()[0]).name}, process {number}" if command else "another program"
    return fault("port", f"another program is at {shown}" + (f" ({who})" if command else ""), _MOVE)


def _answered(file: Path, shown: str, status: int, body: bytes, held: Holder | None) -> Iterator[Finding]:
    try:
        state = orjson.loads(body)
    except orjson.JSONDecodeError:
        state = None
    if isinstance(state, dict) and "ready" in state:
        yield from _state_findings(shown, state)
    elif isinstance(state, dict) and status == 401:
        todo = f"restart it, or put its token into {file.parent / places.TOKEN_FILE}, for its owner alone"
        yield fault("port", f"Sidestep at {shown} wants another token", todo)
    else:
        yield _another(shown, held)


def _state_findings(shown: str, state: dict[str, Any]) -> Iterator[Finding]:
    """Findings from Sidestep's state (`local.status`)."""
    if state["ready"] is True:
        yield ok("port", f"Sidestep answers at {shown}")
    else:
        faults = "; ".join(map(str, state.get("faults", ())))
        yield fault("port", f"Sidestep at {shown} is not ready: {faults}", "mend that, then reload")
    reload, upstream = state.get("reload") or {}, state.get("upstream") or {}
    if reload.get("result") == "refused":
        yield fault(
            "reload",
            f"the last one was refused ({reload.get('at')}): older rules and settings are in force",
            "mend what is at fault, then reload",
        )
    if waiting := state.get("restart_for"):
        yield warning("reload", f"changed, and not in force: {', '.join(waiting)}", "restart it")
    if state.get("journal"):
        yield warning("journal", str(state["journal"]), "see what the file's disk and permissions are")
    if upstream.get("state") == "failing":
        kind = (upstream.get("last_fault") or {}).get("kind")
        yield warning("traffic", f"the last forwarded request failed: {kind}", "see the log, and `upstream` below")

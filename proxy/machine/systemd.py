"""Messages between Sidestep and systemd: readiness, watchdog, status, and the sockets that systemd holds.

The protocols are sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3). Without a service manager, nothing is sent.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import orjson

from proxy.machine.addresses import is_loopback

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"

NOTE = "reload.json"
"""A file in the service's runtime folder (`RuntimeDirectory=`)."""

FIRST_DESCRIPTOR = 3
"""SD_LISTEN_FDS_START: the first after standard input, output and error."""

_UNHURRIED = 10.0
"""Seconds between two status lines if there is no watchdog."""

_LONGEST_STATUS = 400


class ManagerError(ValueError):
    """A variable or a socket from the service manager cannot be used."""


@dataclass(frozen=True, slots=True)
class Manager:
    """The service manager that has started this process."""

    address: str = ""
    """Address of its datagram socket, with a leading `@` in the abstract namespace; "" if it does not listen."""
    watchdog_timeout: float = 0.0
    """The watchdog's timeout in seconds; 0 for no watchdog."""
    folder: str = ""
    """The service's runtime folder (`RuntimeDirectory=`); "" for none."""

    def send(self, *assignments: str) -> bool:
        """Send `KEY=VALUE` lines in one message; returns whether it was sent. Errors are ignored."""
        if not self.address:
            return False
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)  # a full queue must not hold up the event loop
                sender.sendto("\n".join(assignments).encode(), address)
        except OSError:
            return False
        return True

    def note(self, **said: object) -> None:
        """Write the result of the last reload, with this process's id, to the file `NOTE`, for `commands.reload`."""
        if self.folder:
            with contextlib.suppress(OSError):
                fresh = Path(self.folder) / f".{NOTE}.new"
                fresh.write_bytes(orjson.dumps({"pid": os.getpid(), **said}))
                fresh.replace(Path(self.folder) / NOTE)

    def reloading(self) -> None:
        """Say that a reload begins; `READY=1` ends it. `Type=notify-reload` distinguishes reloads by the time."""
        self.send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    async def keep(self, status: Callable[[], str]) -> None:
        """Feed the watchdog and send status lines, until cancelled; returns at once without a service manager.

        Twice in each watchdog timeout, as sd_watchdog_enabled(3) advises. An event loop that hangs sends nothing.
        """
        while self.address:
            self.send(*([ALIVE] if self.watchdog_timeout else []), line(status()))
            await asyncio.sleep(self.watchdog_timeout / 2 or _UNHURRIED)


NOBODY = Manager()
"""Started by a person, in a terminal."""


def line(text: str) -> str:
    """A status, on one line."""
    return f"STATUS={' '.join(text.split())[:_LONGEST_STATUS]}"


def manager(environ: MutableMapping[str, str] = os.environ) -> Manager:
    """The service manager, from its variables, which are removed: no child process may speak in our name.

    Raises `ManagerError`.
    """
    address = environ.pop("NOTIFY_SOCKET", "")
    if address and (address[0] not in "@/" or len(address) < 2):
        raise ManagerError(f"NOTIFY_SOCKET is {address!r}, expected an absolute path or a name after @")
    folder = environ.pop("RUNTIME_DIRECTORY", "").partition(":")[0]
    span, watched = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
    if not span or (watched and _number("WATCHDOG_PID", watched) != os.getpid()):
        return Manager(address, folder=folder)
    return Manager(address, _number("WATCHDOG_USEC", span) / 1_000_000, folder)


def inherited_sockets(environ: MutableMapping[str, str] = os.environ) -> list[socket.socket]:
    """The listening sockets that were passed to this process, in order; none if there were none.

    They are non-blocking and not inheritable. Their variables are removed from `environ`. Raises `ManagerError`, and
    then leaves the descriptors as they are.
    """
    process, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    names = environ.pop("LISTEN_FDNAMES", "").split(":")
    if not process or not count or _number("LISTEN_PID", process) != os.getpid():
        return []
    found = []
    for index in range(_number("LISTEN_FDS", count)):
        name = names[index] if index < len(names) and names[index] else "unknown"
        found.append(_adopt(FIRST_DESCRIPTOR + index, name))
    return found


def beyond_loopback(sockets: list[socket.socket]) -> list[str]:
    """The addresses of the sockets that other machines can reach."""
    hosts = [str(held.getsockname()[0]) for held in sockets]
    return [host for host in hosts if not is_loopback(host)]


def _adopt(descriptor: int, name: str) -> socket.socket:
    """A passed descriptor as a socket, which must be a listening TCP socket."""

    def refuse(what: str) -> NoReturn:
        raise ManagerError(f"descriptor {descriptor} ({name}) is {what}, expected a listening TCP socket")

    try:
        held = socket.socket(fileno=descriptor)
    except OSError as error:
        refuse(f"no socket ({error.strerror})")
    internet = held.family in (socket.AF_INET, socket.AF_INET6) and held.type == socket.SOCK_STREAM
    if not internet or not held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        kind = f"{held.family.name} {held.type.name}" + (", not listening" if internet else "")
        held.detach()
        refuse(kind)
    held.set_inheritable(False)
    held.setblocking(False)
    return held


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ManagerError(f"{name} is {text!r}, expected a number")
    return int(text)

"""`reload`: has the running service reload rules and settings, waits for it, and prints the result."""

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from proxy.machine.systemd import NOTE

TIMEOUT = 30.0
"""Seconds to wait for the service."""

_PAUSE = 0.02

_NOT_RUNNING = """No service of Sidestep's runs here (there is no {note}). The machine's is reloaded by
`sudo sidestep reload`, your own by `sidestep reload --user`, a process without a service by SIGHUP."""


def run(folder: Path, environ: Mapping[str, str] = os.environ) -> int:
    """0 if the new rules and settings are in force; 1 if they were refused, or no service answered.

    `folder` is the service's `RuntimeDirectory=`; in `ExecReload=`, systemd passes the folder and the process.
    """
    note = Path(environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or folder) / NOTE
    try:
        before = _read(note)
        os.kill(int(environ.get("MAINPID") or before["pid"]), signal.SIGHUP)
    except (FileNotFoundError, ProcessLookupError):
        print(_NOT_RUNNING.format(note=note), file=sys.stderr)
        return 1
    except PermissionError:
        print(f"{note.parent}: this service is another user's: run it with sudo", file=sys.stderr)
        return 1
    return _report(_answer(note, before["reloads"]))


def _read(note: Path) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(note.read_bytes())
    return found


def _answer(note: Path, reloads: int) -> dict[str, Any] | None:
    """The service's note about its next reload; None if there is none in time."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        try:
            found = _read(note)
        except FileNotFoundError:
            return None  # it has ended
        if found["reloads"] > reloads:
            return found
        time.sleep(_PAUSE)
    return None


def _report(found: dict[str, Any] | None) -> int:
    if found is None:
        print(f"Not reloaded: the service has not answered within {TIMEOUT:.0f} seconds.", file=sys.stderr)
        return 1
    if found["problems"]:
        print(*found["problems"], "Not reloaded: what was in force stays.", sep="\n", file=sys.stderr)
        return 1
    waiting = f"; restart for: {', '.join(found['restart_for'])}" if found["restart_for"] else ""
    print(f"Reloaded: {found['rules']} rules{waiting}.")
    return 0

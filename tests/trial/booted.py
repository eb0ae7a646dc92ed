"""A root that systemd-nspawn boots, with systemd as its first process and a network of its own: loopback alone."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0
"""Seconds for a boot, and for an end."""

_CLEAN = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb"]


class Machine:
    """The booted root; commands are run in it as root, or as a user who has just logged in."""

    def __init__(self, root: Path) -> None:
        self._root, self._leader = root, 0
        self._nspawn: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Boot it. Raises TimeoutError when it does not come up.

        Without machined and a unit of its own it boots where the first process of the host is no systemd, too.
        """
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot"]
        environ = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        with self._root.with_name("boot.log").open("ab") as log:
            self._nspawn = subprocess.Popen(
                [*command, "--console=pipe", f"--directory={self._root}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environ,
                start_new_session=True,
            )
        end = time.monotonic() + PATIENCE
        while not self._is_up():
            if time.monotonic() > end or self._nspawn.poll() is not None:
                raise TimeoutError("the root does not boot")
            time.sleep(0.2)

    def _is_up(self) -> bool:
        assert self._nspawn is not None
        number = self._nspawn.pid
        children = Path(f"/proc/{number}/task/{number}/children")
        found = children.read_text().split() if children.exists() else []
        self._leader = int(found[0]) if found else 0
        asked = self.inside(("systemctl", "is-system-running"))
        done = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return bool(found) and done.stdout.strip() in ("running", "degraded")

    def inside(self, command: tuple[str, ...]) -> list[str]:
        """The command that runs `command` there as root."""
        return ["nsenter", "--target", str(self._leader), "--all", *_CLEAN, *command]

    def reboot(self) -> None:
        """Ask systemd for it, and boot again: on this side, it is the end of systemd-nspawn."""
        assert self._nspawn is not None
        subprocess.run(self.inside(("systemctl", "reboot")), capture_output=True, timeout=PATIENCE, check=False)
        self._nspawn.wait(PATIENCE)
        self.start()

    def off(self) -> None:
        """Power it off, as systemd-nspawn does on SIGTERM."""
        assert self._nspawn is not None
        self._nspawn.terminate()
        try:
            self._nspawn.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()


def can_boot() -> bool:
    """Whether there is a chance; whether it works, a boot shows."""
    return os.geteuid() == 0 and all(map(shutil.which, ("systemd-nspawn", "nsenter")))


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """The machine, until the end of the context. Raises TimeoutError when it does not come up."""
    machine = Machine(root)
    try:
        machine.start()
        yield machine
    finally:
        machine.off()

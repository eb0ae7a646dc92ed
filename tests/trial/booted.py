"""A root that systemd-nspawn has booted, with systemd as its first process and a network of its own: loopback alone."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0
"""Seconds for a boot."""

_CLEAN = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb"]


class Machine:
    """The booted root; commands are run in it as root, or as a user who has just logged in."""

    def __init__(self, root: Path, nspawn: "subprocess.Popen[bytes]") -> None:
        self.root, self._nspawn, self._leader = root, nspawn, 0

    def wait(self) -> None:
        """Until it is up. Raises TimeoutError."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._nspawn.poll() is None:
            children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
            self._leader = int(children[0]) if children else 0
            if self._leader and self._said("systemctl", "is-system-running") in ("running", "degraded"):
                return
            time.sleep(0.2)
        raise TimeoutError("the root does not boot")

    def _said(self, *command: str) -> str:
        done = subprocess.run(self.inside(command), capture_output=True, text=True, timeout=PATIENCE, check=False)
        return done.stdout.strip()

    def inside(self, command: tuple[str, ...]) -> list[str]:
        """The command that runs `command` there as root."""
        return ["nsenter", "--target", str(self._leader), "--all", *_CLEAN, *command]

    def reboot(self) -> None:
        """Ask systemd for it, and wait until the machine is up again."""
        before = self._leader
        subprocess.run(self.inside(("systemctl", "reboot")), capture_output=True, timeout=PATIENCE, check=False)
        end = time.monotonic() + PATIENCE
        while Path(f"/proc/{before}").exists() and time.monotonic() < end:
            time.sleep(0.2)
        self.wait()

    def off(self) -> None:
        self._nspawn.terminate()  # systemd-nspawn powers the machine off
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
    """The machine, until the end of the context. Raises TimeoutError when it does not come up.

    Without machined and units of its own it boots where the first process of the host is no systemd, too.
    """
    command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot"]
    command += ["--console=pipe", f"--directory={root}"]
    log = root.with_name("boot.log").open("wb")
    nspawn = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        start_new_session=True,
    )
    machine = Machine(root, nspawn)
    try:
        machine.wait()
        yield machine
    finally:
        machine.off()
        log.close()

"""A fresh Debian in a folder, with what the README names and a clone of what is committed here, and commands in it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.trial.booted import Machine

ROOT = Path(__file__).parents[2]
RELEASES = {"bookworm": "3.11", "trixie": "3.13"}
"""Debian 12 and 13, and what Python each has."""
USER, OTHER = "newcomer", "other"
FOR_A_BOOT = ("systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "iproute2")

_WITH_TERMINALS = ["sh", "-c", 'mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && exec "$@"', "sh"]
_OFFLINE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


class Debian:
    """The root, and commands in it as its users type them: in a new login shell, in the clone.

    With a `machine` they are run in the booted root; else in a mere folder, whose systemd does nothing.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.machine: Machine | None = None

    def run(self, command: str, *, user: str = USER, offline: bool = False, may_fail: bool = False) -> Said:
        """Raises `SystemExit` when it fails and may not."""
        print(f"{'' if user == USER else user}$ {command}", flush=True)
        whole = self._inside(user, command, offline=offline)
        done = subprocess.run(whole, capture_output=True, text=True, timeout=600, check=False)
        print(done.stdout + done.stderr, flush=True)
        if done.returncode and not may_fail:
            sys.exit(f"exit code {done.returncode}")
        return Said(done.returncode, done.stdout, done.stderr)

    def begin(self, command: str, user: str = USER) -> "subprocess.Popen[str]":
        """A command that goes on beside others; only in a machine."""
        print(f"{'' if user == USER else user}$ {command} &", flush=True)
        return subprocess.Popen(self._inside(user, command), stdout=subprocess.PIPE, text=True)

    def _inside(self, user: str, command: str, *, offline: bool = False) -> list[str]:
        shell = ("su", "-", user, "-c", f"cd {'~/sidestep' if user == USER else '~'} && {command}")
        if self.machine is not None:
            return self.machine.inside(shell)
        inside = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", f"--root={self.root}"]
        return [*(_OFFLINE if offline else []), *inside, *_WITH_TERMINALS, *shell]


def named_packages(text: str) -> list[str]:
    """What a section says to install."""
    named = re.search(r"`sudo apt\s+install ([a-z0-9 -]+)`", text)
    assert named, "the README does not say what to install"
    return named[1].split()


def bootstrap(root: Path, packages: list[str], release: str = "bookworm", *, to_boot: bool = False) -> Debian:
    """The root, with these packages and systemd, which is taken for granted."""
    packages = [*packages, "ca-certificates", "sudo", "systemd", *(FOR_A_BOOT if to_boot else ())]
    _do("debootstrap", "--variant=minbase", f"--include={','.join(packages)}", release, str(root), *_mirror())
    for user in (USER, OTHER):
        _do("chroot", str(root), "useradd", "--create-home", "--shell=/bin/bash", user)
    (root / "etc/sudoers.d" / USER).write_text(f"{USER} ALL=(ALL) NOPASSWD:ALL\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost {os.uname().nodename}\n")
    _wheels(root / "srv/wheels", RELEASES[release])
    (root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
    _do("git", "clone", "--quiet", str(ROOT), str(root / f"home/{USER}/sidestep"))
    for script in ("stand_in.py", "upstream.py", "client.py", "terminal.py"):
        shutil.copy(Path(__file__).with_name(script), root / "srv")
    _do("chroot", str(root), "chown", "--recursive", USER, f"/home/{USER}")
    return Debian(root)


def _mirror() -> list[str]:
    """Where this machine's own packages come from, if they are a Debian's; else debootstrap knows one."""
    asked = ["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False) if shutil.which("apt-get") else None
    lines = [line.split() for line in done.stdout.splitlines()] if done else []
    return next(([uri] for codename, component, uri in lines if codename in RELEASES and component == "main"), [])


def _wheels(folder: Path, python: str) -> None:
    """What pip and pipx want in the root, which has no network: the pinned packages, and their own tools."""
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", f"--dest={folder}"]
    download += ["--only-binary=:all:", f"--python-version={python}", "--implementation=cp"]
    for glibc in ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014", "manylinux_2_5"):
        download += ["--platform", f"{glibc}_{os.uname().machine}"]
    _do(*download, "--require-hashes", "--requirement", str(ROOT / "requirements.txt"))
    _do(*download, "pip", "setuptools", "wheel")


def _do(*command: str) -> None:
    print("+", command[0], *(word for word in command[1:] if "://" not in word), flush=True)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=900)

"""`make trial`: README, "As a service", followed word by word by a new user of a fresh Debian.

Debian's smallest system and the packages that the README names are put into a folder (debootstrap), and its commands
are run there, from a clone of what is committed here: for one user, for the machine, then an upgrade and the removal.
systemd cannot be the first process of such a root, so `systemctl` can only enable; `stand_in` starts what it would.
Needs Linux, root, debootstrap, iproute2 and the network; takes two minutes, and prints each command and what it said.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = "bookworm"
USER = "newcomer"
HOME = f"/home/{USER}"
UNREACHABLE = {"upstream"}
"""What doctor may find at fault: there is no network where the service runs."""

OFFLINE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
LONG_FORM = "sudo PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx install ."
SERVICE = "/etc/systemd/system/sidestep.service"


class Debian:
    """The root, and commands in it as its user types them: in a new login shell, in the clone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, command: str, *, offline: bool = False, may_fail: bool = False) -> str:
        """What it said on standard output. Raises `SystemExit` when it fails and may not."""
        print(f"$ {command}", flush=True)
        inside = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", f"--root={self.root}"]
        shell = ["su", "-", USER, "-c", f"cd ~/sidestep && {command}"]
        whole = [*(OFFLINE if offline else []), *inside, *shell]
        done = subprocess.run(whole, capture_output=True, text=True, timeout=600, check=False)
        print(done.stdout + done.stderr, flush=True)
        if done.returncode and not may_fail:
            sys.exit(f"exit code {done.returncode}")
        return done.stdout


def section(page: Path, title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def bootstrap(root: Path, text: str) -> Debian:
    """A fresh Debian with what the README names (and systemd, which it takes for granted), and a clone."""
    named = re.search(r"`sudo apt\s+install ([a-z0-9 -]+)`", text)
    assert named, "the README does not say what to install"
    packages = ",".join([*named[1].split(), "ca-certificates", "sudo", "systemd"])
    _do("debootstrap", "--variant=minbase", f"--include={packages}", SUITE, str(root))
    _do("chroot", str(root), "useradd", "--create-home", "--shell=/bin/bash", USER)
    (root / "etc/sudoers.d" / USER).write_text(f"{USER} ALL=(ALL) NOPASSWD:ALL\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost {os.uname().nodename}\n")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    authorities = os.environ.get("PIP_CERT", "")  # of a network that has its own
    if authorities:
        shutil.copy(authorities, root / "etc/ssl/certs/ca-certificates.crt")
    index = os.environ.get("PIP_INDEX_URL", "")
    lines = ["[global]", "cert = /etc/ssl/certs/ca-certificates.crt", *([f"index-url = {index}"] if index else [])]
    (root / "etc/pip.conf").write_text("\n".join(lines) + "\n")
    _do("git", "clone", "--quiet", str(ROOT), str(root / HOME[1:] / "sidestep"))
    shutil.copy(Path(__file__).with_name("stand_in.py"), root / "srv")
    _do("chroot", str(root), "chown", "--recursive", USER, HOME)
    return Debian(root)


def for_oneself(debian: Debian, text: str) -> None:
    """The four commands."""
    install, service, start, doctor = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
    debian.run(install)
    debian.run(service)
    units = f"{HOME}/.config/systemd/user"
    _enable(debian, start, units, "default.target.wants")
    debian.run(f"mkdir /tmp/run && XDG_RUNTIME_DIR=/tmp/run systemd-analyze verify --user {units}/sidestep.service")
    _serve_and_examine(debian, f"{units}/sidestep.service", doctor)
    for command in ("check", "rules", "demo"):
        debian.run(f"sidestep {command}", offline=True)
    if left := debian.run("git status --short --ignored"):
        sys.exit(f"left in the clone: {left}")


def for_the_machine(debian: Debian) -> None:
    """docs/service.md, with Debian's pipx."""
    debian.run(LONG_FORM)
    debian.run("sudo sidestep install-service")
    _enable(debian, "sudo systemctl enable --now sidestep.service", "/etc/systemd/system", "multi-user.target.wants")
    debian.run(f"systemd-analyze verify {SERVICE}")
    debian.run(f"systemd-analyze security --offline=true --threshold=15 {SERVICE}")


def upgrade_and_removal(debian: Debian, text: str) -> None:
    """A rule that nobody has edited follows, one that the user has edited stays."""
    install, service, *_ = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
    debian.run("for rule in rules/[23]*.toml; do echo '# a later version' >> $rule; done")
    debian.run("echo '# mine' >> ~/.config/sidestep/rules/20-topic.toml")
    debian.run(install.replace("install", "install --force"))
    said = debian.run(service)
    if "20-topic.toml: kept: changed by you" not in said or "30-session-title.toml: updated" not in said:
        sys.exit("not brought up to date")
    debian.run("systemctl --user disable --now sidestep.service sidestep.socket", may_fail=True)
    debian.run("sidestep uninstall-service --user && pipx uninstall sidestep")
    debian.run("sudo systemctl disable --now sidestep.service sidestep.socket", may_fail=True)
    debian.run("sudo sidestep uninstall-service")
    left = debian.run("find ~/.config/systemd /etc/systemd -name '*sidestep*'")
    if left:
        sys.exit(f"left behind: {left}")


def _enable(debian: Debian, command: str, units: str, wants: str) -> None:
    debian.run(command, may_fail=True)
    if not (debian.root / units[1:] / wants / "sidestep.service").is_symlink():
        sys.exit("not enabled")


def _serve_and_examine(debian: Debian, unit: str, doctor: str) -> None:
    """Doctor's command, while the service runs."""
    said = debian.run(f"python3 /srv/stand_in.py {unit} '{doctor} --json'", offline=True)
    findings = json.loads(said)["findings"]
    faults = {finding["check"] for finding in findings if finding["verdict"] == "fault"} - UNREACHABLE
    running = any(finding["check"] == "port" and finding["verdict"] == "ok" for finding in findings)
    if faults or not running:
        sys.exit(f"doctor finds at fault: {', '.join(sorted(faults)) or 'the service, which does not run'}")


def _do(*command: str) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=900)


def main() -> None:
    missing = [tool for tool in ("debootstrap", "unshare", "ip", "git") if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        sys.exit(f"needs root and {', '.join(missing) or 'its programs'}")
    text = section(ROOT / "README.md", "As a service")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        debian = bootstrap(Path(folder) / "root", text)
        for_oneself(debian, text)
        for_the_machine(debian)
        upgrade_and_removal(debian, text)
    print("all is well")


if __name__ == "__main__":
    main()

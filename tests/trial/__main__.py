"""`make trial`: the documents followed word by word by a new user of a fresh Debian.

Debian's smallest system and the packages that the README names are put into a folder (debootstrap), with a clone of
what is committed here. Where systemd-nspawn can boot that, systemd is its first process: the README's commands are run
for one user and for the machine, then `rows` walks through what must hold of a service, and prints what it saw. Where
it cannot, `systemctl` can only enable, and `stand_in` starts what systemd would. Last come an upgrade and the removal.
Before all that, `first_hour`: a clone and `make`, in Debian 12 and 13, without python3-venv first.
Needs Linux, root, debootstrap, iproute2, git, and the registries of Debian and pip; takes about eight minutes.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.trial import first_hour
from tests.trial.booted import booted, can_boot
from tests.trial.debian import RELEASES, ROOT, USER, Debian, bootstrap, named_packages
from tests.trial.rows import walk

HOME = f"/home/{USER}"
UNREACHABLE = {"upstream"}
"""What doctor may find at fault: there is no network where the service runs."""

BEFORE = ["git", "make", "python3"]
"""What a person has who follows the README, but for venv."""

LONG_FORM = "sudo PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx install ."
SERVICE = "/etc/systemd/system/sidestep.service"


def section(page: Path, title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


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
    if left := debian.run("git status --short --ignored").out:
        sys.exit(f"left in the clone: {left}")


def for_the_machine(debian: Debian) -> None:
    """docs/service.md, with Debian's pipx."""
    if debian.machine is not None:  # the port is one's own service's
        debian.run("systemctl --user disable --now sidestep.service sidestep.socket")
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
    said = debian.run(service).out
    if "20-topic.toml: kept: changed by you" not in said or "30-session-title.toml: updated" not in said:
        sys.exit("not brought up to date")
    asleep = debian.machine is None
    debian.run("systemctl --user disable --now sidestep.service sidestep.socket", may_fail=asleep)
    debian.run("sidestep uninstall-service --user && pipx uninstall sidestep")
    debian.run("sudo systemctl disable --now sidestep.service sidestep.socket", may_fail=asleep)
    debian.run("sudo sidestep uninstall-service")
    left = debian.run("find ~/.config/systemd /etc/systemd -name '*sidestep*'").out
    if left:
        sys.exit(f"left behind: {left}")


def _enable(debian: Debian, command: str, units: str, wants: str) -> None:
    debian.run(command, may_fail=debian.machine is None)
    if not (debian.root / units[1:] / wants / "sidestep.service").is_symlink():
        sys.exit("not enabled")


def _serve_and_examine(debian: Debian, unit: str, doctor: str) -> None:
    """Doctor's command, while the service runs."""
    asked = f"{doctor} --json" if debian.machine else f"python3 /srv/stand_in.py {unit} '{doctor} --json'"
    findings = json.loads(debian.run(asked, offline=True, may_fail=True).out)["findings"]
    faults = {finding["check"] for finding in findings if finding["verdict"] == "fault"} - UNREACHABLE
    running = any(finding["check"] == "port" and finding["verdict"] == "ok" for finding in findings)
    if faults or not running:
        sys.exit(f"doctor finds at fault: {', '.join(sorted(faults)) or 'the service, which does not run'}")


def main() -> None:
    missing = [tool for tool in ("debootstrap", "unshare", "ip", "git") if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        sys.exit(f"needs root and {', '.join(missing) or 'its programs'}")
    text = section(ROOT / "README.md", "As a service")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for release in RELEASES:
            first_hour.follow(bootstrap(Path(folder) / release, BEFORE, release))
        debian = bootstrap(Path(folder) / "root", named_packages(text), to_boot=can_boot())
        if not can_boot() or not _with_systemd(debian, text):
            print("\nsystemd is not the first process here: its part is played by a stand-in\n")
            _follow(debian, text)
    print("all is well")


def _with_systemd(debian: Debian, text: str) -> bool:
    """Whether the root boots; then all has been tried in it."""
    with ExitStack() as stack:
        try:
            debian.machine = stack.enter_context(booted(debian.root))
        except TimeoutError as error:
            print(error)
            return False
        session = debian.begin("sleep infinity")  # a user's services run for as long as he is logged in
        try:
            _follow(debian, text)
        finally:
            session.kill()
            session.wait()
    return True


def _follow(debian: Debian, text: str) -> None:
    seen = ""
    for_oneself(debian, text)
    for_the_machine(debian)
    if debian.machine is not None:
        seen = walk(debian, debian.machine)
    upgrade_and_removal(debian, text)
    print(seen)


if __name__ == "__main__":
    main()

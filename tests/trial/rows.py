"""What must hold of a service, tried in the booted machine one by one: what was done, and what was seen.

The machine's service is in place, and forwards to `upstream.py`. A row that does not hold ends the trial.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from proxy.commands.tables import table
from tests.trial.booted import Machine
from tests.trial.debian import OTHER, ROOT, USER, Debian, Said

CONFIG = "/etc/sidestep/config.toml"
TOKEN_FILE = "/etc/sidestep/listen.token"
HERE = "http://127.0.0.1:8787"
LATE = "192.0.2.7"  # TEST-NET-1 (RFC 5737); only ever on the machine's own loopback
DOCTOR = f"sudo sidestep doctor --config {CONFIG} --ask"
SERVICE_PAGE = (ROOT / "docs/service.md").read_text("utf-8")

_STATUS = "systemctl status sidestep.service --no-pager"

Row = Callable[["Trial"], str]


@dataclass
class Trial:
    """The machine with the service, and hands for it."""

    debian: Debian
    machine: Machine
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def run(self, command: str, *, user: str = USER, may_fail: bool = False) -> Said:
        return self.debian.run(command, user=user, may_fail=may_fail)

    def settings(self, **values: str) -> None:
        """Other values for keys of the machine's settings."""
        for key, value in values.items():
            self.run(f"sudo sed -i 's|^{key} = .*|{key} = {value}|' {CONFIG}")

    def misspell(self, wrong: bool) -> None:
        old, new = ("idle_timeout", "idel_timeout") if wrong else ("idel_timeout", "idle_timeout")
        self.run(f"sudo sed -i 's/^{old} = /{new} = /' {CONFIG}")

    def install(self) -> None:
        """`install-service`, and then word by word what it says is next, but for doctor."""
        said = self.run("sudo sidestep install-service").out
        for command in said.partition("Next:\n")[2].splitlines():
            if "doctor" not in command:
                self.run(f"sudo {command.strip()}")

    def ask(self, target: str = "/-/health", *, at: str = HERE, token: str = "") -> tuple[str, float]:
        """Status of a GET, or what went wrong, and the seconds that it took."""
        said = self.run(f"python3 /srv/client.py GET {at}{target} {token}").out.split()
        return said[0], float(said[2])

    def asking(self, target: str, method: str = "GET") -> "subprocess.Popen[str]":
        return self.debian.begin(f"python3 /srv/client.py {method} {HERE}{target}")

    def doctor(self, command: str = DOCTOR, user: str = USER) -> dict[str, dict[str, Any]]:
        """Its findings by check, the worst of each."""
        findings = json.loads(self.run(f"{command} --json", user=user, may_fail=True).out)["findings"]
        order = sorted(findings, key=lambda finding: ("ok", "warning", "fault").index(finding["verdict"]))
        return {finding["check"]: finding for finding in order}

    def faults(self) -> list[str]:
        return [name for name, finding in self.doctor().items() if finding["verdict"] == "fault"]

    def main_pid(self) -> str:
        return self.run("systemctl show sidestep.service --property=MainPID --value").out.strip()

    def is_active(self, unit: str) -> str:
        return self.run(f"systemctl is-active {unit}", may_fail=True).out.strip()


def expect(holds: object, what: str) -> None:
    if not holds:
        sys.exit(f"does not hold: {what}")


@contextmanager
def a_token(trial: Trial) -> Iterator[str]:
    """The page's commands for one."""
    first, second, *_ = _commands("sudo install -m 600")
    trial.run(first)
    trial.run(second)
    trial.run("sudo systemctl restart sidestep.service")
    try:
        yield trial.run(f"sudo cat {TOKEN_FILE}").out.strip()
    finally:
        trial.run(f"sudo rm {TOKEN_FILE}")
        trial.settings(host='"127.0.0.1"')
        trial.install()
        trial.run("sudo systemctl restart sidestep.service")


def _commands(begins: str) -> list[str]:
    """The commands of the block on the page whose first command begins so."""
    for block in re.findall(r"```console\n(.*?)```", SERVICE_PAGE, re.DOTALL):
        found = re.findall(r"^\$ (.*)$", block, re.MULTILINE)
        if found[0].startswith(begins):
            return [str(command) for command in found]
    raise LookupError(begins)


def token_where_the_service_has_it(trial: Trial) -> str:
    with a_token(trial) as token:
        trial.settings(host='"0.0.0.0"')
        trial.install()
        expect(trial.faults() == [], "doctor finds the token")
        without, with_it = trial.ask()[0], trial.ask(token=token)[0]
        expect((without, with_it) == ("401", "200"), "the token is in force")
        trial.run(f"echo short | sudo tee {TOKEN_FILE}")
        said = trial.run("sudo sidestep install-service", may_fail=True).err
        named = f"{TOKEN_FILE}: listen.token: " in said and "expected at least 16" in said
        expect(named and "short" not in said, "a fault in it names its file, and not its content")
    return (
        f"0.0.0.0 with listen.token: installed, doctor well; {without} without it, {with_it} with it; a bad one named"
    )


def advice_that_suits_the_services_user(trial: Trial) -> str:
    trial.run(f"sudo chmod o-r {CONFIG}")
    finding = trial.doctor()["permissions"]
    expect(finding["verdict"] == "fault", "doctor finds unreadable settings")
    trial.run(f"sudo {finding['todo']}")
    trial.settings(token='"0123456789abcdef"')
    moved = trial.doctor()["permissions"]["todo"]
    expect(moved.startswith(f"move it into {TOKEN_FILE}"), "doctor's advice for a token in the settings")
    trial.settings(token='""')
    trial.run("sudo systemctl restart sidestep.service")
    expect(trial.ask()[0] == "200", "the service starts after the advice was followed")
    return (
        f"after `{finding['todo'].rpartition(' ')[0]}` it starts; a token in the settings: `{moved.partition(',')[0]}`"
    )


def an_address_that_comes_late(trial: Trial) -> str:
    with a_token(trial) as token:
        trial.settings(host=f'"{LATE}"')
        trial.install()
        trial.machine.reboot()
        _upstream(trial)
        before = trial.is_active("sidestep.socket")
        trial.run(f"sudo ip address add {LATE}/32 dev lo")
        after = trial.ask(at=f"http://{LATE}:8787", token=token)[0]
        trial.run(f"sudo ip address del {LATE}/32 dev lo")
    expect((before, after) == ("active", "200"), "the socket waits for its address")
    return f"booted without {LATE}: socket {before}; with it: {after}"


def settings_that_cannot_be_used(trial: Trial) -> str:
    trial.misspell(True)
    refused = trial.run("sudo systemctl restart sidestep.service", may_fail=True).code
    waiting = [trial.asking("/-/health") for _ in range(3)]
    time.sleep(20)  # at the old limit, five starts within a minute, it was given up after two
    socket = trial.is_active("sidestep.socket")
    looks = 1  # while it is being tried again, the status is that of the new try
    while not (told := "idel_timeout: unknown key" in trial.run(_STATUS, may_fail=True).out) and looks < 9:
        time.sleep(0.7)
        looks += 1
    reason = trial.doctor()["settings"]["found"]
    trial.misspell(False)
    began = time.monotonic()
    trial.run("sudo systemctl restart sidestep.service")
    took = time.monotonic() - began
    statuses = [client.communicate(timeout=60)[0].split()[0] for client in waiting]
    expect(refused and socket == "active" and told and "idel_timeout" in reason, "the reason stays, and the socket")
    expect(statuses == ["200"] * 3 and took < 10, "the mended one starts at once, and no client was reset")
    clients = f"3 waiting clients: {' '.join(statuses)}"
    return f"20 s: socket {socket}, reason in status (look {looks}); mended: up in {took:.1f} s; {clients}"


def mended_settings_come_back_by_themselves(trial: Trial) -> str:
    trial.misspell(True)
    trial.run("sudo systemctl restart sidestep.service", may_fail=True)
    client = trial.asking("/-/health")
    time.sleep(3)
    trial.misspell(False)
    began = time.monotonic()
    status = client.communicate(timeout=60)[0].split()[0]
    took = time.monotonic() - began
    expect(status == "200" and trial.is_active("sidestep.service") == "active", "it comes back for a waiting client")
    return f"mended, and nobody restarts it: a waiting client has {status} after {took:.1f} s"


def reload_tells(trial: Trial) -> str:
    trial.settings(port="8788", level='"debug"')
    named = trial.run("sudo sidestep reload").out.strip()
    expect(named.endswith("restart for: listen.port."), "a reload names what waits for a restart")
    expect(
        "restart for listen.port" in trial.run("systemctl status sidestep --no-pager").out, "so does the status line"
    )
    finding = trial.doctor(f"{DOCTOR} --set listen.port=8787")["reload"]
    expect("listen.port" in finding["found"], "so does doctor")
    trial.ask()
    applied = trial.run("sudo journalctl -u sidestep -n 1 -o cat").out
    expect("path=/-/health" in applied, "a level is applied at once")
    trial.misspell(True)
    refused = trial.run("sudo systemctl reload sidestep.service", may_fail=True).code
    journal = trial.run("sudo journalctl -u sidestep -n 20 -o cat").out
    expect(refused and "idel_timeout: unknown key" in journal, "a refused reload fails, with its reason")
    trial.misspell(False)
    trial.settings(port="8787", level='"info"')
    expect(trial.doctor()["reload"]["verdict"] == "fault", "doctor knows of the refused one")
    trial.run("sudo systemctl reload sidestep.service")
    return f"`{named}`; level at once; misspelt: systemctl exits {refused}, reason in journal and doctor"


def restart_during_a_stream(trial: Trial) -> str:
    stream = trial.asking("/stream/6", "POST")
    time.sleep(1)
    restart = trial.debian.begin("sudo systemctl restart sidestep.service")
    time.sleep(0.5)
    status, waited = trial.ask()
    events = stream.communicate(timeout=60)[0].split()
    restart.wait()
    expect(status == "200" and events[:2] == ["200", "60"], "the stream ends whole, and the other request is served")
    trial.settings(drain_timeout="2.0")
    trial.run("sudo systemctl reload sidestep.service")
    stream = trial.asking("/stream/60", "POST")
    time.sleep(1)
    restart = trial.debian.begin("sudo systemctl restart sidestep.service")
    time.sleep(0.5)
    limited = trial.ask()[1]
    stream.communicate(timeout=90)
    restart.wait()
    expect(limited < 8, "the wait has the drain time as its limit")
    trial.settings(drain_timeout="60.0")
    trial.run("sudo systemctl reload sidestep.service")
    stream = trial.asking("/stream/60", "POST")
    time.sleep(1)
    restart = trial.debian.begin("sudo systemctl restart sidestep.service")
    time.sleep(1)
    trial.run("sudo systemctl kill sidestep")
    cut = trial.ask()[1]
    stream.communicate(timeout=90)
    restart.wait()
    expect(cut < 8, "`kill` ends the wait")
    waits = f"drain 2 s: {limited:.1f} s; kill: {cut:.1f} s"
    return f"a 6 s stream whole ({events[1]} events), another waited {waited:.1f} s; {waits}"


def whose_process_answers(trial: Trial) -> str:
    machines = trial.doctor("sidestep doctor")["port"]
    trial.run("sudo systemctl stop sidestep.socket sidestep.service")
    session = trial.debian.begin("sleep infinity", OTHER)
    try:
        trial.run("sidestep install-service --user", user=OTHER)
        trial.run("systemctl --user enable --now sidestep.service", user=OTHER)
        strangers = trial.doctor("sidestep doctor")["port"]
        own = trial.doctor("sidestep doctor", OTHER)["port"]
        trial.run("systemctl --user disable --now sidestep.service sidestep.socket", user=OTHER)
        trial.run("sidestep uninstall-service --user", user=OTHER)
    finally:
        session.kill()
        session.wait()
        trial.run("sudo systemctl start sidestep.socket sidestep.service")
    expect("is held by root" in machines["found"] and machines["verdict"] == "fault", "the machine's is not one's own")
    expect(f"is held by {OTHER}" in strangers["found"] and strangers["verdict"] == "fault", "a stranger's is a fault")
    expect(own["verdict"] == "ok", "one's own is well")
    return f"{USER}: fault, held by root; then fault, held by {OTHER}; {OTHER}: ok"


def what_hangs_or_cannot_start(trial: Trial) -> str:
    before = trial.main_pid()
    trial.run("sudo systemctl kill --signal=STOP sidestep.service")
    hangs = trial.doctor()["port"]["found"]
    began = time.monotonic()
    status = trial.ask()[0]
    took = time.monotonic() - began
    expect(
        "it hangs" in hangs and status == "200" and trial.main_pid() != before, "a hung one is named, and started anew"
    )
    folder = "/etc/systemd/system/sidestep.service.d"
    broken = '[Service]\\nExecStart=\\nExecStart=/bin/sh -c "echo no module of that name; exit 1"\\n'
    trial.run(
        f"sudo mkdir {folder} && printf '{broken}' | sudo tee {folder}/broken.conf && sudo systemctl daemon-reload"
    )
    trial.run("sudo systemctl restart sidestep.service", may_fail=True)
    found = trial.doctor()["port"]["found"]
    trial.run(f"sudo rm -r {folder} && sudo systemctl daemon-reload && sudo systemctl restart sidestep.service")
    expect("it cannot start" in found and "it said last: no module of that name" in found, "named, with its last words")
    return f"stopped: `{hangs.partition(': ')[2]}`, anew after {took:.0f} s; broken: `{found.partition(': ')[2]}`"


def a_second_instance(trial: Trial) -> str:
    enable, reload, disable = _commands("sudo systemctl enable --now sidestep@")
    trial.run(enable)
    trial.run(reload)
    both = [trial.ask(at=f"http://{host}:8787")[0] for host in ("127.0.0.1", "127.0.0.2")]
    since = trial.run("date +%s").out.strip()
    trial.run(f"for i in $(seq 20); do python3 /srv/client.py GET {HERE}/-/ready; done >/dev/null")
    lines = trial.run(f"sudo journalctl -u sidestep --since @{since} -o cat").out.count("path=/-/ready")
    trial.ask("/v1/models", at="http://127.0.0.2:8787")
    trial.run(disable)
    state = trial.run("sudo ls /var/lib/sidestep-127.0.0.2/").out.split()  # written at the end, at the latest
    expect(both == ["200", "200"] and lines == 0 and "journal.sqlite" in state, "two instances, and quiet checks")
    return f"127.0.0.1 and 127.0.0.2: {' '.join(both)}, state of its own; 20 checks of readiness: {lines} lines"


def small_things(trial: Trial) -> str:
    trial.run("sudo systemctl disable --now sidestep.service sidestep.socket")
    without = trial.run("loginctl enable-linger", may_fail=True).code
    trial.run("sudo loginctl enable-linger $USER")
    trial.run("systemctl --user enable --now sidestep.service")
    trial.machine.reboot()
    status = trial.ask()[0]
    trial.ask("/v1/models")  # one row of the journal: there is no upstream
    for command in _commands("systemctl --user stop sidestep.socket"):
        trial.run(command)
    expect(status == "200" and trial.ask()[0] == "200", "a user's service runs from boot on, and with a new journal")
    trial.run("sudo loginctl disable-linger $USER")
    return f"enable-linger exits {without} without sudo; with it, up at boot without a login: {status}; journal removed"


ROWS: dict[str, Row] = {
    "1 token": token_where_the_service_has_it,
    "2 advice": advice_that_suits_the_services_user,
    "3 late address": an_address_that_comes_late,
    "4 bad settings": settings_that_cannot_be_used,
    "4 by itself": mended_settings_come_back_by_themselves,
    "5 reload": reload_tells,
    "6 restart": restart_during_a_stream,
    "7 whose": whose_process_answers,
    "8 hung, broken": what_hangs_or_cannot_start,
    "9 instances": a_second_instance,
    "10 small": small_things,
}


def _upstream(trial: Trial) -> None:
    """The upstream, as a service of the machine's until it is shut down."""
    trial.run("sudo systemd-run --quiet --unit=upstream python3 /srv/upstream.py 9000")


def walk(debian: Debian, machine: Machine) -> str:
    """All rows; a table of what was seen."""
    trial = Trial(debian, machine)
    trial.settings(url='"http://127.0.0.1:9000"')
    _upstream(trial)
    trial.run("sudo systemctl restart sidestep.service")
    expect(trial.faults() == [], "doctor finds no fault to begin with")
    seen = [(name, row(trial)) for name, row in ROWS.items()]
    return table(("row", "seen"), seen)

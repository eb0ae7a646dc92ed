"""A new user's first hour with a clone, and the last: no venv yet, `make`, a terminal, Claude Code there and back."""

import json
import shlex
import sys

from tests.trial.debian import USER, Debian

SETTINGS = f"/home/{USER}/.claude/settings.json"
OWN = '{\n    "model": "opus",\n    "env": {"EDITOR": "vi"}\n}\n'
"""What this user has in Claude Code's settings."""


def follow(debian: Debian) -> None:
    without_venv(debian)
    python_that_is_gone(debian)
    an_hour(debian)


def without_venv(debian: Debian) -> None:
    """The package is missing; what is left half made by hand, or by an older Makefile, is no obstacle afterwards."""
    debian.run("python3 -m venv .venv", may_fail=True)
    for _ in range(2):
        said = debian.run("make run", may_fail=True)
        _expect(said.code and "sudo apt install python3-venv" in said.all, "the missing package is named")
    debian.run("sudo DEBIAN_FRONTEND=noninteractive apt-get install -qy python3-venv >/dev/null")
    _expect("quota-probe" in debian.run("make demo").out, "the half-made environment is made anew")


def python_that_is_gone(debian: Debian) -> None:
    """As after an upgrade of the system: no interpreter any more, or one that has no packages here."""
    debian.run("ln -sf /usr/bin/python3.0 .venv/bin/python3")
    _expect("quota-probe" in debian.run("make demo").out, "an environment whose Python is gone is made anew")
    debian.run("mv .venv/lib/python3* .venv/lib/python3.0")
    _expect("quota-probe" in debian.run("make demo").out, "an environment of another Python is made anew")


def an_hour(debian: Debian) -> None:
    (debian.root / SETTINGS[1:]).parent.mkdir()
    (debian.root / SETTINGS[1:]).write_text(OWN)
    debian.run(f"sudo chown -R {USER} ~/.claude")
    others = [
        "make demo",
        "make connect",
        f"cat {SETTINGS}",
        "python3 /srv/client.py GET http://127.0.0.1:8787/v1/models",
    ]
    others += ["python3 /srv/client.py GET http://127.0.0.1:8787/-", "make doctor", ".venv/bin/python -m proxy stats"]
    seen = _at_terminal(debian, "make run", "listening ", others)
    tables = seen.partition("% make demo")[2].partition("% make connect")[0]
    _expect(max(map(len, tables.splitlines())) <= 80, "tables fit 80 columns")
    for text in (
        "in another terminal: ANTHROPIC_BASE_URL=http://127.0.0.1:8787 ENABLE_TOOL_SEARCH=true claude or",
        "Page: http://127.0.0.1:8787/-/ Answers: quota-probe,",
        '+ env.ANTHROPIC_BASE_URL = "http://127.0.0.1:8787"',
        "307 0",
        f"ok base URL http://127.0.0.1:8787, in {SETTINGS}",
        "still set to come here",
        ".venv/bin/python -m proxy disconnect",
    ):
        _expect(text in " ".join(seen.split()), text)
    _expect(json.loads((debian.root / SETTINGS[1:]).read_text())["env"]["EDITOR"] == "vi", "all else is kept")
    asleep = _at_terminal(debian, ".venv/bin/python -m proxy doctor", "", [])
    _expect("no Sidestep answers there" in " ".join(asleep.split()), "doctor names what still leads the client here")
    debian.run("make disconnect")
    _expect((debian.root / SETTINGS[1:]).read_text() == OWN, "not a byte of it is left")


def _at_terminal(debian: Debian, command: str, text: str, others: list[str]) -> str:
    given = " ".join(map(shlex.quote, [command, text, *others]))
    return debian.run(f"python3 /srv/terminal.py {given}", offline=True).out


def _expect(holds: object, what: str) -> None:
    if not holds:
        sys.exit(f"does not hold: {what}")

"""Files for service managers: units for systemd, a property list for launchd. Pure: text to text."""

import plistlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proxy.logs.outlet import LOG_FILE
from proxy.settings.places import state_files

MARK = "Written by `sidestep install-service`, which may write it anew;"
"""Marks files written by Sidestep, which it may overwrite or remove."""

LABEL = "local.sidestep"
"""The service's name for launchd."""

SYSTEMD = ("sidestep.service", "sidestep.socket")
INSTANCES = ("sidestep@.service", "sidestep@.socket")
"""Templates for further instances, each named by its address: `sidestep@127.0.0.2.service`."""

HIDDEN_FROM_SERVICES = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")
"""What a system unit with `ProtectHome=yes` and `PrivateTmp=yes` does not see (systemd.exec(5))."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a service manager must know about this installation."""

    program: tuple[str, ...]
    """The command: an absolute path, or an interpreter with its arguments."""
    serve: tuple[str, ...]
    """The arguments for serving."""
    listen: str
    """`127.0.0.1:8787` or `[::1]:8787`."""
    folder: Path | None = None
    """The folder in which it must be started; None for any."""


def systemd_unit(template: str, service: Service) -> str:
    """The shipped unit, with this installation's program and address."""
    start, reload = (" ".join(map(_quoted, (*service.program, *words))) for words in (service.serve, ("reload",)))
    lines = f"ExecStart={start}"
    if service.folder:
        lines = f"WorkingDirectory={_plain(str(service.folder))}\n{lines}"
    text = re.sub("^ExecStart=.*$", lambda _: lines, template, flags=re.MULTILINE)
    text = re.sub("^ExecReload=.*$", lambda _: f"ExecReload={reload}", text, flags=re.MULTILINE)
    text = re.sub("^ListenStream=.*$", lambda _: f"ListenStream={service.listen}", text, flags=re.MULTILINE)
    return f"# {MARK} changes belong in a drop-in.\n{text}"


def template(unit: str) -> str:
    """A template unit made from a system unit: each instance has its own address and state."""
    settings = ["listen.host=%i", *(f"{key}={path}" for key, path in state_files(Path("%S/sidestep-%i")).items())]
    more = "".join(f" --set {setting}" for setting in settings)
    text = unit.replace("sidestep.socket", "sidestep@%i.socket")
    text = re.sub("^(Description=.*)$", r"\1, at %i", text, flags=re.MULTILINE)
    text = re.sub("^(StateDirectory|RuntimeDirectory)=sidestep$", r"\1=sidestep-%i", text, flags=re.MULTILINE)
    text = re.sub("^(ExecStart=.*)$", lambda line: line[1] + more, text, flags=re.MULTILINE)
    return re.sub("^ListenStream=.*(:[0-9]+)$", r"ListenStream=%i\1", text, flags=re.MULTILINE)


def launch_agent(service: Service, log: Path) -> str:
    """A property list for launchd (launchd.plist(5)): start at login, restart after failures, output to `log`.

    `ThrottleInterval` keeps its default of 10 seconds between two starts: launchd never gives up, and a program that
    cannot start must not keep the machine busy. A program that has run for longer is restarted at once.
    """
    keys = {
        "Label": LABEL,
        "ProgramArguments": [*service.program, *service.serve],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ExitTimeOut": 90,
        "ProcessType": "Interactive",
        "Umask": 0o077,
        "SoftResourceLimits": {"NumberOfFiles": 65536},
        "HardResourceLimits": {"NumberOfFiles": 65536},
        "StandardOutPath": str(log),
        "StandardErrorPath": str(log),
        "EnvironmentVariables": {LOG_FILE: str(log)},
    }
    if service.folder:
        keys["WorkingDirectory"] = str(service.folder)
    declaration, _, rest = plistlib.dumps(keys, sort_keys=False).decode().partition("\n")
    return f"{declaration}\n<!-- {MARK} changes belong in config.toml. -->\n{rest}"


def is_ours(text: str) -> bool:
    """Whether `install-service` has written this text."""
    return any(MARK in line for line in text.split("\n", 2)[:2])


def listens(unit: str) -> list[str]:
    """The addresses in a socket unit."""
    return re.findall(r"^ListenStream=(\S+)\s*$", unit, re.MULTILINE)


def program(unit: str) -> str:
    """The program that a service unit starts; "" if it is not clear."""
    found = re.search(r'^ExecStart=(?:"((?:[^"\\]|\\.)*)"|(\S+))', unit, re.MULTILINE)
    path = (found[1] or found[2]) if found else ""
    return re.sub(r"\\(.)", r"\1", path).replace("%%", "%").replace("$$", "$")


def address(host: str, port: int) -> str:
    """For `ListenStream=`, which accepts addresses but no names."""
    if host == "localhost":
        host = "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def out_of_sight(paths: Sequence[Path]) -> Path | None:
    """The first path that a system service cannot see."""
    return next((path for path in paths if any(path.is_relative_to(top) for top in HIDDEN_FROM_SERVICES)), None)


def _quoted(word: str) -> str:
    """A word of a command line (systemd.service(5), "Command lines"): no specifier, no variable, one word."""
    escaped = _plain(word).replace("$", "$$").replace("\\", "\\\\").replace('"', '\\"')
    return escaped if re.fullmatch(r"[\w@%+=:,./$-]+", word) else f'"{escaped}"'


def _plain(text: str) -> str:
    return text.replace("%", "%%")

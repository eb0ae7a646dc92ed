"""Where files are: those that ship with Sidestep, and the platform's folders of configuration, state and services."""

import os
import pwd
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "sidestep"

TOKEN_FILE = "listen.token"
"""A setting, and the name of the file or credential that contains it."""

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one installation; all absolute."""

    config: Path
    """Holds `config.toml` and `rules/`."""
    state: Path
    services: Path
    """For unit files or launchd's property lists."""
    runtime: Path = Path("/run/none")
    """The `RuntimeDirectory=` of a systemd service, which exists while it runs."""

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    def below(self, root: Path) -> "Places":
        """The same folders below another root, for packages and images."""
        return Places(*(root / place.relative_to("/") for place in (self.config, self.state, self.services)))


def called() -> str:
    """The command that calls this program, to be copied into a shell."""
    program = Path(sys.argv[0])
    if program.name == NAME:
        return NAME
    python, here = Path(sys.executable), Path.cwd()
    shown = python.relative_to(here) if python.is_relative_to(here) else python
    return f"{shown} {program}" if program.name == f"{NAME}.py" else f"{shown} -m proxy"


def carried() -> Path:
    """The folder with the `config.toml`, `rules/` and `systemd/` that ship with this program."""
    inside = _PACKAGE / "defaults"
    return inside if inside.is_dir() else _PACKAGE.parent


def is_clone() -> bool:
    """Whether this program runs from a clone (or an editable installation) instead of a wheel."""
    return carried() == _PACKAGE.parent


def for_user(platform: str = "", environ: Mapping[str, str] = os.environ) -> Places:
    """A user's folders: XDG Base Directory Specification 0.8, or `~/Library` on macOS ("darwin")."""
    home = _home(environ)
    if (platform or sys.platform) == "darwin":
        support = home / "Library/Application Support" / NAME
        return Places(support, support / "state", home / "Library/LaunchAgents")
    config = _xdg(environ, "XDG_CONFIG_HOME", home / ".config")
    state = _xdg(environ, "XDG_STATE_HOME", home / ".local/state")
    runtime = _xdg(environ, "XDG_RUNTIME_DIR", Path("/run/user", str(os.getuid())))  # unset in cron, and after su
    return Places(config / NAME, state / NAME, config / "systemd/user", runtime / NAME)


def for_system(platform: str = "") -> Places:
    """The machine's folders: those of `ConfigurationDirectory=` and `StateDirectory=` in a system unit."""
    if (platform or sys.platform) == "darwin":
        support = Path("/Library/Application Support") / NAME
        return Places(support, support / "state", Path("/Library/LaunchDaemons"))
    return Places(Path("/etc") / NAME, Path("/var/lib") / NAME, Path("/etc/systemd/system"), Path("/run") / NAME)


def config_in_use(environ: Mapping[str, str] = os.environ) -> Path:
    """The settings to use if `--config` is not given.

    A clone uses its own file. An installed program uses the user's if `sidestep init` has written it, else the shipped
    one. The `config.toml` of the working directory is never used: many programs have a file of that name.
    """
    if is_clone():
        return carried() / "config.toml"
    written = for_user(environ=environ).config_file
    return written if written.exists() else carried() / "config.toml"


def state_settings(config: Path, environ: Mapping[str, str] = os.environ) -> list[str]:
    """`KEY=VALUE` settings that keep state out of the folder of the installed program, which is not writable."""
    if is_clone() or config.resolve().parent != carried():
        return []
    return [f"{key}={path}" for key, path in state_files(for_user(environ=environ).state).items()]


def token_file(config: Path, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file with the local token for these settings, if there is one.

    With it, the token need not be in settings that everybody can read. A service manager passes it to its service
    alone (systemd.exec(5), `LoadCredential=`) from a file next to the settings, which all other commands read.
    """
    brought = Path(environ.get("CREDENTIALS_DIRECTORY") or "/nonexistent") / TOKEN_FILE
    return next((file for file in (brought, config.parent / TOKEN_FILE) if os.path.lexists(file)), None)


def state_files(folder: Path) -> dict[str, Path]:
    """The settings of all state files, for files in `folder`."""
    names = {"shadow.file": "agreement.json", "capture.file": "capture.jsonl", "journal.path": "journal.sqlite"}
    return {key: folder / name for key, name in names.items()}


def _home(environ: Mapping[str, str]) -> Path:
    """The home directory; `/` for a user without one, as in a container."""
    if environ.get("HOME", "").startswith("/"):
        return Path(environ["HOME"])
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path("/")


def _xdg(environ: Mapping[str, str], name: str, otherwise: Path) -> Path:
    """Relative values are ignored ("Basics" of the specification)."""
    value = environ.get(name, "")
    return Path(value) if value.startswith("/") else otherwise

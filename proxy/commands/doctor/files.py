"""Who may write what decides where keys go, and who may read what was kept."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.config import Config


def permissions(file: Path, config: Config) -> list[Finding]:
    """Settings and rules must be changed by nobody else; state must be writable, a capture private."""
    folder = Path(config.rules.directory)
    found = [
        *_readable(file, config),
        *_changeable([file, folder, *sorted(folder.glob("*.toml"))]),
        *_state(config),
        *_capture(config),
    ]
    return found or [ok("permissions", "settings and rules are safe from others, state can be written")]


def _changeable(paths: list[Path]) -> Iterator[Finding]:
    """A changed `upstream.url` would be sent every key."""
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue  # the settings and rules themselves say what is missing
        if status.st_mode & stat.S_IWOTH:
            yield fault("permissions", f"{path}: everybody may change it", f"chmod o-w {path}")
        elif status.st_uid not in (0, os.geteuid()) and os.geteuid() != 0:
            yield fault("permissions", f"{path}: belongs to another user, who may change it", "use one of your own")


def _readable(file: Path, config: Config) -> Iterator[Finding]:
    """A local token is no secret in a file that everybody may read."""
    if getattr(config.listen, "token", "") and file.stat().st_mode & stat.S_IROTH:
        yield warning("permissions", f"{file}: everybody may read the token in it", f"chmod o-r {file}")


def _state(config: Config) -> Iterator[Finding]:
    wanted = {config.shadow.file} | ({config.capture.file} if config.capture.enabled else set())
    wanted |= {config.journal.path} if config.journal.enabled else set()
    for folder in sorted({Path(file).parent for file in wanted}):
        try:
            writable = _writable(folder)
        except PermissionError:
            yield warning("permissions", f"{folder}: you may not look into it", "run doctor with sudo")
            continue
        if not writable:
            yield fault(
                "permissions",
                f"{folder}: state cannot be written there",
                "give it to the user who runs Sidestep, or set shadow.file, journal.path and capture.file elsewhere",
            )


def _writable(folder: Path) -> bool:
    """Whether files can be written in it, or it can be made. Raises PermissionError when that cannot be seen."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _capture(config: Config) -> Iterator[Finding]:
    file = Path(config.capture.file)
    for kept in sorted(file.parent.glob(f"{file.name}*")) if os.path.isdir(file.parent) else ():
        if kept.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield fault("permissions", f"{kept}: others may read what you work on", f"chmod 600 {kept}")

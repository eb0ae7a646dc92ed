"""Permissions: who may change the settings, which decide where keys are sent, and who may read what was captured.

The machine's service runs as a user of its own, who owns nothing but its state. That user's permissions count. The
journal, which is part of that state, is also read as `stats` reads it.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from proxy.commands.doctor import manager
from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.decision.audits import LAST
from proxy.journal.figures import Totals, audits, bases, totals
from proxy.journal.reader import OlderError, UnreadableError, obstacle, opened
from proxy.journal.store import is_corrupt
from proxy.settings import places
from proxy.settings.config import Config


def permissions(file: Path, config: Config) -> list[Finding]:
    """Only the owner may change settings and rules; state must be writable, a capture private."""
    folder = Path(config.rules.directory)
    found = [
        *_token(file, config),
        *(_for_the_service(file, config) if manager.is_the_machines(file) else ()),
        *_changeable([file, folder, *sorted(folder.glob("*.toml"))]),
        *_state(config),
        *_journal(config),
        *_capture(config),
    ]
    if all(finding.check != "permissions" for finding in found):
        found.insert(0, ok("permissions", "settings and rules are safe from others, state can be written"))
    return found


def _changeable(paths: list[Path]) -> Iterator[Finding]:
    """Who can change `upstream.url` can get every key."""
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue  # missing files are reported with the settings and rules
        if status.st_mode & stat.S_IWOTH:
            yield fault("permissions", f"{path}: everybody may change it", f"chmod o-w {path}")
        elif status.st_uid not in (0, os.geteuid()) and os.geteuid() != 0:
            yield fault("permissions", f"{path}: belongs to another user, who may change it", "use one of your own")


def _token(file: Path, config: Config) -> Iterator[Finding]:
    """The local token must not be in a file that everybody may read, as the machine's settings are."""
    token = places.token_file(file)
    if token and token.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield warning("permissions", f"{token}: others may read the token", f"chmod 600 {token}")
    elif not token and config.listen.token and file.stat().st_mode & stat.S_IROTH:
        todo = f"move it into {file.parent / places.TOKEN_FILE}, readable for its owner alone"
        yield warning("permissions", f"{file}: everybody may read the token in it", todo)


def _for_the_service(file: Path, config: Config) -> Iterator[Finding]:
    """Whether the service's user can read its files, and writes only where its unit allows it."""
    folder, ca_file = Path(config.rules.directory), config.upstream.ca_file
    wanted = [file, folder, *sorted(folder.glob("*.toml")), *([Path(ca_file)] if ca_file else [])]
    for path in wanted:
        if blocked := _not_for_others(path):
            todo = f"chmod o+{'rx' if blocked.is_dir() else 'r'} {blocked}"
            yield fault("permissions", f"{blocked}: the service's user cannot read it", todo)
    state = places.for_system().state
    for each in sorted({path.parent for path in _kept(config)}):
        if not each.is_relative_to(state):
            todo = f"keep it in {state}, or add ReadWritePaths= in a drop-in"
            yield warning("permissions", f"{each}: the service may write in {state} alone", todo)


def _not_for_others(path: Path) -> Path | None:
    """The first part of a path that other users cannot read; None if they can read all of it."""
    for folder in reversed(path.absolute().parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    wanted = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
    return path if path.exists() and path.stat().st_mode & wanted != wanted else None


def _kept(config: Config) -> set[Path]:
    """The state files of these settings."""
    wanted = {config.shadow.file} | ({config.capture.file} if config.capture.enabled else set())
    return {Path(file) for file in wanted | ({config.journal.path} if config.journal.enabled else set())}


def _state(config: Config) -> Iterator[Finding]:
    for folder in sorted({file.parent for file in _kept(config)}):
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


def _journal(config: Config) -> Iterator[Finding]:
    """Problems of an existing journal; `_state` checks the folder."""
    file = Path(config.journal.path)
    if not config.journal.enabled or not os.path.lexists(file):
        return
    try:
        with opened(file) as journal:
            problem = obstacle(file)
            _read(journal)
    except OlderError:
        return
    except UnreadableError as error:
        cause = error.__context__
        if isinstance(cause, sqlite3.Error) and is_corrupt(cause):
            todo = f"stop Sidestep, move {file}* away, and start it: a new journal begins"
            yield fault("journal", f"damaged, so that `stats` has no figures: {error}", todo)
            return
        problem = str(error)
    if problem:
        todo = "give it to the user who runs Sidestep, move it away, or set journal.path elsewhere"
        yield fault("permissions", f"no requests are kept in the journal: {problem}", todo)


def _read(journal: sqlite3.Connection) -> None:
    """Read all that `stats` reads: a damaged page shows only when it is read. Raises `sqlite3.Error`."""
    whole = totals(journal, 0.0).get("", Totals())
    bases(journal, 0.0, whole.answered)
    audits(journal, 0.0, LAST)


def _writable(folder: Path) -> bool:
    """Whether files can be written in the folder, or it can be made. Raises PermissionError if that cannot be told."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _capture(config: Config) -> Iterator[Finding]:
    file = Path(config.capture.file)
    for kept in sorted(file.parent.glob(f"{file.name}*")) if os.path.isdir(file.parent) else ():
        if kept.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield fault("permissions", f"{kept}: others may read what you work on", f"chmod 600 {kept}")

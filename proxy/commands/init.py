"""`init`: writes the shipped settings and rules to the platform's folders, and keeps them up to date."""

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from proxy.commands import upkeep
from proxy.commands.upkeep import FilePlan, Found
from proxy.machine.disk import replace_file
from proxy.settings import toml
from proxy.settings.places import Places, state_files

RECORD = ".written.sha256"
"""Next to `config.toml`: digests of what was written, so that the next version knows which files were edited."""

_DONE = {"write": "wrote", "update": "updated", "remove": "removed: {why}", "leave": "{why}"}
_DRY = {
    "write": "would be written",
    "update": "would be updated",
    "remove": "would be removed: {why}",
    "leave": "{why}",
}


@dataclass(frozen=True, slots=True)
class Job:
    """One call: the shipped files, the target folders, and the root above these.

    `private`: folders and files are for their owner alone, as XDG wants for a user's; a service's user must read them.
    """

    carried: Path
    places: Places
    root: Path
    private: bool
    dry: bool = False

    @property
    def folder(self) -> Path:
        return self.places.below(self.root).config

    @property
    def folder_mode(self) -> int:
        return 0o700 if self.private else 0o755

    @property
    def file_mode(self) -> int:
        return 0o600 if self.private else 0o644


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one file."""

    path: Path
    outcome: str


def run(job: Job) -> int:
    """Write the files and print what became of each; 1 if one could not be written."""
    try:
        for written in init(job, restore=True):
            print(f"{written.path}: {written.outcome}")
    except OSError as error:
        print(f"{error.filename}: cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def init(job: Job, *, restore: bool) -> Iterator[Written]:
    """Bring the job's folder up to date: missing files are written, and files that nobody has edited are updated.

    `restore` also writes rule files that were removed. Raises OSError.
    """
    recorded = _recorded(job.folder / RECORD)
    wanted = {name: text.encode() for name, text in files(job.carried, job.places.state).items()}
    found = {name: there for name in {**wanted, **recorded} if (there := _found(job.folder / name))}
    now = {name: digest for name, digest in recorded.items() if name in wanted or name in found}
    try:
        for file in upkeep.plan(wanted, found, recorded, restore=restore):
            if not job.dry:
                _do(job, file)
                now[file.name] = file.record
            outcome = (_DRY if job.dry else _DONE)[file.action].format(why=file.why)
            yield Written(job.folder / file.name, outcome)
    finally:  # also if writing failed half-way
        now = {name: digest for name, digest in now.items() if digest}
        if now != recorded and not job.dry:
            replace_file(job.folder / RECORD, upkeep.record_text(now).encode(), job.file_mode)


def files(carried: Path, state: Path) -> dict[str, str]:
    """Names and texts of all files that `init` writes; `config.toml` has its state in the folder `state`."""
    config = with_values((carried / "config.toml").read_text("utf-8"), state_files(state))
    rules = sorted((carried / "rules").glob("*.toml"))
    return {"config.toml": config} | {f"rules/{rule.name}": rule.read_text("utf-8") for rule in rules}


def with_values(text: str, values: Mapping[str, Path]) -> str:
    """A TOML text with other values for some keys; comments and order stay. Pure.

    Every key (`table.key`) must be in `text`, on a line of its own.
    """
    document = toml.parse(text, "config.toml")
    lines = text.split("\n")
    for key, value in values.items():
        path = tuple(key.split("."))
        lines[document.lines[path] - 1] = f"{path[-1]} = {orjson.dumps(str(value)).decode()}"
    return "\n".join(lines)


def _do(job: Job, file: FilePlan) -> None:
    path = job.folder / file.name
    match file.action:
        case "write":
            _make(path.parent, job.folder_mode)
            _write_new(path, file.content, job.file_mode)
        case "update":
            replace_file(path, file.content, stat.S_IMODE(path.stat().st_mode))
        case "remove":
            path.unlink()
        case "leave":
            pass


def _recorded(path: Path) -> dict[str, str]:
    try:
        return upkeep.read_record(path.read_text("utf-8", errors="replace"))
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _found(path: Path) -> Found | None:
    if not os.path.lexists(path):
        return None
    return Found(path.read_bytes() if path.is_file() else None, path.is_symlink())


def _make(folder: Path, mode: int) -> None:
    """Make a folder and its missing parents with this mode, whatever the umask is."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(mode)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)

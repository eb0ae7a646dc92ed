"""`init`: the settings and rules that Sidestep carries, written where the platform keeps them."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson

from proxy import toml
from proxy.places import Places, state_files

Outcome = Literal["wrote", "kept", "kept, and it differs from the one that Sidestep carries"]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one file."""

    path: Path
    outcome: Outcome


def run(carried: Path, places: Places, root: Path, *, private: bool) -> int:
    """Write the files and print what became of each; 1 if one could not be written."""
    try:
        for written in init(carried, places, root, private=private):
            print(f"{written.path}: {written.outcome}")
    except OSError as error:
        print(f"{error.filename}: cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def init(carried: Path, places: Places, root: Path, *, private: bool) -> Iterator[Written]:
    """Put `carried`'s files into `places` below `root`; a file that exists is left as it is.

    `private` makes folders and files for their owner alone, as XDG wants a user's; a service's it must be able to read.
    Raises OSError.
    """
    folder = places.below(root).config
    folder_mode, file_mode = (0o700, 0o600) if private else (0o755, 0o644)
    for name, text in files(carried, places.state).items():
        path = folder / name
        _make(path.parent, folder_mode)
        yield Written(path, _write_new(path, text, file_mode))


def files(carried: Path, state: Path) -> dict[str, str]:
    """Name to text of everything that `init` writes, `config.toml` with its state in the folder `state`."""
    config = with_values((carried / "config.toml").read_text("utf-8"), state_files(state))
    rules = sorted((carried / "rules").glob("*.toml"))
    return {"config.toml": config} | {f"rules/{rule.name}": rule.read_text("utf-8") for rule in rules}


def with_values(text: str, values: Mapping[str, Path]) -> str:
    """A TOML text with other values for some of its keys, comments and order kept; pure.

    Every key (`table.key`) must stand in `text`, alone on its line.
    """
    document = toml.parse(text, "config.toml")
    lines = text.split("\n")
    for key, value in values.items():
        path = tuple(key.split("."))
        lines[document.lines[path] - 1] = f"{path[-1]} = {orjson.dumps(str(value)).decode()}"
    return "\n".join(lines)


def _make(folder: Path, mode: int) -> None:
    """Make a folder and those above it, with this mode whatever the umask says."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(mode)


def _write_new(path: Path, text: str, mode: int) -> Outcome:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        same = path.is_file() and path.read_text("utf-8", errors="replace") == text
        return "kept" if same else "kept, and it differs from the one that Sidestep carries"
    with open(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
    return "wrote"

"""Plans what `init` does with each shipped file, given the files that exist. Pure: it touches none.

`init` records the digests of what it writes. A file that still has its recorded digest was not edited, and is updated
by a new version; every other file stays. The record has the format of sha256sum(1), so that `sha256sum --check` shows
which files were edited.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["write", "update", "remove", "leave"]

_RECORDED = re.compile(r"([0-9a-f]{64})  (config\.toml|rules/[\w][\w.-]*\.toml)", re.ASCII)
"""A line of the record. Other names are ignored, whatever the record says."""

_NAMED = 4
"""Keys that are named in a message; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Found:
    """What exists at the path of a file."""

    content: bytes | None
    """None if it is not a readable file: a folder, or a dangling link."""
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What to do with one file, and what to record."""

    name: str
    action: Action
    why: str
    """The reason, if the file is left or removed."""
    content: bytes = b""
    """The content to write."""
    record: str = ""
    """Its digest in the new record; "" for none."""


def plan(
    carried: Mapping[str, bytes], found: Mapping[str, Found], recorded: Mapping[str, str], *, restore: bool
) -> list[FilePlan]:
    """One plan for each file that is shipped (`carried`) or recorded; files that are no longer shipped come last.

    `restore`: write removed files again. The settings are always restored, since nothing works without them.
    """
    plans = [
        _file_plan(name, content, found.get(name), recorded.get(name, ""), restore=restore or name == "config.toml")
        for name, content in carried.items()
    ]
    return [
        *plans,
        *(_obsolete(name, found[name], recorded[name]) for name in recorded if name in found.keys() - carried),
    ]


def _file_plan(name: str, content: bytes, found: Found | None, recorded: str, *, restore: bool) -> FilePlan:
    new = digest(content)
    if found is None and recorded and not restore:
        return FilePlan(name, "leave", "removed by you; `sidestep init` writes it anew", record=recorded)
    if found is None:
        return FilePlan(name, "write", "", content, new)
    if found.content == content:
        return FilePlan(name, "leave", "up to date", record=new)
    if found.content is None:
        return FilePlan(name, "leave", "kept: no file that can be read", record=recorded)
    if digest(found.content) == recorded and not found.is_link:
        return FilePlan(name, "update", "", content, new)
    return FilePlan(name, "leave", _kept(found, recorded, new, differences(found.content, content)), record=recorded)


def _kept(found: Found, recorded: str, new: str, where: str) -> str:
    if found.is_link:
        return f"kept: a link of yours; from the one that Sidestep carries it differs in {where}"
    if not recorded:
        return f"kept: yours, for all that is known; from the one that Sidestep carries it differs in {where}"
    if recorded == new:
        return f"kept: changed by you, in {where}"
    return f"kept: changed by you, and Sidestep carries a new one; they differ in {where}"


def _obsolete(name: str, found: Found, recorded: str) -> FilePlan:
    """A file of an earlier version. Its rules may have moved to another file, and names of rules must be unique."""
    if found.content is not None and digest(found.content) == recorded and not found.is_link:
        return FilePlan(name, "remove", "Sidestep carries it no longer")
    return FilePlan(name, "leave", "kept: changed by you; Sidestep carries it no longer")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_record(text: str) -> dict[str, str]:
    """Names to digests; malformed lines are ignored."""
    lines = (_RECORDED.fullmatch(line) for line in text.splitlines())
    return {line[2]: line[1] for line in lines if line}


def record_text(recorded: Mapping[str, str]) -> str:
    return "".join(f"{recorded[name]}  {name}\n" for name in sorted(recorded))


def differences(one: bytes, other: bytes) -> str:
    """The keys whose values differ between two TOML texts. Values are not shown, since they may be secret."""
    try:
        first, second = (dict(_leaves(tomllib.loads(text.decode("utf-8-sig")))) for text in (one, other))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return "that it is not TOML"
    both = first.keys() & second.keys()
    keys = [key for key in {**first, **second} if key not in both or first[key] != second[key]]
    if not keys:
        return "comments or layout"
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every key with its value, without tables; entries of a list of named tables are identified by their names."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key}.")
        elif isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
            for item in value:
                yield from _leaves(item, f"{above}{key}[{item['name']}].")
        else:
            yield f"{above}{key}", value

"""What is to become of each file that Sidestep carries, beside those that are there already. Pure: it touches none.

What `init` writes it records, as digests. A file that is still as recorded was edited by nobody, and follows a new
version; every other is its owner's and stays. The record is in the format of sha256sum(1), so that `sha256sum --check`
tells which files were edited.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["write", "update", "remove", "leave"]

_RECORDED = re.compile(r"([0-9a-f]{64})  (config\.toml|rules/[\w][\w.-]*\.toml)", re.ASCII)
"""A line of the record. Other names are none of Sidestep's files, whatever the record says."""

_NAMED = 4
"""Places named in one line; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is where a file belongs."""

    content: bytes | None
    """None when it cannot be read as a file: a folder, or a link to nowhere."""
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What is to become of one file, and the record of it."""

    name: str
    action: Action
    why: str
    """For people; only of what is left as it is or removed."""
    content: bytes = b""
    """To be written."""
    record: str = ""
    """Its digest in the new record; empty for none."""


def plan(
    carried: Mapping[str, bytes], found: Mapping[str, Found], recorded: Mapping[str, str], *, restore: bool
) -> list[Step]:
    """One step for each file that is carried or recorded, in the order of `carried`, those carried no longer last.

    `restore`: write a file anew that its owner has removed; without settings nothing works, so those always are.
    """
    steps = [
        _step(name, content, found.get(name), recorded.get(name, ""), restore=restore or name == "config.toml")
        for name, content in carried.items()
    ]
    return [
        *steps,
        *(_obsolete(name, found[name], recorded[name]) for name in recorded if name in found.keys() - carried),
    ]


def _step(name: str, content: bytes, found: Found | None, recorded: str, *, restore: bool) -> Step:
    new = digest(content)
    if found is None and recorded and not restore:
        return Step(name, "leave", "removed by you; `sidestep init` writes it anew", record=recorded)
    if found is None:
        return Step(name, "write", "", content, new)
    if found.content == content:
        return Step(name, "leave", "up to date", record=new)
    if found.content is None:
        return Step(name, "leave", "kept: no file that can be read", record=recorded)
    if digest(found.content) == recorded and not found.is_link:
        return Step(name, "update", "", content, new)
    return Step(name, "leave", _kept(found, recorded, new, differences(found.content, content)), record=recorded)


def _kept(found: Found, recorded: str, new: str, where: str) -> str:
    if found.is_link:
        return f"kept: a link of yours; from the one that Sidestep carries it differs in {where}"
    if not recorded:
        return f"kept: yours, for all that is known; from the one that Sidestep carries it differs in {where}"
    if recorded == new:
        return f"kept: changed by you, in {where}"
    return f"kept: changed by you, and Sidestep carries a new one; they differ in {where}"


def _obsolete(name: str, found: Found, recorded: str) -> Step:
    """A file that an earlier version carried. Its rules may have moved, and no two may have the same name."""
    if found.content is not None and digest(found.content) == recorded and not found.is_link:
        return Step(name, "remove", "Sidestep carries it no longer")
    return Step(name, "leave", "kept: changed by you; Sidestep carries it no longer")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_record(text: str) -> dict[str, str]:
    """Name to digest; lines that are no such thing say nothing."""
    lines = (_RECORDED.fullmatch(line) for line in text.splitlines())
    return {line[2]: line[1] for line in lines if line}


def record_text(recorded: Mapping[str, str]) -> str:
    return "".join(f"{recorded[name]}  {name}\n" for name in sorted(recorded))


def differences(one: bytes, other: bytes) -> str:
    """The keys whose values differ between two TOML texts; no value is shown, since one may be a secret."""
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
    """Every key that is no table, with its value; what is in a list of named tables goes by their names."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key}.")
        elif isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
            for item in value:
                yield from _leaves(item, f"{above}{key}[{item['name']}].")
        else:
            yield f"{above}{key}", value

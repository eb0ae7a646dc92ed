"""Changes to a JSON text that keep everything else: order, indentation, line ends. Pure."""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")


class NotUnderstoodError(ValueError):
    """The text is not changed; the message says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: its key, the offset of the key, and of the begin and end of its value."""

    key: str
    begin: int
    value: int
    end: int


def loads(text: str) -> Any:
    """The value of a text, with or without a byte order mark. Raises `NotUnderstoodError` if it must not be changed."""
    text = text.removeprefix("\ufeff")
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        comment = text[error.pos : error.pos + 2] in ("//", "/*")
        what = "a comment, which JSON has not" if comment else f"no JSON: {error.msg} in column {error.colno}"
        raise NotUnderstoodError(f"line {error.lineno}: {what}") from None
    except RecursionError:
        raise NotUnderstoodError("nested too deeply") from None


def _no_constant(name: str) -> NoReturn:
    raise NotUnderstoodError(f"{name} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise NotUnderstoodError("a key stands twice in one object")
    return value


def members(text: str, brace: int) -> list[Member]:
    """The members of the object whose brace is at this offset; `text` must be JSON."""
    found: list[Member] = []
    at = _behind_blanks(text, brace + 1)
    while text[at] != "}":
        key, end = _DECODER.raw_decode(text, at)
        value = _behind_blanks(text, _behind_blanks(text, end) + 1)
        _, after = _DECODER.raw_decode(text, value)
        found.append(Member(key, at, value, after))
        at = _behind_blanks(text, after)
        if text[at] == ",":
            at = _behind_blanks(text, at + 1)
    return found


def with_member(text: str, path: tuple[str, ...], value: str) -> str:
    """The text with a string at `path`: it replaces the value, or becomes the last member of its object.

    All parents must be objects; missing ones are made.
    """
    brace = text.index("{")
    for depth, key in enumerate(path):
        last = depth == len(path) - 1
        found = _member(text, brace, key)
        if found is None:
            text = _inserted(text, brace, f"{json.dumps(key)}: {json.dumps(value) if last else '{}'}")
            found = _member(text, brace, key)
            assert found is not None
        elif last:
            text = text[: found.value] + json.dumps(value) + text[found.end :]
        brace = found.value
    return text


def without_member(text: str, path: tuple[str, ...]) -> str:
    """The text without the member at `path`, which must be there."""
    brace = text.index("{")
    for key in path[:-1]:
        above = _member(text, brace, key)
        assert above is not None
        brace = above.value
    found = members(text, brace)
    at = next(index for index, member in enumerate(found) if member.key == path[-1])
    if at:
        return text[: found[at - 1].end] + text[found[at].end :]
    if len(found) > 1:
        return text[: found[0].begin] + text[found[1].begin :]
    return text[: brace + 1] + text[_behind_blanks(text, found[0].end) :]


def _member(text: str, brace: int, key: str) -> Member | None:
    return next((member for member in members(text, brace) if member.key == key), None)


def _inserted(text: str, brace: int, member: str) -> str:
    """The text with one more member, the last in its object, formatted like the others."""
    found = members(text, brace)
    if found:
        lead = text[brace + 1 : found[0].begin]
        between = text[found[0].end : found[1].begin] if len(found) > 1 else ", "
        joint = f",{_line_end(text)}{lead.rpartition(chr(10))[2]}" if "\n" in lead else between
        return text[: found[-1].end] + joint + member + text[found[-1].end :]
    closing = _behind_blanks(text, brace + 1)
    top = members(text, text.index("{"))
    lead = text[text.index("{") + 1 : top[0].begin] if top else "\n  "
    if "\n" not in lead:  # all on one line
        return text[: brace + 1] + member + text[closing:]
    line = text[text.rfind("\n", 0, brace) + 1 : brace]
    indent, end = line[: len(line) - len(line.lstrip())], _line_end(text)
    return text[: brace + 1] + f"{end}{indent}{lead.rpartition(chr(10))[2]}{member}{end}{indent}" + text[closing:]


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _behind_blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    assert found is not None
    return found.end()

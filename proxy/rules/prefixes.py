"""What a text must begin with to match an anchored pattern: a cheap question that spares most searches.

Patterns are RE2's. Only a beginning that is certain is given; where there is any doubt, none is.
"""

import re
from dataclasses import dataclass

_FLAGS = re.compile(r"\(\?[sU]+\)")
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_BLANKS = re.compile(r"\\s\*")
_QUANTIFIERS = "?*+{"
_ESCAPED = {"n": "\n", "t": "\t"}
_META = set(".^$|()[]?*+{}\\")


@dataclass(frozen=True, slots=True)
class Beginnings:
    """A text that matches begins with one of `literals`; `behind_blanks` if blanks may come first (`\\A\\s*`).

    `enough`: every text that does so matches, since the pattern asks for nothing else.
    """

    literals: tuple[str, ...]
    behind_blanks: bool
    enough: bool


def beginnings(pattern: str) -> Beginnings | None:
    """What texts that match `pattern` begin with; None where nothing is certain."""
    flags = _FLAGS.match(pattern)
    rest = pattern[flags.end() :] if flags else pattern
    if not rest.startswith("\\A") or _alternates(rest):
        return None
    rest = rest.removeprefix("\\A")
    blanks = _BLANKS.match(rest)
    literals, enough = _openings(rest[blanks.end() :] if blanks else rest)
    # A blank that belongs to the literal would be taken for one of those before it.
    if not all(literals) or (blanks and any(literal[0].isspace() for literal in literals)):
        return None
    # RE2's `\s` knows fewer blanks than `str.lstrip`.
    return Beginnings(literals, blanks is not None, enough and not blanks)


def _openings(pattern: str) -> tuple[tuple[str, ...], bool]:
    """The literals that `pattern` may begin with, a group of choices behind the first included; "" where one is unsure.

    And whether that is all of the pattern.
    """
    start, width = _literal(pattern)
    group, behind = pattern[width:], ""
    if group.startswith("(?:"):
        close = _close(group)
        group, behind = group[3:close], group[close + 1 :]
        if _is_flat(group) and behind[:1] not in tuple(_QUANTIFIERS):
            choices = group.split("|")
            found = [_literal(choice) for choice in choices]
            enough = not behind and [size for _, size in found] == list(map(len, choices))
            return tuple(start + literal for literal, _ in found), enough
    return (start,), width == len(pattern)


def _literal(pattern: str) -> tuple[str, int]:
    """The characters that `pattern` begins with, up to the first that may stand for others, or be missing.

    And how much of the pattern that is.
    """
    found = ""
    position = 0
    while position < len(pattern):
        sign, width = pattern[position], 1
        if sign == "\\" and position + 1 < len(pattern):
            escaped, width = pattern[position + 1], 2
            sign = _ESCAPED.get(escaped, escaped if not escaped.isalnum() else "")
        elif sign in _META:
            sign = ""
        if not sign:
            break
        if pattern[position + width : position + width + 1] in tuple(_QUANTIFIERS):
            break
        found += sign
        position += width
    return found, position


def _alternates(pattern: str) -> bool:
    """Whether there is a `|` outside of all groups and classes."""
    depth, position, in_class = 0, 0, False
    while position < len(pattern):
        sign = pattern[position]
        if sign == "\\":
            position += 1
        elif in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and depth == 0:
            return True
        position += 1
    return False


def _close(pattern: str) -> int:
    """Where the group that opens `pattern` closes, if there is no other in it."""
    position = 0
    while position < len(pattern):
        if pattern[position] == "\\":
            position += 1
        elif pattern[position] == ")":
            return position
        position += 1
    return len(pattern)


def _is_flat(group: str) -> bool:
    """Whether a group's text can be split at every `|`."""
    return not set(_ESCAPE.sub("", group)) & set("([") and "\\|" not in group

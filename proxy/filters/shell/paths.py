"""The paths that a reply may list."""

import re

from proxy.filters.decline import Decline
from proxy.filters.shell.grammar import Word

_USUAL_PATH = re.compile(r"(?!\s)[^\x00-\x1f\x7f-\x9f<>]+(?<!\s)")
_SPECIAL_PATH = re.compile(r"/(?:dev|proc)(?:/|$)")


def usual(path: str) -> str:
    """Return the path if the reply can contain it and it is a regular path; else raise Decline."""
    if not _USUAL_PATH.fullmatch(path) or _SPECIAL_PATH.match(path):
        raise Decline("unusual path")
    return path


def literal(word: Word) -> str:
    """Return the path that a word is for certain."""
    if word.kind in ("glob", "expansion") or word.text.startswith("~"):
        raise Decline("operand not literal")
    return usual(word.value)

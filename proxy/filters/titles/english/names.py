"""How a name from a message is shown: a path by its last part; a key, a token or an opaque id never.

People recognise a session by the names in its title, so names are kept as they are written.
"""

import re

from proxy.filters.titles.english.tables import word_set

LONGEST_NAME = 48

_KEY_PREFIX = re.compile(
    r"(?:sk|pk|rk|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abeoprs]|npm|hf|AKIA|ASIA|AIza|eyJ|ya29|dop_v1|SG)"
    r"[-_.A-Za-z0-9]{8}"
)
_OPAQUE = re.compile(r"[0-9a-fA-F]{16}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}|\d{12}|0x[0-9a-fA-F]{5}")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")
_RANDOM_FROM = 20
_PASSWORD = re.compile(r"(?i)(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key)[=:]")

_EXTENSION = re.compile(r"\.[A-Za-z]\w{0,7}$")
_LINE_NUMBER = re.compile(r"(\.[A-Za-z]\w{0,7})(?::\d+(?:[:-]\d+)?|#L\d+(?:-L?\d+)?)$")
_ON_DISK = word_set(
    """home Users usr etc var tmp opt mnt root srv dev proc private builds build workspace workspaces Volumes
    Library"""
)
# What a title never holds: addresses, assignments, markup, what belongs to a shell.
_UNSHOWN = re.compile(r"[<>=@\\|{}$~^*\"]|\w://")


def is_secret(word: str) -> bool:
    """Whether a word looks like a key, a token, a hash or an opaque id, or is too long to be any name."""
    if _KEY_PREFIX.match(word) or _OPAQUE.search(word) or _PASSWORD.match(word):
        return True
    if len(word) < _RANDOM_FROM or "/" in word:
        return False
    # Names are made of words; a random string changes between cases and digits every second character.
    pieces = _PIECE.findall(word)
    return sum(map(len, pieces)) < 3 * len(pieces)


def displayed(name: str) -> str:
    """The name as a title shows it, "" if it cannot: `@src/app.py:42` is `app.py`, `/api/users` is itself."""
    if _UNSHOWN.search(name.removeprefix("~").removeprefix("@")) or (" " in name and "/" in name):
        return ""
    name = name.removeprefix("@")
    line_number = _LINE_NUMBER.search(name)
    name = name[: line_number.end(1)] if line_number else name.rstrip("/")
    if "/" in name and not name.startswith("--"):
        name = _last_part(name.removeprefix("./"))
    return "" if len(name) > LONGEST_NAME else name


def _last_part(path: str) -> str:
    parts = path.split("/")
    if path.startswith(("~", "../")) or (parts[0] == "" and parts[1] in _ON_DISK):
        return parts[-1]
    is_file = len(parts) > 1 and _EXTENSION.search(parts[-1])
    return parts[-1] if is_file or len(parts) > 3 else path

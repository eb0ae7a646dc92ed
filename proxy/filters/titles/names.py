"""What one run of signs without spaces is called: a path by its last part, a URL by what it points at.

People recognise a session by the names in its title, so names are kept as they are written; keys, tokens and opaque
ids are no names and are never shown.
"""

import re

from proxy.filters.titles.tables import word_set

LONGEST_WORD = 48
OPENING_MARKS, CLOSING_MARKS = "([{'`*¿¡|+=;:,", ".,;:!?…)]}'`*|"

# In turn: a flag or a path or a tag, camelCase, signs inside of a word, an underscore, digits together with letters.
_CODE = re.compile(r"^(?:--?\w|[/~.$@#\\<]\w)|[a-z][A-Z]|\w(?:[./\\:=@#$]|::|->)\w|_|^(?=.*\d)(?=.*[^\W\d])")

_KEY_PREFIX = re.compile(
    r"(?:sk|pk|rk|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abeoprs]|npm|hf|AKIA|ASIA|AIza|eyJ|ya29|dop_v1|SG)"
    r"[-_.A-Za-z0-9]{8}"
)
_OPAQUE = re.compile(r"[0-9a-fA-F]{16}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}|\d{12}")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")
_RANDOM_FROM = 20

_EXTENSION = re.compile(r"\.[A-Za-z]\w{0,7}$")
_LINE_NUMBER = re.compile(r"(\.[A-Za-z]\w{0,7})(?::\d+(?:[:-]\d+)?|#L\d+(?:-L?\d+)?)$")
_ROOTS = word_set(
    ". .. ~ src lib libs app apps test tests docs doc packages pkg cmd internal scripts bin config components"
)
_DISK = word_set(
    "home Users usr etc var tmp opt mnt root srv dev proc Applications Library Volumes workspace workspaces"
)

_URL = re.compile(r"(?:https?://|www\.)([^\s/?#]{1,200})([^\s?#]{0,600})", re.IGNORECASE)
_FORGES = word_set("github.com gitlab.com bitbucket.org")
_FORGE_THING = re.compile(
    r"/([\w.-]{1,60})/([\w.-]{1,80})(?:/-)?/(pulls?|pull-requests|merge_requests|issues|discussions)/(\d{1,9})"
)
_FORGE_NOUN = {"issues": "issue", "discussions": "discussion", "merge_requests": "merge request"}


def is_code(word: str) -> bool:
    """Whether a word is a name from code or of a thing: `app.py`, `getUser`, `--flag`, `#12`, `PROJ-42`, `v1.2`."""
    return bool(_CODE.search(word))


def is_secret(word: str) -> bool:
    """Whether a word looks like a key, a token, a hash or an opaque id, or is too long to be any name."""
    if len(word) > LONGEST_WORD or _KEY_PREFIX.match(word) or _OPAQUE.search(word):
        return True
    # Names are made of words; a random string changes between cases and digits every second character.
    pieces = _PIECE.findall(word)
    return len(word) >= _RANDOM_FROM and sum(map(len, pieces)) < 3 * len(pieces)


def named(run: str) -> list[str]:
    """The words that stand for one run without spaces: none for a secret."""
    if url := _URL.match(run):
        return _url_name(url[1], url[2])
    name = shortened(run)
    _, assigned, value = name.partition("=")
    return [] if not name or is_secret(name) or (assigned and is_secret(value)) else [name]


def shortened(word: str) -> str:
    """A path's last part without a line number: `@src/app.py:42` is `app.py`; any other word as it is."""
    word = _LINE_NUMBER.sub(r"\1", word)
    path = word.replace("\\", "/").rstrip("/")
    if path.startswith("@") and _EXTENSION.search(path):
        path = word = path[1:]
    if not is_path(path):
        return word
    return path.rpartition("/")[2] or word


def is_path(path: str) -> bool:
    """Whether a word is a file path; `CI/CD`, `acme/widgets`, `@scope/package`, `/init` and `/users/:id` are none."""
    first, slash, rest = path.partition("/")
    if not slash or "://" in path:
        return False
    if not first:
        return bool(_EXTENSION.search(path)) or (rest.partition("/")[0] in _DISK and "/" in rest)
    rooted = first in _ROOTS or first.endswith(":")
    return rooted or path.count("/") > 2 or bool(_EXTENSION.search(path))


def _url_name(host: str, path: str) -> list[str]:
    if thing := _FORGE_THING.match(path):
        return [f"{thing[1]}/{thing[2]}", *_FORGE_NOUN.get(thing[3], "pull request").split(), thing[4]]
    host = host.rpartition("@")[2].partition(":")[0].lower().removeprefix("www.")
    parts = [part for part in path.rstrip(CLOSING_MARKS).split("/") if _is_telling(part)]
    if host in _FORGES and len(parts) >= 2:
        return [f"{parts[0]}/{parts[1]}", parts[-1] if len(parts) > 2 else "repository"]
    return [host, *(_page_name(part) for part in parts[-1:])]


def _is_telling(part: str) -> bool:
    return len(part) > 1 and "%" not in part and not part.isdecimal() and not is_secret(part.replace("-", " "))


def _page_name(part: str) -> str:
    name = _EXTENSION.sub("", part) if part.endswith((".html", ".htm", ".php")) else part
    return name if len(name) <= LONGEST_WORD else "-".join(name.split("-")[:6])[:LONGEST_WORD]

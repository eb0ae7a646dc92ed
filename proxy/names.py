"""Names chosen by clients, made safe to keep and show: short, printable, and without anything that looks like a key.

A client may put anything anywhere: a key as its model, in a path, or as its User-Agent. So a name is kept only if it
looks like a name. The log, the journal, the live page, the counters and a capture all use this module.
"""

import hashlib
import re
from functools import lru_cache
from http import HTTPMethod

OTHER = "other"
"""Replaces what does not look like a name."""

CUT = "…"
"""Replaces a part of a path that does not look like a name."""

_LONGEST = 80
_LONGEST_PATH = 160
_LONGEST_VALUE = 512
_LONGEST_SESSION = 1024
"""Characters; `metadata.user_id` has some 250 of them."""

# `claude`, `starcoder2`, `CodeLlama`, `WizardLM`, `GGUF`; a date; or something as short as `30B`, `v1beta` or `Q4KXL`.
_PART = re.compile(
    r"(?:(?=[A-Za-z]{1,16}(?![A-Za-z]))[A-Z]?[a-z]+(?:[A-Z][a-z]{2,}){0,2}[A-Z]{0,4}|[A-Z]{2,8})[0-9]{0,4}[a-z]?"
    r"|[0-9]{1,8}|[A-Za-z0-9]{1,6}"
)
_SHORT = 16
"""Keys are longer than this."""
_BETWEEN = re.compile(r"[\s,;()=/]+")
_JOINT = re.compile(r"[-._:/@\[]{1,2}")

# How the keys of well-known services begin. What follows is not shown, even if it is short.
_KEY = re.compile(
    r"(?:^|[^A-Za-z0-9])(?:[spr]k[-_]|gh[a-z]_|github_pat_|glpat-|xox[a-z]-|hf_|npm_)|sk[-_.:/]{1,2}ant", re.IGNORECASE
)

_METHODS = frozenset(HTTPMethod)
_PLAIN = frozenset({"", "-", ".", ".."})


def is_name(text: str) -> bool:
    """Whether `text` consists of words, versions and dates, as names of models and programs do, and keys do not."""
    if len(text) > _LONGEST or not text[:1].isalpha() or _KEY.search(text):
        return False
    return all(map(_PART.fullmatch, _JOINT.split(text.removesuffix("]"))))


def is_plain(value: str) -> bool:
    """Whether every part of a header value is short or a name: `claude-cli/2.1.330 (external, cli)`."""
    if len(value) > _LONGEST_VALUE or _KEY.search(value):
        return False
    return all(len(piece) <= _SHORT or is_name(piece) for piece in _BETWEEN.split(value))


def model(text: str) -> str:
    """A model's name; "" for none."""
    return _model(text) if len(text) <= _LONGEST else OTHER


def method(text: str) -> str:
    """One of HTTP's own methods."""
    return text if text in _METHODS else OTHER


def path(text: str) -> str:
    """A path without its query; segments that do not look like names are replaced by `CUT`."""
    if len(text) <= _LONGEST_PATH:
        return _path(text)
    return _path(text[:_LONGEST_PATH].rpartition("/")[0]) + "/" + CUT


@lru_cache(256)
def _model(text: str) -> str:
    return text if not text or is_name(text) else OTHER


@lru_cache(256)
def _path(text: str) -> str:
    if "sk/ant" in text.lower():  # a key that contains a slash
        return "/" + CUT
    return "/".join(part if part in _PLAIN or is_name(part) else CUT for part in text.split("/"))


def session(text: str) -> str:
    """A hash of a client's session id, 16 hexadecimal digits; "" for none.

    The hash needs no key: a session id has at least 122 random bits.
    """
    return _session(text[:_LONGEST_SESSION])


@lru_cache(256)
def _session(text: str) -> str:
    if not text:
        return ""
    named = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(named, digest_size=8, person=b"sidestep").hexdigest()

"""Requests from files: one JSON body, or captured requests as JSON Lines. What cannot be read is a problem."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from proxy.exchange import Head
from proxy.settings.toml import Problem

_BOM = b"\xef\xbb\xbf"
_PATH = "/v1/messages"


@dataclass(frozen=True, slots=True)
class Given:
    """One request, and its place."""

    source: str
    line: int
    head: Head
    body: bytes


def read(raw: bytes, source: str, user_agent: str) -> Iterator[Given | Problem]:
    """The requests in `raw`, in order, and a problem for each line that is not one.

    A bare body counts as a POST to /v1/messages by `user_agent`. Captured comparisons are skipped.
    """
    raw = raw.removeprefix(_BOM)
    if not raw.strip():
        yield Problem(source, 0, "", "found nothing, expected a request")
        return
    whole = _loads(raw)
    if not isinstance(whole, _NotJson):
        yield from _one(whole, raw, source, _first_line(raw), user_agent)
        return
    lines = [(number, line, _loads(line)) for number, line in enumerate(raw.split(b"\n"), 1) if line.strip()]
    if not any(isinstance(value, dict) for _, _, value in lines):
        yield Problem(source, whole.line, "", whole.message)
        return
    for number, line, value in lines:
        if isinstance(value, _NotJson):
            yield Problem(source, number, "", value.message)
        else:
            yield from _one(value, line, source, number, user_agent)


def _one(value: Any, raw: bytes, source: str, line: int, user_agent: str) -> Iterator[Given | Problem]:
    if not isinstance(value, dict):
        yield Problem(source, line, "", f"found {_kind(value)}, expected a request: a JSON object")
    elif "messages" in value and "body" not in value:
        yield Given(source, line, Head("POST", _PATH, {"user-agent": user_agent}), raw.strip())
    elif "body" in value:
        try:
            yield Given(source, line, _head(value), _body(value["body"]))
        except _Unfit as error:
            yield Problem(source, line, error.key, error.message)
    elif "shadow" not in value:
        found = ", ".join(sorted(value)) or "nothing"
        yield Problem(source, line, "", f'found {found}, expected "messages" (a body) or "body" (a captured request)')


class _Unfit(Exception):  # noqa: N818 - it does not leave this module
    """A field of a captured request has a wrong value."""

    def __init__(self, key: str, value: Any, expected: str) -> None:
        super().__init__(key)
        self.key, self.message = key, f"found {_kind(value)}, expected {expected}"


def _head(value: Mapping[str, Any]) -> Head:
    method = _string(value, "method", "POST")
    target = _string(value, "target" if "target" in value else "path", _PATH)
    return Head(method, target.partition("?")[0], _headers(value.get("headers", {})))


def _string(value: Mapping[str, Any], key: str, default: str) -> str:
    found = value.get(key, default)
    if not isinstance(found, str):
        raise _Unfit(key, found, "a string")
    return found


def _headers(value: Any) -> dict[str, str]:
    """By lower-case name; the first value of a repeated header. Null is a value that the capture left out."""
    pairs = list(value.items()) if isinstance(value, dict) else value
    wanted = "an object or an array of pairs, of strings"
    if not isinstance(pairs, list):
        raise _Unfit("headers", value, wanted)
    headers: dict[str, str] = {}
    for pair in pairs:
        match pair:
            case [str(name), str(text)] | (str(name), str(text)):
                headers.setdefault(name.lower(), text)
            case [str(), None] | (str(), None):
                pass
            case _:
                raise _Unfit("headers", pair, wanted)
    return headers


def _body(value: Any) -> bytes:
    """The bytes of an object as JSON, or of a string as it is."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, dict):
        try:
            return orjson.dumps(value)
        except TypeError:  # a lone surrogate, or a number beyond 64 bits
            return json.dumps(value).encode()
    raise _Unfit("body", value, "an object, or a string that holds JSON")


@dataclass(frozen=True, slots=True)
class _NotJson:
    """Why a text is not JSON, and the line."""

    line: int
    message: str


def _loads(raw: bytes) -> Any:
    """The value, or `_NotJson`. Lone surrogates are allowed, since captured headers may contain them."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            return _NotJson(error.lineno, f"not JSON: {error.msg} in column {error.colno}")


def _kind(value: Any) -> str:
    shown = json.dumps(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _first_line(raw: bytes) -> int:
    """The line on which the text begins."""
    return 1 + raw[: len(raw) - len(raw.lstrip())].count(b"\n")

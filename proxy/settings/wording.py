"""What pydantic finds wrong with a value, in words that need no knowledge of pydantic."""

from collections.abc import Sequence
from datetime import date, datetime, time
from types import NoneType, UnionType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from proxy.settings.toml import KeyPath


def unknown_key(name: str, known: Sequence[str]) -> str:
    """What is wrong with an unknown key: the nearest known one is suggested, and all are listed."""
    from difflib import get_close_matches  # here, since serving without a fault needs none of its 0.3 MiB

    near = get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown key{meant}" + (f" (expected one of: {', '.join(known)})" if known else "")


_EXPECTED = {
    "string_type": "a string",
    "string_unicode": "text in UTF-8",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} at most",
    "string_too_short": "a string of {min_length} or more characters",
    "string_too_long": "a string of {max_length} characters at most",
    "too_short": "{min_length} or more entries",
    "string_pattern_mismatch": "a text of the form {pattern}",
}
"""What was expected, by pydantic's kind of error."""


def error_text(detail: ErrorDetails, known: Sequence[str] = ()) -> str:
    """A pydantic error in words: what was found, what was expected. `known` are the keys that could be meant."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_key(str(detail["loc"][-1]), known)
    if kind == "missing":
        return "missing: this key is required"
    if kind == "literal_error":
        wanted = f"expected {str(context['expected']).replace(chr(39), chr(34))}"
    elif kind == "value_error":
        wanted = str(context["error"])
    elif kind in _EXPECTED:
        plain = {name: f"{value:g}" if isinstance(value, float) else value for name, value in context.items()}
        wanted = f"expected {_EXPECTED[kind].format(**plain)}"
    else:
        wanted = "which does not fit here"
    return f"found {shown(detail['input'])}, {wanted}"


def place_of(detail: ErrorDetails) -> KeyPath:
    """The path of the value or key that a pydantic error is about."""
    return tuple(part for part in detail["loc"] if part != "[key]")


def known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that `model` knows in place of the last part of `path`; none where any key is allowed."""
    inner: Any = model
    for part in path[:-1]:
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            field = inner.model_fields.get(str(part))
            inner = _without_none(field.annotation) if field else None
        else:  # what lies in a list or a dict
            inner = _without_none(get_args(inner)[-1]) if get_args(inner) else None
    return list(inner.model_fields) if isinstance(inner, type) and issubclass(inner, BaseModel) else []


def _without_none(annotation: Any) -> Any:
    choices = [one for one in get_args(annotation) if one is not NoneType]
    return choices[0] if isinstance(annotation, UnionType) and len(choices) == 1 else annotation


HIDDEN = object()
"""Stands for a value that may be a secret, and is not shown."""


def shown(value: Any) -> str:
    """A value as the reader wrote it, cut short, with its TOML type."""
    if value is HIDDEN:
        return "a value that is not shown here"
    if isinstance(value, datetime | date | time):
        return f"{value.isoformat()} (date or time)"
    names = {bool: "boolean", int: "integer", float: "float", str: "string", list: "array", dict: "table"}
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{text} ({names[type(value)]})"

"""Structured output: does a text satisfy the JSON schema that the request asks for?

The schema comes from the client. Only plain schemas are understood: an object with properties of simple types. The
client's own questions use no others, and references or combinations could cost any amount of work. A request whose
schema is not understood is not answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType
from typing import Any

import orjson

MAX_SCHEMA = 4096
"""Bytes of a schema; those of known questions have a few hundred."""

CACHED_SCHEMAS = 32
"""Schemas that are cached, since every question of a kind brings the same one: to read one takes 3 µs."""

_DIALECTS = ("http://json-schema.org/draft-07/schema", "https://json-schema.org/draft/2020-12/schema")
_OBJECT = {"type", "properties", "required", "additionalProperties", "title", "description", "$schema"}
_PROPERTY = {"type", "anyOf", "description", "title"}
_TYPES: Mapping[str, type] = {"string": str, "boolean": bool, "object": dict, "array": list, "null": NoneType}
"""Numbers are left out: whether 1.0 is an integer depends on the draft."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """An object with these properties, each with its allowed types; if it is open, also with others."""

    properties: Mapping[str, tuple[type, ...]]
    required: frozenset[str]
    is_open: bool

    def fits(self, value: Any) -> bool:
        if not isinstance(value, dict) or not value.keys() >= self.required:
            return False
        for name, one in value.items():
            types = self.properties.get(name)
            if not (self.is_open if types is None else isinstance(one, types)):
                return False
        return True


def misfit(text: str, schema: Mapping[str, Any]) -> str:
    """Why `text` may not be valid by `schema`, as a short phrase; "" if it certainly is."""
    try:
        written = orjson.dumps(schema)
        shape = _known_shape(written) if len(written) <= MAX_SCHEMA else None
        if shape is None:
            return "the requested schema is not a plain one"
        return "" if shape.fits(orjson.loads(text)) else "the answer does not fit the requested schema"
    except (TypeError, ValueError):
        return "the answer does not fit the requested schema"


@lru_cache(CACHED_SCHEMAS)
def _known_shape(schema: bytes) -> _Shape | None:
    return _shape(orjson.loads(schema))


def _shape(wanted: Mapping[str, Any]) -> _Shape | None:
    """What a schema asks for; None if it is not a plain one."""
    properties, required = wanted.get("properties"), wanted.get("required", [])
    is_open = wanted.get("additionalProperties", True)
    if not (
        _OBJECT.issuperset(wanted)
        and str(wanted.get("$schema", _DIALECTS[0])).removesuffix("#") in _DIALECTS
        and wanted.get("type") == "object"
        and isinstance(is_open, bool)
        and isinstance(properties, dict)
        and isinstance(required, list)
        and all(isinstance(name, str) for name in required)
    ):
        return None
    types = {name: _types(property_) for name, property_ in properties.items()}
    return _Shape(types, frozenset(required), is_open) if all(types.values()) else None


def _types(schema: Any) -> tuple[type, ...]:
    """The types of a property, by `type` or by those in `anyOf`; empty if unsure."""
    if not isinstance(schema, dict) or not _PROPERTY.issuperset(schema) or {"type", "anyOf"} <= schema.keys():
        return ()
    named = schema.get("type")
    if "anyOf" in schema:
        choices = schema["anyOf"]
        if not isinstance(choices, list) or not all(
            isinstance(one, dict) and one.keys() == {"type"} for one in choices
        ):
            return ()
        named = [one["type"] for one in choices]
    names = named if isinstance(named, list) else [named]
    known = tuple(_TYPES[name] for name in names if isinstance(name, str) and name in _TYPES)
    return known if len(known) == len(names) else ()

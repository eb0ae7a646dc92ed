"""Structured output: does a text satisfy the JSON schema that the request asks for?"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import NoneType
from typing import Any

import orjson

_PLAIN = {"type", "properties", "required", "additionalProperties"}
_PLAIN_PROPERTY = {"type", "anyOf", "description", "title"}
_TYPES: Mapping[str, type] = {"string": str, "boolean": bool, "object": dict, "array": list, "null": NoneType}

_KEPT = 16 * 1024
"""Bytes of a schema that is kept in mind; those of known questions have some hundreds."""

_Validator = Callable[[Any], bool]


def _no_retrieval(uri: str) -> Any:
    raise ValueError(f"a schema may not refer to another document: {uri}")


def conforms(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether `text` is JSON that `schema` allows; False too when the schema itself cannot be used.

    The schema comes from the client: references to other documents are not followed, and its patterns run on an
    engine of linear time.
    """
    try:
        wanted = orjson.dumps(schema)
        validator = _validator(wanted) if len(wanted) <= _KEPT else _made(schema)
        return validator(orjson.loads(text))
    except (TypeError, ValueError):
        return False


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """Whether it asks for an object of simple properties, none but these, as every known question of the client does.

    For these the library is not loaded: it would be a tenth of this process's memory.
    """
    properties, required = schema.get("properties"), schema.get("required", [])
    return (
        _PLAIN.issuperset(schema)
        and schema.get("type") == "object"
        and schema.get("additionalProperties") is False
        and isinstance(properties, dict)
        and all(map(_is_plain_property, properties.values()))
        and isinstance(required, list)
        and all(isinstance(name, str) for name in required)
    )


def _is_plain_property(schema: Any) -> bool:
    """Whether it asks for nothing but a type or one of several. Numbers are left to the library: 1.0 is an integer."""
    if not isinstance(schema, dict) or not _PLAIN_PROPERTY.issuperset(schema):
        return False
    return all(one in _TYPES for one in _types(schema))


def _types(schema: Mapping[str, Any]) -> list[Any]:
    """The types that a property may have: `type`, of one or several, or the `type` of each of `anyOf`.

    What cannot be told so is a type that nobody knows.
    """
    if "anyOf" in schema:
        choices = schema["anyOf"]
        plain = isinstance(choices, list) and all(isinstance(one, dict) and one.keys() == {"type"} for one in choices)
        return [_name(one["type"]) for one in choices] if plain and choices and "type" not in schema else [""]
    named = schema.get("type")
    return [_name(one) for one in (named if isinstance(named, list) and named else [named])]


def _name(named: Any) -> str:
    return named if isinstance(named, str) else ""


@lru_cache(64)
def _validator(schema: bytes) -> _Validator:
    """Clients send the same few schemas over and over."""
    return _made(orjson.loads(schema))


def _made(schema: Mapping[str, Any]) -> _Validator:
    """When a schema cannot be used, nothing is valid."""
    return _plain(schema) if _is_plain(schema) else _any(schema)


def _plain(schema: Mapping[str, Any]) -> _Validator:
    types = {name: tuple(map(_TYPES.__getitem__, _types(wanted))) for name, wanted in schema["properties"].items()}
    required = frozenset(schema.get("required", ()))

    def fits(value: Any) -> bool:
        if not isinstance(value, dict) or not types.keys() >= value.keys() >= required:
            return False
        return all(isinstance(value[name], types[name]) for name in value)

    return fits


def _any(schema: Any) -> _Validator:
    import jsonschema_rs  # here, since it is heavy, and most processes never need it

    options = jsonschema_rs.RegexOptions()
    try:
        validator = jsonschema_rs.validator_for(schema, retriever=_no_retrieval, pattern_options=options)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return lambda _value: False
    return lambda value: bool(validator.is_valid(value))

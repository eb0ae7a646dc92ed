"""Keys that stand twice in an object: parsers keep the last or the first, so two readers may see different requests.

Clients write JSON without blanks: written again, a body is the same, unless something of it was lost in reading. Only
what differs is parsed once more, slowly.
"""

import json
from typing import Any

import msgspec
import orjson

_WHOLLY = 16 * 1024
"""Bytes up to which a body is looked through; of a larger one, the fields alone. To do this takes 40 µs."""
_SLOWLY = 128 * 1024
"""Bytes up to which a body is parsed once more, which takes two milliseconds."""

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def repeats_a_key(raw: bytes, value: Any = None) -> bool:
    """Whether an object has a key twice, or whether that cannot be told; below the fields, only of small bodies.

    `value` is what was read from `raw`, if that is known.
    """
    try:
        if _is_the_same(raw, value):
            return False
        if len(raw) > _SLOWLY:
            return True
        json.loads(raw, object_pairs_hook=_once)
    except (ValueError, TypeError, msgspec.DecodeError, RecursionError):
        return True
    return False


def _is_the_same(raw: bytes, value: Any) -> bool:
    """Whether nothing was lost by reading it."""
    if len(raw) <= _WHOLLY:
        return orjson.dumps(orjson.loads(raw) if value is None else value) == raw
    fields = _fields.decode(raw)
    # Two braces, a colon each, and commas between them.
    length = 1 + sum([len(orjson.dumps(name)) + len(memoryview(part)) + 2 for name, part in fields.items()])
    return length == len(raw)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object. Raises ValueError if a key stands in it twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found

"""Structured output: does a text satisfy the JSON schema that the request asks for?"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson


def _no_retrieval(uri: str) -> Any:
    raise ValueError(f"a schema may not refer to another document: {uri}")


def conforms(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether `text` is JSON that `schema` allows; False too when the schema itself cannot be used.

    The schema comes from the client: references to other documents are not followed, and its patterns run on an
    engine of linear time.
    """
    try:
        valid: bool = _validator(orjson.dumps(schema)).is_valid(orjson.loads(text))
        return valid
    except (TypeError, ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return False


@lru_cache(64)
def _validator(schema: bytes) -> Any:
    """Clients send the same few schemas over and over."""
    return jsonschema_rs.validator_for(
        orjson.loads(schema), retriever=_no_retrieval, pattern_options=jsonschema_rs.RegexOptions()
    )

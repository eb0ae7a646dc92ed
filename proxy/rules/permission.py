"""Requests that may decide about permission: they are never answered, whatever rule matches.

Auto mode's safety classifier decides whether a command runs, and so do hooks that a model evaluates. Guards recognize
them by their prompts, which change with releases. This module recognizes their form, which does not: they ask for a
verdict that a program can read. No question that rules answer has this form (observed in 0.2.64 to 2.1.332).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
import re2

from proxy.question.messages import MessagesRequest
from proxy.question.outline import LARGE
from proxy.rules.structured import CACHED_SCHEMAS, MAX_SCHEMA

DECISION = "may be a decision about permission"
"""The reason for forwarding such a request."""

_PLAIN_QUESTIONS = (2, 1, 62)
"""The last client for which rules answer questions without stream and schema. Auto mode came with 2.1.88."""

_CONTROLS = frozenset({"stop_sequences", "tool_choice"})
"""Fields that cut the reply for a program, or force the use of a tool."""

_TOPIC = frozenset({"isNewTopic", "title"})

_WORDS = "(?:is[_-]?|should[_-]?)?(?:allow|approv|block|danger|deci[ds]|den[iy]|permi|reject|risk|safe|unsafe|verdict)"
_VERDICT = re.compile(rf"ok|{_WORDS}", re.IGNORECASE)
"""How the names of fields for a verdict begin."""
_MAY_BE_A_TAG = re.compile(rf"</?{_WORDS}", re.IGNORECASE)
"""Tells most texts that have some tag from those, in a tenth of the time."""
_VERDICT_TAG = re2.compile(rf"(?i)</?{_WORDS}[\w-]*(?:\s[^<>]*)?/?>".encode())
_DEPTH = 8
"""Levels of a schema that are inspected; a deeper schema may ask for a verdict."""
_OPENING_TAG = re2.compile(r"\A\s*<[A-Za-z][\w-]*>\s*\z")


def may_decide(request: MessagesRequest) -> bool:
    """Whether the reply to `request` could decide what is allowed."""
    if request.schema is not None and _wants_verdict(request.schema):
        return True
    if len(request.tools) > 1:  # a conversation
        return False
    return (
        request.size > LARGE  # in doubt: reading the names of its fields would take too long
        or not _CONTROLS.isdisjoint(request.fields)
        or _unstreamed(request)
        or _quotes_a_transcript(request.user_texts)
        or names_a_verdict((*request.system, *request.last_texts))
    )


def _wants_verdict(schema: Mapping[str, Any]) -> bool:
    try:
        written = orjson.dumps(schema)
    except TypeError:  # nested too deeply
        return _asks_for_verdict(schema)
    return _known(written) if len(written) <= MAX_SCHEMA else _asks_for_verdict(schema)


@lru_cache(CACHED_SCHEMAS)
def _known(schema: bytes) -> bool:
    return _asks_for_verdict(orjson.loads(schema))


def _asks_for_verdict(schema: Any, depth: int = 0) -> bool:
    """Whether a schema has a boolean, an enumeration or a verdict field; `isNewTopic` is known to be harmless."""
    if not isinstance(schema, dict) or depth > _DEPTH:
        return depth > _DEPTH
    named = schema.get("properties")
    properties: dict[str, Any] = named if isinstance(named, dict) else {}
    if properties.keys() == _TOPIC:
        return False
    inner = [*properties.values(), schema.get("items"), *_list(schema.get("anyOf")), *_list(schema.get("oneOf"))]
    return (
        "enum" in schema
        or "const" in schema
        or "boolean" in (schema.get("type"), *_list(schema.get("type")))
        or any(map(_VERDICT.match, properties))
        or any(_asks_for_verdict(one, depth + 1) for one in inner)
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _unstreamed(request: MessagesRequest) -> bool:
    """Whether it is one of Claude Code's background tasks: a system prompt, and neither stream, schema nor tools."""
    if request.stream or request.schema is not None or request.tools or not request.system:
        return False
    name, version = request.head.client or ("", ())
    return name.startswith("claude") and version > _PLAIN_QUESTIONS


def _quotes_a_transcript(texts: tuple[str, ...]) -> bool:
    """Whether a transcript of an agent is quoted: its opening tag is a text block of its own."""
    return len(texts) > 2 and any(map(_OPENING_TAG.search, texts))


def names_a_verdict(texts: tuple[str, ...]) -> bool:
    """Whether one of the texts has a tag for a verdict."""
    return any(map(_has_a_verdict_tag, texts))


def _has_a_verdict_tag(text: str) -> bool:
    return (
        _MAY_BE_A_TAG.search(text) is not None
        and _VERDICT_TAG.search(text.encode("utf-8", "surrogatepass")) is not None
    )

"""Rules that respond: what they send for a method and a path that is not one of messages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any
from urllib.parse import unquote

import msgspec
import orjson
import re2

from proxy import names
from proxy.filters.decline import Decline
from proxy.question.messages import MessagesRequest
from proxy.respond import Estimate, Respond
from proxy.rules.conditions import Condition, When
from proxy.rules.schema import RespondModel
from proxy.settings.toml import KeyPath

Endpoint = tuple[str, str]
"""A method and a path."""

_BODILESS = frozenset({204, 205, 304})
"""Statuses whose replies have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""

_EPOCH = "1970-01-01T00:00:00Z"
"""For a model of unknown age (API reference, "List Models")."""

_BEHIND = re.compile(r"[;?#]")
"""Characters at which some servers end a path, or a segment of it, after decoding it."""

_LARGEST = 2 * 1024 * 1024
"""Largest body in bytes whose tokens are estimated: searching it takes ten milliseconds."""

# Their size says nothing about their tokens. This cannot match within a text, where quotes are escaped.
_MEDIA = re2.compile(rb'"type"\s*:\s*"(?:image|document|container_upload)"')


class _Counted(msgspec.Struct):
    """The fields of a request that a model reads."""

    system: msgspec.Raw = msgspec.Raw(b"")
    tools: msgspec.Raw = msgspec.Raw(b"")
    messages: msgspec.Raw = msgspec.Raw(b"")


_counted = msgspec.json.Decoder(_Counted).decode


@dataclass(frozen=True, slots=True)
class RespondPlan:
    """What a rule sends. With `bytes_per_token` the body is an estimate, with `models` a list of models."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    bytes_per_token: float | None = None
    models: tuple[str, ...] | None = None

    def reply(self, rule: str, request: MessagesRequest) -> Respond:
        """Raises Decline if it is not certain what to send."""
        reply = Respond(rule, self.status, self.headers, self.body)
        if self.models is not None:
            return replace(reply, body=_listed(self.models))
        if self.bytes_per_token is not None:
            return reply.estimating(_estimate(request, self.bytes_per_token))
        return reply


def _listed(models: tuple[str, ...]) -> bytes:
    """All models on one page (API reference, "List Models")."""
    if not models:
        raise Decline("no models are listed")
    data = [{"type": "model", "id": name, "display_name": name, "created_at": _EPOCH} for name in models]
    return orjson.dumps({"data": data, "has_more": False, "first_id": models[0], "last_id": models[-1]})


def _estimate(request: MessagesRequest, bytes_per_token: float) -> Estimate:
    if not request.count:
        raise Decline("no messages to count")
    if request.size > _LARGEST:
        raise Decline("too large for an estimate")
    if _MEDIA.search(request.raw):
        raise Decline("no estimate of images and documents")
    read = _counted(request.raw)
    size = sum(len(memoryview(part)) for part in (read.system, read.tools, read.messages))
    return Estimate(names.model(request.model), size, bytes_per_token)


def endpoints(when: When) -> frozenset[Endpoint]:
    """The methods and paths that the conditions name by `is` or `in`; no others match."""
    named = {one.name: one for one in when.conditions if isinstance(one, Condition) and one.operator in ("is", "in")}
    return frozenset(product(_values(named.get("method")), _values(named.get("path"))))


def _values(condition: Condition | None) -> list[str]:
    operand = condition.operand if condition else []
    return [operand] if isinstance(operand, str) else list(operand)


def plan(model: RespondModel) -> RespondPlan:
    """Raises ValueError for a body that JSON cannot represent."""
    return RespondPlan(
        status=model.status,
        headers=tuple(model.headers.items()),
        body=b"" if model.body is None else json_of(model.body),
        bytes_per_token=model.estimate.bytes_per_token if model.estimate else None,
        models=None if model.models is None else tuple(model.models),
    )


def json_of(value: Any) -> bytes:
    """Compact JSON of a TOML value; raises ValueError for dates, and for numbers that JSON cannot represent."""
    try:
        # Reading it again detects `inf` and `nan`, which orjson writes as null.
        raw = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME)
        same = orjson.loads(raw) == value
    except (TypeError, ValueError):
        same = False
    if not same:
        raise ValueError("expected what JSON can say: no dates, no `inf` or `nan`, whole numbers of 64 bits at most")
    return raw


def faults(model: RespondModel, when: When) -> Iterator[tuple[KeyPath, str]]:
    """What a rule that responds must not do."""
    if sum(part is not None for part in (model.body, model.estimate, model.models)) > 1:
        yield ("respond",), "expected one of `body`, `estimate` and `models`, or none for a reply without a body"
    elif model.status in _BODILESS and (model.body, model.estimate, model.models) != (None, None, None):
        yield ("respond", "status"), f"a reply of status {model.status} has no body"
    paths = {path for _, path in endpoints(when)}
    if not paths:
        yield ("when",), "a rule that responds names its methods and paths one by one, by `is` or `in`, in no group"
    if any(map(_of_messages, paths)):
        yield ("when", "path"), 'expected a path without messages: to answer those, there is action = "answer"'
    if any(path == "/-" or path.startswith("/-/") for path in paths):
        yield ("when", "path"), "expected a path of the upstream's: those under /-/ are Sidestep's own"


def _of_messages(path: str) -> bool:
    """Whether a server may treat the path as one of messages, by decoding, normalizing or truncating it."""
    return _BEHIND.split(unquote(path), maxsplit=1)[0].rstrip("/ ").lower().endswith("/messages")

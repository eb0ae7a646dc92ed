"""The body of a Messages request, as a read-only view. A body that is not understood is a value, not an exception.

The shapes are from the API reference, "Create a Message"; what Claude Code adds was observed in 0.2.64 to 2.1.330.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import orjson
from propcache.api import cached_property

from proxy.exchange import Head
from proxy.question.inspection import SMALL, Inspection, inspected
from proxy.question.outline import DecodedOutline, Outline, outlined
from proxy.question.turns import Turn

Read = TypeVar("Read")

SESSION = "x-claude-code-session-id"
"""The header that names the client's session, since 2.1.110."""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A body that cannot be decided on; `reason` is a short phrase for the log."""

    reason: str


NOTHING_CONFORMS: Mapping[str, Any] = {"not": {}}
"""Replaces a schema that is too large, cannot be read, or stands beside another."""


class MessagesRequest(msgspec.Struct, frozen=True, dict=True):
    """One request to create a message. Fields of an unexpected type count as absent, except the messages themselves.

    Fields are decoded only when they are used, so `well_formed` must be checked before the request is answered.
    """

    head: Head
    raw: bytes
    inspection: Inspection

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.raw)

    @property
    def well_formed(self) -> bool:
        """Whether the whole body is JSON, and every message has the form of one."""
        return self.inspection.well_formed

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the body's fields, sorted."""
        return tuple(self.inspection.fields)

    @property
    def roles(self) -> tuple[str, ...]:
        """The messages' roles, in order; empty if one is malformed."""
        return tuple(self.inspection.roles)

    @cached_property
    def model(self) -> str:
        model = self.inspection.get("model")
        return model if isinstance(model, str) else ""

    @cached_property
    def max_tokens(self) -> int | None:
        value = self.inspection.get("max_tokens")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def stream(self) -> bool:
        """Whether the reply is to be streamed: only if `stream` is exactly true."""
        return self.inspection.get("stream") is True

    @cached_property
    def system(self) -> tuple[str, ...]:
        """The texts of the system prompt; a plain string is one block."""
        return tuple(self.inspection.system)

    @cached_property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools ("" for one without a name)."""
        return tuple(self.inspection.tools)

    @cached_property
    def count(self) -> int:
        """How many messages there are, a prefill included."""
        return self.inspection.count

    @cached_property
    def _last_user(self) -> Turn | None:
        """The last message of role `user`.

        It need not be the last message: a prefill follows it, and since 2.1.212 messages of role `system` may.
        """
        ending = self.inspection.ending
        return ending[0] if ending and ending[0].role == "user" else None

    @cached_property
    def user_texts(self) -> tuple[str, ...]:
        """The text blocks of the last user message; a plain string is one block."""
        return self._last_user.texts if self._last_user else ()

    @property
    def last_texts(self) -> tuple[str, ...]:
        """The same, with those of the messages after it: of role `system`, or a prefill."""
        return tuple([text for turn in self.inspection.ending for text in turn.texts])

    @cached_property
    def user_text(self) -> str | None:
        """The text blocks joined by newlines; None if there are none."""
        return "\n".join(self.user_texts) if self.user_texts else None

    @cached_property
    def user_blocks(self) -> tuple[str, ...]:
        """The types of all blocks of the last user message; a plain string is one block of type `text`."""
        return self._last_user.types if self._last_user else ()

    @cached_property
    def prefill(self) -> str | None:
        """The text that the reply must continue; None if the last message is not the assistant's.

        A closing assistant message is a prefill ("Prefill Claude's response" in the API's documentation); Claude Code
        2.0.42 to 2.1.6 prefilled topic detection with `{`.
        """
        for turn in reversed(self.inspection.ending):
            if turn.role != "system":
                return "".join(turn.texts) if turn.role == "assistant" else None
        return None

    @cached_property
    def session(self) -> str:
        """The id of the client's session: its header (2.1.110 and later), else `metadata.user_id`; "" for neither."""
        session = self.head.headers.get(SESSION)
        if session:
            return session
        user = self.inspection.user_id
        return user if isinstance(user, str) else ""

    @cached_property
    def schema(self) -> Mapping[str, Any] | None:
        """The JSON schema that the reply's text must satisfy, if one is asked for.

        It is in `output_config.format`, or in `output_format`, as in the API's beta. Nothing is valid by both.
        """
        output, format_ = self.inspection.get("output_config"), self.inspection.get("output_format")
        if isinstance(output, msgspec.Raw) or isinstance(format_, msgspec.Raw):
            return NOTHING_CONFORMS
        if isinstance(output, dict) and output.get("format") is not None:
            if format_ is not None:
                return NOTHING_CONFORMS
            format_ = output["format"]
        if not isinstance(format_, dict) or format_.get("type") != "json_schema":
            return None
        schema = format_.get("schema")
        return schema if isinstance(schema, dict) else {}

    @cached_property
    def schema_properties(self) -> tuple[str, ...] | None:
        """The names of the properties of that schema, sorted; None where no schema is asked for that can be read."""
        if self.schema is None or self.schema is NOTHING_CONFORMS:
            return None
        properties = self.schema.get("properties")
        return tuple(sorted(properties)) if isinstance(properties, dict) else ()


class _Nothing:
    """The inspection of a body that is not a Messages request: it has nothing."""

    excess, count, well_formed = "", 0, True
    ending: Sequence[Turn] = ()
    fields: Sequence[str] = ()
    roles: Sequence[str] = ()
    system: Sequence[str] = ()
    tools: Sequence[str] = ()
    user_id = None

    def get(self, _name: str) -> Any:
        return None

    def repeats_a_key(self) -> bool:
        return False

    def question(self) -> Iterator[bytes | memoryview]:
        return iter(())


class Conversation(msgspec.Struct, frozen=True):
    """What is known of a conversation whose body was not parsed."""

    head: Head
    model: str
    session: str


_MODEL_FIRST = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"model":[ \t\r\n]*"([^"\\\x00-\x1f]{1,256})"')
_OF_A_TOOL, _OF_A_MESSAGE = b'"input_schema":', b'"role":'
"""Stand in every tool of the client's own, and in every message; within texts, JSON writes their quotes otherwise."""
_TOOLS = 64 * 1024
"""Bytes at the end of a body in which its last two tools are looked for: the client sends them behind the messages."""


def conversation(head: Head, body: Sequence[bytes]) -> Conversation | None:
    """A body as Claude Code 2.1.110 and later sends those of its conversations, with several tools; else None.

    It may be in pieces, the first of which holds the model.
    """
    session, model = head.headers.get(SESSION, ""), _MODEL_FIRST.match(body[0]) if body else None
    if not session or model is None or sum(map(len, body)) <= SMALL or not _is_plain(head):
        return None
    return Conversation(head, model[1].decode("utf-8", "replace"), session) if _offers_several(body) else None


def _offers_several(body: Sequence[bytes]) -> bool:
    """Whether it ends with two tools or more."""
    end = b""
    for piece in reversed(body):
        end = piece + end if end else piece
        if len(end) >= _TOOLS:
            break
    start = max(0, len(end) - _TOOLS)
    last = end.rfind(_OF_A_TOOL, start)
    first = end.rfind(_OF_A_TOOL, start, last) if last > 0 else -1
    return first >= 0 and end.find(_OF_A_MESSAGE, first) < 0


def opaque(head: Head, body: bytes) -> MessagesRequest:
    """Any other request, for rules that respond: nothing in its body can be tested."""
    return MessagesRequest(head, body, _Nothing())


def parse(head: Head, body: bytes, outline: Outline | DecodedOutline | None = None) -> MessagesRequest | NotUnderstood:
    """Understand `body`, or return why not; raises nothing, whatever the bytes are.

    The fields that rules use are checked; for the rest see `well_formed`. For a large body, `outline` may be given if
    it is already known, which saves half of the work.
    """
    return _understood(head, lambda: MessagesRequest(head, body, inspected(body, outline)))


def seen(head: Head, body: bytes, *, opaquely: bool) -> MessagesRequest | NotUnderstood:
    """A request as rules see it; `opaquely`: even if it is not a Messages request."""
    parsed = parse(head, body)
    return opaque(head, body) if opaquely and isinstance(parsed, NotUnderstood) else parsed


def outline_of(head: Head, body: bytes) -> Outline | DecodedOutline | NotUnderstood:
    """The first half of `parse`, of a body above `inspection.SMALL` bytes."""
    return _understood(head, lambda: outlined(body))


def _understood(head: Head, read: Callable[[], Read]) -> Read | NotUnderstood:
    if not _is_plain(head):
        return NotUnderstood("compressed body")
    try:
        return read()
    except ValueError as error:
        return NotUnderstood("not JSON" if isinstance(error, orjson.JSONDecodeError) else str(error))


def _is_plain(head: Head) -> bool:
    return head.headers.get("content-encoding", "identity").lower() == "identity"

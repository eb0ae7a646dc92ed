"""A JSON object taken apart only as far as somebody looks: a conversation of a megabyte is mostly never read.

`outline` finds where known fields and messages begin and end; what is in them is parsed when it is asked for. What lies
in the parts that nobody asks for has not been checked: see `messages.MessagesRequest.well_formed`.

Small bodies, as side questions have, are taken apart whole: they are mostly answered, and then all of it is wanted.

Sizes are looked at before contents, so that no body up to `rules.max_body` holds up other requests for long. A text
that is longer than any rule answers is not decoded.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

import orjson
from msgspec import Raw
from propcache.api import cached_property

from proxy.question.outline import (
    COUNTED,
    MOST_BLOCKS,
    DecodedOutline,
    Message,
    Outline,
    is_utf8,
    message,
    named,
    outlined,
    roles,
    written_messages,
)
from proxy.question.repeated import repeats_a_key
from proxy.question.turns import Turn, ending_of, is_message, texts, turn_of

SMALL = 4096
"""Bytes up to which a body is parsed whole: a quota probe in 6 µs less than by an outline, a title in 10 less."""

LONGEST_TEXT = 256 * 1024
"""Characters, or bytes as JSON writes them, up to which rules look at the system prompt, and at what was said last."""

_MOST_MESSAGES = 10_000
_MOST_TOOLS = 4096
_MOST_BEHIND = 64
"""Messages behind the last of role `user`."""
_DISTINCTIVE = 4096
"""Bytes at the end of a message which, with its length, tell it from all others."""


Field = Literal["model", "max_tokens", "stream", "output_config", "output_format", "tool_choice", "stop_sequences"]
"""Fields whose value every kind of inspection can give."""


class Inspection(Protocol):
    """The fields of one body."""

    excess: str
    """What there is too much of for any rule to look at it, as a short phrase; "" if nothing."""
    count: int
    """How many messages there are."""
    ending: Sequence[Turn]
    """The messages from the last of role `user` on, or all if there is none; none where there is an `excess`."""

    @property
    def well_formed(self) -> bool:
        """Whether it is JSON throughout, and every message what the API takes for one."""

    @property
    def fields(self) -> Sequence[str]:
        """The names of its fields, sorted."""

    @property
    def roles(self) -> Sequence[str]:
        """Of each message its role; none if one is odd."""

    @property
    def system(self) -> Sequence[str]:
        """The texts of the system prompt; a plain string is one."""

    @property
    def tools(self) -> Sequence[str]:
        """The names of the tools, "" for one without a name; empty unless there is a list of them."""

    @property
    def user_id(self) -> Any:
        """The value of `metadata.user_id`, None when it is not there."""

    def get(self, name: Field) -> Any:
        """The value of a field of `Outline` that has no property here, None when it is not there.

        Where it is too large, or cannot be read, the Raw bytes.
        """

    def repeats_a_key(self) -> bool:
        """Whether an object in it has a key twice, as far as that is told."""

    def question(self) -> Iterator[bytes | memoryview]:
        """System prompt and messages, in pieces that are the same whenever both are."""


def inspected(raw: bytes, outline: Outline | DecodedOutline | None = None) -> Inspection:
    """Raises ValueError, with what is wrong as a short phrase, unless `raw` looks like a Messages request.

    `outline` is that of `raw`, if it is known already.
    """
    return _ParsedBody(raw) if len(raw) <= SMALL else _OutlinedBody(raw, outline or outlined(raw))


class _ParsedBody:
    """A body that has been taken apart whole."""

    excess = ""

    def __init__(self, raw: bytes) -> None:
        try:
            value = orjson.loads(raw)
        except ValueError:
            raise ValueError("not JSON") from None
        if not isinstance(value, dict):
            raise ValueError("not a JSON object")
        messages = value.get("messages")
        if not isinstance(messages, list) or not messages:
            raise ValueError("no messages")
        self._raw, self._value, self.get = raw, value, value.get
        self.fields = tuple(sorted(value))
        self.count = len(messages)
        self._messages = messages
        self.ending = ending_of(messages)

    @property
    def well_formed(self) -> bool:
        return self._has_messages() and _is_typed(self._value)

    @property
    def roles(self) -> Sequence[str]:
        return tuple([message["role"] for message in self._messages]) if self._has_messages() else ()

    @cached_property
    def system(self) -> Sequence[str]:
        return texts(self.get("system"))

    @property
    def tools(self) -> Sequence[str]:
        tools = self.get("tools")
        if not isinstance(tools, list):
            return ()
        names = [tool.get("name") if isinstance(tool, dict) else None for tool in tools]
        return tuple([name if isinstance(name, str) else "" for name in names])

    @property
    def user_id(self) -> Any:
        metadata = self.get("metadata")
        return metadata.get("user_id") if isinstance(metadata, dict) else None

    def repeats_a_key(self) -> bool:
        return repeats_a_key(self._raw, self._value)

    def _has_messages(self) -> bool:
        """Whether all of them are what the API takes for one; those of `ending` are."""
        return len(self.ending) == self.count or all(map(is_message, self._messages))

    def question(self) -> Iterator[bytes | memoryview]:
        yield orjson.dumps([self.get("system"), self._messages])


_NONE = type(None)
_TEXT, _NUMBER, _FLAG = (str, _NONE), (int, float, _NONE), (bool, _NONE)


def _is_typed(body: dict[str, Any]) -> bool:
    """Whether the fields have the types of `Outline`, in which a larger body is decoded.

    To decode this one so as well takes 17 µs of a title: that code and its types are in no cache.
    """
    most, stream = body.get("max_tokens"), body.get("stream")
    system, tools, metadata = body.get("system"), body.get("tools"), body.get("metadata")
    return (
        isinstance(body.get("model"), _TEXT)
        and isinstance(most, _NUMBER)
        and not isinstance(most, bool)
        and isinstance(stream, _FLAG)
        and (isinstance(system, _TEXT) or (isinstance(system, list) and all(map(_is_text, system))))
        and (tools is None or (isinstance(tools, list) and all(map(_is_tool, tools))))
        and (metadata is None or (isinstance(metadata, dict) and isinstance(metadata.get("user_id"), _TEXT)))
    )


def _is_text(block: Any) -> bool:
    return isinstance(block, dict) and isinstance(block.get("type"), str) and isinstance(block.get("text"), str)


def _is_tool(tool: Any) -> bool:
    return isinstance(tool, dict) and isinstance(tool.get("name", ""), str)


class _OutlinedBody:
    """A body of which only an outline is known."""

    def __init__(self, raw: bytes, outline: Outline | DecodedOutline) -> None:
        self._raw, self._outline = raw, outline
        self.count = len(outline.messages)
        if not self.count:
            raise ValueError("no messages")
        self.ending: Sequence[Turn] = ()
        self.excess = self._excess()
        if not self.excess:
            self._find_ending()

    def get(self, name: Field) -> Any:
        value = getattr(self._outline, name)
        return _decoded_if_small(value) if isinstance(value, Raw) else value

    def repeats_a_key(self) -> bool:
        return repeats_a_key(self._raw)

    @property
    def well_formed(self) -> bool:
        return bool(self.roles) and is_utf8(self._raw)

    @cached_property
    def fields(self) -> Sequence[str]:
        return named(self._raw)

    @cached_property
    def roles(self) -> Sequence[str]:
        return roles(self._outline.messages)

    @cached_property
    def system(self) -> Sequence[str]:
        system = self._outline.system
        if isinstance(system, list):
            return Turn("system", [(block.type, block.text) for block in system]).texts
        return () if system is None else (system,)

    @property
    def tools(self) -> Sequence[str]:
        return tuple([tool.name for tool in self._outline.tools or ()])

    @property
    def user_id(self) -> Any:
        metadata = self._outline.metadata
        return metadata.user_id if metadata else None

    def question(self) -> Iterator[bytes | memoryview]:
        for text in self.system:
            yield text.encode()
        for written in written_messages(self._raw, self._outline):
            raw = memoryview(written)
            yield b"%d" % len(raw)
            yield raw[-_DISTINCTIVE:]

    def _excess(self) -> str:
        """What is wrong with the sizes of all but the messages."""
        if self.count > _MOST_MESSAGES:
            return "many messages"
        system = self._outline.system or ""
        if len(system) > (LONGEST_TEXT if isinstance(system, str) else MOST_BLOCKS):
            return "long system prompt"
        if isinstance(system, list) and sum([len(memoryview(block.text)) for block in system]) > LONGEST_TEXT:
            return "long system prompt"
        return "many tools" if len(self._outline.tools or ()) > _MOST_TOOLS else ""

    def _find_ending(self) -> None:
        """Find `ending`, or what there is too much of in it. Raises ValueError if a message is odd."""
        ending: list[Turn] = []
        room = LONGEST_TEXT
        last: Sequence[Message | Raw] = self._outline.messages[-_MOST_BEHIND:]
        for one in reversed(last):
            found = one if isinstance(one, Message) else message(one)
            turn, size = turn_of(found) if found else (None, 0)
            room -= size
            if turn is None or room < 0:
                self.excess = "long message"
                return
            ending.append(turn)
            if turn.role == "user":
                break
        else:
            if self.count > _MOST_BEHIND:
                self.excess = "many messages at the end"
                return
        self.ending = ending[::-1]


def _decoded_if_small(raw: Raw) -> Any:
    """A value, as long as that is little and can be read."""
    try:
        return raw if len(memoryview(raw)) > COUNTED else orjson.loads(memoryview(raw))
    except orjson.JSONDecodeError:  # not UTF-8, or a number that has no place in 64 bits
        return raw

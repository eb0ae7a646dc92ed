"""The outline of a JSON body, by msgspec: where its fields and messages are, without decoding most of them.

The work is bounded for any bytes: elements are counted before they are decoded. Counting takes a third of the time of
decoding, so small bodies are decoded without it.
"""

import codecs
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

LARGE = 1024 * 1024
"""Above so many bytes, parts are counted first: smaller bodies are decoded quickly, whatever they contain. Also the
largest field that is decoded in such a body."""
_PARTS = b",[{"
_MOST_PARTS = 384 * 1024
"""A body with more of these characters is not decoded; 8 MiB of conversation have 190,000."""
_COUNTED_AT_ONCE = 256 * 1024
_WHOLE = 128 * 1024
"""Bodies up to this size are decoded with all messages in one pass: that costs less than a second one."""
_MOST_FIELDS = 1000
MOST_BLOCKS = 512
"""Of a long message."""
COUNTED = 64 * 1024
"""Bytes from which on the blocks of a message are counted."""
_LONGEST_ROLE = 64
"""Bytes."""

_NOTHING = Raw(b"null")
_QUOTE = ord('"')


class Block(msgspec.Struct, gc=False):
    """A block of a message. `text` is raw JSON of any type."""

    type: Any = ""
    text: Raw = _NOTHING


class Message(msgspec.Struct, gc=False):
    role: str
    content: str | list[Block]


class Text(msgspec.Struct, gc=False):
    """A block of the system prompt. `text` is raw JSON, and certainly a string."""

    type: str
    text: Raw

    def __post_init__(self) -> None:
        if memoryview(self.text)[0] != _QUOTE:
            raise ValueError("no text")


class _Tool(msgspec.Struct, gc=False):
    name: str = ""


class _Metadata(msgspec.Struct, gc=False):
    user_id: str | None = None


class Outline(msgspec.Struct):
    """The fields that rules use, with the types of the API; all others are skipped."""

    messages: list[Raw]
    model: str | None = None
    max_tokens: int | float | None = None
    stream: bool | None = None
    system: str | list[Text] | None = None
    tools: list[_Tool] | None = None
    output_config: Raw = _NOTHING
    output_format: Raw = _NOTHING
    tool_choice: Raw = _NOTHING
    stop_sequences: Raw = _NOTHING
    metadata: _Metadata | None = None


class DecodedOutline(Outline):
    """The same for a small body: its messages are decoded too."""

    messages: list[Message]  # type: ignore[assignment]  # msgspec decodes by the narrower type; mypy wants the same


# The same for a large body: a field is decoded only if it is small.
_Fields = msgspec.defstruct(
    "_Fields", [("messages", list[Raw]), *((name, Raw, _NOTHING) for name in Outline.__struct_fields__[1:])]
)


class _Part(msgspec.Struct, gc=False):
    """Any object."""


class _Shape(msgspec.Struct, gc=False):
    """The outline of what the API accepts as a message."""

    role: Raw
    content: str | list[_Part]


class _Counted(msgspec.Struct, gc=False):
    type: str = ""
    text: Raw = _NOTHING


# A list of bounded length: msgspec stops at the first element beyond the last, and decodes none that follow.
_Blocks = msgspec.defstruct(
    "_Blocks",
    [(f"_{index}", _Counted, None) for index in range(MOST_BLOCKS)],
    array_like=True,
    forbid_unknown_fields=True,
)

_outline = msgspec.json.Decoder(Outline)
_whole = msgspec.json.Decoder(DecodedOutline)
_parts = msgspec.json.Decoder(_Fields)
_field = {
    field.name: msgspec.json.Decoder(field.type)
    for field in msgspec.structs.fields(Outline)
    if field.name != "messages"
}
_message = msgspec.json.Decoder(Message)
_skim = msgspec.json.Decoder(msgspec.defstruct("_Skimmed", [("role", Raw), ("content", str | _Blocks)]))
_fields = msgspec.json.Decoder(dict[str, Raw])
_shape = msgspec.json.Decoder(_Shape)
_text = msgspec.json.Decoder(str)
_utf8 = codecs.getincrementaldecoder("utf-8")


def outlined(raw: bytes) -> Outline | DecodedOutline:
    """Raises ValueError, with what is wrong as a short phrase, unless `raw` looks like a Messages request."""
    if len(raw) > LARGE and _has_many_parts(raw):
        raise ValueError("many parts")
    try:
        if len(raw) > LARGE:
            return _assembled(_parts.decode(raw))
        return _decoded(raw)
    except msgspec.ValidationError:
        is_object = raw[:COUNTED].lstrip().startswith(b"{")
        raise ValueError("not a Messages request" if is_object else "not a JSON object") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ValueError("not JSON") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _decoded(raw: bytes) -> Outline | DecodedOutline:
    if len(raw) <= _WHOLE:
        try:
            return _whole.decode(raw)
        except msgspec.ValidationError:  # perhaps only an older message is malformed, which `roles` detects
            pass
    return _outline.decode(raw)


def _has_many_parts(raw: bytes) -> bool:
    """Whether there are too many parts to decode; stops as soon as it knows."""
    count = 0
    for start in range(0, len(raw), _COUNTED_AT_ONCE):
        piece = raw[start : start + _COUNTED_AT_ONCE]
        count += len(piece) - len(piece.translate(None, _PARTS))  # counts all of them in one pass
        if count > _MOST_PARTS:
            return True
    return False


def _assembled(parts: Any) -> Outline:
    """Raises ValueError as `outlined` does."""
    values = {"messages": parts.messages}
    for name, decoder in _field.items():
        part = getattr(parts, name)
        if len(memoryview(part)) > LARGE:
            raise ValueError(_EXCESS.get(name, f"long {name}"))
        values[name] = decoder.decode(part)
    return Outline(**values)


_EXCESS = {"system": "long system prompt", "tools": "many tools"}


def message(raw: Raw) -> Message | None:
    """A message; None if it has too many blocks. Raises ValueError if it is not a message.

    Of a large message, with images for example, only types and texts are decoded.
    """
    try:
        if len(memoryview(raw)) <= COUNTED:
            return _message.decode(raw)
        role, content = msgspec.structs.astuple(_skim.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ValueError("not a Messages request") from None
    if not isinstance(content, str):
        content = [Block(one.type, one.text) for one in msgspec.structs.astuple(content) if one is not None]
    return Message(_role(role), content)


def _role(raw: Raw) -> str:
    """Raises ValueError if it is not a role."""
    if len(memoryview(raw)) > _LONGEST_ROLE:
        raise ValueError("not a Messages request")
    return _text.decode(raw)


def written_messages(raw: bytes, outline: Outline | DecodedOutline) -> Sequence[Raw]:
    """The messages of a body as raw JSON."""
    return _outline.decode(raw).messages if isinstance(outline, DecodedOutline) else outline.messages


def named(raw: bytes) -> tuple[str, ...]:
    """The names of the fields of a body that has an outline, sorted; empty if there are too many.

    Also empty if one is not UTF-8: such a body is not well-formed, which is checked before an answer.
    """
    try:
        fields = _fields.decode(raw)
    except UnicodeDecodeError:
        return ()
    return tuple(sorted(fields)) if len(fields) <= _MOST_FIELDS else ()


def roles(messages: Sequence[Raw] | Sequence[Message]) -> tuple[str, ...]:
    """The roles of all messages; empty if one is malformed."""
    try:
        return tuple([one.role if isinstance(one, Message) else _role(_shape.decode(one).role) for one in messages])
    except ValueError:
        return ()


def is_utf8(raw: bytes) -> bool:
    """Whether a body is UTF-8: msgspec does not check this in texts that it skips."""
    if raw.isascii():
        return True
    # In pieces: with a single emoji, the decoded text would take four times the memory.
    decoder, view = _utf8(), memoryview(raw)
    try:
        for start in range(0, len(raw), COUNTED):
            decoder.decode(view[start : start + COUNTED])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True

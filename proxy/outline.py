"""The outline of a JSON body, by msgspec: where its fields and messages are, with little made of what is in them.

Whatever the bytes are, the work is bounded: what would be made is counted before it is made. Counting looks at every
byte, in a third of the time that reading takes; so what has few bytes is read without.
"""

import codecs
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

LARGE = 1024 * 1024
"""Bytes from which on parts are counted first: fewer bytes are taken apart quickly, whatever they hold. And what is in
a field is read only where that is little."""
_PARTS = b",[{"
_MOST_PARTS = 384 * 1024
"""No body has more of these signs; 8 MiB of conversation have 190,000."""
_COUNTED_AT_ONCE = 256 * 1024
_WHOLE = 128 * 1024
"""Bytes up to which every message is taken apart in the one pass: of fewer bytes, that costs less than to come back."""
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
    """Of a message. `text` is as JSON writes it, whatever it is."""

    type: Any = ""
    text: Raw = _NOTHING


class Message(msgspec.Struct, gc=False):
    role: str
    content: str | list[Block]


class Text(msgspec.Struct, gc=False):
    """Of the system prompt. `text` is as JSON writes it: for certain a string."""

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
    """The fields that rules look at, in the types that the API takes; all others are skipped."""

    messages: list[Raw]
    model: str | None = None
    max_tokens: int | float | None = None
    stream: bool | None = None
    system: str | list[Text] | None = None
    tools: list[_Tool] | None = None
    output_config: Raw = _NOTHING
    output_format: Raw = _NOTHING
    metadata: _Metadata | None = None


class Whole(Outline):
    """The same of a body with few bytes."""

    messages: list[Message]  # type: ignore[assignment]


# The same of a large body: what is in a field is looked at only where that is little.
_Fields = msgspec.defstruct(
    "_Fields", [("messages", list[Raw]), *((name, Raw, _NOTHING) for name in Outline.__struct_fields__[1:])]
)


class _Part(msgspec.Struct, gc=False):
    """Any object."""


class _Shape(msgspec.Struct, gc=False):
    """What the API takes for a message, in its outlines."""

    role: Raw
    content: str | list[_Part]


class _Counted(msgspec.Struct, gc=False):
    type: str = ""
    text: Raw = _NOTHING


# A list of bounded length: msgspec gives up at the element behind the last, and makes none of those that follow.
_Blocks = msgspec.defstruct(
    "_Blocks",
    [(f"_{index}", _Counted, None) for index in range(MOST_BLOCKS)],
    array_like=True,
    forbid_unknown_fields=True,
)

_outline = msgspec.json.Decoder(Outline)
_whole = msgspec.json.Decoder(Whole)
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


def outlined(raw: bytes) -> Outline | Whole:
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


def _decoded(raw: bytes) -> Outline | Whole:
    if len(raw) <= _WHOLE:
        try:
            return _whole.decode(raw)
        except msgspec.ValidationError:  # perhaps an older message alone is odd, of which `roles` tells
            pass
    return _outline.decode(raw)


def _has_many_parts(raw: bytes) -> bool:
    """Whether there are too many to be taken apart; looks no further than it has to."""
    count = 0
    for start in range(0, len(raw), _COUNTED_AT_ONCE):
        piece = raw[start : start + _COUNTED_AT_ONCE]
        count += len(piece) - len(piece.translate(None, _PARTS))  # all of them in one pass
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
    """A message; None if there are too many blocks in it. Raises ValueError when it is no message.

    Of many bytes, an image's for example, all but types and texts is left out.
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
    """Raises ValueError when it is none."""
    if len(memoryview(raw)) > _LONGEST_ROLE:
        raise ValueError("not a Messages request")
    return _text.decode(raw)


def written_messages(raw: bytes, outline: Outline | Whole) -> Sequence[Raw]:
    """The messages of a body as JSON writes them."""
    return _outline.decode(raw).messages if isinstance(outline, Whole) else outline.messages


def named(raw: bytes) -> tuple[str, ...]:
    """The names of the fields of a body that has an outline, sorted; none if there are more than any rule asks for.

    None either if one is not UTF-8: such a body is not well-formed, which is asked before an answer.
    """
    try:
        fields = _fields.decode(raw)
    except UnicodeDecodeError:
        return ()
    return tuple(sorted(fields)) if len(fields) <= _MOST_FIELDS else ()


def roles(messages: Sequence[Raw] | Sequence[Message]) -> tuple[str, ...]:
    """Of each message its role; none if one of them is odd."""
    try:
        return tuple([one.role if isinstance(one, Message) else _role(_shape.decode(one).role) for one in messages])
    except ValueError:
        return ()


def is_utf8(raw: bytes) -> bool:
    """Whether it is UTF-8 throughout: a body that has an outline is JSON, but for bytes in texts that were skipped."""
    if raw.isascii():
        return True
    # In pieces: of one emoji and many letters, the text would take four times the bytes.
    decoder, view = _utf8(), memoryview(raw)
    try:
        for start in range(0, len(raw), COUNTED):
            decoder.decode(view[start : start + COUNTED])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True

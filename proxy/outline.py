"""The outline of a JSON body, by msgspec: where its fields and messages are, with little made of what is in them.

Whatever the bytes are, the work is bounded: what would be made is counted before it is made. Counting looks at every
byte, in a third of the time that reading takes; so what has few bytes is read without.
"""

from collections.abc import Sequence

import msgspec
import re2
from msgspec import Raw

_LARGE = 1024 * 1024
"""Bytes from which on commas are counted first, since fewer bytes cannot hold too many."""
_MOST_COMMAS = 384 * 1024
"""No object has more fields, and no list more elements; 8 MiB of conversation have 140,000."""
_MOST_FIELDS = 1000
MOST_BLOCKS = 512
"""Of a long message."""
COUNTED = 64 * 1024
"""Bytes from which on the parts of a value are counted first."""


class _Text(msgspec.Struct, gc=False):
    type: str
    text: str


class _Tool(msgspec.Struct, gc=False):
    name: str = ""


class _Metadata(msgspec.Struct, gc=False):
    user_id: str | None = None


_NOTHING = Raw(b"null")


class Outline(msgspec.Struct):
    """The fields that rules look at, in the types that the API takes; all others are skipped."""

    messages: list[Raw]
    model: str | None = None
    max_tokens: int | float | None = None
    stream: bool | None = None
    system: str | list[_Text] | None = None
    tools: list[_Tool] | None = None
    output_config: Raw = _NOTHING
    metadata: _Metadata | None = None


class _Parts(Outline):
    """The same of a large body: what is in these two is looked at only where that is little."""

    system: Raw = _NOTHING  # type: ignore[assignment]
    tools: Raw = _NOTHING  # type: ignore[assignment]


class _Block(msgspec.Struct, gc=False):
    type: str = ""
    text: Raw = _NOTHING


# A list of bounded length: msgspec gives up at the element behind the last, and makes none of those that follow.
_Blocks = msgspec.defstruct(
    "_Blocks",
    [(f"_{index}", _Block, None) for index in range(MOST_BLOCKS)],
    array_like=True,
    forbid_unknown_fields=True,
)


class _Part(msgspec.Struct, gc=False):
    """Any object."""


class _Shape(msgspec.Struct, gc=False):
    """What the API takes for a message, in its outlines."""

    role: str
    content: str | list[_Part]


_outline = msgspec.json.Decoder(Outline)
_parts = msgspec.json.Decoder(_Parts)
_system = msgspec.json.Decoder(str | list[_Text] | None)
_tools = msgspec.json.Decoder(list[_Tool] | None)
_skim = msgspec.json.Decoder(msgspec.defstruct("_Skimmed", [("role", str), ("content", str | _Blocks)]))

_fields = msgspec.json.Decoder(dict[str, Raw])
_shape = msgspec.json.Decoder(_Shape)
_utf8 = re2.compile(rb"(?s)\A.*\z").search


def outlined(raw: bytes) -> Outline:
    """Raises ValueError, with what is wrong as a short phrase, unless `raw` looks like a Messages request."""
    if len(raw) > _LARGE and raw.count(b",") > _MOST_COMMAS:
        raise ValueError("many parts")
    try:
        return _outline.decode(raw) if len(raw) <= _LARGE else _assembled(_parts.decode(raw))
    except msgspec.ValidationError:
        is_object = raw[:COUNTED].lstrip().startswith(b"{")
        raise ValueError("not a Messages request" if is_object else "not a JSON object") from None
    except msgspec.DecodeError:
        raise ValueError("not JSON") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _assembled(parts: _Parts) -> Outline:
    """Raises ValueError as `outlined` does."""
    values = {name: getattr(parts, name) for name in Outline.__struct_fields__}
    for name, decoder, excess in (("system", _system, "long system prompt"), ("tools", _tools, "many tools")):
        if len(memoryview(values[name])) > _LARGE:
            raise ValueError(excess)
        values[name] = decoder.decode(values[name])
    return Outline(**values)


def skimmed(raw: memoryview) -> tuple[str, str | list[tuple[str, Raw]]] | None:
    """A message's role and content, of each block its type and `text`; None if there are too many parts in it.

    Raises ValueError when it is no message.
    """
    if len(raw) > _LARGE and bytes(raw).count(b"[") > _MOST_COMMAS:
        return None
    try:
        role, content = msgspec.structs.astuple(_skim.decode(raw))
    except msgspec.DecodeError:
        raise ValueError("not a Messages request") from None
    if isinstance(content, str):
        return role, content
    return role, [(block.type, block.text) for block in msgspec.structs.astuple(content) if block is not None]


def named(raw: bytes) -> tuple[str, ...]:
    """The names of the fields of a body that has an outline, sorted; none if there are more than any rule asks for."""
    fields = _fields.decode(raw)
    return tuple(sorted(fields)) if len(fields) <= _MOST_FIELDS else ()


def roles(messages: Sequence[Raw]) -> tuple[str, ...]:
    """Of each message its role; none if one of them is odd."""
    try:
        return tuple([_shape.decode(message).role for message in messages])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()


def is_utf8(raw: bytes) -> bool:
    """Whether it is UTF-8 throughout: a body that has an outline is JSON, but for bytes in texts that were skipped."""
    # No text is made: of one emoji and many letters, it would take four times the bytes.
    return raw.isascii() or _utf8(raw) is not None

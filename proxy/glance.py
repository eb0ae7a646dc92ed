"""A JSON object taken apart only as far as somebody looks: a conversation of a megabyte is mostly never read.

msgspec finds where the known fields and the messages begin and end; a field's own value is parsed when it is asked for.
What lies in the parts that nobody asks for has not been checked: see `messages.MessagesRequest.well_formed`.

Small bodies, as side questions have, are taken apart whole: they are mostly answered, and then all of it is wanted.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
import orjson
from msgspec import Raw

SMALL = 4096
"""Bytes up to which to take a body apart whole takes no longer than a glance and further looks."""


class Glance(Protocol):
    """The fields of one body."""

    whole: dict[str, Any] | None
    """All of it, if it has been taken apart."""

    @property
    def count(self) -> int:
        """How many messages there are."""

    @property
    def tools(self) -> Sequence[str]:
        """The names of the tools, "" for one without a name; empty unless there is a list of them."""

    def get(self, name: str) -> Any:
        """The value of a field of `_Outline` but for `messages` and `tools`, None when it is not there."""

    def message(self, index: int) -> Any:
        """One of the messages. Raises ValueError where it is not JSON."""


def glance(raw: bytes) -> Glance:
    """Raises ValueError unless `raw` looks like an object with a list of messages."""
    return _Small(raw) if len(raw) <= SMALL else _Large(raw)


class _Small:
    def __init__(self, raw: bytes) -> None:
        value = orjson.loads(raw)
        if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
            raise ValueError("no messages")
        self.whole: dict[str, Any] | None = value
        self._messages = value["messages"]
        self.get = value.get

    @property
    def count(self) -> int:
        return len(self._messages)

    @property
    def tools(self) -> Sequence[str]:
        return _names(self.get("tools"))

    def message(self, index: int) -> Any:
        return self._messages[index]


class _Tool(msgspec.Struct):
    name: str = ""


class _Outline(msgspec.Struct):
    """The fields that rules look at; all others are skipped."""

    messages: list[Raw]
    model: Any = None
    max_tokens: Any = None
    stream: Any = None
    system: Any = None
    tools: list[_Tool] = []
    output_config: Any = None
    metadata: Any = None


class _OddOutline(_Outline):
    """The same of a body whose tools are not what the API takes."""

    tools: Any = None


_outline = msgspec.json.Decoder(_Outline)
_odd_outline = msgspec.json.Decoder(_OddOutline)


class _Large:
    whole: dict[str, Any] | None = None

    def __init__(self, raw: bytes) -> None:
        try:
            try:
                self._outline = _outline.decode(raw)
            except msgspec.ValidationError:
                self._outline = _odd_outline.decode(raw)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def get(self, name: str) -> Any:
        return getattr(self._outline, name)

    @property
    def count(self) -> int:
        return len(self._outline.messages)

    def message(self, index: int) -> Any:
        return orjson.loads(memoryview(self._outline.messages[index]))

    @property
    def tools(self) -> Sequence[str]:
        tools = self._outline.tools
        if isinstance(self._outline, _OddOutline):
            return _names(tools)
        return tuple([tool.name for tool in tools])


def _names(tools: Any) -> Sequence[str]:
    if not isinstance(tools, list):
        return ()
    return tuple(str(tool.get("name", "")) if isinstance(tool, dict) else "" for tool in tools)

"""A JSON object taken apart only as far as somebody looks: a conversation of a megabyte is mostly never read.

msgspec finds where the known fields and the messages begin and end; a field's own value is parsed when it is asked for.
What lies in the parts that nobody asks for has not been checked: see `messages.MessagesRequest.well_formed`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson
from msgspec import Raw
from propcache.api import cached_property


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


class Glance:
    """The fields of one body. `message` raises ValueError where it meets something that is not JSON."""

    def __init__(self, raw: bytes) -> None:
        """Raises ValueError unless `raw` looks like an object with a list of messages."""
        try:
            try:
                self._outline = _outline.decode(raw)
            except msgspec.ValidationError:
                self._outline = _odd_outline.decode(raw)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def get(self, name: str) -> Any:
        """The value of a field of the outline but for `messages` and `tools`, None when it is not there."""
        return getattr(self._outline, name)

    @property
    def count(self) -> int:
        """How many messages there are."""
        return len(self._outline.messages)

    def message(self, index: int) -> Any:
        return orjson.loads(memoryview(self._outline.messages[index]))

    @cached_property
    def tools(self) -> Sequence[str]:
        """The names of the tools, "" for one without a name; empty unless there is a list of them."""
        tools = self._outline.tools
        if isinstance(self._outline, _OddOutline):
            return _odd_names(tools)
        return tuple([tool.name for tool in tools])


def _odd_names(tools: Any) -> Sequence[str]:
    if not isinstance(tools, list):
        return ()
    return tuple(str(tool.get("name", "")) if isinstance(tool, dict) else "" for tool in tools)

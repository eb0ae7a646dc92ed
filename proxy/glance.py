"""A JSON object taken apart only as far as somebody looks: a conversation of a megabyte is mostly never read.

msgspec finds where the known fields and the messages begin and end; a field's own value is parsed when it is asked for.
What lies in the parts that nobody asks for has not been checked: see `messages.MessagesRequest.well_formed`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson
from msgspec import UNSET, Raw, UnsetType
from propcache.api import cached_property


class _Outline(msgspec.Struct):
    """The fields that rules look at; all others are skipped."""

    messages: list[Raw]
    model: Raw | UnsetType = UNSET
    max_tokens: Raw | UnsetType = UNSET
    stream: Raw | UnsetType = UNSET
    system: Raw | UnsetType = UNSET
    tools: Raw | UnsetType = UNSET
    output_config: Raw | UnsetType = UNSET
    metadata: Raw | UnsetType = UNSET


class _Tool(msgspec.Struct):
    name: str = ""


_outline = msgspec.json.Decoder(_Outline)
_tools = msgspec.json.Decoder(list[_Tool])


class Glance:
    """The fields of one body. `get` and `message` raise ValueError where they meet something that is not JSON."""

    def __init__(self, raw: bytes) -> None:
        """Raises ValueError unless `raw` looks like an object with a list of messages."""
        try:
            self._outline = _outline.decode(raw)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        self._known: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """The value of a field of the outline, None when it is not there."""
        if name not in self._known:
            raw = getattr(self._outline, name)
            self._known[name] = None if raw is UNSET else orjson.loads(memoryview(raw))
        return self._known[name]

    @property
    def count(self) -> int:
        """How many messages there are."""
        return len(self._outline.messages)

    def message(self, index: int) -> Any:
        return orjson.loads(memoryview(self._outline.messages[index]))

    @cached_property
    def tools(self) -> Sequence[str]:
        """The names of the tools, "" for one without a name; empty unless there is a list of them."""
        raw = self._outline.tools
        if isinstance(raw, UnsetType):
            return ()
        try:
            return tuple(tool.name for tool in _tools.decode(raw))
        except msgspec.MsgspecError:
            return self._odd_tools()

    def _odd_tools(self) -> Sequence[str]:
        """Tools that are not what the API takes."""
        tools = self.get("tools")
        if not isinstance(tools, list):
            return ()
        return tuple(str(tool.get("name", "")) if isinstance(tool, dict) else "" for tool in tools)

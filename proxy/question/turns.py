"""Messages of a conversation, as far as rules need them."""

from collections.abc import Sequence
from typing import Any

import orjson
from msgspec import Raw
from propcache.api import cached_property

from proxy.question.outline import Message


class Turn:
    """A message. Its blocks are pairs of a type and a `text`, if the block has one.

    A text is a `str`, or raw JSON: that of a long message is often never decoded.
    """

    def __init__(self, role: str, blocks: Sequence[tuple[str, Any]]) -> None:
        self.role, self._blocks = role, blocks

    @property
    def types(self) -> tuple[str, ...]:
        return tuple([kind for kind, _ in self._blocks])

    @cached_property
    def texts(self) -> tuple[str, ...]:
        read = [_read(text) for kind, text in self._blocks if kind == "text"]
        return tuple([text for text in read if isinstance(text, str)])


def _read(text: Any) -> Any:
    """A decoded text; None if it is not UTF-8, which `well_formed` detects."""
    try:
        return orjson.loads(memoryview(text)) if isinstance(text, Raw) else text
    except orjson.JSONDecodeError:
        return None


def ending_of(messages: list[Any]) -> Sequence[Turn]:
    """The messages from the last of role `user` on, or all if there is none. Raises ValueError if one is malformed."""
    found: list[Turn] = []
    for turn in reversed(messages):
        if not is_message(turn):
            raise ValueError("no messages")
        role, content = turn["role"], turn["content"]
        whole = isinstance(content, str)
        blocks = [("text", content)] if whole else [(str(one.get("type", "")), one.get("text")) for one in content]
        found.append(Turn(role, blocks))
        if role == "user":
            break
    return found[::-1]


def is_message(message: Any) -> bool:
    """Whether it has the outline of a message."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        return False
    content = message.get("content")
    return isinstance(content, str) or (isinstance(content, list) and all(isinstance(part, dict) for part in content))


def texts(content: Any) -> tuple[str, ...]:
    """The texts of a content or a system prompt, which is a string, or a list of blocks."""
    if isinstance(content, str):
        return (content,)
    if not isinstance(content, list):
        return ()
    return tuple(
        [
            text
            for block in content
            if isinstance(block, dict) and block.get("type") == "text" and isinstance(text := block.get("text"), str)
        ]
    )


def turn_of(message: Message) -> tuple[Turn, int]:
    """A message, and the size of its texts in bytes of raw JSON."""
    content = message.content
    if isinstance(content, str):
        return Turn(message.role, [("text", content)]), len(content)
    blocks = [(str(block.type), block.text) for block in content]
    return Turn(message.role, blocks), sum([len(memoryview(text)) for _, text in blocks])

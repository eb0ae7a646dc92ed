"""The body of a Messages request, as a read-only view. What is not understood is a value, never an exception.

The shapes are those of the API reference, "Create a Message"; what Claude Code adds to them was observed in versions
0.2.64 to 2.1.330.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from proxy.exchange import Head


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A body that cannot be decided on; `reason` is a short phrase for the log."""

    reason: str


@dataclass(frozen=True)
class MessagesRequest:
    """One request to create a message. Fields of an unexpected type count as absent, except the messages themselves."""

    head: Head
    body: Mapping[str, Any]
    size: int
    """Bytes of the body."""

    @property
    def model(self) -> str:
        model = self.body.get("model")
        return model if isinstance(model, str) else ""

    @property
    def stream(self) -> bool:
        """Whether the reply is to be streamed: `stream` must be exactly true."""
        return self.body.get("stream") is True

    @cached_property
    def system(self) -> tuple[str, ...]:
        """The texts of the system prompt; a plain string is one block."""
        return tuple(_texts(self.body.get("system", ())))

    @cached_property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools on offer ("" for one without a name)."""
        tools = self.body.get("tools")
        if not isinstance(tools, list):
            return ()
        return tuple(str(tool.get("name", "")) if isinstance(tool, dict) else "" for tool in tools)

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.body["messages"]
        return messages

    @cached_property
    def last_user(self) -> Any:
        """The content of the last message of role `user`; empty if there is none.

        It need not be the last message: a prefill follows it, and since 2.1.212 messages of role `system` may.
        """
        return next((message["content"] for message in reversed(self.messages) if message["role"] == "user"), ())

    @cached_property
    def user_texts(self) -> tuple[str, ...]:
        """The text blocks of the last user message; a plain string is one block."""
        return tuple(_texts(self.last_user))

    @cached_property
    def user_blocks(self) -> tuple[str, ...]:
        """The types of all blocks of the last user message; a plain string is one block of type `text`."""
        if isinstance(self.last_user, str):
            return ("text",)
        return tuple(str(block.get("type", "")) for block in self.last_user)

    @cached_property
    def prefill(self) -> str | None:
        """The text that the assistant's reply is to continue; None when the last word is not the assistant's.

        A closing assistant message is a prefill ("Prefill Claude's response" in the API's documentation); Claude Code
        2.0.42 to 2.1.6 prefilled topic detection with `{`.
        """
        last = next((message for message in reversed(self.messages) if message["role"] != "system"), None)
        return "".join(_texts(last["content"])) if last and last["role"] == "assistant" else None

    @property
    def session(self) -> str:
        """What names the client's session: its header (2.1.110 and later), else `metadata.user_id`; "" for neither."""
        metadata = self.body.get("metadata")
        user = metadata.get("user_id") if isinstance(metadata, dict) else None
        return self.head.headers.get("x-claude-code-session-id") or (user if isinstance(user, str) else "")

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The JSON schema that the reply's text must satisfy (`output_config.format`), if one is asked for."""
        output = self.body.get("output_config")
        format_ = output.get("format") if isinstance(output, dict) else None
        if not isinstance(format_, dict) or format_.get("type") != "json_schema":
            return None
        schema = format_.get("schema")
        return schema if isinstance(schema, dict) else {}


def parse(head: Head, body: bytes) -> MessagesRequest | NotUnderstood:
    """Understand `body`, or say why not; raises nothing, whatever the bytes are."""
    if head.headers.get("content-encoding", "identity").lower() != "identity":
        return NotUnderstood("compressed body")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return NotUnderstood("not JSON")
    if not isinstance(value, dict):
        return NotUnderstood("not a JSON object")
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages or not all(map(_is_message, messages)):
        return NotUnderstood("no messages")
    return MessagesRequest(head, value, len(body))


def _is_message(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        return False
    content = message.get("content")
    return isinstance(content, str) or (isinstance(content, list) and all(isinstance(part, dict) for part in content))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, dict) and block.get("type") == "text" and isinstance(block.get("text"), str):
                yield block["text"]

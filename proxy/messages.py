"""The body of a Messages request, as a read-only view. What is not understood is a value, never an exception.

The shapes are those of the API reference, "Create a Message"; what Claude Code adds to them was observed in versions
0.2.64 to 2.1.330.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from propcache.api import cached_property

from proxy.exchange import Head
from proxy.glance import Glance, glance


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A body that cannot be decided on; `reason` is a short phrase for the log."""

    reason: str


@dataclass(frozen=True)
class MessagesRequest:
    """One request to create a message. Fields of an unexpected type count as absent, except the messages themselves.

    What no one asks about is not looked at, so that `well_formed` must be asked before the request is answered.
    """

    head: Head
    raw: bytes
    glance: Glance

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.raw)

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """All of it. Raises ValueError when it is not JSON throughout."""
        whole = self.glance.whole
        if whole is None:
            whole = orjson.loads(self.raw)
        return whole

    @cached_property
    def well_formed(self) -> bool:
        """Whether the body is JSON throughout, and every message what the API takes for one."""
        try:
            return all(map(_is_message, self.body["messages"]))
        except ValueError:
            return False

    @cached_property
    def model(self) -> str:
        model = self.glance.get("model")
        return model if isinstance(model, str) else ""

    @cached_property
    def max_tokens(self) -> int | None:
        value = self.glance.get("max_tokens")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def stream(self) -> bool:
        """Whether the reply is to be streamed: `stream` must be exactly true."""
        return self.glance.get("stream") is True

    @cached_property
    def system(self) -> tuple[str, ...]:
        """The texts of the system prompt; a plain string is one block."""
        return tuple(_texts(self.glance.get("system")))

    @cached_property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools on offer ("" for one without a name)."""
        return tuple(self.glance.tools)

    @cached_property
    def count(self) -> int:
        """How many messages there are, a prefill included."""
        return self.glance.count

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.body["messages"]
        return messages

    @cached_property
    def _ending(self) -> tuple[dict[str, Any], ...]:
        """The messages from the last of role `user` on, or all if there is none. Raises ValueError if one is odd."""
        ending: list[dict[str, Any]] = []
        for index in range(self.glance.count - 1, -1, -1):
            message = self.glance.message(index)
            if not _is_message(message):
                raise ValueError("not a message")
            ending.append(message)
            if message["role"] == "user":
                break
        return tuple(reversed(ending))

    @cached_property
    def last_user(self) -> Any:
        """The content of the last message of role `user`; empty if there is none.

        It need not be the last message: a prefill follows it, and since 2.1.212 messages of role `system` may.
        """
        first = self._ending[0]
        return first["content"] if first["role"] == "user" else ()

    @cached_property
    def user_texts(self) -> tuple[str, ...]:
        """The text blocks of the last user message; a plain string is one block."""
        return tuple(_texts(self.last_user))

    @cached_property
    def user_text(self) -> str | None:
        """These joined by newlines; None if there are none."""
        return "\n".join(self.user_texts) if self.user_texts else None

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
        last = next((message for message in reversed(self._ending) if message["role"] != "system"), None)
        return "".join(_texts(last["content"])) if last and last["role"] == "assistant" else None

    @property
    def session(self) -> str:
        """What names the client's session: its header (2.1.110 and later), else `metadata.user_id`; "" for neither."""
        metadata = self.glance.get("metadata")
        user = metadata.get("user_id") if isinstance(metadata, dict) else None
        return self.head.headers.get("x-claude-code-session-id") or (user if isinstance(user, str) else "")

    @cached_property
    def schema(self) -> Mapping[str, Any] | None:
        """The JSON schema that the reply's text must satisfy (`output_config.format`), if one is asked for."""
        output = self.glance.get("output_config")
        format_ = output.get("format") if isinstance(output, dict) else None
        if not isinstance(format_, dict) or format_.get("type") != "json_schema":
            return None
        schema = format_.get("schema")
        return schema if isinstance(schema, dict) else {}


def parse(head: Head, body: bytes) -> MessagesRequest | NotUnderstood:
    """Understand `body`, or say why not; raises nothing, whatever the bytes are.

    What rules look at is understood for certain; of the rest `well_formed` tells.
    """
    if head.headers.get("content-encoding", "identity").lower() != "identity":
        return NotUnderstood("compressed body")
    try:
        request = MessagesRequest(head, body, glance(body))
        if request.count and request.last_user is not None:
            return request
    except ValueError:
        pass
    return NotUnderstood(_what_is_wrong(body))


def _what_is_wrong(body: bytes) -> str:
    try:
        value = orjson.loads(body)
    except ValueError:
        return "not JSON"
    return "no messages" if isinstance(value, dict) else "not a JSON object"


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

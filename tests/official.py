"""The API's types as its official Python SDK has them.

To import the SDK takes a second: only the workers whose tests ask it are to spend that, and no worker to collect them.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message


def message() -> "type[Message]":
    from anthropic.types import Message

    return Message


@cache
def event() -> TypeAdapter[Any]:
    """What any event of a stream has to be."""
    from anthropic.types import RawMessageStreamEvent

    return TypeAdapter(RawMessageStreamEvent)


def client(url: str, headers: dict[str, str], retries: int = 0, key: str = "sk-ant-dummy") -> "AsyncAnthropic":
    from anthropic import AsyncAnthropic

    return AsyncAnthropic(base_url=url, api_key=key, default_headers=headers, max_retries=retries)

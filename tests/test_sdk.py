"""The official Python SDK as a judge: what Sidestep answers, and what it forwards, is a Messages reply to it."""

from typing import TYPE_CHECKING, Any

import pytest

from bench.traffic import NAMING
from proxy.scripted import ScriptedUpstream
from tests import official
from tests.conftest import Start

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message

TITLE: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "max_tokens": 1000,
    "system": [{"type": "text", "text": NAMING}],
    "messages": [{"role": "user", "content": "<session>\nFix the login button on mobile\n</session>"}],
    "output_config": {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"title": {"type": "string"}},
                "required": ["title"],
                "additionalProperties": False,
            },
        }
    },
}
CONVERSATION: dict[str, Any] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "Why does the login test fail?"}],
}
CLAUDE = {"user-agent": "claude-cli/2.1.330 (external, cli)"}


def _client(url: str) -> "AsyncAnthropic":
    return official.client(url, CLAUDE)


def _text(message: "Message") -> str:
    (block,) = message.content
    assert block.type == "text"
    return block.text


async def test_a_title_is_a_message(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    async with _client(sidestep.url) as client:
        message = await client.messages.create(**TITLE)
    assert _text(message) == '{"title":"Login button on mobile"}'
    assert message.stop_reason == "end_turn"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (0, 0)
    assert scripted.seen == []


async def test_a_streamed_title_builds_up_to_the_same_message(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    async with _client(sidestep.url) as client, client.messages.stream(**TITLE) as stream:
        texts = [text async for text in stream.text_stream]
        message = await stream.get_final_message()
    assert "".join(texts) == _text(message) == '{"title":"Login button on mobile"}'
    assert (message.stop_reason, message.model) == ("end_turn", "claude-haiku-4-5")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (0, 0)
    assert scripted.seen == []


async def test_a_forwarded_stream_has_the_same_events_as_without_sidestep(
    start: Start, scripted: ScriptedUpstream
) -> None:
    sidestep = await start(scripted.url)
    seen = []
    for url in (scripted.url, sidestep.url):
        async with _client(url) as client, client.messages.stream(**CONVERSATION) as stream:
            seen.append([event.model_dump(exclude={"message": {"id"}, "snapshot": True}) async for event in stream])
    assert len(seen[0]) > 5
    assert seen[0] == seen[1]


async def test_a_forwarded_message_is_the_upstreams(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    async with _client(sidestep.url) as client:
        message = await client.messages.create(**CONVERSATION)
        counted = await client.messages.count_tokens(model="m", messages=CONVERSATION["messages"])
        models = await client.models.list()
    assert _text(message) == "from the upstream"
    assert counted.input_tokens > 0
    assert models.data == []


async def test_an_unreachable_upstream_is_an_error_of_the_apis_own_class(start: Start) -> None:
    from anthropic import InternalServerError

    sidestep = await start("http://127.0.0.1:1")
    async with _client(sidestep.url) as client:
        with pytest.raises(InternalServerError, match="cannot be reached") as caught:
            await client.messages.create(**CONVERSATION)
    assert caught.value.status_code == 502
    assert (caught.value.request_id or "").startswith("req_sidestep_")

"""The scripted upstream that stands in for the model."""

from typing import Any

import aiohttp
import orjson
import pytest

from proxy.scripted import ContentBlock, scripted_upstream, stream_events
from proxy.sse import Decoder
from tests import official
from tests.cases import every

TEXT = {"type": "text", "text": "one two three  four five\nsix seven "}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls -l", "n": 1}}
BODY = {"model": "some-model", "max_tokens": 5, "messages": [{"role": "user", "content": "hello"}]}

CONTENTS: list[list[ContentBlock]] = [
    [TEXT],
    [TOOL],
    [TEXT, TOOL],
    [TOOL, TEXT, TEXT],
    [{"type": "text", "text": ""}],
    [{"type": "text", "text": "日本語 🦀"}],
    [],
]


def joined(events: list[dict[str, Any]]) -> list[ContentBlock]:
    """The content that a client would put together out of a stream."""
    blocks: list[ContentBlock] = []
    inputs: dict[int, str] = {}
    for event in events:
        match event:
            case {"type": "content_block_start", "index": index, "content_block": block}:
                assert index == len(blocks)
                blocks.append(dict(block))
            case {"type": "content_block_delta", "index": index, "delta": {"text": text}}:
                blocks[index]["text"] += text
            case {"type": "content_block_delta", "index": index, "delta": {"partial_json": text}}:
                inputs[index] = inputs.get(index, "") + text
    for index, text in inputs.items():
        blocks[index]["input"] = orjson.loads(text)
    return blocks


def shape(content: list[ContentBlock]) -> list[str]:
    """The types of the events that such a content makes, however many deltas there are."""
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    return ["message_start", *block * len(content), "message_delta", "message_stop"]


def without_repeats(types: list[str]) -> list[str]:
    return [kind for index, kind in enumerate(types) if index == 0 or types[index - 1] != kind]


@every("content", CONTENTS)
async def test_a_message_that_is_not_streamed_comes_whole(content: list[ContentBlock]) -> None:
    async with scripted_upstream(lambda _body: content) as upstream, aiohttp.ClientSession() as session:
        reply = await session.post(f"{upstream.url}/v1/messages", json=BODY)
        value = await reply.json()
    assert (reply.status, reply.content_type) == (200, "application/json")
    message = official.message().model_validate(value)
    assert value["content"] == content
    assert message.model == "some-model"
    assert message.stop_reason == ("tool_use" if TOOL in content else "end_turn")


@every("content", CONTENTS)
async def test_a_streamed_message_comes_as_the_events_of_the_api(content: list[ContentBlock]) -> None:
    async with scripted_upstream(lambda _body: content) as upstream, aiohttp.ClientSession() as session:
        reply = await session.post(f"{upstream.url}/v1/messages", json={**BODY, "stream": True})
        raw = await reply.read()
    assert (reply.status, reply.content_type) == (200, "text/event-stream")
    decoded = Decoder().feed(raw)
    events = [orjson.loads(event.data) for event in decoded]
    assert [event.name for event in decoded] == [event["type"] for event in events]
    assert without_repeats([event["type"] for event in events]) == shape(content)
    assert joined(events) == content
    assert [official.event().validate_python(event).type for event in events] == [event["type"] for event in events]


@pytest.mark.parametrize("stream", [False, None, 1, "true"])
async def test_only_exactly_true_streams(stream: Any) -> None:
    async with scripted_upstream(lambda _body: [TEXT]) as upstream, aiohttp.ClientSession() as session:
        reply = await session.post(f"{upstream.url}/v1/messages", json={**BODY, "stream": stream})
    assert reply.content_type == "application/json"


def test_a_text_is_streamed_in_several_deltas() -> None:
    message = {"content": [TEXT], "stop_reason": "end_turn", "usage": {"output_tokens": 5}}
    assert [event.name for event in stream_events(message)].count("content_block_delta") > 1


async def test_the_script_sees_the_body_and_every_message_has_an_id_of_its_own() -> None:
    def echo(body: dict[str, Any]) -> list[ContentBlock]:
        return [{"type": "text", "text": body["messages"][-1]["content"]}]

    async with scripted_upstream(echo) as upstream, aiohttp.ClientSession() as session:
        replies = [await (await session.post(f"{upstream.url}/v1/messages", json=BODY)).json() for _ in range(2)]
    assert [reply["content"][0]["text"] for reply in replies] == ["hello", "hello"]
    assert replies[0]["id"] != replies[1]["id"]


async def test_what_came_is_recorded_in_order() -> None:
    async with scripted_upstream(lambda _body: [TEXT]) as upstream, aiohttp.ClientSession() as session:
        await session.post(f"{upstream.url}/v1/messages?beta=true", json=BODY, headers={"X-Api-Key": "k"})
        await session.get(f"{upstream.url}/v1/models")
        await session.post(f"{upstream.url}/v1/messages", data=b"not JSON")
        first, second, third = upstream.seen
    assert (first.method, first.path, first.body) == ("POST", "/v1/messages", BODY)
    assert ("X-Api-Key", "k") in first.headers
    assert (second.method, second.path, second.body) == ("GET", "/v1/models", None)
    assert third.body is None
    assert first.at <= second.at <= third.at


@every(
    ("method", "path", "status", "shown"),
    [
        ("POST", "/v1/messages/count_tokens", 200, {"input_tokens": 4}),
        ("GET", "/v1/models", 200, {"data": [], "has_more": False, "first_id": None, "last_id": None}),
        ("GET", "/v1/messages", 404, {"type": "error"}),
        ("POST", "/v1/other", 404, {"type": "error"}),
        ("POST", "/v1/messages", 404, {"type": "error"}),
    ],
)
async def test_the_rest_of_the_api_is_just_enough(method: str, path: str, status: int, shown: dict[str, Any]) -> None:
    async with scripted_upstream(lambda _body: [TEXT]) as upstream, aiohttp.ClientSession() as session:
        reply = await session.request(method, upstream.url + path, data=b'["no message"]  ')
        value = await reply.json()
    assert reply.status == status
    assert value | shown == value


async def test_a_head_request_is_answered_without_a_body() -> None:
    async with scripted_upstream(lambda _body: [TEXT]) as upstream, aiohttp.ClientSession() as session:
        reply = await session.head(upstream.url)
        assert (reply.status, await reply.read()) == (200, b"")


async def test_it_listens_on_loopback_and_is_gone_afterwards() -> None:
    async with scripted_upstream(lambda _body: [TEXT]) as upstream:
        assert upstream.url.startswith("http://127.0.0.1:")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(upstream.url)

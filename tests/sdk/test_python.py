"""The official Python SDK, with and without Sidestep before the same upstream: the same events, the same errors."""

from typing import TYPE_CHECKING, Any

import pytest

from proxy.rules.load import configured
from proxy.settings.config import Config
from tests import official
from tests.conftest import ROOT, Start
from tests.raw import Peer, raw_upstream, reply
from tests.sdk.replies import CONVERSATION, HEADERS, KEY, MESSAGES, STREAM, STREAMS, answer

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic


def _client(url: str, case: str = "", retries: int = 0) -> "AsyncAnthropic":
    return official.client(url, {**HEADERS, "x-case": case}, retries, KEY)


def _told(error: Exception) -> dict[str, Any]:
    """All that a program can see of an error; a connection that broke has its class alone."""
    from anthropic import APIStatusError

    if not isinstance(error, APIStatusError):
        return {"class": type(error).__name__}
    return {
        "class": type(error).__name__,
        "status": error.status_code,
        "request_id": error.request_id,
        "body": error.body,
        "message": str(error),
    }


async def _message(url: str, case: str) -> Any:
    async with _client(url, case) as client:
        try:
            return (await client.messages.create(**CONVERSATION)).model_dump()
        except Exception as error:
            return _told(error)


async def _stream(url: str, case: str) -> list[Any]:
    """Every event as it came, and the error that ended them, if one did."""
    seen: list[Any] = []
    async with _client(url, case) as client:
        try:
            async for event in await client.messages.create(**CONVERSATION, stream=True):
                seen.append(event.model_dump())  # noqa: PERF401 - those before an error count too
        except Exception as error:
            seen.append(_told(error))
    return seen


@pytest.mark.parametrize("case", MESSAGES)
async def test_a_message_or_its_error_is_the_same_with_and_without_sidestep(start: Start, case: str) -> None:
    async with raw_upstream(answer) as upstream:
        sidestep = await start(upstream.url)
        direct, through = await _message(upstream.url, case), await _message(sidestep.url, case)
    if case == "no-reply":  # before a reply's head there is something to say: an error that the SDK retries likewise
        assert direct["class"] == "APIConnectionError"
        assert (through["class"], through["status"]) == ("InternalServerError", 502)
    else:
        assert direct == through
    assert ("class" in direct) == (case != "message")
    assert not case.isdigit() or (direct["status"], direct["request_id"]) == (int(case), f"req_{case}")


@pytest.mark.parametrize("case", STREAMS)
async def test_a_stream_has_the_same_events_and_the_same_end(start: Start, case: str) -> None:
    async with raw_upstream(answer) as upstream:
        sidestep = await start(upstream.url)
        direct, through = await _stream(upstream.url, case), await _stream(sidestep.url, case)
    assert direct == through
    assert len(direct) > 2
    assert ("class" in direct[-1]) == (case != "stream")


async def test_every_line_of_a_stream_arrives_with_its_pings(start: Start) -> None:
    """The SDK keeps pings to itself; its raw lines have them."""
    lines = []
    async with raw_upstream(answer) as upstream:
        sidestep = await start(upstream.url)
        for url in (upstream.url, sidestep.url):
            async with (
                _client(url, "stream") as client,
                client.messages.with_streaming_response.create(**CONVERSATION, stream=True) as response,
            ):
                lines.append([line async for line in response.iter_lines()])
    assert lines[0] == lines[1] == b"".join(STREAM).decode().split("\n")[:-1]
    assert lines[0].count("event: ping") == 2


async def test_a_stream_builds_up_to_the_same_message(start: Start) -> None:
    messages = []
    async with raw_upstream(answer) as upstream:
        sidestep = await start(upstream.url)
        for url in (upstream.url, sidestep.url):
            async with _client(url, "stream") as client, client.messages.stream(**CONVERSATION) as stream:
                messages.append(await stream.get_final_message())
    assert messages[0] == messages[1]
    text, tool = messages[0].content
    assert text.type == "text"
    assert tool.type == "tool_use"
    assert (text.text, tool.input) == ("It expects a cookie: “ü”", {"file_path": "test_login.py"})


async def test_a_refused_connection_is_retried_as_often_as_without_sidestep(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Directly it is a connection error, through Sidestep a 502 that says so: the SDK takes both for worth a retry."""
    from anthropic import APIConnectionError, InternalServerError

    monkeypatch.setattr("anthropic._base_client.INITIAL_RETRY_DELAY", 0)
    async with raw_upstream(Peer.gone) as upstream:
        pass
    sidestep = await start(upstream.url)
    for url, kind in ((upstream.url, APIConnectionError), (sidestep.url, InternalServerError)):
        async with _client(url, retries=2) as client:
            with pytest.raises(kind):
                await client.messages.create(**CONVERSATION)
    assert [line["status"] for line in sidestep.logged()] == [502, 502, 502]


async def test_a_count_and_a_list_of_models_from_here_are_what_the_sdk_expects(start: Start) -> None:
    """Before an upstream that has neither."""
    from anthropic import NotFoundError

    told = {"models": {"models": ["claude-qwen3-coder", "b"]}}
    rules = {"directory": str(ROOT / "rules"), "override": told}
    settings = Config.model_validate({"upstream": {"kind": "local"}, "rules": rules})
    async with raw_upstream(_none) as upstream:
        sidestep = await start(upstream.url, using=configured(settings).rules)
        async with _client(sidestep.url) as client:
            counting = client.messages.with_raw_response.count_tokens(
                model="claude-qwen3-coder",
                system="You are terse.",
                messages=[{"role": "user", "content": "why does the login test fail?"}],
                tools=[{"name": "Read", "input_schema": {"type": "object"}}],
            )
            counted = await counting
            beta = await client.beta.messages.count_tokens(model="m", messages=[{"role": "user", "content": "foo"}])
            models = [model async for model in client.models.list(limit=1)]
        async with _client(upstream.url) as client:
            with pytest.raises(NotFoundError):
                await client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "foo"}])
    assert counted.headers["x-sidestep-estimate"] == "4.00 bytes a token, assumed"
    assert ((await counted.parse()).input_tokens, beta.input_tokens) == (31, 8)
    assert [(model.id, model.display_name, model.created_at.year) for model in models] == [
        ("claude-qwen3-coder", "claude-qwen3-coder", 1970),
        ("b", "b", 1970),
    ]


async def _none(peer: Peer) -> None:
    while head := await peer.head():
        await peer.sized(head)
        await peer.send(reply(b"<h1>404</h1>", status="404 Not Found", headers="content-type: text/html"))

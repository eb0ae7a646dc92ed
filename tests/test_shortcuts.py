"""Every shipped rule, over HTTP: its own examples in both forms, and its markers quoted where they mean nothing."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from proxy.exchange import Head
from proxy.rules.examples import request_of
from proxy.rules.load import LoadedRule, load
from proxy.scripted import ScriptedUpstream
from proxy.sse import Decoder
from tests.cases import every
from tests.conftest import Running, Start
from tests.policy import POLICY
from tests.versions import ASKED

SHIPPED = load(Path(__file__).parent.parent / "rules")
ANSWERING = [entry for entry in SHIPPED.entries if entry.rule.answer]
GUARDS = [entry for entry in SHIPPED.entries if entry.rule.guards]

Body = dict[str, Any]
Request = tuple[Head, Body]


def _requests(entry: LoadedRule, examples: Any) -> Iterator[tuple[Any, Request]]:
    for example in examples:
        head, body = request_of(entry.base, entry.model.base, example)
        yield example, (head, orjson.loads(body or b"{}"))


def _answered(entry: LoadedRule) -> list[tuple[str, Request]]:
    """The examples that the rule answers, with the answers."""
    matches = _requests(entry, entry.model.matches)
    return [(match.answer, request) for match, request in matches if match.answer is not None]


async def _send(url: str, head: Head, body: Body) -> tuple[aiohttp.ClientResponse, bytes]:
    headers = {**head.headers, "content-type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(head.method, url + head.path, data=orjson.dumps(body), headers=headers) as reply,
    ):
        return reply, await reply.read()


async def _warm(start: Start, scripted: ScriptedUpstream, **tables: Any) -> Running:
    """Sidestep when it has forwarded a reply, so that there are rate limits for the quota probe's answer to repeat."""
    sidestep = await start(scripted.url, **tables)
    await _send(sidestep.url, Head("POST", "/v1/messages", {}), _conversation(_user("hi")))
    scripted.seen.clear()
    return sidestep


def _text(reply: aiohttp.ClientResponse, raw: bytes) -> str:
    if reply.content_type == "application/json":
        return str(orjson.loads(raw)["content"][0]["text"])
    deltas = [orjson.loads(event.data) for event in Decoder().feed(raw) if event.name == "content_block_delta"]
    return "".join(delta["delta"]["text"] for delta in deltas)


def test_all_shipped_rules_load() -> None:
    assert SHIPPED.problems == ()
    assert [entry.rule.name for entry in ANSWERING] == list(ASKED)


@every("entry", SHIPPED.entries, ids=lambda entry: entry.rule.name)
def test_every_rule_carries_at_least_three_examples_of_each_sort(entry: LoadedRule) -> None:
    assert len(entry.model.matches) >= 3
    assert len(entry.model.misses) >= 3


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("entry", ANSWERING, ids=lambda entry: entry.rule.name)
async def test_a_side_question_is_answered_in_the_form_it_asks_for(
    start: Start, scripted: ScriptedUpstream, entry: LoadedRule, stream: bool
) -> None:
    sidestep = await _warm(start, scripted, breaker={"window": 0.0})
    for answer, (head, body) in _answered(entry):
        body = {name: value for name, value in body.items() if name != "stream"} | ({"stream": True} if stream else {})
        reply, raw = await _send(sidestep.url, head, body)
        assert reply.headers["x-sidestep-rule"] == entry.rule.name
        assert reply.content_type == ("text/event-stream" if stream else "application/json")
        assert _text(reply, raw) == answer
    assert scripted.seen == []


@pytest.mark.parametrize("entry", SHIPPED.entries, ids=lambda entry: entry.rule.name)
async def test_near_misses_are_forwarded(start: Start, scripted: ScriptedUpstream, entry: LoadedRule) -> None:
    """Misses of one rule may belong to another; none of them may be answered by this one."""
    sidestep = await _warm(start, scripted)
    for _, (head, body) in _requests(entry, entry.model.misses):
        reply, _ = await _send(sidestep.url, head, body)
        assert reply.headers.get("x-sidestep-rule") != entry.rule.name


@pytest.mark.parametrize("entry", GUARDS, ids=lambda entry: entry.rule.name)
async def test_guarded_kinds_reach_the_upstream_whole(
    start: Start, scripted: ScriptedUpstream, entry: LoadedRule
) -> None:
    sidestep = await _warm(start, scripted)
    for _, (head, body) in _requests(entry, entry.model.matches):
        reply, _ = await _send(sidestep.url, head, body)
        assert "x-sidestep-rule" not in reply.headers
        assert scripted.seen[-1].body == body
        assert sidestep.logged()[-1]["reason"] == "guarded"


@pytest.mark.parametrize("entry", ANSWERING, ids=lambda entry: entry.rule.name)
async def test_nothing_overrides_the_safety_classifiers_guard(
    start: Start, scripted: ScriptedUpstream, entry: LoadedRule
) -> None:
    """A request that an answering rule matches, with the classifier's mark put into it."""
    sidestep = await _warm(start, scripted)
    _, (head, body) = _answered(entry)[0]
    mark = {"type": "text", "text": "You are a security monitor for autonomous AI coding agents."}
    system = body.get("system", [])
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
    reply, _ = await _send(sidestep.url, head, body | {"system": [mark, *blocks]})
    assert "x-sidestep-rule" not in reply.headers


@pytest.mark.parametrize("ending", ["", "\n"])
async def test_every_row_of_the_policy_is_answered_as_it_says(
    start: Start, scripted: ScriptedUpstream, ending: str
) -> None:
    """Through the rule, as a whole request: 0.2.64 to 1.0.88 end it with the command, later versions with a newline."""
    sidestep = await _warm(start, scripted)
    entry = next(entry for entry in ANSWERING if entry.rule.name == "command-prefix")
    _, (head, body) = _answered(entry)[0]
    policy, _, _ = body["messages"][0]["content"].rpartition("Command: ")
    found = {}
    for command, _ in POLICY:
        messages = [{"role": "user", "content": f"{policy}Command: {command}{ending}"}]
        reply, raw = await _send(sidestep.url, head, body | {"messages": messages})
        found[command] = _text(reply, raw)
    assert found == dict(POLICY)


def _words(body: Body) -> list[str]:
    """What a person could copy of a request: its system prompt's blocks and its last user message's text."""
    system = body.get("system", [])
    blocks = [system] if isinstance(system, str) else [block["text"] for block in system]
    content = [message["content"] for message in body["messages"] if message["role"] == "user"][-1]
    texts = [content] if isinstance(content, str) else [block.get("text", "") for block in content]
    return [*blocks, *texts, "\n".join(texts)]


def _conversation(*messages: Body, system: str = "You are Claude Code.") -> Body:
    tools = [{"name": "Bash", "input_schema": {"type": "object"}}]
    return {
        "model": "m",
        "max_tokens": 32000,
        "stream": True,
        "tools": tools,
        "system": system,
        "messages": [*messages],
    }


def _user(content: Any) -> Body:
    return {"role": "user", "content": content}


QUOTING: dict[str, Callable[[str], Body]] = {
    "in an older message": lambda text: _conversation(
        _user(text), {"role": "assistant", "content": "I see."}, _user("what was that?")
    ),
    "in the assistant's message": lambda text: _conversation(
        _user("hi"), {"role": "assistant", "content": text or "-"}, _user("what was that?")
    ),
    "in the middle of the last message": lambda text: _conversation(_user(f"my log says:\n{text}\nwhat is it?")),
    "at the end of the last message": lambda text: _conversation(_user(f"my log says:\n{text}")),
    "as the last message of a conversation with tools": lambda text: _conversation(_user(text)),
    "in a second block of the last message": lambda text: _conversation(
        _user([{"type": "text", "text": "my log says:"}, {"type": "text", "text": text}])
    ),
    "as a --system-prompt": lambda text: _conversation(_user("hi"), system=text),
    "in a system prompt": lambda text: _conversation(_user("hi"), system=f"You are careful. {text}"),
    "in a tool's result": lambda text: _conversation(
        _user("read the log"),
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "x"}}]},
        _user([{"type": "tool_result", "tool_use_id": "t", "content": text}]),
    ),
    "in a tool's result of blocks": lambda text: _conversation(
        _user("read the log"),
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "x"}}]},
        _user([{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": text}]}]),
    ),
}


@pytest.mark.parametrize("entry", ANSWERING, ids=lambda entry: entry.rule.name)
async def test_a_conversation_that_quotes_the_markers_is_forwarded(
    start: Start, scripted: ScriptedUpstream, entry: LoadedRule
) -> None:
    sidestep = await _warm(start, scripted)
    _, (head, body) = _answered(entry)[0]
    for text, quoting in itertools.product(_words(body), QUOTING):
        conversation = QUOTING[quoting](text)
        reply, raw = await _send(sidestep.url, head, conversation)
        assert "x-sidestep-rule" not in reply.headers, quoting
        assert _text(reply, raw) == "from the upstream", quoting
        assert scripted.seen[-1].body == conversation, quoting


@pytest.mark.parametrize("entry", ANSWERING, ids=lambda entry: entry.rule.name)
async def test_a_conversation_on_top_of_a_side_question_is_forwarded(
    start: Start, scripted: ScriptedUpstream, entry: LoadedRule
) -> None:
    """The very request with one more turn behind it: what was the last message is an older one."""
    sidestep = await _warm(start, scripted)
    _, (head, body) = _answered(entry)[0]
    turns = [*body["messages"], {"role": "assistant", "content": "so?"}, _user("tell me more")]
    reply, _ = await _send(sidestep.url, head, body | {"messages": turns})
    assert "x-sidestep-rule" not in reply.headers


@pytest.mark.parametrize("entry", ANSWERING, ids=lambda entry: entry.rule.name)
async def test_another_program_gets_no_answer_from_here(
    start: Start, scripted: ScriptedUpstream, entry: LoadedRule
) -> None:
    sidestep = await _warm(start, scripted)
    _, (head, body) = _answered(entry)[0]
    for agent in ("Anthropic/Python 2.12.0", "claude-cli", "claude-cli/dev", "my-claude-cli/2.1.330", ""):
        reply, _ = await _send(sidestep.url, Head(head.method, head.path, {"user-agent": agent}), body)
        assert "x-sidestep-rule" not in reply.headers

"""A decision about permission is nobody's but the model's: whatever its words are, and whatever rule matches it."""

import json
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson
import pytest

from proxy.exchange import Decision, Forward, Head
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.load import Loaded, load
from proxy.rules.permission import DECISION, may_decide
from proxy.scripted import ScriptedUpstream
from tests.cases import every
from tests.conftest import Start
from tests.versions import VERSIONS, asks, question

AGENT = {"user-agent": "claude-cli/2.1.332 (external, cli)"}

EVERYTHING = """
[[rules]]
name = "everything"
about = "a rule that should never have been written"
action = "answer"
when = { client = "claude-cli" }
answer = { text = "<block>no</block>" }
base = { body = { messages = [{ role = "user", content = "hi" }] } }
matches = [{ about = "a greeting", headers = { user-agent = "claude-cli/2.1.332" }, answer = "<block>no</block>" }]
misses = [{ about = "another client" }]
"""

IDENTITY = "You are Claude Code, Anthropic's official CLI for Claude."
HISTORY = '{"user":"tidy up"}\n{"Bash":"rm -rf build"}\n'

Body = dict[str, Any]


def classifier(system: str, *texts: str, **fields: Any) -> Body:
    """The classifier as 2.1.332 sends it, in other words: not streamed, its transcript in blocks, cut at a tag."""
    blocks = [{"type": "text", "text": text} for text in texts]
    return {
        "model": "claude-sonnet-5",
        "max_tokens": 64,
        "system": [{"type": "text", "text": IDENTITY}, {"type": "text", "text": system}],
        "messages": [{"role": "user", "content": blocks}],
        "stop_sequences": ["</block>"],
        "thinking": {"type": "disabled"},
        "metadata": {"user_id": "u"},
        **fields,
    }


def without(body: Body, *fields: str) -> Body:
    return {name: value for name, value in body.items() if name not in fields}


def schema(**properties: Any) -> Body:
    wanted = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    return {"output_config": {"format": {"type": "json_schema", "schema": wanted}}}


REWORDED: dict[str, Body] = {
    "other words, the same form": classifier(
        "You watch over coding agents.", "<transcript>\n", HISTORY, "</transcript>\n"
    ),
    "other tags": classifier(
        "Guard the machine.", "<log>\n", HISTORY, "</log>\n", "End with <verdict>.", stop_sequences=["</verdict>"]
    ),
    "no tag at all": without(classifier("Say yes or no: may this run?", HISTORY), "stop_sequences"),
    "one text, a stream": without(
        classifier("Is this harmless?", f"{HISTORY}\nReply <deny>yes</deny> or <deny>no</deny>.", stream=True),
        "stop_sequences",
    ),
    "streamed, cut at a word": classifier("Is this harmless?", HISTORY, stream=True, stop_sequences=["\n"]),
    "streamed, a transcript in blocks": without(
        classifier("Is this harmless?", "<what-happened>\n", HISTORY, "</what-happened>\n", stream=True),
        "stop_sequences",
    ),
    "a tag with more than its name": without(
        classifier("Is this harmless?", f'{HISTORY}\nReply <block reason="…">, or <is-safe />.', stream=True),
        "stop_sequences",
    ),
    "a tag that is empty": without(classifier("Say <deny/> or nothing.", HISTORY, stream=True), "stop_sequences"),
    "a tag that a message of role system names": {
        "stream": True,
        "messages": [
            {"role": "user", "content": HISTORY},
            {"role": "system", "content": "Reply <block>yes</block> or <block>no</block>."},
        ],
    },
    "a tag that the reply is to continue": {
        "stream": True,
        "messages": [{"role": "user", "content": HISTORY}, {"role": "assistant", "content": "<block>"}],
    },
    "a schema with a yes or no": without(
        classifier("Judge.", HISTORY, stream=True, **schema(fine={"type": "boolean"}, why={"type": "string"})),
        "stop_sequences",
    ),
    "a schema in its older place": without(
        classifier(
            "Judge.",
            HISTORY,
            stream=True,
            output_format=schema(fine={"type": "boolean"})["output_config"]["format"],
        ),
        "stop_sequences",
    ),
    "a schema with a choice": without(
        classifier("Judge.", HISTORY, stream=True, **schema(word={"enum": ["run", "stop"]})), "stop_sequences"
    ),
    "a schema with one word to say": without(
        classifier("Judge.", HISTORY, stream=True, **schema(word={"const": "run"})), "stop_sequences"
    ),
    "a schema with a verdict in plain text": without(
        classifier("Judge.", HISTORY, stream=True, **schema(verdict={"type": "string"})), "stop_sequences"
    ),
    "a schema with a yes or no deep inside": without(
        classifier(
            "Judge.",
            HISTORY,
            stream=True,
            **schema(it={"type": "object", "properties": {"fine": {"anyOf": [{"type": ["boolean", "null"]}]}}}),
        ),
        "stop_sequences",
    ),
    "a tool that must be called": without(
        classifier(
            "Judge.",
            HISTORY,
            stream=True,
            tools=[{"name": "report"}],
            tool_choice={"type": "tool", "name": "report"},
        ),
        "stop_sequences",
    ),
    "the words of a question that is answered": without(
        classifier("You are naming a coding session", f"<session>\n{HISTORY}\n</session>"), "stop_sequences"
    ),
    "a long transcript": without(classifier("Judge the last step.", HISTORY * 2000, max_tokens=8192), "stop_sequences"),
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A rule that answers whatever Claude Code asks, and no guard."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "1.toml").write_text(EVERYTHING, "utf-8")
    loaded = load(folder)
    assert loaded.problems == ()
    return loaded


def decided(loaded: Loaded, body: Body) -> Decision:
    request = parse(Head("POST", "/v1/messages", AGENT), orjson.dumps(body))
    assert isinstance(request, MessagesRequest)
    return loaded.rules.decide(request)


@every("body", REWORDED.values(), ids=REWORDED)
def test_a_classifier_in_any_words_is_forwarded_though_a_rule_matches_it(everything: Loaded, body: Body) -> None:
    assert decided(everything, body) == Forward(DECISION, "everything")


@every("body", REWORDED.values(), ids=REWORDED)
def test_it_is_so_with_the_shipped_rules(shipped: Loaded, body: Body) -> None:
    decision = decided(shipped, body)
    assert isinstance(decision, Forward)
    assert decision.reason in (DECISION, "guarded")


@pytest.mark.parametrize("body", REWORDED.values(), ids=REWORDED)
async def test_it_reaches_the_model(start: Start, scripted: ScriptedUpstream, everything: Loaded, body: Body) -> None:
    sidestep = await start(scripted.url, using=everything.rules)
    target = sidestep.url + "/v1/messages?beta=true"
    async with aiohttp.ClientSession() as session, session.post(target, json=body, headers=AGENT) as reply:
        assert "x-sidestep-rule" not in reply.headers
    assert [request.body for request in scripted.seen] == [body]


@every(
    "change",
    [
        pytest.param(lambda body: body, id="as it is"),
        pytest.param(lambda body: {**body, "max_tokens": 1}, id="one token"),
        pytest.param(lambda body: {**body, "stream": False}, id="stream false"),
        pytest.param(lambda body: {**body, "system": body["system"][1]["text"]}, id="a plain system prompt"),
    ],
)
def test_the_form_of_the_request_may_change_a_little(everything: Loaded, change: Callable[[Body], Body]) -> None:
    assert decided(everything, change(REWORDED["no tag at all"])) == Forward(DECISION, "everything")


def test_a_schema_without_end_is_in_doubt(everything: Loaded) -> None:
    deep: Body = {"type": "string"}
    for _ in range(200):
        deep = {"type": "array", "items": deep}
    body = without(classifier("x", "y", stream=True, **schema(it=deep)), "stop_sequences")
    assert decided(everything, body) == Forward(DECISION, "everything")


@every("version", VERSIONS)
@every("kind", ["quota-probe", "topic", "session-title", "command-prefix", "prompt-suggestion"])
def test_what_is_answered_is_none_of_these(everything: Loaded, kind: str, version: str) -> None:
    if asks(kind, version):
        head, body = question(kind, version)
        request = parse(head, orjson.dumps(body))
        assert isinstance(request, MessagesRequest)
        decision = everything.rules.decide(request)
        assert not (isinstance(decision, Forward) and decision.reason == DECISION)


@every(
    ("version", "left_to_the_model"),
    [("2.0.64", False), ("2.1.62", False), ("2.1.62.1", True), ("2.1.63", True), ("2.1.88", True), ("3.0.0", True)],
)
def test_plain_questions_are_for_rules_up_to_the_client_that_last_asked_any(
    version: str, left_to_the_model: bool
) -> None:
    head = Head("POST", "/v1/messages", {"user-agent": f"claude-cli/{version}"})
    request = parse(head, orjson.dumps({"system": "Say yes.", "messages": [{"role": "user", "content": "hi"}]}))
    assert isinstance(request, MessagesRequest)
    assert may_decide(request) is left_to_the_model


@pytest.mark.parametrize("depth", [7, 8, 200, 300])
@pytest.mark.parametrize("around", [0, 8192])
def test_a_schema_is_looked_at_to_a_certain_depth_and_beyond_it_in_doubt(depth: int, around: int) -> None:
    """However deep, it is said: orjson writes no more than 254 levels."""
    wanted: Body = {"type": "string", "description": "a" * around}
    for _ in range(depth):
        wanted = {"type": "array", "items": wanted}
    body = {"stream": True, "messages": [{"role": "user", "content": "hi"}]}
    raw = json.dumps({**body, "output_config": {"format": {"type": "json_schema", "schema": wanted}}})
    request = parse(Head("POST", "/v1/messages", AGENT), raw.encode())
    assert isinstance(request, MessagesRequest)
    assert may_decide(request) == (depth > 7)

"""The shipped rules under mutated requests: never an exception, never a guarded kind, never more work than text."""

import copy
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import Answer, Decision, Forward, Head
from proxy.question.inspection import SMALL
from proxy.question.messages import MessagesRequest, conversation, parse
from proxy.rules.conditions import Known, first_failing
from proxy.rules.examples import request_of
from proxy.rules.load import load
from proxy.rules.misses import miss_of
from proxy.rules.permission import DECISION
from proxy.rules.ruleset import NO_MATCH, Failed
from tests.cases import every

SHIPPED = load(Path(__file__).parent.parent.parent / "rules")
RULES = SHIPPED.rules
OF_MESSAGES = [entry for entry in SHIPPED.entries if entry.rule.respond is None]
SEEDS = [
    request_of(entry.base, entry.model.base, example)
    for entry in OF_MESSAGES
    for example in (*entry.model.matches, *entry.model.misses)
]
ANSWERED = [
    request_of(entry.base, entry.model.base, match)
    for entry in OF_MESSAGES
    for match in entry.model.matches
    if match.answer is not None
]

Body = dict[str, Any]
Mutation = Callable[[Body, Any], None]

SNIPPETS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["Command: ls; id\n", "</session>", "<policy_spec>", "Warmup", "quota", "Output: ", "\x00", "\ud7ff"]
    ),
)


def _drop(body: Body, snippet: Any) -> None:
    keys = sorted(body)
    if keys:
        del body[keys[len(str(snippet)) % len(keys)]]


def _replace(body: Body, snippet: Any) -> None:
    keys = sorted(body)
    if keys:
        body[keys[len(str(snippet)) % len(keys)]] = snippet


def _say_more(body: Body, snippet: Any) -> None:
    body.setdefault("messages", []).append({"role": "user", "content": snippet})


def _in_blocks(body: Body, snippet: Any) -> None:
    for message in body.get("messages", []):
        if isinstance(message.get("content"), str):
            message["content"] = [{"type": "text", "text": message["content"]}, {"type": "text", "text": snippet}]


def _into_text(body: Body, snippet: Any) -> None:
    for message in body.get("messages", []):
        if isinstance(message.get("content"), str):
            middle = len(message["content"]) // 2
            message["content"] = message["content"][:middle] + snippet + message["content"][middle:]


def _new_system(body: Body, snippet: Any) -> None:
    system = body.get("system")
    blocks = system if isinstance(system, list) else [{"type": "text", "text": str(system)}]
    body["system"] = [*blocks, {"type": "text", "text": snippet}]


def _offer_tool(body: Body, snippet: Any) -> None:
    body["tools"] = [{"name": snippet}]


MUTATIONS: list[Mutation] = [_drop, _replace, _say_more, _in_blocks, _into_text, _new_system, _offer_tool]


def decide(head: Head, raw: bytes) -> Decision:
    parsed = parse(head, raw)
    RULES.interested(head)
    return RULES.decide(parsed) if isinstance(parsed, MessagesRequest) else Forward(parsed.reason)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Head, Body]:
    head, raw = draw(st.sampled_from(SEEDS))
    body = orjson.loads(raw)
    for mutate in draw(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=4)):
        with_snippet = draw(SNIPPETS)
        if isinstance(body.get("messages", []), list):
            mutate(body, with_snippet)
    return head, body


@given(mutated())
def test_a_mutated_request_is_answered_or_forwarded(request: tuple[Head, Body]) -> None:
    head, body = request
    decision = decide(head, orjson.dumps(body))
    assert not (isinstance(decision, Forward) and decision.reason.startswith("rule failed"))


def _as_written(body: Body) -> list[bytes]:
    """Small and large, plain and with escapes where none is needed; no literal of JSON has a capital letter."""
    large = body | {"padding": "a" * SMALL}
    escaped = re.sub("[CESTW]", lambda letter: f"\\u{ord(letter[0]):04x}", json.dumps(large))
    return [orjson.dumps(body), orjson.dumps(large), json.dumps(large).encode(), escaped.encode()]


@given(st.sampled_from(SEEDS) | mutated().map(lambda request: (request[0], orjson.dumps(request[1]))))
def test_serving_and_explaining_say_what_examples_say(request: tuple[Head, bytes]) -> None:
    """A rule is evaluated by one function: what is known of a head and of texts beforehand changes nothing."""
    head, raw = request
    for written in _as_written(orjson.loads(raw)):
        parsed = parse(head, written)
        if not isinstance(parsed, MessagesRequest):
            continue
        known = Known(head, RULES.absent([written]), SMALL + 1 if len(written) > SMALL else 0)
        failed: list[Failed] = []
        decision = RULES.decide(parsed, failed)
        where = {rule.name: condition for rule, condition in failed}
        for rule in RULES.rules:
            by_example, groups = rule.match(parsed), dict[str, str]()
            serving = first_failing(rule.when.left(known), parsed, groups)
            assert (groups if serving is None else None) == by_example
            miss = miss_of(rule, parsed)
            assert (miss is None) is (by_example is not None)
            if rule.name in where:
                assert where[rule.name] is rule.when.conditions[miss.held]  # type: ignore[union-attr]
        first = next((rule for rule in RULES.rules if rule.match(parsed) is not None), None)
        assert decision.rule == (first.name if first else "")


TOOL = {"name": "Read", "description": "reads", "input_schema": {"type": "object"}}
NAMED = {"x-claude-code-session-id": "s"}


def _as_conversations(body: Body) -> list[bytes]:
    """The same with the tools of a conversation, written as the client does, and otherwise."""
    tools = body["tools"] if isinstance(body.get("tools"), list) else []
    large = {"model": "m"} | body | {"model": "m", "tools": [*tools, TOOL, TOOL], "padding": "a" * SMALL}
    return [orjson.dumps(large), json.dumps(large).encode(), orjson.dumps(large)[:-9]]


def _settled(head: Head, raw: bytes) -> Sequence[Failed] | None:
    pieces = [raw[: len(raw) // 3], raw[len(raw) // 3 :]]
    found = conversation(Head(head.method, head.path, {**head.headers, **NAMED}), pieces)
    return RULES.settled(found.head, RULES.absent(pieces)) if found else None


@given(st.sampled_from(SEEDS) | mutated().map(lambda request: (request[0], orjson.dumps(request[1]))))
def test_what_is_settled_before_it_is_parsed_no_rule_matches(request: tuple[Head, bytes]) -> None:
    head, raw = request
    for written in _as_conversations(orjson.loads(raw)):
        failed, parsed = _settled(head, written), parse(head, written)
        if failed is None or not isinstance(parsed, MessagesRequest):
            continue
        assert RULES.decide(parsed, absent=frozenset()) in (Forward(NO_MATCH), Forward(DECISION))
        asked = [rule for rule in RULES.rules if rule.when.possible(head)]
        assert [rule for rule, _ in failed] == asked
        for rule, condition in failed:
            assert not condition.check(Known())(parsed, {}), rule.name


def test_no_example_that_a_rule_matches_is_settled() -> None:
    matched = 0
    for head, raw in SEEDS:
        for written in _as_conversations(orjson.loads(raw))[:2]:
            parsed = parse(head, written)
            assert isinstance(parsed, MessagesRequest)
            if any(rule.match(parsed) is not None for rule in RULES.rules):
                matched += 1
                assert _settled(head, written) is None
    assert matched > 50


def test_a_plain_conversation_is_settled_and_one_with_a_mark_anywhere_is_not() -> None:
    head = Head("POST", "/v1/messages", {"user-agent": "claude-cli/2.1.332 (external, cli)"})
    first = {"role": "user", "content": "why is a < b, and \\u001b[1m?"}
    plain: dict[str, Any] = {"messages": [first, {"role": "assistant", "content": "since"}, first], "system": "b"}
    for number in (0, 1):
        assert _settled(head, _as_conversations(plain)[number]) is not None
    for mark in (
        "<block>",
        "[SUGGESTION MODE: Suggest what the user might naturally type next into Claude Code.]",
        "\\u0041",
    ):
        for at in range(3):
            turns = [
                turn | {"content": f"{turn['content']} {mark}."} if at == n else turn
                for n, turn in enumerate(plain["messages"])
            ]
            assert _settled(head, _as_conversations(plain | {"messages": turns})[0]) is None
    asked = plain | {"output_config": {"format": {"type": "json_schema", "schema": {"properties": {"safe": {}}}}}}
    assert _settled(head, _as_conversations(asked)[0]) is None


def _classifier(body: Body) -> None:
    text = {"type": "text", "text": "You are a security monitor for autonomous AI coding agents."}
    body["system"] = [text, *(body["system"] if isinstance(body.get("system"), list) else [])]


def _transcript(body: Body) -> None:
    last = [message for message in body["messages"] if message["role"] == "user"][-1]
    text = last["content"] if isinstance(last["content"], str) else ""
    last["content"] = [{"type": "text", "text": "<transcript>\n"}, {"type": "text", "text": text}]


def _hook(body: Body) -> None:
    body["system"] = [{"type": "text", "text": "You are evaluating a hook in Claude Code."}]


def _compaction(body: Body) -> None:
    text = "Your task is to create a detailed summary of the conversation so far"
    last = [message for message in body["messages"] if message["role"] == "user"][-1]
    old = last["content"] if isinstance(last["content"], str) else last["content"][0].get("text", "")
    last["content"] = f"{old}\n{text}"


@pytest.mark.parametrize("guarded", [_classifier, _transcript, _hook, _compaction])
@given(st.sampled_from(ANSWERED), st.booleans())
def test_a_guarded_kind_is_never_answered(
    guarded: Callable[[Body], None], seed: tuple[Head, bytes], stream: bool
) -> None:
    """Whatever else an answering rule would have matched."""
    head, raw = seed
    body = copy.deepcopy(orjson.loads(raw)) | {"stream": stream}
    guarded(body)
    assert not isinstance(decide(head, orjson.dumps(body)), Answer)


def _work(head: Head, body: Body) -> int:
    """Function calls, Python's and C's, that a decision takes: a measure that no busy machine disturbs."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    raw = orjson.dumps(body)
    decide(head, raw)
    sys.setprofile(count)
    try:
        decide(head, raw)
    finally:
        sys.setprofile(None)
    return calls


@every("head_and_raw", ANSWERED, ids=range(len(ANSWERED)))
@every("growing", ["messages", "words", "system", "tools"])
def test_the_work_grows_no_faster_than_the_request(head_and_raw: tuple[Head, bytes], growing: str) -> None:
    head, raw = head_and_raw
    work = []
    for times in (1, 2, 4):
        # Small bodies are taken apart in another way than large ones.
        body = orjson.loads(raw) | {"metadata": {"user_id": "a" * SMALL}}
        filler = "lorem ipsum dolor `sit` $amet; " * (100 * times)
        if growing == "messages":
            turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}] * (100 * times)
            body["messages"] = [*turns, *body["messages"]]
        elif growing == "words":
            body["messages"][-1] = {"role": "user", "content": f"{body['messages'][-1]['content']}{filler}"}
        elif growing == "system":
            body["system"] = [*[{"type": "text", "text": "lorem"}] * (100 * times), *(body.get("system") or [])]
        else:
            body["tools"] = [{"name": "Bash", "description": filler}] * times
        work.append(_work(head, body))
    assert work[2] - work[1] <= 2.5 * max(work[1] - work[0], 200)

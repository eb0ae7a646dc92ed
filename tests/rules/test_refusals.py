"""What no rule answers, whatever it matches: what the API would refuse, and what asks for more than a text."""

from typing import Any

import orjson
import pytest

from proxy.exchange import Answer, Decision, Forward, Head
from proxy.question.inspection import SMALL
from proxy.question.messages import NotUnderstood, parse
from proxy.rules.load import Loaded
from proxy.rules.permission import DECISION
from tests.cases import every
from tests.versions import question

TITLE = question("session-title", "2.1.330", "review PR #237")
SUGGESTION = question("prompt-suggestion", "2.1.330")
TWO_TOOLS = [{"name": "Bash"}, {"name": "Read"}]
MIDDLING, LARGE = 20_000, 2 * 1024 * 1024
"""Bytes: more than are looked through, and more than are read in one turn."""

Body = dict[str, Any]

REFUSED: dict[str, Body] = {
    "no model": {"model": None},
    "an empty model": {"model": ""},
    "a model that is no text": {"model": 3},
    "no max_tokens": {"max_tokens": None},
    "no tokens": {"max_tokens": 0},
    "tokens in a text": {"max_tokens": "64"},
    "a yes for tokens": {"max_tokens": True},
    "half a token": {"max_tokens": 64.5},
    "a stream that is a number": {"stream": 1},
    "a stream that is a text": {"stream": "true"},
    "tools that are no list": {"tools": {"a": 1}},
    "tools that are a text": {"tools": "Bash"},
    "metadata that is a text": {"metadata": "x"},
    "a system prompt with a picture": {"system": [{"type": "image"}, *TITLE[1]["system"]]},
    "any tool": {"tool_choice": {"type": "any"}},
    "one tool": {"tool_choice": {"type": "tool", "name": "Bash"}},
    "a choice that is a text": {"tool_choice": "any"},
    "an end": {"stop_sequences": ["\n"]},
    "an end that is a text": {"stop_sequences": "\n"},
    "two schemas": {"output_format": {"type": "json_schema", "schema": {"properties": {"ok": {"type": "boolean"}}}}},
}


def decided(loaded: Loaded, head: Head, raw: bytes) -> Decision:
    request = parse(head, raw)
    return Forward(request.reason) if isinstance(request, NotUnderstood) else loaded.rules.decide(request)


def suggestion(*behind: Body, size: int = 0, **fields: Any) -> bytes:
    """A question for a suggestion in a conversation with two tools, and messages behind it."""
    said = [*SUGGESTION[1]["messages"], *behind]
    if size:
        said = [{"role": "user", "content": "a" * size}, {"role": "assistant", "content": "b"}, *said]
    return orjson.dumps({**SUGGESTION[1], "tools": TWO_TOOLS, "messages": said, **fields})


@every("padding", [0, SMALL], ids=["small", "large"])
@every("fields", REFUSED.values(), ids=REFUSED)
def test_the_same_is_refused_whatever_the_size(shipped: Loaded, fields: Body, padding: int) -> None:
    head, body = TITLE
    assert isinstance(decided(shipped, head, orjson.dumps(body) + b" " * padding), Answer)
    raw = orjson.dumps({**body, **fields}) + b" " * padding
    assert isinstance(decided(shipped, head, raw), Forward)


@every("fields", [one for name, one in REFUSED.items() if name != "a system prompt with a picture"])
def test_a_conversation_with_tools_is_no_exception(shipped: Loaded, fields: Body) -> None:
    assert isinstance(decided(shipped, SUGGESTION[0], suggestion()), Answer)
    raw = suggestion(**(fields if "output_format" not in fields else {**TITLE[1], **fields, "messages": []}))
    assert isinstance(decided(shipped, SUGGESTION[0], raw), Forward)


@every("fields", [{"tool_choice": {"type": "auto"}}, {"tool_choice": {"type": "none"}}, {"stop_sequences": []}, {}])
@every("size", [0, MIDDLING, LARGE])
def test_what_leaves_the_model_free_speaks_against_nothing(shipped: Loaded, size: int, fields: Body) -> None:
    assert isinstance(decided(shipped, SUGGESTION[0], suggestion(size=size, **fields)), Answer)


@every("role", ["User", "user ", "tool", "developer", ""])
@every("size", [0, MIDDLING])
def test_nobody_speaks_behind_the_question(shipped: Loaded, size: int, role: str) -> None:
    raw = suggestion({"role": role, "content": "what about my login bug?"}, size=size)
    assert decided(shipped, SUGGESTION[0], raw) == Forward("a message is of no known role", "prompt-suggestion")


def test_a_prompt_of_the_system_may_stand_behind_it_but_asks_for_no_verdict(shipped: Loaded) -> None:
    raw = suggestion({"role": "system", "content": "# Environment"})
    assert isinstance(decided(shipped, SUGGESTION[0], raw), Answer)
    raw = suggestion({"role": "system", "content": "Answer <block>yes</block>"})
    assert decided(shipped, SUGGESTION[0], raw) == Forward(DECISION, "prompt-suggestion")


@pytest.mark.parametrize("most", [1, 24])
def test_an_answer_that_may_not_fit_into_max_tokens_is_not_given(shipped: Loaded, most: int) -> None:
    head, body = TITLE
    answer = decided(shipped, head, orjson.dumps(body | {"max_tokens": 25}))
    assert isinstance(answer, Answer)
    assert len(answer.text.encode()) == 25
    declined = Forward("declined: the answer may be longer than max_tokens", "session-title")
    assert decided(shipped, head, orjson.dumps(body | {"max_tokens": most})) == declined


@every("size", [0, MIDDLING, 300_000, LARGE])
@every("key", ["messages", "model", "system", "tools", "stream", "max_tokens", "output_config", "unknown"])
def test_a_key_that_stands_twice_decides_nothing(shipped: Loaded, key: str, size: int) -> None:
    other = {"messages": [{"role": "user", "content": "fix my code"}], "unknown": 1}.get(key)
    raw = suggestion(size=size, unknown=2)
    assert isinstance(decided(shipped, SUGGESTION[0], raw), Answer)
    named = b'"%b"' % key.encode()
    for name in (named, b'"\\u00%02x%b' % (named[1], named[2:])):
        twice = b"{%b:%b,%b" % (name, orjson.dumps(other), raw[1:])
        if key in orjson.loads(raw):
            assert decided(shipped, SUGGESTION[0], twice) == Forward("a key may stand in it twice", "prompt-suggestion")


def test_a_key_that_stands_twice_in_a_message_decides_nothing_either(shipped: Loaded) -> None:
    head, body = TITLE
    raw = orjson.dumps(body).replace(b'"role":"user"', b'"role":"user","content":"fix my code"')
    assert decided(shipped, head, raw) == Forward("a key may stand in it twice", "session-title")


@pytest.mark.parametrize("size", [0, MIDDLING])
def test_blanks_and_escapes_are_no_second_key(shipped: Loaded, size: int) -> None:
    raw = suggestion(size=size)
    for written in (
        orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2),
        raw.replace(b"run the", b"\\u0072un the"),
        raw.replace(b'"max_tokens"', b'"\\u006dax_tokens"').replace(b"32000", b"32e3") + b"\n",
    ):
        decision = decided(shipped, SUGGESTION[0], written)
        assert isinstance(decision, Answer) is (b"32e3" not in written), decision

"""The inspection of large bodies: what real conversations hold is seen, and what is too much is told by size."""

import sys
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from bench.shapes import SHAPES, filled
from proxy.exchange import Answer, Decision, Forward, Head
from proxy.question.inspection import LONGEST_TEXT, SMALL, inspected
from proxy.question.messages import MessagesRequest, NotUnderstood, parse
from proxy.question.outline import MOST_BLOCKS
from proxy.rules.load import Loaded
from proxy.rules.ruleset import RuleSet
from tests.cases import every
from tests.versions import suggestion

HEAD = Head("POST", "/v1/messages", {"user-agent": "claude-cli/2.1.330 (external, cli)"})
MEBIBYTE = 1024 * 1024
HELLO = {"role": "user", "content": "hello"}
SUGGEST = suggestion()
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo" * 400_000}}


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def conversation(*more: Any, **fields: Any) -> bytes:
    """Of 200 turns and 300 tools, as large as a long day's."""
    turns: list[Any] = []
    for number in range(200):
        result = {
            "type": "tool_result",
            "tool_use_id": f"t{number}",
            "content": '{"a": [1, 2]},\n' * 100,
        }
        turns += [{"role": "assistant", "content": [text("I look.")]}, {"role": "user", "content": [result]}]
    tools = [{"name": f"mcp__a__{number}", "description": "b" * 500, "input_schema": {}} for number in range(300)]
    system = [text("You are Claude Code."), text("c" * 100_000)]
    messages = [HELLO, *turns, *more]
    fields = {"model": "m", "max_tokens": 32000, "system": system, "tools": tools, **fields}
    return orjson.dumps({**fields, "messages": messages})


def decided(rules: Loaded, body: bytes) -> Decision:
    request = parse(HEAD, body)
    return Forward(request.reason) if isinstance(request, NotUnderstood) else rules.rules.decide(request)


def test_a_suggestion_behind_a_long_conversation_with_images_is_answered(shipped: Loaded) -> None:
    body = conversation(
        {"role": "user", "content": [IMAGE, text("what is this?")]},
        {"role": "assistant", "content": "A cat."},
        {"role": "user", "content": SUGGEST},
    )
    assert 4 * MEBIBYTE < len(body) < 8 * MEBIBYTE
    assert isinstance(decided(shipped, body), Answer)


def test_a_guard_sees_the_text_beside_a_large_image(shipped: Loaded) -> None:
    body = conversation({"role": "user", "content": [text("<transcript>\n"), IMAGE]})
    assert decided(shipped, body) == Forward("guarded", "safety-classifier")


def test_of_a_large_message_types_and_texts_are_known() -> None:
    found = inspected(orjson.dumps({"messages": [{"role": "user", "content": [IMAGE, {}, text("a"), text("b")]}]}))
    assert (found.ending[0].types, found.ending[0].texts) == (("image", "", "text", "text"), ("a", "b"))


OUTPUT = {"format": {"type": "json_schema", "schema": {"type": "object"}}, "x": "a" * 70_000}


@every(
    ("fields", "excess"),
    [
        ({"system": "a" * LONGEST_TEXT}, ""),
        ({"system": "a" * (LONGEST_TEXT + 1)}, "long system prompt"),
        ({"system": [text("a" * (LONGEST_TEXT // 2))] * 3}, "long system prompt"),
        ({"system": [text("a")] * (MOST_BLOCKS + 1)}, "long system prompt"),
        ({"tools": [{"name": "a"}] * 4096}, ""),
        ({"tools": [{"name": "a"}] * 4097}, "many tools"),
        ({"messages": [HELLO] * 10_000}, ""),
        ({"messages": [HELLO] * 10_001}, "many messages"),
        ({"messages": [{"role": "user", "content": "a" * (LONGEST_TEXT - 1000)}]}, ""),
        ({"messages": [{"role": "user", "content": "a" * (LONGEST_TEXT + 1)}]}, "long message"),
        ({"messages": [{"role": "user", "content": [text("a" * LONGEST_TEXT), text("b")]}]}, "long message"),
        ({"messages": [HELLO, {"role": "assistant", "content": "a" * (LONGEST_TEXT + 1)}]}, "long message"),
        ({"messages": [{"role": "user", "content": "a" * LONGEST_TEXT * 2}, HELLO]}, ""),
        ({"messages": [HELLO, *[{"role": "system", "content": "a" * 99}] * 63]}, ""),
        ({"messages": [HELLO, *[{"role": "system", "content": "a" * 99}] * 64]}, "many messages at the end"),
    ],
)
def test_what_is_too_large_for_any_rule_is_told_by_its_size(
    shipped: Loaded, fields: Mapping[str, Any], excess: str
) -> None:
    body = orjson.dumps(
        {"messages": [HELLO], "model": "m", "stream": True, **fields, "metadata": {"user_id": "a" * 5000}}
    )
    request = parse(HEAD, body)
    assert isinstance(request, MessagesRequest)
    assert (request.inspection.excess, request.model) == (excess, "m")
    reason = f"too large to look into: {excess}" if excess else "no rule matched"
    assert shipped.rules.decide(request).reason == reason  # type: ignore[union-attr]


@every(
    ("body", "reason"),
    [
        (filled(b'{"messages":[', b"[],", b"[]]}", 2 * MEBIBYTE), "many parts"),
        (filled(b'{"messages":[]', b',"a":1', b"}", 4 * MEBIBYTE), "many parts"),
        (filled(b'{"messages":[{"role":"user","content":[', b"{},", b"{}]}]}", 300_000), "not a Messages request"),
        (
            filled(b'{"messages":[{"role":"user","content":[', b"[[[[[]]]]],", b"[]]}]}", 300_000),
            "not a Messages request",
        ),
        (filled(b'{"messages":[{"role":"user","content":[', b"[[[[[]]]]],", b"[]]}]}", 2 * MEBIBYTE), "many parts"),
        (filled(b'{"x":[', b"[" * 500 + b"]" * 500 + b",", b'[]],"messages":[]}', 2 * MEBIBYTE), "many parts"),
        (filled(b'{"system":[', b"{},", b'{}],"messages":[]}', 300_000), "not a Messages request"),
        (filled(b"[", b"{},", b"{}]", 300_000), "not a JSON object"),
        (filled(b'{"messages":[],"a":', b"[", b"", 300_000), "nested too deeply"),
    ],
)
def test_what_has_too_many_parts_or_is_odd_is_not_taken_apart(body: bytes, reason: str) -> None:
    assert parse(HEAD, body) == NotUnderstood(reason)


@every(
    ("part", "well_formed"),
    [
        (b'"\xff"', False),
        (b'"\\ud800"', False),
        (b'"\\x"', False),
        (b'"\n"', False),
        (b"01", False),
        ('"中 😀"'.encode(), True),
        (b'"\\ud83d\\ude00"', True),
    ],
)
def test_what_is_never_looked_at_has_to_be_json_all_the_same(shipped: Loaded, part: bytes, well_formed: bool) -> None:
    """Else a request might be answered that the API would refuse."""
    messages = [HELLO, {"role": "user", "content": SUGGEST}]
    before = orjson.dumps({"model": "m", "max_tokens": 32000, "messages": messages})[:-1] + b',"x":['
    found = decided(shipped, filled(before, b'"a",', part + b"]}", 100_000))
    assert isinstance(found, Answer) is well_formed


@pytest.mark.parametrize("place", sorted({name.partition(":")[0] for name in SHAPES}))
def test_whatever_the_shape_little_is_made_of_it(shipped: Loaded, place: str) -> None:
    """In objects, a few for each comma that a body may have: to make and to free them is what takes long."""
    made = {}
    for name, shape in SHAPES.items():
        if name.partition(":")[0] == place:
            head, body = shape(4 * MEBIBYTE)
            before = sys.getallocatedblocks()
            request = parse(head, body)
            made[name] = sys.getallocatedblocks() - before
            if isinstance(request, MessagesRequest):
                assert isinstance(shipped.rules.decide(request), Answer | Forward), name
    assert {name: blocks for name, blocks in made.items() if blocks >= 700_000} == {}


@pytest.mark.parametrize(
    ("field", "element", "reason"),
    [("tools", '{"name":"é漢"}', "many tools"), ("system", '{"type":"text","text":"\\u00e9"}', "long system prompt")],
)
def test_of_a_large_body_what_is_large_beside_the_messages_is_not_taken_apart(
    field: str, element: str, reason: str
) -> None:
    many = ",".join([element] * 100_000)
    body = f'{{"messages":[{{"role":"user","content":"hi"}}],"{field}":[{many}]}}'.encode()
    assert parse(HEAD, body) == NotUnderstood(reason)


LONG = b"\\n" * 2 * MEBIBYTE
"""Of escapes: to read them takes twice as long as to pass over them."""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"messages":[{"role":"%s","content":"hi"}]}', "not a Messages request"),
        (b'{"model":"%s","messages":[{"role":"user","content":"hi"}]}', "long model"),
        (b'{"metadata":{"user_id":"%s"},"messages":[{"role":"user","content":"hi"}]}', "long metadata"),
        (b'{"output_config":"%s","messages":[{"role":"user","content":"hi"}]}', "long output_config"),
        (b'{"max_tokens":1%s,"messages":[{"role":"user","content":"hi"}]}', "long max_tokens"),
    ],
)
def test_what_is_longer_than_any_is_not_read(body: bytes, reason: str) -> None:
    """Decoded on the event loop, a role of 8 MiB of escapes took 50 ms."""
    filler = b"1" * 2 * MEBIBYTE if b":1%s" in body else LONG
    assert parse(HEAD, body % filler) == NotUnderstood(reason)


def test_a_role_of_an_older_message_is_not_read_if_it_is_longer_than_any() -> None:
    request = parse(HEAD, b'{"messages":[{"role":"%s","content":"a"},{"role":"user","content":"hi"}]}' % LONG)
    assert isinstance(request, MessagesRequest)
    assert (request.user_text, request.roles, request.well_formed) == ("hi", (), False)


@pytest.mark.parametrize("size", [10_000, 2 * MEBIBYTE])
def test_a_text_that_is_not_utf_8_is_never_answered(shipped: Loaded, size: int) -> None:
    before = b'{"messages":[{"role":"assistant","content":"a"},{"role":"user","content":[{"type":"text","text":'
    body = filled(before + orjson.dumps(SUGGEST) + b'},{"type":"text","text":"\xff"}]}],"x":"', b"a", b'"}', size)
    assert isinstance(decided(shipped, body), Forward)


@pytest.mark.parametrize(
    "field",
    [b'"\xff": 1', b'"output_config": {"x": "\xff"}', b'"output_config": {"x": 1e999}'],
)
def test_what_cannot_be_read_in_a_field_costs_no_request(shipped: Loaded, field: bytes) -> None:
    """Also where no rule has looked at it: then the look for decisions about permission is the first."""
    body = b'{%b, "messages": [{"role": "user", "content": "x"}]}' % field + b" " * SMALL
    assert isinstance(decided(shipped, body), Forward)
    request = parse(HEAD, body)
    assert isinstance(request, MessagesRequest)
    assert isinstance(RuleSet(()).decide(request), Forward)


def test_a_large_request_without_tools_is_in_doubt(shipped: Loaded) -> None:
    """What its fields are called would be known only after a second pass."""
    turns = [HELLO, {"role": "assistant", "content": "a"}, {"role": "user", "content": SUGGEST}]
    for size, reason in ((100_000, ""), (2 * MEBIBYTE, "may be a decision about permission")):
        messages = [{"role": "user", "content": "a" * size}, *turns]
        body = orjson.dumps({"model": "m", "max_tokens": 32000, "stream": True, "messages": messages})
        assert getattr(decided(shipped, body), "reason", "") == reason


def test_no_large_body_is_answered_by_a_rule_that_has_to_see_the_whole(shipped: Loaded) -> None:
    def probe(size: int) -> bytes:
        fields = {"model": "m", "max_tokens": 1, "metadata": {"x": "b" * size}, "data_flow": "c" * size}
        return orjson.dumps({**fields, "messages": [{"role": "user", "content": "quota"}]})

    assert isinstance(decided(shipped, probe(MEBIBYTE // 2 - 100)), Answer)
    assert decided(shipped, probe(MEBIBYTE // 2 + 100)) == Forward("may be a decision about permission")


def test_a_large_body_has_its_system_prompt_and_its_tools() -> None:
    picture = {"type": "image", "source": {"type": "base64", "data": "a" * 2 * 1024 * 1024}}
    messages = [{"role": "user", "content": [picture]}, {"role": "assistant", "content": "nice"}, HELLO]
    request = parse(HEAD, orjson.dumps({"messages": messages, "system": "be brief", "tools": [{"name": "Read"}]}))
    assert isinstance(request, MessagesRequest)
    assert (request.system, request.tools, request.count) == (("be brief",), ("Read",), 3)

"""The view of a Messages request: what it makes of every shape, and that no bytes can break it."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.exchange import Head
from proxy.question.inspection import SMALL
from proxy.question.messages import SESSION, Conversation, MessagesRequest, NotUnderstood, conversation, parse
from tests.cases import every

HEAD = Head("POST", "/v1/messages", {})
ODD = NotUnderstood("not a Messages request")
"""What is said of a large body with a field that the API would not take."""
HELLO = {"role": "user", "content": "hello"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4),
    max_leaves=15,
)
FIELDS = ["model", "stream", "system", "tools", "messages", "output_config", "role", "content", "type", "text", "name"]
FIELDS += ["format", "schema"]
SHAPED = st.recursive(
    JSON | st.sampled_from(["user", "assistant", "system", "text", "json_schema"]),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), below, max_size=5),
    max_leaves=25,
)


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def message(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def request_of(**body: Any) -> MessagesRequest:
    request = parse(HEAD, orjson.dumps({"messages": [HELLO], **body}))
    assert isinstance(request, MessagesRequest)
    return request


def read_everything(request: MessagesRequest) -> None:
    assert isinstance(request.model, str)
    assert isinstance(request.stream, bool)
    assert isinstance(request.prefill, str | None)
    assert isinstance(request.schema, dict | None)
    for texts in (request.system, request.tools, request.user_texts, request.user_blocks):
        assert all(isinstance(one, str) for one in texts)
    assert len(request.roles) in (0, request.count)
    assert request.fields


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_a_value(body: bytes) -> None:
    assert isinstance(parse(HEAD, body), MessagesRequest | NotUnderstood)


@settings(deadline=None)
@given(JSON | SHAPED)
def test_any_json_is_a_value_and_all_of_it_can_be_read(value: Any) -> None:
    parsed = parse(HEAD, orjson.dumps(value))
    if isinstance(parsed, MessagesRequest):
        read_everything(parsed)


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.sampled_from(FIELDS), SHAPED), st.lists(st.tuples(st.text(), SHAPED), min_size=1))
def test_a_request_with_any_other_fields_can_be_read(body: dict[str, Any], turns: list[tuple[str, Any]]) -> None:
    messages = [message(role, content if isinstance(content, str) else [{"type": content}]) for role, content in turns]
    raw = orjson.dumps({**body, "messages": messages})
    request = parse(HEAD, raw)
    if isinstance(request, MessagesRequest):
        read_everything(request)
    else:
        assert len(raw) > SMALL
        assert request == ODD


@every(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"messages": NaN}', "not JSON"),
        (b'{"messages": "\\ud800"}', "not JSON"),
        (b"[" * 1000, "not JSON"),
        (b"[" * 100_000, "not a JSON object"),
        (b'{"x":' + b"[" * 100_000, "nested too deeply"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "no messages"),
        (b'{"messages": null}', "no messages"),
        (b'{"messages": {}}', "no messages"),
        (b'{"messages": []}', "no messages"),
        (b'{"messages": ["hello"]}', "no messages"),
        (b'{"messages": [{"role": "user"}]}', "no messages"),
        (b'{"messages": [{"content": "hello"}]}', "no messages"),
        (b'{"messages": [{"role": 1, "content": "hello"}]}', "no messages"),
        (b'{"messages": [{"role": "user", "content": null}]}', "no messages"),
        (b'{"messages": [{"role": "user", "content": ["hello"]}]}', "no messages"),
        (b'{"messages": [{"role": "user", "content": "a"}, 5]}', "no messages"),
    ],
)
def test_what_is_not_understood_says_why(body: bytes, reason: str) -> None:
    assert parse(HEAD, body) == NotUnderstood(reason)


@pytest.mark.parametrize("coding", ["gzip", "zstd", "GZIP", "identity, gzip"])
def test_a_compressed_body_is_not_understood_even_if_it_is_json(coding: str) -> None:
    head = Head("POST", "/v1/messages", {"content-encoding": coding})
    assert parse(head, orjson.dumps({"messages": [HELLO]})) == NotUnderstood("compressed body")


@pytest.mark.parametrize("coding", ["identity", "Identity"])
def test_the_identity_coding_is_no_compression(coding: str) -> None:
    head = Head("POST", "/v1/messages", {"content-encoding": coding})
    assert isinstance(parse(head, orjson.dumps({"messages": [HELLO]})), MessagesRequest)


def test_a_request_knows_its_head_and_its_size() -> None:
    body = b' {"messages": [{"role": "user", "content": "hello"}]} '
    request = parse(HEAD, body)
    assert isinstance(request, MessagesRequest)
    assert (request.head, request.size) == (HEAD, len(body))


@every(
    ("content", "texts", "blocks"),
    [
        ("hello", ("hello",), ("text",)),
        ("", ("",), ("text",)),
        ([], (), ()),
        ([text("a"), text("b")], ("a", "b"), ("text", "text")),
        ([text("a"), {"type": "image", "source": {}}], ("a",), ("text", "image")),
        ([{"type": "tool_result", "content": [text("inner")]}], (), ("tool_result",)),
        ([{"type": "text"}, {"type": "text", "text": 5}], (), ("text", "text")),
        ([{"text": "typeless"}], (), ("",)),
    ],
)
def test_content_may_be_a_string_or_blocks(content: Any, texts: tuple[str, ...], blocks: tuple[str, ...]) -> None:
    request = request_of(messages=[message("user", content)])
    assert (request.user_texts, request.user_blocks) == (texts, blocks)


@every(
    ("roles", "last"),
    [
        (["user"], "0"),
        (["user", "assistant", "user"], "2"),
        (["user", "assistant"], "0"),
        (["user", "system"], "0"),
        (["user", "assistant", "user", "system", "system"], "2"),
        (["user", "assistant", "system"], "0"),
        (["assistant"], None),
        (["system"], None),
    ],
)
def test_the_last_user_message_need_not_be_the_last_message(roles: list[str], last: str | None) -> None:
    request = request_of(messages=[message(role, str(index)) for index, role in enumerate(roles)])
    assert request.user_texts == (() if last is None else (last,))
    assert request.user_blocks == (() if last is None else ("text",))


@every(
    ("messages", "prefill"),
    [
        ([message("user", "a")], None),
        ([message("user", "a"), message("assistant", "{")], "{"),
        ([message("user", "a"), message("assistant", [text("{"), text('"t"')])], '{"t"'),
        ([message("user", "a"), message("assistant", "")], ""),
        ([message("user", "a"), message("assistant", [{"type": "tool_use"}])], ""),
        ([message("user", "a"), message("assistant", "{"), message("system", "env")], "{"),
        ([message("user", "a"), message("system", "env"), message("assistant", "{")], "{"),
        ([message("user", "a"), message("assistant", "b"), message("user", "c")], None),
        ([message("user", "a"), message("assistant", "b"), message("user", "c"), message("system", "env")], None),
        ([message("system", "env")], None),
        ([message("assistant", "alone")], "alone"),
    ],
)
def test_a_closing_assistant_message_is_a_prefill(messages: list[Any], prefill: str | None) -> None:
    assert request_of(messages=messages).prefill == prefill


@every(
    ("system", "texts"),
    [
        ("one", ("one",)),
        ([text("one"), text("two")], ("one", "two")),
        ([text("one"), {"type": "other"}, "bare", None], ("one",)),
        ([], ()),
        (None, ()),
        (5, ()),
        ({"type": "text", "text": "no list"}, ()),
    ],
)
def test_the_system_prompt_is_its_text_blocks(system: Any, texts: tuple[str, ...]) -> None:
    assert request_of(system=system).system == texts


@every(
    ("tools", "names"),
    [
        ([{"name": "Bash"}, {"name": "Read"}], ("Bash", "Read")),
        ([{"type": "web_search"}, "bare", None], ("", "", "")),
        ([], ()),
        (None, ()),
        ("Bash", ()),
        ({"name": "Bash"}, ()),
    ],
)
def test_tools_are_their_names_and_one_without_a_name_still_counts(tools: Any, names: tuple[str, ...]) -> None:
    assert request_of(tools=tools).tools == names


@every(("value", "streams"), [(True, True), (False, False), (1, False), ("true", False), (None, False)])
def test_only_exactly_true_streams(value: Any, streams: bool) -> None:
    assert request_of(stream=value).stream is streams


@pytest.mark.parametrize(("model", "read"), [("m", "m"), (None, ""), (5, ""), (["m"], "")])
def test_a_model_that_is_no_string_counts_as_absent(model: Any, read: str) -> None:
    assert request_of(model=model).model == read


def test_fields_that_are_not_there_are_empty() -> None:
    request = request_of()
    assert (request.model, request.stream, request.system, request.tools) == ("", False, (), ())
    assert (request.prefill, request.schema) == (None, None)


@every(
    ("output", "schema"),
    [
        ({"format": {"type": "json_schema", "schema": {"type": "object"}}}, {"type": "object"}),
        ({"format": {"type": "json_schema"}}, {}),
        ({"format": {"type": "json_schema", "schema": "x"}}, {}),
        ({"format": {"type": "other", "schema": {}}}, None),
        ({"format": None}, None),
        ({"effort": "medium"}, None),
        ("x", None),
        (None, None),
    ],
)
def test_a_schema_is_asked_for_by_output_config(output: Any, schema: Any) -> None:
    assert request_of(output_config=output).schema == schema


@pytest.mark.parametrize("pad", ["", "x" * 5000])
def test_a_schema_is_asked_for_by_output_format_as_well(pad: str) -> None:
    """So it was in the API's beta; where both speak, no reply can be right for certain."""
    older, newer = ({"type": "json_schema", "schema": {"title": title}} for title in ("a", "b"))
    assert request_of(output_format=older, pad=pad).schema == {"title": "a"}
    assert request_of(output_format=older, output_config={"effort": "low"}, pad=pad).schema == {"title": "a"}
    assert request_of(output_format=None, output_config={"format": newer}, pad=pad).schema == {"title": "b"}
    assert request_of(output_format=older, output_config={"format": newer}, pad=pad).schema == {"not": {}}
    assert request_of(output_format="x", pad=pad).schema is None


def _is_usual(body: dict[str, Any]) -> bool:
    """Whether the fields that rules look at are what the API takes."""

    def objects(value: Any, *texts: str) -> bool:
        return isinstance(value, list) and all(
            isinstance(one, dict) and all(isinstance(one.get(name, ""), str) for name in texts) for one in value
        )

    system, metadata = body.get("system"), body.get("metadata")
    return (
        isinstance(body.get("model"), str | None)
        and isinstance(body.get("stream"), bool | None)
        and (body.get("tools") is None or objects(body["tools"], "name"))
        and (
            isinstance(system, str | None)
            or (objects(system, "type", "text") and all(block.keys() >= {"type", "text"} for block in system))
        )
        and (metadata is None or objects([metadata], "user_id"))
    )


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.sampled_from(FIELDS), SHAPED), st.lists(st.tuples(st.text(), SHAPED), min_size=1))
def test_every_fact_is_the_same_as_in_the_whole_body(body: dict[str, Any], turns: list[tuple[str, Any]]) -> None:
    """The inspection of a body sees what a parse of all of it sees, however its strings are escaped."""
    messages = [message(role, content if isinstance(content, str) else [{"type": content}]) for role, content in turns]
    whole = orjson.loads(orjson.dumps({**body, "messages": messages}))  # no Infinity: it is not JSON
    messages = whole["messages"]
    small = parse(HEAD, orjson.dumps(whole))
    large = {"padding": "a" * SMALL, **whole}
    for raw in (
        orjson.dumps(whole),
        json.dumps(whole, indent=1).encode(),
        orjson.dumps(large),
        json.dumps(large).encode(),
    ):
        request = parse(HEAD, raw)
        if len(raw) > SMALL and not _is_usual(whole):
            assert request == ODD
            continue
        assert isinstance(request, MessagesRequest)
        assert request.well_formed is _is_usual(whole)
        assert request.model == (whole.get("model") if isinstance(whole.get("model"), str) else "")
        assert request.stream is (whole.get("stream") is True)
        assert request.count == len(messages)
        assert request.roles == tuple(turn["role"] for turn in messages)
        assert set(request.fields) == {*whole, *(["padding"] if b"padding" in raw else [])} | {"messages"}
        assert isinstance(small, MessagesRequest)
        assert request.system == small.system
        tools = whole["tools"] if isinstance(whole.get("tools"), list) else []
        names = [tool.get("name", "") if isinstance(tool, dict) else "" for tool in tools]
        assert request.tools == tuple(name if isinstance(name, str) else "" for name in names)
        users = [turn["content"] for turn in messages if turn["role"] == "user"]
        said = users[-1] if users else []
        blocks = [text(said)] if isinstance(said, str) else said
        assert request.user_blocks == tuple(str(block.get("type", "")) for block in blocks)
        assert request.user_texts == tuple(block["text"] for block in blocks if isinstance(block.get("text"), str))


@every(
    ("body", "well_formed"),
    [
        (b'{"messages": [{"role": "user", "content": "a"}], "other": {"deep": [1]}}', True),
        (b'{"messages": [{"role": "user", "content": "a"}], "other": "\xff"}', False),
        (b'{"messages": [5, {"role": "user", "content": "a"}]}', False),
        (b'{"messages": [{"role": "user"}, {"role": "user", "content": "a"}]}', False),
    ],
)
@every("padding", [0, SMALL], ids=["small", "large"])
def test_what_no_rule_looks_at_is_checked_before_an_answer(body: bytes, well_formed: bool, padding: int) -> None:
    request = parse(HEAD, body + b" " * padding)
    # What is found at first sight is refused at once.
    assert isinstance(request, NotUnderstood) or request.well_formed is well_formed
    assert not well_formed or isinstance(request, MessagesRequest)


TOOL = {"name": "Read", "input_schema": {"type": "object"}}
TALK = {"model": "claude-x", "messages": [message("user", "a" * SMALL)], "system": "b", "tools": [TOOL, TOOL]}
CALL = message("assistant", [{"type": "tool_use", "id": "1", "name": "a", "input": {"input_schema": {}}}] * 2)
TEXTS = message("user", [text("input_schema"), text('"input_schema":')])
IN_SESSION = Head("POST", "/v1/messages", {SESSION: "s"})


@every(
    ("given", "is_one"),
    [
        (TALK, True),
        (TALK | {"metadata": {"user_id": "u"}, "max_tokens": 5, "stream": True}, True),
        (TALK | {"tools": [TOOL]}, False),
        (TALK | {"tools": []}, False),
        (TALK | {"tools": [TOOL], "system": [text("input_schema")] * 2}, False),
        (TALK | {"tools": [], "messages": [*TALK["messages"], CALL, TEXTS]}, False),
        (TALK | {"tools": [TOOL], "metadata": {"role": "input_schema"}}, False),
        ({name: TALK[name] for name in ("messages", "model", "tools")}, False),
        ({name: TALK[name] for name in ("model", "tools", "messages")}, False),
        (TALK | {"messages": [message("user", "a")]}, False),
        (TALK | {"model": "claude\\"}, False),
        (TALK | {"model": 5}, False),
    ],
)
def test_a_conversation_is_known_by_its_beginning_and_its_end_however_it_is_cut(
    given: dict[str, Any], is_one: bool
) -> None:
    for raw in (orjson.dumps(given), json.dumps(given).encode()):
        for cut in range(len(raw) - 200, len(raw)):
            found = conversation(IN_SESSION, [raw[:cut], raw[cut:]])
            assert found == (Conversation(IN_SESSION, "claude-x", "s") if is_one else None)


@every("headers", [{}, {SESSION: ""}, {SESSION: "s", "content-encoding": "gzip"}])
def test_one_without_a_session_or_packed_is_none(headers: dict[str, str]) -> None:
    assert conversation(Head("POST", "/v1/messages", headers), [orjson.dumps(TALK)]) is None
    assert conversation(IN_SESSION, []) is None

"""Structured output: which texts satisfy which schemas, and schemas that cannot be used."""

import socket
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.rules.structured import _KEPT, conforms

TITLE = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("text", "schema", "fits"),
    [
        ('{"title":"A title"}', TITLE, True),
        ('{"title":""}', TITLE, True),
        ('{"title":5}', TITLE, False),
        ('{"title":"A","more":1}', TITLE, False),
        ("{}", TITLE, False),
        ("[]", TITLE, False),
        ("null", {"anyOf": [{"type": "string"}, {"type": "null"}]}, True),
        ("5", {"enum": [1, 5]}, True),
        ("6", {"enum": [1, 5]}, False),
        ('"abc"', {"type": "string", "pattern": "^[a-c]+$"}, True),
        ('"abd"', {"type": "string", "pattern": "^[a-c]+$"}, False),
        ('{"a":1}', {"$defs": {"n": {"type": "number"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}, True),
        ('{"a":"x"}', {"$defs": {"n": {"type": "number"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}, False),
        ('{"a":{"a":{}}}', {"type": "object", "properties": {"a": {"$ref": "#"}}}, True),
        ('{"a":{"a":5}}', {"type": "object", "properties": {"a": {"$ref": "#"}}}, False),
        ('"anything"', {}, True),
    ],
)
@pytest.mark.parametrize("more", [{}, {"description": "a" * _KEPT}], ids=["kept", "too large to keep"])
def test_a_text_conforms_when_the_schema_allows_it(
    text: str, schema: dict[str, Any], fits: bool, more: dict[str, Any]
) -> None:
    assert conforms(text, schema | more) is fits


@pytest.mark.parametrize("text", ["", "A title", "{", '{"title":"A"} and more', "{'title': 'A'}", "NaN", '"\\ud800"'])
@pytest.mark.parametrize("schema", [{}, TITLE])
def test_a_text_that_is_not_json_never_conforms(text: str, schema: dict[str, Any]) -> None:
    assert conforms(text, schema) is False


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nope"},
        {"type": 5},
        {"properties": []},
        {"required": "title"},
        {"minLength": -1},
        {"pattern": "("},
        {"pattern": "(?=a)"},
        {"$ref": "#/$defs/missing"},
        {"$schema": 5},
        {"$schema": "http://127.0.0.1:1/unknown"},
    ],
)
def test_nothing_conforms_to_a_schema_that_cannot_be_used(schema: dict[str, Any]) -> None:
    assert conforms('"a"', schema) is False


def test_a_pattern_of_exponential_time_elsewhere_returns() -> None:
    assert conforms('"' + "a" * 100_000 + '"', {"type": "string", "pattern": "^(a+)+!$"}) is False


@pytest.mark.parametrize("keyword", ["$ref", "$schema", "$dynamicRef"])
def test_a_reference_to_another_document_is_not_followed(keyword: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"
        assert conforms('"a"', {keyword: url}) is False
        with pytest.raises(BlockingIOError):  # nobody has called
            listener.accept()


def test_a_reference_to_a_file_is_not_followed(tmp_path: Any) -> None:
    (tmp_path / "schema.json").write_text("{}")
    assert conforms('"a"', {"$ref": (tmp_path / "schema.json").as_uri()}) is False


KEYWORDS = ["type", "properties", "items", "$ref", "$id", "$schema", "anyOf", "not", "pattern", "enum", "multipleOf"]
VALUES = st.recursive(
    st.sampled_from(["string", "object", "#", "#/properties", "(", ""])
    | st.integers(-2, 2)
    | st.none()
    | st.booleans(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), below, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYWORDS), VALUES), st.sampled_from(['"a"', "5", "{}", '{"type":[]}', "x"]))
def test_any_schema_gives_yes_or_no(schema: dict[str, Any], text: str) -> None:
    assert conforms(text, schema) in (True, False)


TYPES = st.sampled_from(["string", "boolean", "object", "array", "null", "number", "integer", "nonsense"])
PROPERTIES = st.fixed_dictionaries(
    {"type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True)},
    optional={"description": st.text(max_size=3)},
) | st.builds(lambda types: {"anyOf": [{"type": one} for one in types]}, st.lists(TYPES, max_size=2))
NAMES = st.sampled_from(["title", "isNewTopic", "other"])
SCHEMAS = st.fixed_dictionaries(
    {
        "type": st.just("object"),
        "properties": st.dictionaries(NAMES, PROPERTIES),
        "additionalProperties": st.just(False),
    },
    optional={"required": st.lists(NAMES, unique=True)},
)
VALUES = st.dictionaries(
    NAMES,
    st.none() | st.booleans() | st.text(max_size=3) | st.integers(0, 9) | st.just([]) | st.just({}) | st.just(1.0),
)


@settings(deadline=None)
@given(SCHEMAS, VALUES | st.just([]) | st.none())
def test_a_plain_schema_is_understood_as_the_library_understands_it(schema: dict[str, Any], value: Any) -> None:
    try:
        expected = jsonschema_rs.validator_for(schema).is_valid(value)
    except jsonschema_rs.ValidationError:
        expected = False
    assert conforms(orjson.dumps(value).decode(), schema) is expected

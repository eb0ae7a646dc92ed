"""Structured output: which texts satisfy which plain schemas, and that all others are refused at little cost."""

import sys
from typing import Any

import jsonschema_rs
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.rules.structured import MAX_SCHEMA, misfit
from tests.cases import every

TITLE = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}
TOPIC = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "description": "a topic",
    "type": "object",
    "properties": {
        "isNewTopic": {"type": "boolean", "title": "new"},
        "title": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "its title"},
    },
    "required": ["isNewTopic", "title"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"ok": {"type": ["boolean", "null"]}}}
UNFIT = "the answer does not fit the requested schema"
ODD = "the requested schema is not a plain one"


def doubling(depth: int) -> dict[str, Any]:
    """A schema of 85 bytes a step, each of which asks for the next twice."""
    steps = {
        f"a{number}": {"allOf": [{"$ref": f"#/$defs/a{number + 1}"}, {"$ref": f"#/$defs/a{number + 1}"}]}
        for number in range(depth)
    }
    return {**TITLE, "$defs": {**steps, f"a{depth}": {}}, "allOf": [{"$ref": "#/$defs/a0"}]}


@every(
    ("text", "schema", "fits"),
    [
        ('{"title":"A title"}', TITLE, True),
        ('{"title":""}', TITLE, True),
        ('{"title":5}', TITLE, False),
        ('{"title":"A","more":1}', TITLE, False),
        ("{}", TITLE, False),
        ("[]", TITLE, False),
        ('{"isNewTopic":false,"title":null}', TOPIC, True),
        ('{"isNewTopic":true,"title":"A"}', TOPIC, True),
        ('{"isNewTopic":"true","title":"A"}', TOPIC, False),
        ('{"isNewTopic":true}', TOPIC, False),
        ('{"ok":null,"more":1}', OPEN, True),
        ('{"ok":1}', OPEN, False),
        ("{}", {**OPEN, "additionalProperties": True}, True),
    ],
)
def test_a_text_fits_when_the_schema_allows_it(text: str, schema: dict[str, Any], fits: bool) -> None:
    assert misfit(text, schema) == ("" if fits else UNFIT)


@every("text", ["", "A title", "{", '{"title":"A"} and more', "{'title': 'A'}", "NaN", '"\\ud800"'])
def test_a_text_that_is_not_json_never_fits(text: str) -> None:
    assert misfit(text, TITLE) == UNFIT


NOT_PLAIN: list[Any] = [
    {},
    TITLE,
    {"type": []},
    {"type": "number"},
    {"type": "nope"},
    {"type": 5},
    {"type": "string", "pattern": "a"},
    {"type": "string", "anyOf": [{"type": "string"}]},
    {"anyOf": []},
    {"anyOf": "string"},
    {"anyOf": [{"type": ["string", "null"]}]},
    {"anyOf": [{"anyOf": [{"type": "string"}]}]},
    {"$ref": "#"},
    5,
]
"""Schemas of a property."""


@every(
    "schema",
    [
        {},
        {"not": {}},
        {"type": "string"},
        {"anyOf": [TITLE]},
        {**TITLE, "$defs": {}},
        {**TITLE, "$ref": "#"},
        {**TITLE, "$dynamicRef": "#"},
        {**TITLE, "patternProperties": {"(a+)+": {"type": "string"}}},
        {**TITLE, "maxProperties": 1},
        {**TITLE, "additionalProperties": {"type": "string"}},
        {**TITLE, "required": "title"},
        {**TITLE, "required": [1]},
        {**TITLE, "properties": []},
        {**TITLE, "$schema": "http://127.0.0.1:1/unknown"},
        {**TITLE, "$schema": 5},
        {**TITLE, "description": "a" * MAX_SCHEMA},
        *({**TITLE, "properties": {"title": kind}} for kind in NOT_PLAIN),
    ],
)
def test_nothing_fits_a_schema_that_is_not_plain(schema: dict[str, Any]) -> None:
    assert misfit('{"title":"A"}', schema) == ODD


def test_a_schema_costs_no_more_work_the_more_it_doubles() -> None:
    """In a library, each step of these doubled the work: 40 steps took longer than anybody would wait."""

    def work(schema: dict[str, Any]) -> int:
        calls = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            assert misfit('{"title":"A"}', schema) == ODD
        finally:
            sys.setprofile(None)
        return calls

    assert max(work(doubling(40)), work(doubling(4))) < 50


TYPES = st.sampled_from(["string", "boolean", "object", "array", "null", "number", "integer", "nonsense"])
PROPERTIES = st.fixed_dictionaries(
    {"type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True)},
    optional={"description": st.text(max_size=3), "pattern": st.just("^a"), "$ref": st.just("#")},
) | st.builds(lambda types: {"anyOf": [{"type": one} for one in types]}, st.lists(TYPES, max_size=2))
NAMES = st.sampled_from(["title", "isNewTopic", "other"])
SCHEMAS = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": st.dictionaries(NAMES, PROPERTIES)},
    optional={
        "required": st.lists(NAMES, unique=True),
        "additionalProperties": st.booleans() | PROPERTIES,
        "$schema": st.sampled_from([TOPIC["$schema"], "https://json-schema.org/draft/2020-12/schema", "x"]),
        "minProperties": st.just(1),
    },
)
VALUES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    NAMES,
    st.none() | st.booleans() | st.text(max_size=3) | st.integers(0, 9) | st.just([]) | st.just({}) | st.just(1.0),
)


@settings(deadline=None)
@given(SCHEMAS, VALUES | st.just([]) | st.none())
def test_what_is_plain_means_what_a_library_takes_it_to_mean(schema: dict[str, Any], value: Any) -> None:
    found = misfit(orjson.dumps(value).decode(), schema)
    if found != ODD:
        assert jsonschema_rs.validator_for(schema).is_valid(value) is (not found)

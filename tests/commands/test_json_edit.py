"""JSON texts that are changed in one place, and in no other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.commands.json_edit import NotUnderstoodError, loads, with_member, without_member
from tests.cases import every

PATH = ("env", "A")


@every(
    ("text", "changed"),
    [
        ("{}", '{\n  "env": {\n    "A": "b"\n  }\n}'),
        ("{\n}\n", '{\n  "env": {\n    "A": "b"\n  }\n}\n'),
        ('{"x": 1}', '{"x": 1, "env": {"A": "b"}}'),
        ('{"x":1,"y":2}', '{"x":1,"y":2,"env": {"A": "b"}}'),
        ('{\n    "x": [1,\n 2]\n}\n', '{\n    "x": [1,\n 2],\n    "env": {\n        "A": "b"\n    }\n}\n'),
        ('{\n\t"env": {}\n}', '{\n\t"env": {\n\t\t"A": "b"\n\t}\n}'),
        (
            '{\n\n  "env": {\n\n     "Z": "}"\n  } ,\n  "x": 1}',
            '{\n\n  "env": {\n\n     "Z": "}",\n     "A": "b"\n  } ,\n  "x": 1}',
        ),
        ('{\r\n  "x": 1\r\n}\r\n', '{\r\n  "x": 1,\r\n  "env": {\r\n    "A": "b"\r\n  }\r\n}\r\n'),
        ('{"env": {"A": "old", "B": "\\u00e9{"}}', '{"env": {"A": "b", "B": "\\u00e9{"}}'),
        ('{"\\u0065nv": {"\\u0041": "old"}}', '{"\\u0065nv": {"\\u0041": "b"}}'),
    ],
)
def test_a_member_is_put_where_the_others_are_and_as_they_are(text: str, changed: str) -> None:
    assert with_member(text, PATH, "b") == changed


@every(
    ("text", "changed"),
    [
        ('{"env": {"A": "b"}}', '{"env": {}}'),
        ('{"env": {"A": "b", "B": 1}}', '{"env": {"B": 1}}'),
        ('{"env": {"B": 1, "A": "b"}}', '{"env": {"B": 1}}'),
        (
            '{\n  "env": {\n    "B": 1,\n    "A": "b",\n    "C": 2\n  }\n}',
            '{\n  "env": {\n    "B": 1,\n    "C": 2\n  }\n}',
        ),
        ('{\n  "env": {\n    "A": "b",\n    "C": 2\n  }\n}', '{\n  "env": {\n    "C": 2\n  }\n}'),
    ],
)
def test_a_member_is_taken_out_and_nothing_else(text: str, changed: str) -> None:
    assert without_member(text, PATH) == changed


@every(
    ("text", "why"),
    [
        ('{\n  // mine\n  "a": 1\n}', "line 2: a comment, which JSON has not"),
        ('{"a": 1 /* mine */}', "line 1: a comment, which JSON has not"),
        ('{"a": 1,}', "line 1: no JSON"),
        ('{"a": 1} x', "line 1: no JSON"),
        ('{"a": NaN}', "NaN is no JSON"),
        ('{"a": 1, "a": 2}', "a key stands twice"),
        ('{"b": [{"a": 1, "a": 2}]}', "a key stands twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_understood_says_why(text: str, why: str) -> None:
    with pytest.raises(NotUnderstoodError, match=why):
        loads(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.text(), VALUES, max_size=4).map(
    lambda found: {k: v for k, v in found.items() if k != "env"}
)
LAYOUTS = st.sampled_from(
    [{"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}, {"separators": (" , ", " : ")}, {"indent": 0}, {}]
)


@given(DOCUMENTS, st.dictionaries(st.text(), st.text(), max_size=3), LAYOUTS, st.booleans())
def test_any_document_is_the_same_but_for_the_member_and_byte_for_byte_without_it(
    document: dict[str, Any], env: dict[str, str], layout: dict[str, Any], escaped: bool
) -> None:
    whole = {**document, "env": {"B": "kept", **env}}
    whole["env"].pop("A", None)
    text = json.dumps(whole, ensure_ascii=escaped, **layout)
    changed = with_member(text, PATH, "b")
    assert json.loads(changed) == {**whole, "env": {**whole["env"], "A": "b"}}
    assert without_member(changed, PATH) == text

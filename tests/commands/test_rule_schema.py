"""`schema`: what it allows is what loads."""

import json
import tomllib
from typing import Any

import jsonschema_rs
import pytest

from proxy.commands.rule_schema import DIALECT, rule_file
from proxy.rules.facts import FACTS
from proxy.rules.operators import OPERATORS
from tests.cases import every
from tests.commands.given import BASE, CONFIG, HELLO, Program
from tests.process import run

SCHEMA = rule_file()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)


def faults(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(tomllib.loads(text))]


def hello(old: str, new: str) -> str:
    assert old in HELLO
    return BASE + HELLO.replace(old, new)


@every("file", sorted((CONFIG.parent / "rules").glob("*.toml")), ids=lambda file: file.stem)
def test_every_shipped_file_is_valid(file: Any) -> None:
    assert faults(file.read_text("utf-8")) == []


@every(
    "when",
    [
        'header = { x-app = "cli" }',
        'header.x-app = { starts_with = "cli", length = { max = 9 } }',
        '"header.x-app" = "cli"',
        'any = [{ stream = true }, { not = { roles = { first = "user", length = 2 } } }]',
        'client_version = "2.0.64"',
        'fields = { only = ["a"], some = { in = ["a", "b"] }, last = "b", present = true, is = ["a"] }',
        "max_tokens = { min = 1, max = 2 }",
    ],
)
def test_conditions_that_it_allows(when: str) -> None:
    assert faults(hello("message_count = 1", when)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("message_count = 1", "mesage_count = 1"),
        ("message_count = 1", 'message_count = "1"'),
        ("message_count = 1", "message_count = { minimum = 1 }"),
        ("message_count = 1", "message_count = {}"),
        ("message_count = 1", 'client_version = { min = "two" }'),
        ("message_count = 1", 'model = { contains = "" }'),
        ("message_count = 1", "model = { length = { longest = 3 } }"),
        ("message_count = 1", 'system = { last = { start_with = "x" } }'),
        ("message_count = 1", "any = []"),
        ("message_count = 1", "any = [{}]"),
        ("message_count = 1", "not = { nothing = 1 }"),
        ("message_count = 1", "header = {}"),
        ("message_count = 1", "header = { x-app = { is = 1 } }"),
        ('name = "hello"', 'name = "Hello"'),
        ('name = "hello"', 'name = "hello"\nstatus = "asleep"'),
        ('action = "answer"', 'action = "forward"'),
        ('action = "answer"', 'action = "respond"'),
        ('answer = { text = "Hi" }', 'answer = { text = "Hi" }\nrespond = {}'),
        ('action = "answer"', 'action = "respond"\nrespond = { status = 199 }'),
        ('action = "answer"', 'action = "respond"\nrespond = { headers = { "a b" = "c" } }'),
        ('action = "answer"', 'action = "respond"\nrespond = { estimate = { bytes_per_token = 0 } }'),
        ('answer = { text = "Hi" }', ""),
        ('answer = { text = "Hi" }', 'answer = { text = "Hi", sound = "loud" }'),
        ('answer = { text = "Hi" }', 'answer = { text = "Hi", replay = { headers = "x", without = "panic" } }'),
        ('answer = { text = "Hi" }', 'answer = { text = "Hi", headers = { "a b" = "c" } }'),
        ('tested = { first = "1.0.0"', 'tested = { fist = "1.0.0"'),
        ('about = "the word"', 'aboot = "the word"'),
        ('about = "the word"', 'about = ""'),
        ("\n[[rules]]", "\n[[rule]]"),
    ],
)
def test_what_it_does_not_allow_does_not_load_either(program: Program, old: str, new: str) -> None:
    program.file("1.toml", hello(old, new))
    assert faults(hello(old, new)) != []
    assert program.run("check")[0] == 1


def test_every_fact_is_in_it_with_its_meaning() -> None:
    shown = SCHEMA["$defs"]["when"]["properties"]
    assert {name: shown[name]["description"] for name in FACTS} == {name: fact.meaning for name, fact in FACTS.items()}
    assert set(shown) == {*FACTS, "header", "any", "not"}


def test_every_operator_is_in_it_with_its_meaning() -> None:
    for kind, operators in OPERATORS.items():
        shown = SCHEMA["$defs"][kind]["properties"]
        assert {name: shown[name]["description"] for name in shown} == {
            name: operator.meaning for name, operator in operators.items()
        }


def test_every_table_is_closed_but_bodies_and_headers() -> None:
    def tables(schema: Any, path: tuple[str, ...]) -> Any:
        if isinstance(schema, dict):
            if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
                yield path[-1]
            for key, value in schema.items():
                yield from tables(value, (*path, key))

    assert set(tables(SCHEMA, ())) == {"body", "headers", "header"}


async def test_it_is_one_document_and_itself_valid() -> None:
    code, said, complained = await run("schema")
    assert (code, complained) == (0, "")
    assert json.loads(said) == SCHEMA
    assert SCHEMA["$schema"] == DIALECT
    jsonschema_rs.meta.validate(SCHEMA)

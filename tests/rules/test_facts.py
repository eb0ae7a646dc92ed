"""The facts of a request, read from heads and bodies of every shape."""

from typing import Any

import orjson
import pytest

from proxy.exchange import Head
from proxy.question.inspection import SMALL
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.facts import FACTS, HeadFact, fact
from proxy.rules.operators import OPERATORS
from tests.cases import every

HELLO = {"role": "user", "content": "hello"}
SCHEMA = {"type": "json_schema", "schema": {"properties": {"title": {}, "about": {}}}}
BLOCKS = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]


def request_of(
    body: dict[str, Any], agent: str = "claude-cli/2.1.330 (external)", padding: bytes = b""
) -> MessagesRequest:
    head = Head("POST", "/v1/messages", {"user-agent": agent, "x-app": "cli"})
    request = parse(head, orjson.dumps({"messages": [HELLO], **body}) + padding)
    assert isinstance(request, MessagesRequest)
    return request


def read(name: str, request: MessagesRequest) -> Any:
    found = fact(name)
    assert found is not None
    return found.read(request.head) if isinstance(found, HeadFact) else found.read(request)


SAID: list[tuple[str, dict[str, Any], Any]] = [
    ("method", {}, "POST"),
    ("path", {}, "/v1/messages"),
    ("client", {}, "claude-cli"),
    ("client_version", {}, (2, 1, 330)),
    ("size", {"padding": "a" * 20}, 81),
    ("model", {"model": "m"}, "m"),
    ("max_tokens", {"max_tokens": 1}, 1),
    ("max_tokens", {"max_tokens": 0}, 0),
    ("stream", {"stream": True}, True),
    ("stream", {"stream": False}, False),
    ("fields", {"tools": [], "model": "m"}, ("messages", "model", "tools")),
    ("system", {"system": "one"}, ("one",)),
    ("system", {}, ()),
    ("tools", {"tools": [{"name": "Bash"}, {}]}, ("Bash", "")),
    ("tools", {}, ()),
    ("message_count", {"messages": [HELLO, {"role": "assistant", "content": "{"}]}, 2),
    ("roles", {"messages": [HELLO, {"role": "system", "content": "env"}]}, ("user", "system")),
    ("user_text", {"messages": [{"role": "user", "content": BLOCKS}]}, "a\nb"),
    ("user_text", {"messages": [{"role": "user", "content": ""}]}, ""),
    ("user_texts", {"messages": [{"role": "user", "content": BLOCKS}]}, ("a", "b")),
    ("user_blocks", {"messages": [{"role": "user", "content": BLOCKS}]}, ("text", "image", "text")),
    ("prefill", {"messages": [HELLO, {"role": "assistant", "content": "{"}]}, "{"),
    ("schema_properties", {"output_config": {"format": SCHEMA}}, ("about", "title")),
    ("schema_properties", {"output_config": {"format": {"type": "json_schema"}}}, ()),
    ("schema_properties", {"output_config": {"format": {**SCHEMA, "schema": {"properties": []}}}}, ()),
    ("header.x-app", {}, "cli"),
    ("header.X-App", {}, "cli"),
]

NOT_SAID: list[tuple[str, dict[str, Any]]] = [
    ("model", {}),
    ("model", {"model": ""}),
    ("model", {"model": 5}),
    ("max_tokens", {}),
    ("max_tokens", {"max_tokens": "1"}),
    ("max_tokens", {"max_tokens": 1.0}),
    ("max_tokens", {"max_tokens": True}),
    ("stream", {}),
    ("stream", {"stream": 1}),
    ("stream", {"stream": "true"}),
    ("user_text", {"messages": [{"role": "user", "content": []}]}),
    ("user_text", {"messages": [{"role": "assistant", "content": "a"}]}),
    ("prefill", {}),
    ("schema_properties", {}),
    ("schema_properties", {"output_config": {"format": "z" * 70_000}}),  # too large to be read
    ("header.x-other", {}),
]


@every(("name", "body", "value"), SAID)
def test_a_fact_is_what_the_request_says(name: str, body: dict[str, Any], value: Any) -> None:
    found = read(name, request_of(body))
    assert found == value
    assert type(found) is type(value)


@every(("name", "body", "value"), [row for row in SAID if row[0] != "size"])
def test_a_fact_of_a_large_body_is_the_same(name: str, body: dict[str, Any], value: Any) -> None:
    """Bodies above some size are not parsed whole: what reads them is another class."""
    assert read(name, request_of(body, padding=b" " * SMALL)) == value


@every(("name", "body"), NOT_SAID)
def test_a_fact_is_none_when_the_request_does_not_say(name: str, body: dict[str, Any]) -> None:
    assert read(name, request_of(body)) is None


@pytest.mark.parametrize("name", ["client", "client_version"])
def test_an_agent_without_a_version_is_no_client(name: str) -> None:
    assert read(name, request_of({}, agent="curl")) is None


def test_the_tables_above_know_every_fact() -> None:
    assert {name for name, _, _ in SAID if not name.startswith("header.")} == set(FACTS)


@every("name", ["", "head", "header", "Model", "user-text", "any", "not"])
def test_any_other_name_is_no_fact(name: str) -> None:
    assert fact(name) is None


@every("name", list(FACTS))
def test_every_fact_has_a_meaning_and_a_kind_with_operators(name: str) -> None:
    assert FACTS[name].meaning
    assert FACTS[name].kind in OPERATORS

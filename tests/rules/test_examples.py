"""A rule's examples: how requests are layered, and every way in which a rule can fail its own."""

from typing import Any

import orjson
import pytest

from proxy.exchange import Head
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.conditions import compile_when
from proxy.rules.examples import failures, request_of
from proxy.rules.load import Loaded
from proxy.rules.operators import Context
from proxy.rules.ruleset import AnswerPlan, Rule
from proxy.rules.schema import Example, Match, RequestModel, RuleModel
from proxy.rules.templates import compile_template
from tests.cases import every

HELLO = {"messages": [{"role": "user", "content": "hello"}]}


def built(*layers: dict[str, Any]) -> tuple[Head, dict[str, Any]]:
    head, body = request_of(*(RequestModel.model_validate(layer) for layer in layers))
    return head, orjson.loads(body)


def faults(
    when: dict[str, Any],
    text: str | None,
    matches: tuple[dict[str, Any], ...] = (),
    misses: tuple[dict[str, Any], ...] = (),
) -> list[tuple[Any, str]]:
    context = Context()
    conditions = compile_when(when, (), context)
    plan = None if text is None else AnswerPlan(compile_template(text, context.groups), "end_turn", 0)
    # Made without validation: a rule in a file has at least one example of each sort, these need not.
    model = RuleModel.model_construct(  # type: ignore[call-arg]
        base=RequestModel(),
        matches=[Match(about="a match", **match) for match in matches],
        misses=[Example(about="a miss", **miss) for miss in misses],
    )
    return list(failures(Rule("r", "about", "f", 1, conditions, plan), model, RequestModel(body=HELLO)))


def test_without_layers_it_has_no_body() -> None:
    assert request_of() == (Head("POST", "/v1/messages", {}), b"")


def test_a_later_layer_goes_before_an_earlier_one() -> None:
    head, body = built(
        {"method": "GET", "path": "/a", "headers": {"X": "1", "Y": "1"}, "body": {"a": 1, "b": 1}},
        {"path": "/b", "headers": {"y": "2"}, "body": {"b": 2}},
        {"headers": {"Z": "3"}, "body": {"c": 3}},
    )
    assert head == Head("GET", "/b", {"x": "1", "y": "2", "z": "3"})
    assert body == {"a": 1, "b": 2, "c": 3}


@every(
    ("below", "above", "merged"),
    [
        ({"a": {"x": 1, "y": {"p": 1}}}, {"a": {"y": {"q": 2}}}, {"a": {"x": 1, "y": {"p": 1, "q": 2}}}),
        ({"a": {"x": 1}}, {"a": 5}, {"a": 5}),
        ({"a": 5}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": [{"x": 1}, 2]}, {"a": [{"y": 1}]}, {"a": [{"y": 1}]}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_a_table_is_merged_and_anything_else_replaced(below: Any, above: Any, merged: Any) -> None:
    assert built({"body": below}, {"body": above})[1] == merged


@every(
    ("layers", "body"),
    [
        ([{"body": {"a": 1, "b": 1}}, {"without": ["a"]}], {"b": 1}),
        ([{"body": {"a": {"x": 1}}}, {"without": ["a"], "body": {"a": {"y": 1}}}], {"a": {"y": 1}}),
        ([{"body": {"a": 1}}, {"without": ["a"]}, {"body": {"b": 1}}], {"b": 1}),
        ([{"body": {"a": 1}, "without": ["a"]}], {"a": 1}),
        ([{"body": {"a": 1}}, {"without": ["missing"]}], {"a": 1}),
    ],
)
def test_without_takes_fields_of_the_layers_below_away(layers: list[dict[str, Any]], body: Any) -> None:
    assert built(*layers)[1] == body


def test_building_a_request_does_not_change_its_layers() -> None:
    base = RequestModel(body={"a": {"x": 1}})
    request_of(base, RequestModel(body={"a": {"y": 2}}))
    assert base.body == {"a": {"x": 1}}


def test_a_rule_that_does_as_its_examples_say_has_no_failures() -> None:
    matches = ({"answer": "HELLO"}, {"body": {"model": "m"}, "answer": "HELLO"})
    misses = ({"body": {"messages": [{"role": "user", "content": "no"}]}},)
    assert faults({"user_text": "hello"}, "{{ user_text | upper }}", matches, misses) == []


def test_a_guard_needs_no_answer_in_its_examples() -> None:
    assert faults({"user_text": "hello"}, None, ({},)) == []


def test_an_example_may_say_why_the_rule_declines() -> None:
    assert faults({"user_text": "hello"}, "{{ model }}", ({"declines": "the request has no model"},)) == []


@every(
    ("text", "match", "said"),
    [
        ("Hi", {"answer": "Ho"}, ["answered 'Hi'", "expected 'Ho'"]),
        ("Hi", {}, ["answered 'Hi'", "by `answer` or `declines`"]),
        ("Hi", {"answer": "Hi", "declines": "unsure"}, ["both `answer` and `declines`"]),
        ("Hi", {"answer": "Hi", "body": {"max_tokens": float("nan")}}, ["expected what JSON can say"]),
        ("Hi", {"declines": "unsure"}, ["answered 'Hi'"]),
        ("Hi", {"body": {"messages": [{"role": "user", "content": "no"}]}, "answer": "Hi"}, ["does not match"]),
        ("Hi", {"body": {"messages": []}, "answer": "Hi"}, ["not understood: no messages"]),
        ("{{ model }}", {"answer": "m"}, ["declined: the request has no model", "expected 'm'"]),
        ("{{ model }}", {"declines": "unsure"}, ["declined: the request has no model", "expected declines = 'unsure'"]),
        (None, {"answer": "Hi"}, ["guarded", "expected 'Hi'"]),
        (None, {"declines": "unsure"}, ["guarded", "expected declines = 'unsure'"]),
    ],
)
def test_a_match_that_goes_otherwise_is_a_failure(text: str | None, match: dict[str, Any], said: list[str]) -> None:
    [(path, message)] = faults({"user_text": "hello"}, text, (match,))
    assert path == ("matches", 0)
    assert "'a match'" in message
    assert [part for part in said if part not in message] == []


@pytest.mark.parametrize("text", ["Hi", None])
def test_a_miss_that_the_rule_matches_is_a_failure(text: str | None) -> None:
    [(path, message)] = faults({"user_text": "hello"}, text, (), ({"body": {"model": "m"}},))
    assert path == ("misses", 0)
    assert message == "'a miss': the rule matches it, and must not"


def test_every_failing_example_is_named_by_its_place() -> None:
    other = {"body": {"messages": [{"role": "user", "content": "no"}]}}
    found = faults({"user_text": "hello"}, "Hi", ({"answer": "Hi"}, {"answer": "1"}, {"answer": "2"}), (other, {}))
    assert [path for path, _ in found] == [("matches", 1), ("matches", 2), ("misses", 1)]


def test_the_shipped_examples_are_understood(shipped: Loaded) -> None:
    """A miss that is no request at all would be missed by every rule, and prove nothing."""
    for entry in shipped.entries:
        for example in (*entry.model.matches, *entry.model.misses):
            request = parse(*request_of(entry.base, entry.model.base, example))
            known = isinstance(request, MessagesRequest) or entry.rule.respond
            assert known, (entry.rule.name, example.about)

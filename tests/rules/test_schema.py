"""The shape of a rule file."""

from typing import Any

import pytest
from pydantic import ValidationError

from proxy.rules.schema import RuleFile, RuleModel
from tests.cases import every

RULE: dict[str, Any] = {
    "name": "a-rule",
    "about": "what it is for",
    "action": "answer",
    "when": {"model": "m"},
    "answer": {"text": "Hi"},
    "matches": [{"about": "a match", "answer": "Hi"}],
    "misses": [{"about": "a miss"}],
}


def faults(model: type[RuleModel] | type[RuleFile], table: Any) -> list[tuple[Any, ...]]:
    try:
        model.model_validate(table)
    except ValidationError as error:
        return [detail["loc"] for detail in error.errors()]
    return []


def test_a_rule_with_everything_it_needs_is_accepted() -> None:
    assert faults(RuleModel, RULE) == []
    assert faults(RuleFile, {"base": {"headers": {"x": "1"}}, "rules": [RULE]}) == []


def test_defaults_are_those_of_an_ordinary_reply() -> None:
    rule = RuleModel.model_validate(RULE)
    assert rule.answer is not None
    assert (rule.answer.stop_reason, rule.answer.output_tokens) == ("end_turn", 0)
    assert (rule.base.body, rule.matches[0].declines, rule.misses[0].without) == ({}, None, [])


@every("key", ["name", "about", "action", "when", "matches", "misses"])
def test_a_rule_without_a_required_key_is_refused(key: str) -> None:
    assert faults(RuleModel, {name: value for name, value in RULE.items() if name != key}) == [(key,)]


@every("name", ["a", "a1", "a-b-c", "0", "x" * 60])
def test_a_name_is_words_with_hyphens(name: str) -> None:
    assert faults(RuleModel, {**RULE, "name": name}) == []


@every("name", ["", "A", "a_b", "a b", "-a", "a-", "a--b", "é", "a\n", "x" * 61, 5])
def test_any_other_name_is_refused(name: Any) -> None:
    assert faults(RuleModel, {**RULE, "name": name}) == [("name",)]


@pytest.mark.parametrize("reason", ["end_turn", "max_tokens", "stop_sequence", "refusal"])
def test_a_reply_of_text_may_stop_for_these_reasons(reason: str) -> None:
    assert faults(RuleModel, {**RULE, "answer": {"text": "", "stop_reason": reason}}) == []


@every(
    ("change", "place"),
    [
        ({"nope": 1}, ("nope",)),
        ({"about": ""}, ("about",)),
        ({"action": "drop"}, ("action",)),
        ({"when": {}}, ("when",)),
        ({"when": "always"}, ("when",)),
        ({"matches": []}, ("matches",)),
        ({"misses": []}, ("misses",)),
        ({"matches": {"about": "a"}}, ("matches",)),
        ({"answer": "Hi"}, ("answer",)),
        ({"answer": {}}, ("answer", "text")),
        ({"answer": {"text": 5}}, ("answer", "text")),
        ({"answer": {"text": "", "stop_reason": "tool_use"}}, ("answer", "stop_reason")),
        ({"answer": {"text": "", "output_tokens": -1}}, ("answer", "output_tokens")),
        ({"answer": {"text": "", "output_tokens": "5"}}, ("answer", "output_tokens")),
        ({"answer": {"text": "", "txt": ""}}, ("answer", "txt")),
        ({"matches": [{"answer": "Hi"}]}, ("matches", 0, "about")),
        ({"matches": [{"about": ""}]}, ("matches", 0, "about")),
        ({"matches": [{"about": "a", "answer": 5}]}, ("matches", 0, "answer")),
        ({"misses": [{"about": "a", "answer": "Hi"}]}, ("misses", 0, "answer")),
        ({"misses": [{"about": "a", "headers": {"x": 1}}]}, ("misses", 0, "headers", "x")),
        ({"misses": [{"about": "a", "without": "tools"}]}, ("misses", 0, "without")),
        ({"base": {"bdy": {}}}, ("base", "bdy")),
        ({"base": {"method": 5}}, ("base", "method")),
    ],
)
def test_what_is_unknown_empty_or_of_a_wrong_type_is_refused_at_its_place(change: Any, place: tuple[Any, ...]) -> None:
    assert faults(RuleModel, {**RULE, **change}) == [place]


@pytest.mark.parametrize(
    ("table", "place"), [({}, ("rules",)), ({"rules": []}, ("rules",)), ({"rules": [RULE], "x": 1}, ("x",))]
)
def test_a_file_is_rules_and_a_base(table: Any, place: tuple[Any, ...]) -> None:
    assert faults(RuleFile, table) == [place]


def test_what_compared_nothing_was_called_form_and_still_may_be() -> None:
    rule = {"name": "r", "about": "a", "action": "forward", "when": {"path": "/"}, "matches": [{"about": "m"}]}
    found = RuleModel.model_validate({**rule, "misses": [{"about": "m"}], "compare": "form"})
    assert found.compare == "any"

"""How a decision came about, in the words of the rule files."""

from pathlib import Path

from proxy.exchange import Head
from proxy.question.messages import MessagesRequest, parse
from proxy.record import Step
from proxy.rules.load import load
from proxy.rules.ruleset import Failed
from proxy.rules.trail import RuleTrail, described

FILE = """
[[rules]]
name = "guard"
about = "a guard"
action = "forward"
when = { path = "/v1/messages", user_texts = { last = "leave it" } }
[[rules.matches]]
about = "one"
body = { messages = [{ role = "user", content = "leave it" }] }
[[rules.misses]]
about = "nothing like it"
path = "/nowhere"
body = { messages = [{ role = "user", content = "z" }] }

[[rules]]
name = "first"
about = "an answer"
action = "answer"
when = { path = "/v1/messages", message_count = 2 }
answer = { text = "one" }
[[rules.matches]]
about = "one"
answer = "one"
body = { messages = [{ role = "user", content = "x" }, { role = "user", content = "y" }] }
[[rules.misses]]
about = "nothing like it"
path = "/nowhere"
body = { messages = [{ role = "user", content = "z" }] }

[[rules]]
name = "elsewhere"
about = "for another path"
action = "answer"
when = { path = "/v1/other", message_count = 1 }
answer = { text = "two" }
[[rules.matches]]
about = "one"
answer = "two"
path = "/v1/other"
body = { messages = [{ role = "user", content = "x" }] }
[[rules.misses]]
about = "nothing like it"
path = "/nowhere"
body = { messages = [{ role = "user", content = "z" }] }

[[rules]]
name = "second"
about = "another answer"
action = "answer"
when = { path = "/v1/messages", any = [{ model = "a" }, { stream = true }], not = { max_tokens = { max = 2 } } }
answer = { text = "three" }
[[rules.matches]]
about = "one"
answer = "three"
body = { model = "a", messages = [{ role = "user", content = "x" }] }
[[rules.misses]]
about = "nothing like it"
path = "/nowhere"
body = { messages = [{ role = "user", content = "z" }] }
"""
GUARD = Step("guard", False, 'user_texts last "leave it"')
FIRST = Step("first", False, "message_count is 2")


def trail(tmp_path: Path, body: bytes) -> RuleTrail:
    (tmp_path / "r.toml").write_text(FILE)
    loaded = load(tmp_path)
    assert loaded.problems == ()
    request = parse(Head("POST", "/v1/messages", {}), body)
    assert isinstance(request, MessagesRequest)
    failed: list[Failed] = []
    decision = loaded.rules.decide(request, failed)
    return RuleTrail(loaded.rules, failed, decision.rule)


def test_the_rules_that_were_asked_are_told_with_the_condition_that_ended_each(tmp_path: Path) -> None:
    either = Step("second", False, '(model is "a") or (stream is true)')
    asked = trail(tmp_path, b'{"messages": [{"role": "user", "content": "hello"}]}')
    assert asked.steps() == [GUARD, FIRST, either]


def test_the_rule_that_matched_comes_last_with_all_its_conditions(tmp_path: Path) -> None:
    asked = trail(tmp_path, b'{"model": "a", "messages": [{"role": "user", "content": "secret words"}]}')
    *before, last = asked.steps()
    assert before == [GUARD, FIRST]
    assert (last.rule, last.matched) == ("second", True)
    assert set(last.condition.split("; ")) == {
        'path is "/v1/messages"',
        '(model is "a") or (stream is true)',
        "not (max_tokens max 2)",
    }


def test_nothing_of_the_request_is_told(tmp_path: Path) -> None:
    asked = trail(tmp_path, b'{"model": "secret", "messages": [{"role": "user", "content": "secret words"}]}')
    assert "secret" not in str(asked.steps())


def test_a_long_operand_is_cut(tmp_path: Path) -> None:
    [_, *rest] = trail(tmp_path, b'{"messages": [{"role": "user", "content": "hello"}]}').rules.rules
    [condition, *_] = rest[0].when.conditions
    object.__setattr__(condition, "operand", ["x" * 500])
    assert len(described(condition)) < 200

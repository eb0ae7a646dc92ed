"""Rules that respond: what they may name and send, what they decline, and where a fault in one stands."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.exchange import Forward, Head
from proxy.question.messages import seen
from proxy.respond import Respond
from proxy.rules.load import load
from proxy.rules.permission import DECISION
from proxy.rules.responses import json_of
from proxy.rules.ruleset import NO_MATCH, RuleSet
from tests.cases import every

RULE = """\
[[rules]]
name = "thing"
about = "for a test"
action = "respond"
STATUS
[rules.when]
WHEN
[rules.respond]
RESPOND
[[rules.matches]]
about = "it"
method = "GET"
path = "/thing"
answer = ANSWER
[[rules.misses]]
about = "another"
path = "/thing"
"""
WHEN = 'method = "GET"\npath = "/thing"'
MARK = "You are a security monitor for autonomous AI coding agents."


def text(respond: str = "", when: str = WHEN, answer: str = '""', status: str = "") -> str:
    found = RULE.replace("RESPOND", respond).replace("WHEN", when).replace("ANSWER", answer)
    return found.replace("STATUS", status)


def loaded(folder: Path, *files: str) -> tuple[RuleSet, list[str]]:
    for number, content in enumerate(files):
        (folder / f"{number}.toml").write_text(content)
    found = load(folder)
    return found.rules, [f"{Path(problem.source).name}:{problem.line}: {problem.message}" for problem in found.problems]


def decided(rules: RuleSet, head: Head, body: Mapping[str, Any] | None = None) -> Any:
    request = seen(head, orjson.dumps(body) if body else b"", opaquely=True)
    return rules.decide(request)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("respond", "expected"),
    [
        ("", Respond("thing", 200)),
        (
            "status = 404\nbody = { a = [1, 2.5, true, 'é'] }",
            Respond("thing", 404, (), '{"a":[1,2.5,true,"é"]}'.encode()),
        ),
        ("headers = { X-Note = 'here' }\nbody = []", Respond("thing", 200, (("X-Note", "here"),), b"[]")),
    ],
)
def test_what_is_sent_is_what_stands_in_the_rule(tmp_path: Path, respond: str, expected: Respond) -> None:
    answer = orjson.dumps(expected.body.decode()).decode()
    rules, problems = loaded(tmp_path, text(respond, answer=answer))
    assert problems == []
    assert decided(rules, Head("GET", "/thing", {})) == expected
    assert rules.responds(Head("GET", "/thing", {}))


@pytest.mark.parametrize("head", [Head("POST", "/thing", {}), Head("GET", "/thing/", {}), Head("get", "/thing", {})])
def test_only_its_method_and_path_are_its_own(tmp_path: Path, head: Head) -> None:
    rules, _ = loaded(tmp_path, text())
    assert not rules.responds(head)
    assert decided(rules, head) == Forward(NO_MATCH)


def test_several_methods_and_paths_may_be_named(tmp_path: Path) -> None:
    rules, problems = loaded(tmp_path, text(when='method.in = ["GET", "HEAD"]\npath.in = ["/thing", "/other"]'))
    assert problems == []
    asked = {(method, path) for method in ("GET", "HEAD", "POST") for path in ("/thing", "/other", "/")}
    assert {one for one in asked if rules.responds(Head(*one, {}))} == {
        (method, path) for method in ("GET", "HEAD") for path in ("/thing", "/other")
    }


def test_further_conditions_must_hold_too(tmp_path: Path) -> None:
    when = WHEN + "\nheader.x-app = { present = false }\nuser_text = { present = false }"
    rules, problems = loaded(tmp_path, text(when=when))
    assert problems == []
    assert isinstance(decided(rules, Head("GET", "/thing", {})), Respond)
    assert decided(rules, Head("GET", "/thing", {"x-app": "cli"})) == Forward(NO_MATCH)
    said = {"messages": [{"role": "user", "content": "hi"}]}
    assert decided(rules, Head("GET", "/thing", {}), said) == Forward(NO_MATCH)


@every(
    ("changes", "fault"),
    [
        ({"when": 'method = "GET"'}, "0.toml:6: a rule that responds names its methods and paths one by one"),
        ({"when": 'path = "/thing"'}, "0.toml:6: a rule that responds names its methods and paths one by one"),
        ({"when": 'method = "GET"\npath.starts_with = "/"'}, "0.toml:6: a rule that responds names its methods"),
        ({"when": 'method = "GET"\nany = [{ path = "/thing" }]'}, "0.toml:6: a rule that responds names its methods"),
        ({"when": 'method = "POST"\npath = "/v1/messages"'}, "0.toml:8: expected a path without messages"),
        ({"when": 'method = "POST"\npath = "/claude/v1/%6dessages/"'}, "0.toml:8: expected a path without messages"),
        ({"when": 'method = "POST"\npath = "/v1/Messages;a=b"'}, "0.toml:8: expected a path without messages"),
        ({"when": 'method = "POST"\npath = "/v1/messages%3fbeta=true"'}, "0.toml:8: expected a path without messages"),
        ({"when": 'method = "POST"\npath = "/v1/messages%20"'}, "0.toml:8: expected a path without messages"),
        ({"when": 'method = "GET"\npath = "/-/health"'}, "0.toml:8: expected a path of the upstream's"),
        ({"when": 'method = "GET"\npath = "/-"'}, "0.toml:8: expected a path of the upstream's"),
        ({"respond": "status = 101"}, "0.toml:10: found 101 (integer), expected 200 or more"),
        *(
            ({"respond": f"status = {status}\nbody = {{}}"}, f"0.toml:10: a reply of status {status} has no body")
            for status in (204, 205, 304)
        ),
        ({"respond": "body = {}\nmodels = []"}, "0.toml:9: expected one of `body`, `estimate` and `models`"),
        ({"respond": "body = { at = 2026-01-01 }"}, "0.toml:10: expected what JSON can say"),
        ({"respond": "body = [inf]"}, "0.toml:10: expected what JSON can say"),
        ({"respond": "boddy = {}"}, "0.toml:10: unknown key; did you mean 'body'?"),
        ({"respond": "estimate = { bytes_per_token = 0.0 }"}, "0.toml:10: found 0.0 (float), expected 0.5 or more"),
        ({"status": 'status = "shadow"'}, "0.toml:5: a rule that responds has nothing to hold against the reply"),
        ({"status": 'on_for = "remote"'}, "0.toml:5: found 'remote' (string), expected \"local\""),
        ({"answer": '"{}"'}, "0.toml:11: 'it': sent '', expected '{}'"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(tmp_path: Path, changes: dict[str, str], fault: str) -> None:
    rules, problems = loaded(tmp_path, text(**changes))
    assert [problem[: len(fault)] for problem in problems] == [fault]
    assert rules.rules == ()


@every(
    "name",
    [
        *("content-length", "Content-Type", "content-encoding", "Transfer-Encoding", "connection", "keep-alive", "te"),
        *("trailer", "Upgrade", "proxy-authenticate", "request-id", "cache-control", "X-Sidestep-Rule"),
    ],
)
def test_headers_that_are_sidesteps_own_are_refused_at_load(tmp_path: Path, name: str) -> None:
    _, (problem,) = loaded(tmp_path, text(f"headers = {{ {name} = 'x' }}"))
    assert problem.startswith("0.toml:10: ")
    assert problem.endswith("expected a header that Sidestep does not set itself: this one is framing, or its own")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (('action = "respond"', 'action = "forward"'), "a rule that forwards has no [rules.respond]"),
        (('action = "respond"', 'action = "answer"'), "a rule that answers needs a [rules.answer] table"),
        (("[rules.respond]", "[rules.answer]\ntext = 'x'"), "a rule that responds has no answer"),
    ],
)
def test_each_action_has_the_table_of_its_own(tmp_path: Path, changes: tuple[str, str], fault: str) -> None:
    _, problems = loaded(tmp_path, text().replace(*changes))
    assert any(problem.endswith(fault) for problem in problems), problems


@pytest.mark.parametrize("value", [{"a": 1}, [], {"n": 2**63 - 1, "t": "\u2028", "f": 0.1, "deep": [[[{}]]]}])
def test_what_json_can_say_is_said(value: Any) -> None:
    assert orjson.loads(json_of(value)) == value


STATIC = (
    text("body = {}", 'method = "POST"\npath = "/judge"', '"{}"').replace('"GET"', '"POST"').replace("/thing", "/judge")
)


def test_what_may_be_a_decision_about_permission_is_answered_on_no_path(tmp_path: Path) -> None:
    """Wherever such a question is sent: a rule that responds is no way around what holds for those that answer."""
    miss = 'about = "another"\npath = "/judge"'
    rules, problems = loaded(tmp_path, STATIC.replace(miss, miss.replace("/judge", "/another")))
    assert problems == []
    harmless = {"stream": True, "messages": [{"role": "user", "content": "hi"}]}
    head = Head("POST", "/judge", {"user-agent": "claude-cli/2.1.332 (external, cli)"})
    assert isinstance(decided(rules, head, harmless), Respond)
    verdict = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    for more in (
        {"stop_sequences": ["</block>"]},
        {"output_config": {"format": {"type": "json_schema", "schema": verdict}}},
    ):
        assert decided(rules, head, {**harmless, **more}) == Forward(DECISION, "thing")

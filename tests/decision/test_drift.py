"""Drift: every sign is told, and told once; what is told holds no content."""

import tomllib
from typing import Any

import orjson

from proxy.decision.drift import PATIENCE, Drift, Notice
from proxy.exchange import Answer, Forward, Head
from proxy.messages import MessagesRequest, parse
from proxy.rules.conditions import compile_when
from proxy.rules.operators import Notes
from proxy.rules.ruleset import NO_MATCH, Rule


def rule(name: str = "topic", when: str = "client = 'claude-cli'", last: str = "2.0.0") -> Rule:
    compiled = compile_when(tomllib.loads(when), (), Notes())
    tested = ((1, 0, 0), tuple(map(int, last.split("."))))
    return Rule(name, "about", "file", 1, compiled, None, tested=tested)


def asked(version: str, text: str = "hi", **fields: Any) -> MessagesRequest:
    head = Head("POST", "/v1/messages", {"user-agent": f"claude-cli/{version} (external, cli)"})
    request = parse(head, orjson.dumps({"messages": [{"role": "user", "content": text}], **fields}))
    assert isinstance(request, MessagesRequest)
    return request


def answer(name: str = "topic") -> Answer:
    return Answer(name, "text", "end_turn", "m", True, 1, 1)


def signs(notices: list[Notice]) -> list[str]:
    return [notice.sign for notice in notices]


UNKNOWN = Forward(NO_MATCH)


def test_an_unknown_small_question_is_told_once_and_counted() -> None:
    drift = Drift(())
    first = drift.note(asked("2.1.0", "tell me", system="You are a planted secret of a new kind"), UNKNOWN)
    again = drift.note(asked("2.1.0", "tell me more", system="You are a planted secret of a new kind"), UNKNOWN)
    assert (signs(first), signs(again)) == (["unknown question"], [])
    assert list(drift.prints.values()) == [2]
    assert "planted" not in repr(drift)


def test_only_the_first_words_of_the_mark_and_the_version_make_the_fingerprint() -> None:
    drift = Drift(())
    mark = "one two three four five six seven eight"
    prints = [drift.note(asked("2.1.0", system=f"{mark} {rest}"), UNKNOWN) for rest in ("nine", "ten")]
    assert [len(found) for found in prints] == [1, 0]
    assert len(drift.note(asked("2.1.1", system=mark), UNKNOWN)) == 1
    assert len(drift.note(asked("2.1.0", system="other words"), UNKNOWN)) == 1


def test_conversations_known_kinds_and_other_programs_are_no_drift() -> None:
    drift = Drift(())
    assert drift.note(asked("2.1.0", tools=[{"name": "Bash"}]), UNKNOWN) == []
    assert drift.note(asked("2.1.0", "x" * 70_000), UNKNOWN) == []
    assert drift.note(asked("2.1.0"), Forward("guarded", "summary")) == []
    assert drift.note(asked("2.1.0"), Forward("declined: too little text", "topic")) == []
    stranger = parse(
        Head("POST", "/", {"user-agent": "curl/8.0"}),
        asked("1").head and b'{"messages":[{"role":"user","content":""}]}',
    )
    assert isinstance(stranger, MessagesRequest)
    assert drift.note(stranger, UNKNOWN) == []


def test_a_client_newer_than_any_that_a_rule_was_tried_with_is_told_once() -> None:
    drift = Drift((rule(last="2.0.64"),))
    assert drift.note(asked("2.0.64"), answer()) == []
    assert drift.note(asked("2.0.65"), answer()) == [Notice("untested client version", "2.0.65", "topic")]
    assert drift.note(asked("2.0.65"), answer()) == []


def _after_upgrade(drift: Drift, requests: int) -> list[Notice]:
    """What is told while a newer version sends `requests` conversations, none of which the rule answers."""
    drift.note(asked("2.0.0"), answer())
    tools = [{"name": "Bash"}]
    return [notice for _ in range(requests) for notice in drift.note(asked("2.1.0", tools=tools), UNKNOWN)]


def test_a_rule_that_fired_for_the_last_version_and_stopped_is_missed() -> None:
    assert _after_upgrade(Drift((rule(),)), PATIENCE - 1) == []
    assert _after_upgrade(Drift((rule(),)), 3 * PATIENCE) == [Notice("rule stopped firing", "2.1.0", "topic")]


def test_a_rule_that_is_not_meant_for_the_newer_version_is_not_missed() -> None:
    retired = rule(when="client = 'claude-cli'\nclient_version = { below = '2.1.0' }")
    assert _after_upgrade(Drift((retired,)), 3 * PATIENCE) == []


def test_a_rule_that_still_fires_is_not_missed() -> None:
    drift = Drift((rule(last="3.0.0"),))
    drift.note(asked("2.1.0"), answer())
    assert _after_upgrade(drift, 3 * PATIENCE) == []


def test_a_flood_of_new_questions_is_bounded() -> None:
    drift = Drift(())
    told = sum(len(drift.note(asked("2.1.0", system=f"mark {number}"), UNKNOWN)) for number in range(1500))
    assert told <= 1000
    assert len(drift.prints) <= 1000


def test_versions_without_end_are_bounded() -> None:
    drift = Drift((rule(),))
    told = sum(len(drift.note(asked(f"9.{number}"), answer())) for number in range(1000))
    assert told == 256
    assert drift.note(asked("9.1", system="a question that nobody knows"), UNKNOWN) != []

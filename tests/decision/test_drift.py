"""Drift: every sign is told; what is told holds no content."""

import tomllib
from typing import Any

import orjson
import pytest

from proxy.decision.drift import REQUESTS, SESSIONS, Drift, Notice
from proxy.exchange import Answer, Forward, Head
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.conditions import compile_when
from proxy.rules.load import Loaded
from proxy.rules.operators import Context
from proxy.rules.permission import DECISION
from proxy.rules.ruleset import NO_MATCH, AnswerPlan, Rule
from proxy.rules.templates import compile_template
from tests.versions import question

IDENTITY = "You are Claude Code, Anthropic's official CLI for Claude."


def rule(name: str = "topic", when: str = "client = 'claude-cli'", last: str = "2.0.0") -> Rule:
    compiled = compile_when(tomllib.loads(when), (), Context())
    tested = ((1, 0, 0), tuple(map(int, last.split("."))))
    plan = AnswerPlan(compile_template("x", ()), "end_turn", 0)
    return Rule(name, "about", "file", 1, compiled, plan, tested=tested)


def asked(
    version: str, text: str = "hi", entry: str = "cli", session: str = "", key: str = "", **fields: Any
) -> MessagesRequest:
    agent = f"claude-cli/{version} (external, {entry})"
    headers = {"user-agent": agent, "x-claude-code-session-id": session} | ({"x-api-key": key} if key else {})
    head = Head("POST", "/v1/messages", headers)
    request = parse(
        head,
        orjson.dumps({"model": "m", "max_tokens": 1024, "messages": [{"role": "user", "content": text}], **fields}),
    )
    assert isinstance(request, MessagesRequest)
    return request


def answer(name: str = "topic") -> Answer:
    return Answer(name, "text", "end_turn", "m", True)


def prints(drift: Drift, *requests: MessagesRequest) -> list[str]:
    """The fingerprints of unknown questions."""
    return [notice.fingerprint for request in requests for notice in drift.note(request, UNKNOWN)]


UNKNOWN = Forward(NO_MATCH)


def test_an_unknown_small_question_is_told_by_its_form_and_its_nearest_rule_and_none_of_its_words() -> None:
    drift = Drift((rule("near", "client = 'claude-cli'\nmessage_count = 7"),))
    (notice,) = drift.note(asked("2.1.0", "planted words", system="You are a planted secret of a new kind"), UNKNOWN)
    assert (notice.sign, notice.client) == ("unknown question", "2.1.0")
    assert (notice.rule, notice.condition) == ("near", "message_count is 7")
    assert notice.shape == "not streamed, messages: 1, system blocks: 1, text blocks: 1"
    assert "planted" not in repr(drift._unknown)


def test_the_same_question_has_the_same_fingerprint() -> None:
    drift = Drift(())
    mark = "one two three four five six seven eight"
    first, again, other = prints(
        drift,
        asked("2.1.0", "sum up what was said", system=f"{mark} nine"),
        asked("2.1.0", "sum up what was done", system=f"{mark} ten"),
        asked("2.1.0", "sum up what was said", system="other words"),
    )
    assert first == again != other


def test_questions_under_the_identity_line_alone_are_told_apart_by_what_the_user_says_and_by_their_form() -> None:
    found = prints(
        Drift(()),
        asked("2.1.0", "Sum up the page", system=IDENTITY),
        asked("2.1.0", "Name this session please", system=IDENTITY),
        asked("2.1.0", "Name this session please", system=IDENTITY, stream=True),
        asked("2.1.0", "<a>this</a>", system=IDENTITY),
        asked("2.1.0", "<b>this</b>", system=IDENTITY),
    )
    assert len(set(found)) == 5


def test_beginnings_that_people_write_are_not_told_apart_for_long() -> None:
    requests = [asked("2.1.0", f"number{number} of many", system="You are new") for number in range(100)]
    assert len(set(prints(Drift(()), *requests))) < 10


def test_a_prompt_that_a_rule_names_is_nearly_it_with_the_condition_that_refused(shipped: Loaded) -> None:
    """A title asked for in French: its prompt is known, and what stands behind the session is not."""
    head, body = question("session-title", "2.1.330", "bonjour")
    body["messages"] = [{"role": "user", "content": "<session>\nbonjour\n</session>\n\nWrite the title in french."}]
    request = parse(head, orjson.dumps(body))
    assert isinstance(request, MessagesRequest)
    (notice,) = Drift(shipped.rules.rules).note(request, UNKNOWN)
    assert (notice.sign, notice.rule) == ("nearly", "session-title")
    assert notice.condition.startswith("any user_text ends_with_any ")
    assert "bonjour" not in repr(notice)


def test_a_prompt_that_came_back_in_a_newer_client_is_nearly_it(shipped: Loaded) -> None:
    head, body = question("topic", "2.1.20", "hello there")
    later = Head(head.method, head.path, {**head.headers, "user-agent": "claude-cli/2.1.400 (external, cli)"})
    request = parse(later, orjson.dumps(body))
    assert isinstance(request, MessagesRequest)
    (notice,) = Drift(shipped.rules.rules).note(request, UNKNOWN)
    assert (notice.sign, notice.rule, notice.condition) == ("nearly", "topic", 'client_version below "2.1.83"')


def test_what_is_guarded_by_its_form_alone_is_told_and_what_a_guard_knows_is_not() -> None:
    drift = Drift(())
    request = asked("2.1.332", system="May this run?", stop_sequences=["</x>"])
    assert [notice.sign for notice in drift.note(request, Forward(DECISION))] == ["unknown question"]
    assert drift.note(request, Forward("guarded", "safety-classifier")) == []


def test_conversations_known_kinds_and_other_programs_are_no_drift() -> None:
    drift = Drift(())
    assert drift.note(asked("2.1.0", tools=[{"name": "Bash"}]), UNKNOWN) == []
    assert drift.note(asked("2.1.0", "x" * 70_000), UNKNOWN) == []
    assert drift.note(asked("2.1.0"), Forward("guarded", "summary")) == []
    assert drift.note(asked("2.1.0"), Forward("declined: too little text", "topic")) == []
    stranger = parse(
        Head("POST", "/", {"user-agent": "curl/8.0"}),
        b'{"messages":[{"role":"user","content":""}]}',
    )
    assert isinstance(stranger, MessagesRequest)
    assert drift.note(stranger, UNKNOWN) == []


def test_a_client_newer_than_any_that_a_rule_was_tried_with_is_told() -> None:
    drift = Drift((rule(last="2.0.64"),))
    assert drift.note(asked("2.0.64"), answer()) == []
    assert drift.note(asked("2.0.65"), answer()) == [Notice("untested client version", "2.0.65", "topic")]


def _after_upgrade(drift: Drift, requests: int, sessions: int = SESSIONS, **kind: Any) -> list[Notice]:
    """What is told while a newer version sends `requests` conversations, none of which the rule answers."""
    drift.note(asked("2.0.0", session="before"), answer())
    tools = [{"name": "Bash"}]
    said = [asked("2.1.0", session=str(number % sessions), tools=tools, **kind) for number in range(requests)]
    return [notice for request in said for notice in drift.note(request, UNKNOWN)]


def test_a_rule_that_fired_for_the_last_version_and_stopped_is_missed() -> None:
    assert _after_upgrade(Drift((rule(),)), REQUESTS - 1) == []
    assert _after_upgrade(Drift((rule(),)), 3 * REQUESTS) == [Notice("rule stopped firing", "2.1.0", "topic")]


@pytest.mark.parametrize("kind", [{"entry": "sdk-cli"}, {"entry": "sdk-py"}, {"key": "k"}, {"sessions": SESSIONS - 1}])
def test_other_sessions_than_those_in_which_it_fired_and_a_single_long_one_are_no_evidence(kind: Any) -> None:
    assert _after_upgrade(Drift((rule(),)), 3 * REQUESTS, **kind) == []


def test_a_rule_that_is_not_meant_for_the_newer_version_is_not_missed() -> None:
    retired = rule(when="client = 'claude-cli'\nclient_version = { below = '2.1.0' }")
    assert _after_upgrade(Drift((retired,)), 3 * REQUESTS) == []


def test_a_rule_that_still_fires_is_not_missed() -> None:
    drift = Drift((rule(last="3.0.0"),))
    drift.note(asked("2.1.0"), answer())
    assert _after_upgrade(drift, 3 * REQUESTS) == []


def test_a_flood_of_new_questions_is_bounded() -> None:
    drift = Drift(())
    told = sum(len(drift.note(asked("2.1.0", system=f"mark {number}"), UNKNOWN)) for number in range(1500))
    assert told <= 1000
    assert len(drift._unknown) <= 1000
    assert len(drift._beginnings) <= 1000


def test_versions_without_end_are_bounded() -> None:
    drift = Drift((rule(),))
    told = sum(len(drift.note(asked(f"9.{number}"), answer())) for number in range(1000))
    assert told == 256
    assert drift.note(asked("9.1", system="a question that nobody knows"), UNKNOWN) != []

"""The circuit breaker: who asks again at once is not answered again, and who only asks often is."""

from typing import Any

import orjson
import pytest

from proxy.decision.breaker import Breaker
from proxy.exchange import Answer, Forward, Head
from proxy.question.messages import MessagesRequest, parse

ANSWER = Answer("topic", "text", "end_turn", "m", True)


def asked(text: str = "hi", session: str = "one", **fields: Any) -> MessagesRequest:
    body = {"messages": [{"role": "user", "content": text}], "metadata": {"user_id": session}, **fields}
    request = parse(Head("POST", "/v1/messages", {}), orjson.dumps(body))
    assert isinstance(request, MessagesRequest)
    return request


def answered(breaker: Breaker, request: MessagesRequest, now: float) -> bool:
    return isinstance(breaker.review(ANSWER, request, now)[0], Answer)


def test_a_question_is_answered_once_and_forwarded_when_it_comes_again_at_once() -> None:
    breaker = Breaker(window=5, trips=3)
    assert breaker.review(ANSWER, asked(), 0) == (ANSWER, "")
    decision, said = breaker.review(ANSWER, asked(), 1)
    assert decision == Forward("asked again", "topic")
    assert "asked again at once" in said


def test_from_then_on_the_rule_forwards_for_that_session_and_no_other() -> None:
    breaker = Breaker(window=5, trips=3)
    answered(breaker, asked(), 0)
    answered(breaker, asked(), 1)
    assert breaker.review(ANSWER, asked("something else"), 1000) == (Forward("tripped in this session", "topic"), "")
    assert answered(breaker, asked(session="two"), 1000)


@pytest.mark.parametrize("retry", [{"stream": False}, {"max_tokens": 10}, {"model": "other"}, {"temperature": 0}])
def test_a_retry_that_changes_only_its_form_is_the_same_question(retry: dict[str, Any]) -> None:
    """Claude Code repeats without streaming and with fewer tokens what it could not use."""
    breaker = Breaker(window=5, trips=3)
    assert answered(breaker, asked(stream=True, max_tokens=100), 0)
    assert not answered(breaker, asked(**({"stream": True, "max_tokens": 100} | retry)), 1)


@pytest.mark.parametrize(
    ("again", "at"),
    [
        (asked("other"), 1.0),
        (asked(session="two"), 1.0),
        (asked(system="other"), 1.0),
        (asked(), 5.1),
    ],
)
def test_other_questions_other_sessions_and_later_ones_are_answered(again: MessagesRequest, at: float) -> None:
    breaker = Breaker(window=5, trips=3)
    answered(breaker, asked(), 0)
    assert answered(breaker, again, at)


def test_without_a_session_nothing_trips() -> None:
    breaker = Breaker(window=5, trips=1)
    assert [answered(breaker, asked(session=""), at) for at in range(4)] == [True] * 4


def test_repeated_trips_put_the_rule_in_shadow_for_everybody() -> None:
    breaker = Breaker(window=5, trips=2)
    for session in ("one", "two"):
        answered(breaker, asked(session=session), 0)
        said = breaker.review(ANSWER, asked(session=session), 1)[1]
    assert "in shadow until" in said
    assert breaker.review(ANSWER, asked(session="three"), 2) == (Forward("shadow", "topic", ANSWER), "")


def test_rules_trip_one_by_one() -> None:
    breaker = Breaker(window=5, trips=1)
    answered(breaker, asked(), 0)
    answered(breaker, asked(), 1)
    other = Answer("session-title", "text", "end_turn", "m", True)
    assert breaker.review(other, asked(), 2) == (other, "")


def test_what_is_remembered_is_bounded() -> None:
    breaker = Breaker(window=1e9, trips=3)
    for number in range(5000):
        answered(breaker, asked(str(number)), number)
    assert len(breaker._answered) == 4096
    assert answered(breaker, asked("0"), 5000)


def test_no_session_is_remembered_in_clear() -> None:
    breaker = Breaker(window=5, trips=3)
    for at in range(2):
        answered(breaker, asked(session="user_planted"), at)
    assert "planted" not in repr(breaker)

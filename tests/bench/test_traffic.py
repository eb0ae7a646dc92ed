"""What the bench sends: of the right size, of the right shape, and for the rules that it is meant for."""

import json
from pathlib import Path

import pytest

from bench.traffic import TARGET, conversation, fields, quota_probe, request, title_requests
from proxy.exchange import Answer, Decision, Forward, Head
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.load import Loaded
from proxy.rules.ruleset import NO_MATCH

SIZES = [36 * 1024, 48 * 1024, 200 * 1024, 1024 * 1024]
HEAD = Head("POST", "/v1/messages", {name.lower(): value for name, value in fields().items()})


def decided(shipped: Loaded, body: bytes) -> Decision:
    parsed = parse(HEAD, body)
    assert isinstance(parsed, MessagesRequest)
    return shipped.rules.decide(parsed)


@pytest.mark.parametrize("size", SIZES)
def test_a_conversation_has_exactly_as_many_bytes_as_asked_for(size: int) -> None:
    assert len(conversation(size)) == size
    assert conversation(size) == conversation(size)


@pytest.mark.parametrize("size", SIZES)
def test_no_rule_matches_a_conversation(shipped: Loaded, size: int) -> None:
    assert decided(shipped, conversation(size)) == Forward(NO_MATCH)


def test_a_conversation_is_worth_looking_into(shipped: Loaded) -> None:
    """Else its forwarding would cost no decision, and the bench would measure too little."""
    assert shipped.rules.interested(HEAD)


def test_a_larger_conversation_has_more_messages_and_every_call_its_result() -> None:
    small, large = (json.loads(conversation(size))["messages"] for size in (SIZES[0], SIZES[2]))
    assert len(large) > 4 * len(small)
    calls = [part["id"] for message in large for part in message["content"] if part["type"] == "tool_use"]
    results = [part["tool_use_id"] for message in large for part in message["content"] if part["type"] == "tool_result"]
    assert calls == results
    assert len(set(calls)) == len(calls)
    assert [message["role"] for message in large[:3]] == ["user", "assistant", "user"]


def test_a_conversation_too_small_for_its_tools_is_refused() -> None:
    with pytest.raises(ValueError, match="so few bytes"):
        conversation(10_000)


def test_the_title_requests_are_answered_as_streams_each_by_a_title_of_its_own(shipped: Loaded) -> None:
    answers = [decided(shipped, body) for body in title_requests()]
    told = [(answer.rule, answer.stream) for answer in answers if isinstance(answer, Answer)]
    assert told == [("session-title", True)] * len(title_requests())
    assert len({answer.text for answer in answers if isinstance(answer, Answer)}) == len(told)


def test_the_quota_probe_is_answered_by_json(shipped: Loaded) -> None:
    answer = decided(shipped, quota_probe())
    assert isinstance(answer, Answer)
    assert (answer.rule, answer.stream) == ("quota-probe", False)


def test_the_setting_that_the_quota_probe_needs_is_where_the_bench_looks_for_it() -> None:
    shipped_file = Path(__file__).parents[2] / "rules/10-quota-probe.toml"
    assert shipped_file.read_text("utf-8").count('without = "decline"') == 1


def test_a_request_names_the_port_and_the_length() -> None:
    head, _, body = request(8000, b"{}").partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == f"POST {TARGET} HTTP/1.1"
    assert {"Host: 127.0.0.1:8000", "Content-Length: 2"} <= set(lines)
    assert body == b"{}"

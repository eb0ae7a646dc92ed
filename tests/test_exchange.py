"""The nouns that travel: clients and versions read from a head, and the record of an exchange."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from proxy.exchange import Answer, Exchange, Forward, Head, Reply, Version, parse_version

ANSWER = Answer("topic", "text", "end_turn", "a-model", True)


def head_of(agent: str | None) -> Head:
    return Head("POST", "/v1/messages", {} if agent is None else {"user-agent": agent})


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("claude-cli/2.1.330 (external, cli)", ("claude-cli", (2, 1, 330))),
        ("claude-cli/0.2.64", ("claude-cli", (0, 2, 64))),
        ("claude-cli/2", ("claude-cli", (2,))),
        ("curl/8.5.0", ("curl", (8, 5, 0))),
        ("a.b_c-d/1.2.3.4 x/9", ("a.b_c-d", (1, 2, 3, 4))),
        (None, None),
        ("", None),
        ("Mozilla", None),
        ("claude-cli", None),
        ("claude-cli/", None),
        ("claude-cli/x.y", None),
        ("claude-cli/2.1.330-beta", None),
        ("claude-cli/2.1.330+build", None),
        ("claude-cli/2.1.", None),
        ("claude-cli/1.2.3.4.5", None),
        (" claude-cli/2.1.330", None),
        ("(comment) claude-cli/2.1.330", None),
        ("1client/2.0", None),
        ("x" * 41 + "/1.0", None),
        ("claude-cli/1234567.0", None),
        ("\udcff/1.0", None),
    ],
)
def test_the_client_is_the_first_product_of_the_user_agent(
    agent: str | None, client: tuple[str, Version] | None
) -> None:
    assert head_of(agent).client == client


@pytest.mark.parametrize(("text", "version"), [("2.1.330", (2, 1, 330)), ("7", (7,)), ("0.0", (0, 0))])
def test_a_version_is_numbers_with_dots_between_them(text: str, version: Version) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["", ".", "1.", ".1", "1..2", "a", "1.x", "1,2", "1.2-beta"])
def test_anything_else_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_version(text)


def test_versions_compare_by_number() -> None:
    assert parse_version("2.1.9") < parse_version("2.1.10") < parse_version("2.2")


def test_an_exchange_that_nobody_touched_is_recorded_as_failed() -> None:
    record = Exchange("id", head_of(None), 1e9, 10.0).record(10.25)
    assert (record.outcome, record.status, record.reason, record.rule) == ("failed", 0, "not decided", "")
    assert record.error == ""
    assert (record.client, record.model, record.first_byte) == ("", "", None)
    assert record.duration == pytest.approx(250)


def exchanges() -> Iterator[Exchange]:
    yield Exchange("id", head_of("claude-cli/2.1.330 (external)"), 1e9, 10.0, first_byte=10.125, model="a-model")


def test_a_record_has_times_in_milliseconds_since_the_start() -> None:
    [exchange] = exchanges()
    record = exchange.record(11.0)
    assert (record.duration, record.first_byte) == (pytest.approx(1000), pytest.approx(125))


def test_a_record_names_the_client_and_the_rule_of_an_answer_without_a_reason() -> None:
    [exchange] = exchanges()
    exchange.decision, exchange.outcome = ANSWER, "answered"
    record = exchange.record(11.0)
    assert (record.client, record.rule, record.reason, record.model) == ("claude-cli/2.1.330", "topic", "", "a-model")


def test_a_record_gives_the_reason_of_a_forwarded_request() -> None:
    [exchange] = exchanges()
    exchange.decision, exchange.outcome = Forward("guarded", "summary"), "forwarded"
    record = exchange.record(11.0)
    assert (record.outcome, record.rule, record.reason) == ("forwarded", "summary", "guarded")


def test_a_record_says_what_went_wrong_beside_the_reason() -> None:
    [exchange] = exchanges()
    exchange.decision, exchange.error = Forward("no rule matched"), "upstream timeout"
    record = exchange.record(11.0)
    assert (record.reason, record.error) == ("no rule matched", "upstream timeout")


@pytest.mark.parametrize(
    ("method", "status", "kind"),
    [
        *(("POST", status, "") for status in (200, 304)),
        *(
            ("POST", status, kind)
            for status, kind in ((400, "4xx"), (429, "429"), (500, "5xx"), (529, "529"), (530, "5xx"))
        ),
        *(("GET", 404, "4xx"), ("HEAD", 404, ""), ("HEAD", 503, "")),
    ],
)
def test_a_status_tells_the_kind_of_error_that_the_upstream_replied_with(method: str, status: int, kind: str) -> None:
    exchange = Exchange("id", Head(method, "/", {}), 1e9, 10.0)
    exchange.upstream_said(status)
    assert (exchange.fault, bool(exchange.error)) == (kind, bool(kind))


def test_own_time_is_what_passed_before_the_reply_without_the_waiting() -> None:
    exchange = Exchange("id", head_of(None), 1e9, 10.0)
    exchange.pause(10.25)
    exchange.pause(10.375)
    exchange.resume(11.0)
    exchange.reply_begun(11.5)
    record = exchange.record(20.0)
    assert (record.own, record.first_byte, record.duration, record.at) == (750, 1500, 10_000, 1e9)


def test_a_request_without_a_reply_has_no_own_time() -> None:
    exchange = Exchange("id", head_of(None), 1e9, 10.0)
    exchange.pause(10.5)
    assert exchange.record(11.0).own is None


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("claude-cli/2.1.330 (external, cli)", "claude-cli/2.1.330"),
        ("claude-cli/2.1.330" + " " * 200_000 + "x", "claude-cli/2.1.330"),
        ("sk-ant-api03-planted/1.2", ""),
        ("a1b2c3d4e5f6a7b8/1.2", ""),
        ("claude-cli/2.1.330-beta", ""),
    ],
)
def test_a_client_is_told_by_name_and_version_and_a_key_is_no_name(agent: str, told: str) -> None:
    head = Head("sk-ant-1", "/v1/sk-ant-1", {"user-agent": agent})
    record = Exchange("req_1", head, 1.0, 10.0).record(11.0)
    assert (record.client, record.method, record.path) == (told, "other", "/v1/…")


def test_decisions_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        ANSWER.text = "other"  # type: ignore[misc]
    assert replace(ANSWER, text="other") != ANSWER


def test_an_exchange_that_has_ended_holds_no_body() -> None:
    [exchange] = exchanges()
    exchange.collected.append(b"body")
    exchange.reply = Reply(200, [], [b"copy"], 10)
    exchange.let_go()
    assert (exchange.collected, exchange.reply) == ([], None)


def test_exchanges_do_not_share_what_they_collected() -> None:
    [one], [two] = exchanges(), exchanges()
    one.collected.append(b"body")
    assert two.collected == []


@pytest.mark.parametrize("text", ["1_0", "-1.2", " 1", "\u0663.1", "1..2", "1.", ""])
def test_a_version_is_ascii_digits_and_dots(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_version(text)

"""The nouns that travel: clients and versions read from a head, and the record of an exchange."""

import pytest
from msgspec.structs import replace

from proxy.bodies import ReceivedBody
from proxy.exchange import GONE, STOPPED, Answer, Exchange, Forward, Head, Version, parse_version
from tests.cases import every

ANSWER = Answer("topic", "text", "end_turn", "a-model", True)
FORWARD = Forward("guarded", "summary")


def head_of(agent: str | None) -> Head:
    return Head("POST", "/v1/messages", {} if agent is None else {"user-agent": agent})


@every(
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


@every("text", ["", ".", "1.", ".1", "1..2", "a", "1.x", "1,2", "1.2-beta"])
def test_anything_else_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_version(text)


def test_versions_compare_by_number() -> None:
    assert parse_version("2.1.9") < parse_version("2.1.10") < parse_version("2.2")


def made(agent: str | None = None, method: str = "POST", body: ReceivedBody | None = None) -> Exchange:
    return Exchange("id", Head(method, "/", {} if agent is None else {"user-agent": agent}), 1e9, 10.0, body)


def test_of_an_exchange_nothing_is_told_before_it_happens() -> None:
    exchange = made()
    assert (exchange.outcome, exchange.first_byte) == (None, None)
    record = exchange.record(10.25)
    assert (record.status, record.reason, record.rule, record.error) == (0, "not decided", "", "")
    assert (record.client, record.model, record.first_byte) == ("", "", None)
    assert record.duration == pytest.approx(250)


def test_a_record_has_times_in_milliseconds_since_the_start() -> None:
    exchange = made()
    exchange.reply_begun(200, 10.125)
    record = exchange.record(11.0)
    assert (record.duration, record.first_byte) == (pytest.approx(1000), pytest.approx(125))


# What happened, one thing after the other, and what is told of it: outcome, status, reason, error, fault.
HAPPENED: list[tuple[list[tuple[object, ...]], tuple[str, int, str, str, str]]] = [
    ([("decided", ANSWER), ("reply_begun", 200, 11.0)], ("answered", 200, "", "", "")),
    ([("decided", ANSWER), ("client_gone",)], ("answered", 499, "", GONE, "")),
    ([("decided", FORWARD), ("upstream_replied", 200, None)], ("forwarded", 200, "guarded", "", "")),
    (
        [("decided", FORWARD), ("upstream_replied", 529, None)],
        ("forwarded", 529, "guarded", "the upstream was overloaded", "529"),
    ),
    ([("decided", FORWARD), ("client_gone",)], ("forwarded", 499, "guarded", GONE, "")),
    (
        [("decided", FORWARD), ("upstream_failed", "it is down", "unreachable"), ("reply_begun", 502, 11.0)],
        ("failed", 502, "guarded", "it is down", "unreachable"),
    ),
    (
        [("decided", FORWARD), ("upstream_replied", 200, None), ("upstream_failed", "broke off", "broken off")],
        ("failed", 200, "guarded", "broke off", "broken off"),
    ),
    ([("refused", "host"), ("reply_begun", 403, 11.0)], ("refused", 403, "host", "", "")),
    ([("decided", FORWARD), ("served_locally",), ("reply_begun", 404, 11.0)], ("local", 404, "", "", "")),
    ([("client_gone",)], ("failed", 499, "not decided", GONE, "")),
    ([("stopped",)], ("failed", 503, "not decided", STOPPED, "")),
    (
        [("decided", FORWARD), ("upstream_replied", 200, None), ("stopped",)],
        ("forwarded", 200, "guarded", STOPPED, ""),
    ),
    ([("client_failed", "it stalled"), ("reply_begun", 408, 11.0)], ("failed", 408, "not decided", "it stalled", "")),
    ([("decided", FORWARD), ("crashed",)], ("failed", 500, "guarded", "an internal error", "")),
]


@every(("happened", "told"), HAPPENED)
def test_a_record_tells_what_happened(happened: list[tuple[object, ...]], told: tuple[str, int, str, str, str]) -> None:
    exchange = made()
    for name, *arguments in happened:
        getattr(exchange, str(name))(*arguments)
    record = exchange.record(12.0)
    assert (record.outcome, record.status, record.reason, record.error, record.fault) == told


def test_a_record_names_client_model_and_rule() -> None:
    exchange = made("claude-cli/2.1.330 (external)")
    exchange.belongs_to("session", "a-model")
    exchange.decided(ANSWER)
    record = exchange.record(11.0)
    assert (record.client, record.rule, record.model) == ("claude-cli/2.1.330", "topic", "a-model")
    assert record.session not in ("", "session")


@every(
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
    exchange = made(method=method)
    exchange.upstream_replied(status, None)
    assert (exchange.status, exchange.fault, bool(exchange.error)) == (status, kind, bool(kind))


def test_own_time_is_what_passed_before_the_reply_without_the_waiting() -> None:
    exchange = made()
    exchange.waited_for(0.25)
    exchange.waited_for(0.5)
    exchange.reply_begun(200, 11.5)
    record = exchange.record(20.0)
    assert (record.overhead, record.first_byte, record.duration, record.at) == (750, 1500, 10_000, 1e9)


def test_what_was_sent_twice_stays_so_whoever_is_waited_for_later() -> None:
    exchange = made()
    exchange.waited_for(0.25, sent_twice=True)
    exchange.waited_for(0.5)
    assert exchange.record(11.0).retried


def test_a_request_without_a_reply_has_no_own_time() -> None:
    exchange = made()
    exchange.waited_for(0.5)
    assert exchange.record(11.0).overhead is None


@every(
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


async def test_a_body_is_held_until_it_is_released_and_its_size_is_known() -> None:
    body = ReceivedBody()
    body.chunks.append(b"body")
    body.size = 4
    exchange = made(body=body)
    body.release()
    assert (body.chunks, body.whole, exchange.record(11.0).bytes_in) == ([], True, 4)
    assert [chunk async for chunk in body] == []


def test_exchanges_do_not_share_what_they_received() -> None:
    one, two = made(), made()
    one.body.chunks.append(b"body")
    assert two.body.chunks == []


@every("text", ["1_0", "-1.2", " 1", "\u0663.1", "1..2", "1.", ""])
def test_a_version_is_ascii_digits_and_dots(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_version(text)

"""A row is plain data, with nothing in it that JSON or a reader could stumble over."""

from proxy.exchange import Exchange, Head
from proxy.live.rows import decision, row, running
from proxy.record import Step
from proxy.replies.usage import Usage
from tests.live.entries import entry


def test_a_row_has_what_is_known_and_no_empty_fields() -> None:
    found = row(entry(usage=Usage(1, 2, 3, 4), overhead=0.123456, first_byte=None))
    assert found["overhead"] == 0.12
    assert found["usage"] == {"input": 1, "output": 2, "cache_read": 3, "cache_creation": 4}
    assert not {"first", "rule", "error", "verdict"} & found.keys()
    assert found["decided"] is False


def test_a_decision_lists_the_rules_that_were_asked() -> None:
    steps = [Step("topic", False, "stream is true"), Step("warm-up", True, "path is x")]
    assert decision(entry("req_7", steps=steps)) == {
        "id": "req_7",
        "steps": [
            {"rule": "topic", "matched": False, "condition": "stream is true"},
            {"rule": "warm-up", "matched": True, "condition": "path is x"},
        ],
    }
    assert decision(entry("req_8"))["steps"] == []


def test_what_runs_tells_of_its_first_byte_when_it_was_sent() -> None:
    exchange = Exchange("req_1", Head("POST", "/v1/messages", {"user-agent": "claude-cli/2.1.0"}), 1.0, 5.0)
    assert running(exchange)["first"] is None
    exchange.reply_begun(200, 5.25)
    assert (running(exchange)["first"], running(exchange)["client"]) == (250.0, "claude-cli/2.1.0")


def test_what_runs_names_no_key_of_its_path() -> None:
    assert running(Exchange("req_1", Head("GET", "/v1/sk-ant-1", {}), 1.0, 5.0))["path"] == "/v1/…"

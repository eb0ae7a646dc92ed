"""The ledger: what is told of a request, to whom, and when."""

import io

import orjson

from proxy.config import Log
from proxy.exchange import Exchange, Head, Record
from proxy.logs.observe import logger
from proxy.telemetry.ledger import Ledger
from proxy.telemetry.tally import Tally


def exchange(number: int) -> Exchange:
    return Exchange(f"req_{number}", Head("POST", "/v1/messages", {}), 1e9, 10.0, outcome="forwarded", status=200)


def test_a_request_is_running_until_it_has_ended_and_is_then_told_to_all() -> None:
    stream, tally = io.StringIO(), Tally()
    ledger = Ledger(logger(Log(), stream), tally)
    told: list[tuple[Exchange, Record]] = []
    ledger.tellers.append(lambda exchange, record: told.append((exchange, record)))
    one, two = exchange(1), exchange(2)
    ledger.began(one)
    ledger.began(two)
    assert (list(ledger.running), tally.running, told) == (["req_1", "req_2"], 2, [])
    ledger.ended(one, 10.5)
    assert (list(ledger.running), tally.running) == (["req_2"], 1)
    [(ended, record)] = told
    assert (ended, record.id, record.duration) == (one, "req_1", 500.0)
    assert orjson.loads(stream.getvalue())["id"] == "req_1"
    assert sum(tally.requests.values()) == 1


def test_one_that_is_set_aside_is_logged_at_its_end_and_told_to_nobody() -> None:
    stream, tally = io.StringIO(), Tally()
    ledger = Ledger(logger(Log(), stream), tally)
    told: list[Record] = []
    ledger.tellers.append(lambda _exchange, record: told.append(record))
    one = exchange(1)
    ledger.began(one)
    ledger.set_aside(one)
    assert (ledger.running, tally.running) == ({}, 0)
    ledger.ended(one, 10.5)
    assert (tally.running, tally.requests, told) == (0, {}, [])
    assert orjson.loads(stream.getvalue())["id"] == "req_1"


def test_when_the_process_ends_at_once_each_running_request_still_has_its_line() -> None:
    stream, tally = io.StringIO(), Tally()
    ledger = Ledger(logger(Log(), stream), tally)
    begun, waiting = exchange(1), exchange(2)
    waiting.status = 0
    ledger.began(begun)
    ledger.began(waiting)
    ledger.cut_short(10.5)
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["id"], line["status"]) for line in lines] == [("req_1", 200), ("req_2", 503)]
    assert {line["error"] for line in lines} == {"Sidestep stopped before it was complete"}
    assert (ledger.running, tally.running) == ({}, 0)

"""The request log: what is told of a request, to whom, and when."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from proxy.exchange import Exchange, Forward, Head
from proxy.logs.observe import logger
from proxy.record import Record
from proxy.settings.config import LogSettings
from proxy.telemetry.counters import Counters
from proxy.telemetry.request_log import RequestLog
from tests.waiting import PATIENCE


def exchange(number: int) -> Exchange:
    one = Exchange(f"req_{number}", Head("POST", "/v1/messages", {}), 1e9, 10.0)
    one.decided(Forward("no rule matched"))
    one.upstream_replied(200, None)
    return one


@dataclass(slots=True)
class Told:
    """A request_log, and what it has told: `ids` to its observers, `lines` to its log."""

    stream: io.StringIO = field(default_factory=io.StringIO)
    counts: Counters = field(default_factory=Counters)
    records: list[Record] = field(default_factory=list)
    request_log: RequestLog = field(init=False)

    def __post_init__(self) -> None:
        self.request_log = RequestLog(logger(LogSettings(), self.stream), self.counts)
        self.request_log.observers.append(lambda _ended, records: self.records.extend(records))

    def begin(self, number: int) -> Exchange:
        one = exchange(number)
        self.request_log.began(one)
        return one

    @property
    def ids(self) -> list[str]:
        return [record.id for record in self.records]

    @property
    def lines(self) -> list[str]:
        return [orjson.loads(line)["id"] for line in self.stream.getvalue().splitlines()]


async def test_a_request_is_running_until_it_has_ended_and_is_then_told_to_all() -> None:
    told = Told()
    request_log, heard = told.request_log, asyncio.Event()
    request_log.observers.append(lambda _ended, _records: heard.set())
    one = told.begin(1)
    told.begin(2)
    assert (list(request_log.running), told.ids, request_log.counters.running) == (["req_1", "req_2"], [], 2)
    request_log.ended(one, 10.5)
    assert list(request_log.running) == ["req_2"]
    await asyncio.wait_for(heard.wait(), PATIENCE)
    [record] = told.records
    assert (record.id, record.duration) == ("req_1", 500.0)
    assert told.lines == ["req_1"]
    assert sum(told.counts.requests.values()) == 1


async def test_what_ends_well_waits_for_company_and_for_nobody_who_asks() -> None:
    told = Told()
    for number in range(3):
        told.request_log.ended(told.begin(number), 10.5)
    assert (told.ids, told.lines, sum(told.counts.requests.values())) == ([], [], 0)
    assert sum(told.request_log.counters.requests.values()) == 3
    assert told.ids == told.lines == ["req_0", "req_1", "req_2"]


async def test_what_went_wrong_is_told_at_once_behind_what_ended_before_it() -> None:
    told = Told()
    well, badly, refused = told.begin(1), told.begin(2), told.begin(3)
    told.request_log.ended(well, 10.5)
    assert told.lines == []
    badly.upstream_failed("the upstream broke off its reply", "broken off")
    told.request_log.ended(badly, 10.6)
    assert told.ids == told.lines == ["req_1", "req_2"]
    refused.refused("host")
    told.request_log.ended(refused, 10.7)
    assert told.ids == told.lines == ["req_1", "req_2", "req_3"]


async def test_many_that_end_together_are_told_in_stretches_that_let_others_have_their_turn() -> None:
    told, all_told = Told(), asyncio.Event()
    turns: list[int] = []

    def tell(_ended: Sequence[Exchange], _records: Sequence[Record]) -> None:
        asyncio.get_running_loop().call_soon(lambda: turns.append(len(told.records)))
        if len(told.records) == 200:
            all_told.set()

    told.request_log.observers.append(tell)
    for number in range(200):
        told.request_log.ended(told.begin(number), 10.5)
    await asyncio.wait_for(all_told.wait(), PATIENCE)
    assert told.ids == told.lines == [f"req_{number}" for number in range(200)]
    assert turns[0] < 100


async def test_some_that_cannot_be_told_keep_nobody_behind_them_from_being_told() -> None:
    told, last, faults = Told(), asyncio.Event(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context["exception"]))

    def tell(_ended: Sequence[Exchange], records: Sequence[Record]) -> None:
        if records[-1].id == "req_199":
            last.set()
        else:
            raise LookupError(records[0].id)

    told.request_log.observers.append(tell)
    for number in range(200):
        told.request_log.ended(told.begin(number), 10.5)
    await asyncio.wait_for(last.wait(), PATIENCE)
    assert told.ids == told.lines == [f"req_{number}" for number in range(200)]
    assert repr(faults[0]) == "LookupError('req_0')"
    assert len(faults) > 1


async def test_one_that_is_excluded_is_logged_at_its_end_and_told_to_nobody() -> None:
    told = Told()
    one = told.begin(1)
    told.request_log.exclude(one)
    assert (told.request_log.running, told.request_log.counters.running) == ({}, 0)
    told.request_log.ended(one, 10.5)
    assert (told.request_log.counters.requests, told.request_log.counters.running, told.ids) == ({}, 0, [])
    assert told.lines == ["req_1"]


def test_when_the_process_ends_at_once_each_running_request_still_has_its_line() -> None:
    told = Told()
    told.begin(1)
    told.request_log.began(Exchange("req_2", Head("POST", "/v1/messages", {}), 1e9, 10.0))
    told.request_log.cut_short(10.5)
    lines = [orjson.loads(line) for line in told.stream.getvalue().splitlines()]
    assert [(line["id"], line["status"]) for line in lines] == [("req_1", 200), ("req_2", 503)]
    assert {line["error"] for line in lines} == {"Sidestep stopped before it was complete"}
    assert (told.request_log.running, told.request_log.counters.running) == ({}, 0)


async def test_when_the_process_ends_at_once_what_had_just_ended_has_its_line_too() -> None:
    told = Told()
    told.request_log.ended(told.begin(1), 10.5)
    told.request_log.cut_short(10.5)
    assert told.ids == told.lines == ["req_1"]

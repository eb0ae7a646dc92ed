"""How the process says that it stands: to a balancer, and to a person."""

import json
import re
from pathlib import Path

from msgspec.structs import replace

from proxy.decision.desk import Desk, new_desk
from proxy.local.status import LATELY, health, readiness, status_line
from proxy.rules.load import Loaded
from proxy.rules.ruleset import RuleSet
from proxy.settings.config import Config
from proxy.telemetry.counters import Counters
from tests.cases import every
from tests.records import FORWARDED
from tests.shipped import IN_FORCE

SERVICE = (Path(__file__).parent.parent.parent / "docs/service.md").read_text("utf-8")
NOW = 1_000_000_000.0


def at_desk(rules: RuleSet | None = None) -> Desk:
    return new_desk(Config(), rules or RuleSet(()), b"key")


def seen(*, reply: float | None = None, fault: float | None = None) -> Counters:
    """An upstream that replied and failed so many seconds ago."""
    times = [(ago, word) for ago, word in ((reply, ""), (fault, "unreachable")) if ago is not None]
    return after(*sorted(times, key=lambda each: -each[0]))


def after(*requests: tuple[float, str]) -> Counters:
    """What is known after these: how many seconds ago each ended, and what went wrong with it, "" for nothing."""
    counters = Counters()
    for number, (ago, fault) in enumerate(requests):
        ended = replace(FORWARDED, id=str(number), at=NOW - ago, duration=0.0, first_byte=0.0, fault=fault)
        if fault != "unreachable":
            counters.reply_begun(NOW - ago)
        counters.count(replace(ended, outcome="failed", first_byte=None) if fault == "unreachable" else ended)
    counters.requests.clear()
    return counters


GOOD = [(300.0 - number, "") for number in range(19)]


@every(
    ("requests", "state", "line"),
    [
        (
            [*GOOD, (5, "broken off")],
            "unsteady",
            "upstream unsteady (broken off, 1 of 20 went wrong) 5 s ago",
        ),
        ([*GOOD, (5, "529"), (4, "529")], "unsteady", "upstream unsteady (529, 2 of 20 went wrong) 4 s ago"),
        ([*GOOD, (5, "529"), (4, "429"), (3, "500")], "failing", "upstream failing (500) 3 s ago"),
        (
            [*GOOD, (5, "529"), (4, "429"), (3, "500"), (2, "")],
            "unsteady",
            "upstream unsteady (500, 3 of 20 went wrong) 2 s ago",
        ),
        ([(5, "529"), *[(4, "")] * 20], "ok", "upstream ok 4 s ago"),
        ([(LATELY + 60, "529"), (4, "")], "ok", "upstream ok 4 s ago"),
        ([(5, "401")], "failing", "upstream failing (401) 5 s ago"),
    ],
)
def test_one_thing_that_went_wrong_among_many_is_no_failing_upstream(
    requests: list[tuple[float, str]], state: str, line: str
) -> None:
    counters = after(*requests)
    assert health(counters, NOW) == state
    assert status_line(at_desk(), counters, NOW).split("; ")[-1] == line


@every(
    ("counters", "state", "line"),
    [
        (seen(), "unknown", "upstream not asked yet"),
        (seen(reply=2), "ok", "upstream ok 2 s ago"),
        (seen(fault=59.9), "failing", "upstream failing (unreachable) 59 s ago"),
        (
            seen(reply=60, fault=90),
            "unsteady",
            "upstream unsteady (unreachable, 1 of 2 went wrong) 1 min ago",
        ),
        (
            seen(reply=90, fault=60),
            "unsteady",
            "upstream unsteady (unreachable, 1 of 2 went wrong) 1 min ago",
        ),
        (seen(reply=LATELY), "ok", "upstream ok 10 min ago"),
        (seen(reply=LATELY + 1), "unknown", "upstream ok 10 min ago"),
        (seen(reply=7300, fault=3 * 86400), "unknown", "upstream ok 2 h ago"),
        (seen(fault=3 * 86400), "unknown", "upstream failing (unreachable) 3 d ago"),
        (seen(reply=-30), "ok", "upstream ok 0 s ago"),
    ],
)
def test_of_the_upstream_it_says_what_was_seen_last_and_when(counters: Counters, state: str, line: str) -> None:
    assert health(counters, NOW) == state
    assert status_line(at_desk(), counters, NOW).split("; ")[-1] == line


def test_an_unsteady_upstream_is_told_and_takes_no_instance_out() -> None:
    state = readiness(at_desk(), seen(reply=20, fault=5), "", NOW)
    assert state == {
        "ready": True,
        "rules": 0,
        "faults": [],
        "reload": None,
        "restart_for": [],
        "upstream": {
            "state": "unsteady",
            "lately": {"requests": 2, "wrong": 1},
            "last_reply": "2001-09-09T01:46:20+00:00",
            "last_fault": {"kind": "unreachable", "at": "2001-09-09T01:46:35+00:00"},
        },
        "journal": None,
    }


def test_what_is_wrong_with_the_journal_is_told_and_makes_nothing_unready() -> None:
    state = readiness(at_desk(), Counters(), "journal: database or disk is full (3 rows lost)", NOW)
    assert (state["ready"], state["journal"]) == (True, "journal: database or disk is full (3 rows lost)")


def test_before_anything_was_forwarded_nothing_is_known_of_the_upstream() -> None:
    found = readiness(at_desk(), Counters(), "", NOW)["upstream"]
    assert found == {"state": "unknown", "lately": {"requests": 0, "wrong": 0}, "last_reply": None, "last_fault": None}


def test_the_documented_state_is_of_the_form_that_is_told(shipped: Loaded) -> None:
    counters = seen(reply=2)
    counters.reloaded(NOW, "done")
    (shown,) = re.findall(r"```json\n(.*?)```", SERVICE, re.DOTALL)
    told, documented = readiness(at_desk(shipped.rules), counters, "", NOW), json.loads(shown)
    assert list(told) == list(documented)
    assert (told["rules"], told["reload"].keys()) == (documented["rules"], documented["reload"].keys())
    assert {**told["upstream"], "last_reply": ""} == {**documented["upstream"], "last_reply": ""}


def test_the_last_reload_is_told_with_its_result() -> None:
    counters = Counters()
    counters.reloaded(NOW - 60, "done")
    counters.reloaded(NOW, "refused")
    found = readiness(at_desk(), counters, "", NOW)["reload"]
    assert found == {"result": "refused", "at": "2001-09-09T01:46:40+00:00"}


def test_the_status_line_counts_all_but_its_own_pages(shipped: Loaded) -> None:
    counters = seen(reply=2)
    counters.running = 3
    counters.requests.update(
        {
            ("answered", "topic", "2xx", "haiku"): 300,
            ("answered", "warm-up", "2xx", "haiku"): 10,
            ("forwarded", "", "2xx", "opus"): 920,
            ("failed", "", "5xx", "opus"): 4,
            ("local", "", "2xx", ""): 5000,
        }
    )
    assert status_line(at_desk(shipped.rules), counters, NOW) == (
        f"{IN_FORCE} rules; 1,234 requests: 310 answered, 920 forwarded, 4 failed; 3 running; upstream ok 2 s ago"
    )


def test_the_status_line_of_a_quiet_process_is_short_and_says_what_is_wrong() -> None:
    quiet = at_desk()
    assert status_line(quiet, Counters(), NOW) == "0 rules; 0 requests; 0 running; upstream not asked yet"
    quiet.faults = ("rules/1.toml:3: missing",)
    assert status_line(quiet, Counters(), NOW).startswith("0 rules; 1 fault in them; ")

"""What the page shows beside the requests, as plain data, with nothing secret in it."""

import time
from dataclasses import replace
from typing import Any

import orjson

from proxy.decision.desk import Desk, new_desk
from proxy.decision.drift import Notice
from proxy.exchange import Exchange, Head
from proxy.live.feed import Feed
from proxy.live.state import LiveState
from proxy.local.status import LATELY
from proxy.replies.usage import Usage
from proxy.rules.load import Loaded, configured
from proxy.rules.ruleset import RuleSet
from proxy.settings.config import Config
from proxy.telemetry.counters import Counters
from proxy.telemetry.request_log import RequestLog
from tests.conftest import ROOT
from tests.live.entries import entry

SECRET = "0123456789abcdef-secret"


def _state(rules: RuleSet, **tables: dict[str, Any]) -> LiveState:
    config = Config.model_validate(tables)
    return LiveState(config, _desk(config, rules), RequestLog(None, Counters()), Feed(), None, 1.0)


def _desk(config: Config, rules: RuleSet) -> Desk:
    return new_desk(config, rules, b"key")


def _rules(state: LiveState) -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in state.sections()["rules"]}


def test_every_section_is_json_and_none_holds_a_secret(shipped: Loaded) -> None:
    state = _state(
        shipped.rules,
        listen={"token": SECRET},
        upstream={"url": f"https://gateway.example:8443/{SECRET}", "proxy": f"http://me:{SECRET}@127.0.0.1:3128"},
    )
    text = orjson.dumps(state.sections()).decode()
    assert SECRET not in text
    setup = state.sections()["setup"]
    assert setup["upstream"] == "https://gateway.example:8443"
    assert setup["proxy"] == "http://127.0.0.1:3128"
    assert setup["token"] is True


def test_requests_are_counted_by_outcome_without_those_for_its_own_pages(shipped: Loaded) -> None:
    state = _state(shipped.rules)
    for outcome in ("answered", "forwarded", "forwarded", "local"):
        state.request_log.counters.count(entry(outcome=outcome))
    assert state.sections()["counts"]["outcomes"] == {"answered": 1, "forwarded": 2}


def test_tokens_are_those_that_the_counters_have(shipped: Loaded) -> None:
    state = _state(shipped.rules)
    assert set(state.sections()["counts"]["tokens"].values()) == {0}
    for usages in ([Usage(1, 2, 3, 4), None, Usage(10, 20, 30, 40)], [None], [Usage(100, 0, 0, 0)]):
        state.request_log.counters.read([entry(usage=usage) for usage in usages])
    expected = {"input": 111, "output": 22, "cache_read": 33, "cache_creation": 44}
    assert state.sections()["counts"]["tokens"] == expected == dict(state.request_log.counters.tokens)


def test_a_rule_shows_its_hits_and_why_it_left_requests_to_the_model(shipped: Loaded) -> None:
    state = _state(shipped.rules)
    told = [entry(outcome="answered", rule="topic", reason="", duration=4.0)] * 2
    told += [entry(rule="topic", reason="declined: not certain"), entry(rule="topic", reason="asked again")]
    for each in told:
        state.request_log.counters.count(each)
    state.feed.publish(told)
    topic = _rules(state)["topic"]
    assert (topic["answered"], topic["median"]) == (2, 4.0)
    assert topic["reasons"] == {"declined: not certain": 1, "asked again": 1}


def test_switches_tell_on_shadow_off_and_tripped(shipped: Loaded) -> None:
    first, second, third, *_ = (rule for rule in shipped.rules.rules if rule.answer is not None)
    state = _state(RuleSet((replace(first, status="shadow"), second), (replace(third, status="off"),)))
    assert [rule["state"] for rule in _rules(state).values()] == ["shadow", "on", "off"]
    state.desk.now.breaker._count[second.name] = 3
    assert _rules(state)[second.name]["state"] == "tripped"


def test_audits_are_shown_once_there_are_some(shipped: Loaded) -> None:
    state = _state(shipped.rules)
    assert _rules(state)["topic"]["audits"] is None
    for verdict in ("same", "different", "upstream error"):
        state.desk.agreements.add_audit("topic", verdict)
    assert _rules(state)["topic"]["audits"] == (1, 2)


def test_agreement_in_shadow_is_shown_once_there_is_some(shipped: Loaded) -> None:
    state = _state(shipped.rules)
    assert _rules(state)["topic"]["agreement"] is None
    for verdict in ("same", "same", "different", "upstream error"):
        state.desk.agreements.add("topic", verdict)
    assert _rules(state)["topic"]["agreement"] == {
        "same": 2,
        "different": 1,
        "not compared": 0,
        "upstream error": 1,
    }


def test_the_upstream_is_as_its_last_word_was_if_that_was_lately(shipped: Loaded) -> None:
    counters, lately = Counters(), time.time() - LATELY / 2
    state = replace(_state(shipped.rules), request_log=RequestLog(None, counters))
    assert state.sections()["upstream"]["state"] == "unknown"
    counters.count(entry(at=10.0))
    assert state.sections()["upstream"]["state"] == "unknown"
    counters.count(entry(at=lately))
    assert state.sections()["upstream"]["state"] == "ok"
    counters.count(entry(at=lately + 1, outcome="failed", fault="refused", first_byte=None, overhead=None))
    assert state.sections()["upstream"]["state"] == "failing"
    assert state.sections()["upstream"]["faults"] == {"refused": 1}
    counters.count(entry(at=lately + 2))
    assert state.sections()["upstream"]["state"] == "ok"


def test_what_runs_is_shown_but_for_its_own_pages(shipped: Loaded) -> None:
    state = _state(shipped.rules)
    for number, path in enumerate(("/v1/messages", "/-/ready")):
        state.request_log.began(Exchange(f"req_{number}", Head("GET", path, {}), 1.0, 1.0))
    assert [running["id"] for running in state.sections()["running"]] == ["req_0"]


def test_drift_is_shown_as_it_was_told_the_latest_of_it(shipped: Loaded) -> None:
    state = _state(shipped.rules)
    for number in range(30):
        state.desk.sightings.add(Notice("sign", f"2.0.{number}"), 1.0, "req_sidestep_1")
    told = state.sections()["drift"]
    assert [told[0]["client"], told[-1]["client"], len(told)] == ["2.0.10", "2.0.29", 20]


def test_what_the_settings_say_of_a_rule_is_shown() -> None:
    config = Config.model_validate(
        {"rules": {"directory": str(ROOT / "rules"), "override": {"prompt-suggestion": {"status": "off"}}}}
    )
    shown = _rules(_state(configured(config).rules))["prompt-suggestion"]
    assert (shown["state"], shown["overridden"]) == ("off", {"status": "off"})

"""Audits, through the running proxy: which questions are forwarded, what is counted, and what ends a rule's answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from proxy.decision.agreements import Agreements, load
from proxy.decision.audits import LAST, Auditing, auditing
from proxy.decision.desk import Desk, in_force, new_desk
from proxy.settings.config import Config, RulesSettings
from tests.cases import every
from tests.conftest import Running, Start
from tests.decision.test_desk import ask, body, lines, message, rules
from tests.raw import Peer, raw_upstream, reply
from tests.waiting import until

EVERY_SECOND = "audit = 0.5"


def desk(more: str = EVERY_SECOND, draws: Iterator[float] | None = None, **settings: Any) -> Desk:
    """One that audits whenever the next of `draws` is small."""
    config = Config(rules=RulesSettings(**settings))
    found = new_desk(config, rules(more), b"key", Agreements())
    found.draw = (draws or iter([])).__next__
    return found


def model(says: Iterator[str]) -> Any:
    async def script(peer: Peer) -> None:
        while head := await peer.head():
            await peer.sized(head)
            await peer.send(reply(orjson.dumps(message(next(says)))))

    return raw_upstream(script)


async def asked(sidestep: Running, times: int) -> list[str]:
    """The texts of the replies to so many questions, each of a session of its own."""
    texts = []
    for number in range(times):
        _, raw = await ask(sidestep, body(metadata={"user_id": f"u{number}"}))
        texts.append(orjson.loads(raw)["content"][0]["text"])
    return texts


async def test_the_share_that_is_drawn_goes_to_the_model_and_is_compared(start: Start) -> None:
    at = desk(draws=iter([0.5, 0.49, 0.9, 0.0, 1.0]))
    async with model(iter(["pong", "pang"])) as upstream:
        sidestep = await start(upstream.url, at=at)
        assert await asked(sidestep, 5) == ["pong", "pong", "pong", "pang", "pong"]
        audits = await lines(sidestep, "audit", 2)
    assert [(line["rule"], line["verdict"]) for line in audits] == [("ping", "same"), ("ping", "different")]
    assert [line["outcome"] for line in sidestep.logged()] == [
        *("answered", "forwarded", "answered", "forwarded", "answered")
    ]
    assert [line["reason"] for line in sidestep.logged() if "reason" in line] == ["audit", "audit"]
    agreement = at.agreements.counts["ping"]
    assert agreement.audited == [True, False]
    assert set(agreement.counts.values()) == {0}, "what was in shadow is counted apart"


async def test_a_reply_that_failed_is_no_audit(start: Start) -> None:
    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(reply(b"{}", status="529 Overloaded"))

    at = desk(draws=iter([0.0]))
    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url, at=at)
        await ask(sidestep, body())
        assert (await lines(sidestep, "audit"))[0]["verdict"] == "upstream error"
    assert at.agreements.counts["ping"].audited == []


async def test_a_rule_that_agrees_too_rarely_goes_to_shadow_loudly_until_a_reload(start: Start) -> None:
    says = iter([*["pong"] * 7, *["pang"] * 10])
    at = desk("audit = 1", draws=iter([0.0] * 99))
    async with model(says) as upstream:
        sidestep = await start(upstream.url, at=at)
        await asked(sidestep, 9)
        assert not at.now.breaker.in_shadow("ping")
        await asked(sidestep, 1)
        (line,) = await lines(sidestep, "tripped")
        assert (line["level"], line["rule"]) == ("error", "ping")
        assert line["reason"] == (
            "of its last audits, 7 of 10 agreed with the model: the rule is in shadow until the rules are loaded anew"
        )
        assert await asked(sidestep, 2) == ["pang", "pang"]
        await until(lambda: len(sidestep.logged()) == 12)
        assert [line["reason"] for line in sidestep.logged()[-2:]] == ["shadow", "shadow"]
        assert at.agreements.counts["ping"].audited == [True] * 7 + [False] * 3
    at.replace(in_force(Config(), rules("audit = 1")))
    assert at.agreements.counts["ping"].audited == []
    assert not at.now.breaker.in_shadow("ping")


async def test_a_rule_that_agrees_often_enough_goes_on(start: Start) -> None:
    at = desk("audit = 1", draws=iter([0.0] * 99))
    async with model(iter(["pong", "pang", *["pong"] * 8])) as upstream:
        sidestep = await start(upstream.url, at=at)
        await asked(sidestep, 10)
        await lines(sidestep, "audit", 10)
    assert not at.now.breaker.in_shadow("ping")
    assert not [line for line in sidestep.lines() if line["event"] == "tripped"]


@every(
    ("more", "settings", "shares"),
    [
        ("", {}, {}),
        ("audit = 0.05", {}, {"ping": 0.05}),
        ("", {"audit": 0.1}, {"ping": 0.1}),
        ("audit = 0.05", {"audit": 0.1}, {"ping": 0.05}),
        ("audit = 0", {"audit": 0.1}, {}),
        ('compare = "any"', {"audit": 0.1}, {}),
        ('compare = "any"\naudit = 0.2', {"audit": 0.1}, {"ping": 0.2}),
    ],
)
def test_a_rule_has_its_own_share_or_that_of_all_whose_answers_are_compared(
    more: str, settings: dict[str, Any], shares: dict[str, float]
) -> None:
    assert auditing(RulesSettings(**settings), rules(more)).shares == shares


@every(
    ("audited", "fails"),
    [
        *(([], False), ([False] * 9, False), ([False] * 10, True), ([True] * 8 + [False] * 2, False)),
        *(([True] * 7 + [False] * 3, True), ([True] * 39 + [False] * 11, True), ([True] * 40 + [False] * 10, False)),
    ],
)
def test_ten_audits_are_needed_and_the_limit_may_just_be_reached(audited: list[bool], fails: bool) -> None:
    assert Auditing({}, 0.8).fails(audited) is fails


def test_only_the_last_audits_count_and_they_outlive_a_restart(tmp_path: Path) -> None:
    agreements, log = Agreements(), None
    for number in range(LAST + 10):
        agreements.add_audit("ping", "same" if number >= 10 else "different")
    agreements.add_audit("ping", "not compared")
    assert agreements.counts["ping"].audited == [True] * LAST
    agreements.kept.finish(tmp_path / "a.json", log)
    found = load(tmp_path / "a.json")["ping"]
    assert found.audited == [True] * LAST
    (tmp_path / "a.json").write_text(json.dumps({"ping": {"audited": [True, 1, "x", False]}, "pong": {"audited": 3}}))
    kept = load(tmp_path / "a.json")
    assert (kept["ping"].audited, kept["pong"].audited) == ([True, False, False, False], [])


def test_a_process_that_begins_judges_those_that_had_failed_from_the_start() -> None:
    counted = Agreements()
    for rule, verdict in (("ping", "different"), ("other", "same")):
        for _ in range(10):
            counted.add_audit(rule, verdict)  # type: ignore[arg-type]
    new_desk(Config(), rules(EVERY_SECOND), b"key", counted)
    assert (counted.counts["ping"].audited, counted.counts["other"].audited) == ([], [True] * 10)

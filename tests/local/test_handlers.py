"""Sidestep's own paths: readiness, and that nothing under `/-/` is forwarded."""

import json
from typing import Any

import aiohttp
import pytest

from proxy.decision.desk import new_desk
from proxy.rules.ruleset import RuleSet
from proxy.scripted import ScriptedUpstream
from proxy.settings.config import Config
from tests.conftest import Start
from tests.raw import raw_client
from tests.shipped import IN_FORCE

QUIET: dict[str, Any] = {
    "reload": None,
    "restart_for": [],
    "upstream": {"state": "unknown", "lately": {"requests": 0, "wrong": 0}, "last_reply": None, "last_fault": None},
    "journal": None,
}
"""What is told of reloads and of the upstream before there was any traffic."""


async def _get(url: str) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        return reply.status, await reply.json()


async def test_it_is_ready_when_all_rules_are_in_force(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url, log={"level": "debug"})
    assert await _get(sidestep.url + "/-/ready") == (200, {"ready": True, "rules": IN_FORCE, "faults": [], **QUIET})
    assert scripted.seen == []
    assert [line["outcome"] for line in sidestep.logged()] == ["local"]


async def test_its_own_pages_are_on_the_record_with_their_size_and_without_a_reason(
    start: Start, scripted: ScriptedUpstream
) -> None:
    sidestep = await start(scripted.url)
    async with aiohttp.ClientSession() as session, session.get(sidestep.url + "/-/metrics") as reply:
        size = len(await reply.read())
    [line] = sidestep.logged()
    assert (line["bytes_out"], line["first_byte_ms"] <= line["ms"], "reason" in line) == (size, True, False)


async def test_what_a_balancer_asks_day_and_night_is_logged_at_debug(start: Start, scripted: ScriptedUpstream) -> None:
    quiet, loud = await start(scripted.url), await start(scripted.url, log={"level": "debug"})
    for sidestep in (quiet, loud):
        for page in ("health", "ready"):
            await _get(f"{sidestep.url}/-/{page}")
    assert quiet.logged() == []
    assert [(line["level"], line["path"]) for line in loud.logged()] == [("debug", "/-/health"), ("debug", "/-/ready")]


async def test_it_is_not_ready_while_something_is_wrong_with_the_rules(
    start: Start, scripted: ScriptedUpstream
) -> None:
    desk = new_desk(Config(), RuleSet(()), b"key")
    desk.faults = ("rules/1.toml:3: rules[0].name: missing",)
    sidestep = await start(scripted.url, at=desk)
    state = {"ready": False, "rules": 0, "faults": ["rules/1.toml:3: rules[0].name: missing"], **QUIET}
    assert await _get(sidestep.url + "/-/ready") == (503, state)


async def test_it_is_alive_though_it_is_not_ready(start: Start, scripted: ScriptedUpstream) -> None:
    desk = new_desk(Config(), RuleSet(()), b"key")
    desk.faults, desk.stopping = ("something",), True
    sidestep = await start(scripted.url, at=desk)
    assert await _get(sidestep.url + "/-/health") == (200, {"alive": True})
    assert await _get(sidestep.url + "/-/ready") == (
        503,
        {"ready": False, "rules": 0, "faults": ["something", "stopping"], **QUIET},
    )
    assert scripted.seen == []


async def test_a_failing_upstream_is_told_and_is_no_reason_not_to_be_ready(start: Start) -> None:
    sidestep = await start("http://127.0.0.1:1")
    status, _ = await _get(sidestep.url + "/v1/models")
    assert status == 502
    status, state = await _get(sidestep.url + "/-/ready")
    upstream = state["upstream"]
    assert isinstance(upstream, dict)
    assert (status, upstream["state"], upstream["last_fault"]["kind"]) == (200, "failing", "unreachable")


async def test_an_upstream_that_replied_lately_is_told(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    assert (await _get(sidestep.url + "/v1/models"))[0] == 200
    upstream = (await _get(sidestep.url + "/-/ready"))[1]["upstream"]
    assert isinstance(upstream, dict)
    assert (upstream["state"], upstream["last_fault"]) == ("ok", None)
    assert len(scripted.seen) == 1


@pytest.mark.parametrize("path", ["/-/other", "/-/health/", "/-/metrics/", "/-/ready/"])
async def test_nothing_else_of_its_own_is_forwarded(start: Start, scripted: ScriptedUpstream, path: str) -> None:
    sidestep = await start(scripted.url)
    status, error = await _get(sidestep.url + path)
    assert (status, error["type"]) == (404, "error")
    assert scripted.seen == []


async def test_other_sites_cannot_ask(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    async with raw_client(sidestep.port) as client:
        await client.send(b"GET /-/ready HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        head = await client.head()
        assert json.loads(await client.sized(head))["error"]["type"] == "permission_error"

"""The self-test before stand-ins for Sidestep: each fault is found by the probe that is there for it."""

from dataclasses import replace

import pytest

from proxy.commands.doctor import bench as bench_module
from proxy.commands.doctor import plain_http, probes
from proxy.commands.doctor.findings import Finding
from proxy.commands.doctor.probes import PROBES, probe
from proxy.commands.doctor.shortcuts import shortcuts
from proxy.rules.load import Loaded
from tests.doctor.relay import Relay, bench

REWRITTEN = b"HTTP/1.1 200 OK\r\nx-sidestep-rule: %b\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def however_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else this machine has to do is no fault of a relay's."""
    monkeypatch.setattr(probes, "SLOW", float("inf"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes need not be waited for long."""
    for module in (plain_http, probes, bench_module):
        monkeypatch.setattr(module, "TIMEOUT", 0.5)


async def _try(name: str, relay: Relay) -> Finding:
    async with bench(relay) as tried:
        return await probe(name, PROBES[name], tried)


@pytest.mark.parametrize("name", PROBES)
async def test_a_relay_without_a_fault_passes(name: str) -> None:
    finding = await _try(name, Relay())
    assert (finding.check, finding.verdict, finding.todo) == (name, "ok", "")


@pytest.mark.parametrize(
    ("name", "relay", "told"),
    [
        (
            "request bytes",
            Relay(request=lambda data: data.replace(b"anthropic-BETA", b"Anthropic-Beta")),
            "sent 'anthropic-BETA: a,b', arrived 'Anthropic-Beta: a,b'",
        ),
        (
            "request bytes",
            Relay(request=lambda data: data.replace(b"%2F", b"/")),
            "sent 'POST /doctor/bytes?a=%2F&&b=c/../d HTTP/1.1', arrived 'POST /doctor/bytes?a=/&&b=c/../d HTTP/1.1'",
        ),
        (
            "request bytes",
            Relay(request=lambda data: data.replace(b"Accept-Encoding: gzip\r\n", b"")),
            "sent 'Accept-Encoding: gzip', arrived 'User-Agent: doctor'",
        ),
        (
            "request bytes",
            Relay(request=lambda data: data.replace(b"\t2", b" 2")),
            "a body of 22 bytes arrived as another of 22",
        ),
        (
            "reply bytes",
            Relay(reply=lambda data: data.replace(b"203 As It Came", b"203 Non-Authoritative Information")),
            "arrived 'HTTP/1.1 203 Non-Authoritative Information'",
        ),
        (
            "reply bytes",
            Relay(reply=lambda data: data.replace(b"\r\n\r\n", b"\r\nServer: x\r\n\r\n", 1)),
            "sent nothing, arrived 'Server: x'",
        ),
        ("first byte", Relay(holds_back=True), "something did not arrive"),
        ("frames", Relay(holds_back=True), "something did not arrive"),
        ("cancellation", Relay(goes_on=True), "a request goes on upstream although its client has gone"),
        ("host refusal", Relay(any_host=True), "a request for rebound.example was answered with 200"),
        ("reply bytes", Relay(hangs_up=True), "EOFError"),
        ("reply bytes", Relay(reply=lambda data: data.replace(b"256", b"many")), "ValueError"),
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_a_fault_is_found_by_its_probe_and_named(name: str, relay: Relay, told: str) -> None:
    finding = await _try(name, relay)
    assert (finding.check, finding.verdict, bool(finding.todo)) == (name, "fault", True)
    assert told in finding.found


async def test_a_delay_that_people_would_feel_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "SLOW", 0.0)
    for name in ("first byte", "frames"):
        assert (await _try(name, Relay())).verdict == "warning"


async def test_questions_that_nobody_answers_are_faults_of_their_rules(shipped: Loaded) -> None:
    async with bench(Relay()) as tried:
        findings = await shortcuts(shipped.entries, tried)
    answering = [entry.rule.name for entry in shipped.entries if entry.rule.answer]
    assert [finding.check for finding in findings] == [f"rule {name}" for name in answering]
    assert {finding.verdict for finding in findings} == {"fault"}
    assert all(finding.found.endswith("was answered by the upstream") for finding in findings)


async def test_a_wrong_response_is_a_fault_of_its_rule(shipped: Loaded) -> None:
    (entry,) = (entry for entry in shipped.entries if entry.rule.name == "hello")
    on = replace(entry, rule=replace(entry.rule, status="on"))
    wrong = (REWRITTEN % b"hello").replace(b"200 OK", b"404 Not Found").replace(b": 0", b": 9")
    replies = [REWRITTEN % b"none", wrong]  # the second one to a HEAD, which has no body whatever its length is
    async with bench(Relay(reply=lambda _data: replies.pop(0))) as tried:
        (finding,) = await shortcuts((on,), tried)
    assert (finding.verdict, finding.found) == ("fault", "answered 404 '', expected ''")


async def test_a_wrong_answer_is_a_fault_of_its_rule(shipped: Loaded) -> None:
    (entry,) = (entry for entry in shipped.entries if entry.rule.name == "warm-up")
    said = b'{"content":[{"type":"text","text":"Steady."}]}'
    wrong = (REWRITTEN % b"warm-up").replace(b": 0", b": %d" % len(said)) + said
    async with bench(Relay(reply=lambda _data: wrong)) as tried:
        (finding,) = await shortcuts((entry,), tried)
    assert (finding.verdict, finding.found) == ("fault", "answered 200 'Steady.', expected 'Ready.'")

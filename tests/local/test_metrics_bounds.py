"""`/-/metrics`: its two formats, its documentation, that nothing in it is a client's, and that it does not grow."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy import __version__
from proxy.decision.desk import new_desk
from proxy.decision.shadow import Agreement, Verdict
from proxy.local.metrics import exposition
from proxy.replies.errors import UPSTREAM_ERRORS
from proxy.rules.load import Loaded
from proxy.rules.ruleset import RuleSet
from proxy.scripted import ScriptedUpstream
from proxy.settings.config import Config
from proxy.telemetry.counters import Counters, Histogram
from proxy.upstream.faults import NAMES
from tests.cases import every
from tests.conftest import Start
from tests.process import running
from tests.raw import Peer, raw_client, raw_upstream
from tests.scraping import OPENMETRICS, scrape
from tests.shipped import IN_FORCE
from tests.sockets.given import CLAUDE, ask, broken_off, head, receive
from tests.waiting import PATIENCE

PAGE_AT = Path(__file__).parent.parent.parent / "docs/metrics.md"
PAGE = PAGE_AT.read_text("utf-8")
ODD_ACCEPTS = [
    b"*/*",
    b"text/plain;version=none",
    b"application/openmetrics-text;version=1.x",
    b"application/openmetrics-text;version=2.planted",
    b"application/openmetrics-text; version=\xd9\xa1.0.0",
    b"\xff\xfe",
    b"," * 1000,
]
RANDOM_REQUESTS = 500
MARK = "zqz"
"""Is in everything that random requests are made of, and in no word of ours."""


async def test_whoever_asks_for_openmetrics_gets_the_same_in_that_format(
    start: Start, scripted: ScriptedUpstream
) -> None:
    sidestep = await start(scripted.url)
    await ask(sidestep.port, head(sidestep.port, b"GET /v1/models HTTP/1.1"))
    plain, other = await scrape(sidestep.port), await scrape(sidestep.port, OPENMETRICS)
    kinds = [found.reply.values(b"content-type")[0].partition(b";")[0] for found in (plain, other)]
    assert kinds == [b"text/plain", b"application/openmetrics-text"]
    for found in (plain, other):
        assert found.value("sidestep_requests_total", outcome="forwarded", rule="", status="2xx", model="") == 1
        (told,) = found.samples("sidestep_build_info")
        assert (told[0]["version"], told[1]) == (__version__, 1)
    assert [line["outcome"] for line in sidestep.logged()] == ["forwarded", "local", "local"]


@pytest.mark.parametrize("accept", ODD_ACCEPTS, ids=range(len(ODD_ACCEPTS)))
async def test_whatever_is_asked_for_the_metrics_come(start: Start, scripted: ScriptedUpstream, accept: bytes) -> None:
    sidestep = await start(scripted.url)
    found = await scrape(sidestep.port, accept)
    assert found.value("sidestep_rules") == IN_FORCE


async def test_a_scrape_wants_the_local_token_and_may_come_from_no_other_site(
    start: Start, scripted: ScriptedUpstream
) -> None:
    sidestep = await start(scripted.url, listen={"token": "planted-right-token"})
    line, right = b"GET /-/metrics HTTP/1.1", b"X-Sidestep-Token: planted-right-token"
    assert (await ask(sidestep.port, head(sidestep.port, line))).status == 401
    assert (await ask(sidestep.port, head(sidestep.port, line, right, b"Origin: https://evil.example"))).status == 403
    found = await scrape(sidestep.port, b"", right)
    assert found.counts("sidestep_refusals_total", "reason") == {("token",): 1, ("origin",): 1}


def test_the_documented_metrics_are_those_that_are_told(shipped: Loaded) -> None:
    """With something counted in every one of them, so that every label shows."""
    counters, at = _full(), new_desk(Config(), shipped.rules, b"key")
    at.agreements.counts["topic"] = Agreement(audited=[True])
    told = exposition(counters, at, 0, "")[0].decode()
    assert list(_documented()) == list(_told(told))


def _full() -> Counters:
    counters = Counters(last_reply=1.0, last_fault=(2.0, NAMES[0]))
    counters.requests["answered", "topic", "2xx", "haiku"] = 1
    counters.reasons.update({("forwarded", "topic", "declined: unsure"): 1, ("refused", "", "host"): 1})
    for histograms in (counters.duration, counters.first_byte, counters.overhead):
        histograms["answered"] = Histogram()
    counters.reloaded(3.0, "done")
    return counters


def _documented() -> Iterator[tuple[str, str, set[str], str]]:
    """Name, kind, labels and meaning of each row of the table."""
    rows = PAGE[PAGE.index("| metric |") :].splitlines()[2:]
    for row in rows[: rows.index("")]:
        name, kind, labels, meaning = (cell.strip() for cell in row.strip("|").split("|"))
        yield name.strip("`"), kind, {label.strip(" `") for label in labels.split(",") if label}, meaning


def _told(text: str) -> Iterator[tuple[str, str, set[str], str]]:
    """The same of what is told; samples follow their HELP and TYPE."""
    for part in text.split("# HELP ")[1:]:
        (name, about), kind, *samples = part.splitlines()[0].split(" ", 1), *part.splitlines()[1:]
        if name.startswith("process_"):
            continue
        assert samples, name
        labels = {pair.partition("=")[0] for pair in samples[0].partition("{")[2].partition("}")[0].split(",")}
        yield name, kind.removeprefix(f"# TYPE {name} "), labels - {"", "le"}, about


@every("kind", NAMES)
def test_every_kind_of_fault_is_documented(kind: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| `kind` (of faults) |")]
    assert f"`{kind}`" in row


@every("kind", UPSTREAM_ERRORS)
def test_every_kind_of_error_of_the_upstream_is_documented(kind: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| `kind` (of errors) |")]
    assert f"`{kind}`" in row


def test_rules_that_a_file_of_agreements_remembers_for_ever_do_not_make_it_grow() -> None:
    at = new_desk(Config(), RuleSet(()), b"key")
    for number in range(1000):
        compared: dict[Verdict, int] = {"same": 1, "different": 0, "upstream error": 0}
        at.agreements.counts[f"rule-{number}"] = Agreement(compared, [True, False, True])
    told = exposition(Counters(), at, 0, "")[0].decode()
    lines = [line for line in told.splitlines() if line.startswith("sidestep_shadow_comparisons_total{")]
    assert len(lines) == 3 * 129
    assert 'sidestep_shadow_comparisons_total{rule="other",verdict="same"} 872.0' in lines
    audits = [line for line in told.splitlines() if line.startswith("sidestep_audits{")]
    assert len(audits) == 2 * 128
    assert audits[:2] == [
        'sidestep_audits{rule="rule-0",verdict="same"} 2.0',
        'sidestep_audits{rule="rule-0",verdict="different"} 1.0',
    ]


async def test_nothing_that_a_client_or_an_upstream_said_is_in_it() -> None:
    token = "planted-right-token"
    secrets = [b"X-Api-Key: sk-planted", b"Cookie: planted=planted", b"X-Sidestep-Token: " + token.encode()]
    secrets += [b"X-Claude-Code-Session-Id: planted-session", b"X-planted: planted"]
    agents = [CLAUDE + b" planted", b"User-Agent: planted/1.2.3 (planted)"]
    bodies = [
        b'{"model": "planted-model", "max_tokens": 1, "messages": [{"role": "user", "content": "planted"}]}',
        b'{"model": "claude-opus-planted", "planted": 1, "messages": []}',
        b"planted",
    ]

    async def script(peer: Peer) -> None:
        while True:
            await receive(peer)
            await peer.send(b"HTTP/1.1 200 planted\r\nX-planted: planted\r\nContent-Length: 7\r\n\r\nplanted")

    async with raw_upstream(script) as upstream, running(upstream.url, f"listen.token={token}") as (process, port):
        for agent in agents:
            for body in bodies:
                for target in (b"/v1/messages?planted=planted", b"/planted", b"http://planted/", b"/-/planted"):
                    line, size = b"POST %s HTTP/1.1" % target, b"Content-Length: %d" % len(body)
                    await ask(port, head(port, line, *secrets, agent, size, b"Connection: close") + body)
        async with asyncio.timeout(PATIENCE), raw_client(port) as client:
            await client.send(head(port, b"PLANTED /planted HTTP/1.1", b"planted planted: planted"))
            await broken_off(client)
        await process.line("request", reason="malformed")
        for accept in (b"", OPENMETRICS):
            found = await scrape(port, accept, secrets[2])
            assert sum(value for _, value in found.samples("sidestep_requests_total")) >= 24
            assert b"planted" not in found.reply.body
            assert b"planted" not in found.reply.head


def _random_request(port: int, chance: random.Random) -> bytes:
    def word() -> str:
        return MARK + "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789-._", k=chance.randint(1, 20)))

    path = chance.choice(["/v1/messages", "/v1/messages", "/v1/messages?" + word(), "/" + word(), "/-/" + word()])
    family = chance.choice(["", "opus-", "sonnet-", "haiku-"])
    content = chance.choice(["quota", "Warmup", word()])
    body = {"model": family + word(), "max_tokens": 1, "messages": [{"role": "user", "content": content}], word(): 1}
    sent = chance.choice([json.dumps(body).encode(), word().encode(), b""])
    agent = chance.choice(["claude-cli/2.0.64 (external, cli)"] * 3 + [f"{word()}/1.2.3"])
    fields = [f"User-Agent: {agent}", f"X-{word().replace('.', '-')}: {word()}", f"Content-Length: {len(sent)}"]
    fields += chance.choice(
        [[], [], [f"Origin: https://{word()}"], [f"Expect: {word()}"], [f"Content-Encoding: {word()}"]]
    )
    method = chance.choice(["POST", "POST", "POST", "PUT"])
    return head(port, f"{method} {path} HTTP/1.1".encode(), *(field.encode() for field in fields)) + sent


async def test_it_stays_small_whatever_clients_send(start: Start, shipped: Loaded) -> None:
    chance = random.Random(6)

    async def script(peer: Peer) -> None:
        while True:
            await receive(peer)
            await peer.send(b"HTTP/1.1 %d Any\r\nContent-Length: 0\r\n\r\n" % chance.choice([200, 302, 404, 429, 529]))

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        for _ in range(RANDOM_REQUESTS):
            await ask(sidestep.port, _random_request(sidestep.port, chance))
        found = await scrape(sidestep.port)
    counted = found.samples("sidestep_requests_total")
    assert sum(value for _, value in counted) == RANDOM_REQUESTS
    allowed = {
        "outcome": {"answered", "forwarded", "local", "refused", "failed"},
        "rule": {"", *(rule.name for rule in shipped.rules.rules)},
        "status": {"2xx", "3xx", "4xx", "5xx"},
        "model": {"", "opus", "sonnet", "haiku", "other"},
    }
    for labels, _ in counted:
        assert {label for label, value in labels.items() if value not in allowed[label]} == set()
    assert {labels["model"] for labels, _ in counted} == allowed["model"]
    assert MARK.encode() not in found.reply.body
    assert len(found.reply.body.splitlines()) < 500

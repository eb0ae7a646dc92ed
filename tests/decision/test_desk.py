"""The desk, through the running proxy: shadow mode, the breaker, replayed headers, drift and reload."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import orjson

from proxy.decision.desk import Desk, Ruling, in_force, new_desk
from proxy.exchange import Forward, Head
from proxy.question.messages import MessagesRequest, seen
from proxy.respond import Respond
from proxy.rules.load import compile_document
from proxy.rules.ruleset import RuleSet
from proxy.scripted import ScriptedUpstream, stream_events
from proxy.settings import toml
from proxy.settings.config import Config
from proxy.sse import encode
from tests.conftest import Running, Start
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.waiting import PATIENCE, until

CLAUDE = "User-Agent: claude-cli/2.0.64 (external, cli)\r\n"

RULE = """
[base]
headers.user-agent = "claude-cli/2.0.64 (external, cli)"
body = {{ messages = [{{ role = "user", content = "ping" }}] }}

[[rules]]
name = "ping"
about = "for a test"
action = "answer"
{more}
[rules.when]
client = "claude-cli"
user_text = {{ pattern = '\\Aping' }}
[rules.answer]
text = "pong"
{answer}
[[rules.matches]]
about = "a ping"
answer = "pong"
[[rules.misses]]
about = "no ping"
body = {{ messages = [{{ role = "user", content = "other" }}] }}
"""


def rules(more: str = "", answer: str = "") -> RuleSet:
    loaded = compile_document(toml.parse(RULE.format(more=more, answer=answer), "test.toml"))
    assert loaded.problems == ()
    return loaded.rules


def body(text: str = "ping", **fields: Any) -> bytes:
    return orjson.dumps({"model": "m", "max_tokens": 1024, "messages": [{"role": "user", "content": text}], **fields})


async def ask(sidestep: Running, raw: bytes, more: str = CLAUDE) -> tuple[bytes, bytes]:
    """Head and body of the reply."""
    async with raw_client(sidestep.port) as client:
        await client.send(request(sidestep.port, "/v1/messages", raw, more=more))
        head = await client.head()
        chunked = b"transfer-encoding: chunked" in head.lower()
        return head, b"".join(await client.chunks()) if chunked else await client.sized(head)


async def lines(sidestep: Running, event: str, count: int = 1) -> list[dict[str, Any]]:
    """The first `count` log lines about `event`, waited for."""

    def found() -> list[dict[str, Any]]:
        return [line for line in sidestep.lines() if line["event"] == event]

    await until(lambda: len(found()) >= count)
    return found()[:count]


def message(text: str) -> dict[str, Any]:
    content = [{"type": "text", "text": text}]
    return {"content": content, "stop_reason": "end_turn", "usage": {"output_tokens": 1}}


async def test_a_rule_in_shadow_forwards_and_is_held_against_the_reply(start: Start) -> None:
    """Same, different and failed, in turn; the client gets the upstream's very bytes."""
    replies = [
        reply(orjson.dumps(message("pong"))),
        reply(gzip.compress(orjson.dumps(message("pang")), mtime=0), headers="Content-Encoding: gzip"),
        reply(b"{}", status="529 Overloaded"),
    ]

    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(replies[len(upstream.peers) - 1] + b"")

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url, using=rules('status = "shadow"'))
        for number, expected in enumerate(replies, 1):
            head, raw = await ask(sidestep, body(), CLAUDE + "Connection: close\r\n")
            assert expected.endswith(b"\r\n\r\n" + raw)
            assert b"sidestep" not in head
            shadows = await lines(sidestep, "shadow", number)  # one that is packed is read in a thread
    assert [line["verdict"] for line in shadows] == ["same", "different", "upstream error"]
    assert [line["reason"] for line in sidestep.logged()] == ["shadow"] * 3


async def test_shadow_adds_no_delay_and_changes_no_chunk_of_a_stream(start: Start) -> None:
    """Each event is held back by the upstream until the client has seen the one before; the end comes at once."""
    seen = asyncio.Event()
    events = [encode(event) for event in stream_events(message("pong"))]

    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in events:
            await peer.send(b"%x\r\n%s\r\n" % (len(event), event))
            await asyncio.wait_for(seen.wait(), PATIENCE)
            seen.clear()
        await peer.send(b"0\r\n\r\n")

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url, using=rules('status = "shadow"'))
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, body=body(stream=True), more=CLAUDE))
            await client.head()
            for event in events:
                assert await client.chunk() == event
                seen.set()
            assert await client.chunk() == b""
        assert (await lines(sidestep, "shadow"))[0]["verdict"] == "same"


async def test_differing_pairs_are_captured_and_counted(start: Start, tmp_path: Path) -> None:
    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(reply(orjson.dumps(message("pang"))))

    file = tmp_path / "capture.jsonl"
    async with raw_upstream(script) as upstream:
        capture = {"enabled": True, "file": str(file)}
        sidestep = await start(upstream.url, using=rules('status = "shadow"'), capture=capture)
        await ask(sidestep, body())
        await until(lambda: file.exists() and "shadow" in file.read_text() and "outcome" in file.read_text())
        await until(lambda: sidestep.agreement.exists())
    pairs = [line for line in map(json.loads, file.read_text().splitlines()) if "shadow" in line]
    assert [(pair["shadow"], pair["ours"], pair["theirs"]) for pair in pairs] == [("ping", "pong", "pang")]
    assert json.loads(sidestep.agreement.read_text())["ping"]["different"] == 1


async def test_a_rule_that_is_off_is_not_asked(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url, using=rules('status = "off"'))
    head, _ = await ask(sidestep, body())
    assert b"sidestep" not in head
    assert sidestep.logged()[0]["reason"] == "nothing to answer"


async def test_the_breaker_forwards_what_is_asked_again_and_says_why(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url, using=rules(), breaker={"trips": 2})
    session: dict[str, Any] = {"metadata": {"user_id": "one"}}
    heads = [(await ask(sidestep, body(stream=stream, **session)))[0] for stream in (True, False, True)]
    assert [b"x-sidestep-rule" in head for head in heads] == [True, False, False]
    other: dict[str, Any] = {"metadata": {"user_id": "two"}}
    nobody: dict[str, Any] = {}
    heads = [(await ask(sidestep, body(**fields)))[0] for fields in (other, other, nobody)]
    assert [b"x-sidestep-rule" in head for head in heads] == [True, False, False]
    await until(lambda: len(sidestep.logged()) == 6)
    reasons = [line.get("reason", "") for line in sidestep.logged()]
    assert reasons == ["", "asked again", "tripped in this session", "", "asked again", "shadow"]
    assert [line["rule"] for line in await lines(sidestep, "tripped", 2)] == ["ping", "ping"]


REPLAY = '[rules.answer.replay]\nheaders = "anthropic-ratelimit-"\n'
LIMITED = "content-type: application/json\r\nAnthropic-RateLimit-Unified-Status: allowed\r\nset-cookie: a=b"


async def _limited(peer: Peer) -> None:
    while True:
        await peer.sized(await peer.head())
        await peer.send(reply(orjson.dumps(message("from the model")), headers=LIMITED))


async def test_headers_of_the_last_reply_are_replayed_to_the_same_credential_only(start: Start) -> None:
    async with raw_upstream(_limited) as upstream:
        sidestep = await start(upstream.url, using=rules(answer=REPLAY))
        session: dict[str, Any] = {"metadata": {"user_id": "one"}}
        one, two = CLAUDE + "X-Api-Key: one\r\n", CLAUDE + "X-Api-Key: two\r\n"
        # The same question of the same session, at once: what was declined does not count as answered.
        before, _ = await ask(sidestep, body(**session), one)
        after, _ = await ask(sidestep, body(**session), one)
        stranger, _ = await ask(sidestep, body(), two)
    assert b"x-sidestep-rule" not in before
    assert b"x-sidestep-rule: ping" in after
    assert b"Anthropic-RateLimit-Unified-Status: allowed\r\n" in after
    assert b"set-cookie" not in after
    assert b"x-sidestep-rule" not in stranger
    assert sidestep.logged()[0]["reason"] == "declined: no headers to repeat"


async def test_a_rule_may_answer_without_headers_to_replay(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url, using=rules(answer=REPLAY + 'without = "answer"\n'))
    head, _ = await ask(sidestep, body())
    assert b"x-sidestep-rule: ping" in head


async def test_a_rule_may_send_headers_of_its_own(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url, using=rules(answer='headers = { X-Note = "from a rule" }'))
    for stream in (True, False):
        head, _ = await ask(sidestep, body(stream=stream, metadata={"n": stream}))
        assert b"X-Note: from a rule\r\n" in head


async def test_drift_is_logged_once_and_without_content(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url, using=rules('tested = { first = "1.0.0", last = "2.0.0" }'))
    for _ in range(2):
        await ask(sidestep, body("something planted"))
        await ask(sidestep, body(), CLAUDE)
    drifts = [line for line in sidestep.lines() if line["event"] == "drift"]
    assert [line["sign"] for line in drifts] == ["unknown question", "untested client version"]
    assert "planted" not in json.dumps(drifts)


COUNT = """
[[rules]]
name = "count"
about = "for a test"
action = "respond"
when = { method = "POST", path = "/count", user_text = "ping" }
respond.estimate.bytes_per_token = 2.0
base = { path = "/count", body = { messages = [{ role = "user", content = "ping" }] } }
matches = [{ about = "it", answer = '{"input_tokens":17}' }]
misses = [{ about = "another", body = { messages = [{ role = "user", content = "other" }] } }]
"""


def counted(desk: Desk, text: str) -> Ruling:
    head = Head("POST", "/count", {"user-agent": "claude-cli/9.9.9 (external, cli)"})
    request = seen(head, body(text), opaquely=False)
    assert isinstance(request, MessagesRequest)
    return desk.decide(desk.now, request, 0.0)


def test_an_estimate_goes_by_what_replies_have_told_of_the_model() -> None:
    desk = new_desk(Config(), compile_document(toml.parse(COUNT, "test.toml")).rules, b"key")
    assumed = counted(desk, "ping").decision
    assert isinstance(assumed, Respond)
    assert (assumed.body, assumed.reserved_headers()[0][1]) == (b'{"input_tokens":17}', "2.00 bytes a token, assumed")
    desk.estimate_by({"m": (3.4, 12)}.get)
    measured = counted(desk, "ping").decision
    assert isinstance(measured, Respond)
    told = measured.reserved_headers()[0][1]
    assert (measured.body, told) == (b'{"input_tokens":10}', "3.40 bytes a token, the median of the last 12 replies")


def test_what_is_no_question_to_a_model_is_no_sign_of_drift() -> None:
    desk = new_desk(Config(), compile_document(toml.parse(COUNT, "test.toml")).rules, b"key")
    found = counted(desk, "other")
    assert found.decision == Forward("no rule matched")
    assert (found.notices, desk.signs) == ((), {})
    assert [step.rule for step in found.trail.steps()] == ["count"]


def test_a_request_keeps_the_rules_it_began_with() -> None:
    """`now` is taken once a request; a reload in between puts another in its place, whole."""
    config = Config()
    desk = new_desk(config, rules(), b"key")
    begun = desk.now
    desk.replace(in_force(config, RuleSet(())))
    assert [rule.name for rule in begun.rules.rules] == ["ping"]
    assert desk.now.rules.rules == ()


def test_a_reload_forgets_trips_and_keeps_agreements_and_replies() -> None:
    desk = new_desk(Config(), rules(answer=REPLAY), b"key")
    desk.agreements.add("ping", "same")
    desk.now.breaker._count["ping"] = 99
    desk.replace(in_force(Config(), rules(answer=REPLAY)))
    assert not desk.now.breaker.in_shadow("ping")
    assert desk.agreements.counts["ping"].shown() == "1 of 1"
    assert desk.replies.prefixes == (b"anthropic-ratelimit-",)

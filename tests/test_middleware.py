"""The chain: what is refused, what is decided, how an answer looks on the wire, and the one line a request leaves."""

import json
from dataclasses import replace

import aiohttp
import orjson
import pytest

from proxy.rules.load import Loaded
from proxy.rules.ruleset import RuleSet
from proxy.scripted import ScriptedUpstream
from proxy.serving.app import REQUEST_LOG
from proxy.sse import Decoder
from tests.conftest import Start
from tests.raw import raw_client, request

CLAUDE = "User-Agent: claude-cli/2.0.64 (external, cli)\r\n"
WARM_UP = {
    "model": "claude-haiku-4-5",
    "max_tokens": 100,
    "system": "You are a file search specialist for Claude Code",
    "messages": [{"role": "user", "content": "Warmup"}],
}
EVENTS = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
]


async def _ask(port: int, body: bytes, target: str = "/v1/messages", more: str = CLAUDE) -> tuple[bytes, bytes]:
    """Head and body of the reply to one request, de-chunked."""
    async with raw_client(port) as client:
        await client.send(request(port, target, body, more=more))
        head = await client.head()
        chunked = b"transfer-encoding: chunked" in head.lower()
        return head, b"".join(await client.chunks()) if chunked else await client.sized(head)


async def test_a_streamed_answer_is_six_events_each_in_its_own_chunk(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    async with raw_client(sidestep.port) as client:
        await client.send(request(sidestep.port, body=orjson.dumps(WARM_UP | {"stream": True}), more=CLAUDE))
        head = await client.head()
        chunks = await client.chunks()
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-type: text/event-stream; charset=utf-8\r\n" in head.lower()
    assert b"x-sidestep-rule: warm-up\r\n" in head
    assert b"request-id: req_sidestep_" in head
    assert [[event.name for event in Decoder().feed(chunk)] for chunk in chunks] == [[name] for name in EVENTS]
    assert scripted.seen == []


@pytest.mark.parametrize("stream", [None, False])
async def test_without_stream_the_answer_is_one_json_message(
    start: Start, scripted: ScriptedUpstream, stream: object
) -> None:
    sidestep = await start(scripted.url)
    body = WARM_UP if stream is None else WARM_UP | {"stream": stream}
    head, raw = await _ask(sidestep.port, orjson.dumps(body))
    message = json.loads(raw)
    assert b"content-type: application/json" in head.lower()
    assert message["content"] == [{"type": "text", "text": "Ready."}]
    assert message["model"] == "claude-haiku-4-5"
    assert (message["stop_reason"], message["stop_sequence"]) == ("end_turn", None)
    assert all(isinstance(count, int) for count in message["usage"].values())


async def test_every_answer_has_ids_of_its_own(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    replies = [await _ask(sidestep.port, orjson.dumps(WARM_UP)) for _ in range(2)]
    ids = {json.loads(raw)["id"] for _, raw in replies}
    requests = {line for head, _ in replies for line in head.split(b"\r\n") if line.startswith(b"request-id")}
    assert len(ids) == len(requests) == 2
    assert all(message_id.startswith("msg_") for message_id in ids)


@pytest.mark.parametrize(
    ("target", "body", "more", "reason"),
    [
        ("/v1/messages", b"{", CLAUDE, "not JSON"),
        ("/v1/messages", b"[]", CLAUDE, "not a JSON object"),
        ("/v1/messages", b"{}", CLAUDE, "no messages"),
        ("/v1/messages", b"\x1f\x8b", CLAUDE + "Content-Encoding: gzip\r\n", "compressed body"),
        ("/v1/messages", orjson.dumps(WARM_UP | {"messages": [{"role": "user", "content": "x"}]}), CLAUDE, "no rule"),
        ("/v1/messages", b"", CLAUDE, "nothing to answer"),
        ("/v1/messages", orjson.dumps(WARM_UP), "", "nothing to answer"),
        ("/v1/messages/count_tokens", orjson.dumps(WARM_UP), CLAUDE, "nothing to answer"),
        ("/v1/messages/", orjson.dumps(WARM_UP), CLAUDE, "nothing to answer"),
    ],
)
async def test_what_is_not_understood_is_forwarded_with_its_reason(
    start: Start, scripted: ScriptedUpstream, target: str, body: bytes, more: str, reason: str
) -> None:
    sidestep = await start(scripted.url)
    head, _ = await _ask(sidestep.port, body, target, more)
    assert b"sidestep" not in head.lower()
    assert len(scripted.seen) == 1
    (line,) = sidestep.logged()
    assert line["outcome"] == "forwarded"
    assert line["reason"].startswith(reason)


async def test_a_query_does_not_hide_a_side_question(start: Start, scripted: ScriptedUpstream) -> None:
    """Claude Code asks `/v1/messages?beta=true`."""
    sidestep = await start(scripted.url)
    head, _ = await _ask(sidestep.port, orjson.dumps(WARM_UP), "/v1/messages?beta=true")
    assert b"x-sidestep-rule" in head


async def test_a_connection_serves_answers_and_forwards_in_turn(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    streamed = orjson.dumps(WARM_UP | {"stream": True})
    async with raw_client(sidestep.port) as client:
        for _ in range(2):
            await client.send(request(sidestep.port, body=streamed, more=CLAUDE))
            await client.head()
            assert len(await client.chunks()) == 6
            await client.send(request(sidestep.port, "/v1/models", method="GET"))
            head = await client.head()
            assert b" 200 " in head
            await client.sized(head)


@pytest.mark.parametrize(
    "lines",
    [
        "Host: evil.example\r\n",
        "Host: evil.example:{port}\r\n",
        "Host: 127.0.0.1.evil.example:{port}\r\n",
        "Host: localhost:1\r\n",
        "Host: 127.0.0.1\r\n",
        "Host: 192.168.0.1:{port}\r\n",
        "Host: localhost:{port}\r\nOrigin: https://evil.example\r\n",
        "Host: localhost:{port}\r\nOrigin: null\r\n",
        "Host: localhost:{port}\r\nOrigin: http://localhost:1\r\n",
        "Host: localhost:{port}\r\nSec-Fetch-Site: cross-site\r\n",
        "Host: localhost:{port}\r\nSec-Fetch-Site: same-site\r\n",
    ],
)
async def test_other_hosts_and_other_sites_are_refused(start: Start, scripted: ScriptedUpstream, lines: str) -> None:
    sidestep = await start(scripted.url)
    async with raw_client(sidestep.port) as client:
        await client.send(f"GET /v1/models HTTP/1.1\r\n{lines.format(port=sidestep.port)}\r\n".encode())
        head = await client.head()
        error = json.loads(await client.sized(head))["error"]
    assert head.startswith(b"HTTP/1.1 403 ")
    assert error["type"] == "permission_error"
    assert b"access-control" not in head.lower()
    assert scripted.seen == []
    assert [line["outcome"] for line in sidestep.logged()] == ["refused"]


@pytest.mark.parametrize(
    "lines",
    [
        "Host: localhost:{port}\r\n",
        "Host: LOCALHOST:{port}\r\n",
        "Host: [::1]:{port}\r\n",
        "Host: 127.0.0.2:{port}\r\n",
        "Host: localhost:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n",
        "Host: localhost:{port}\r\nSec-Fetch-Site: none\r\n",
    ],
)
async def test_every_loopback_name_is_served(start: Start, scripted: ScriptedUpstream, lines: str) -> None:
    sidestep = await start(scripted.url)
    async with raw_client(sidestep.port) as client:
        await client.send(f"GET /v1/models HTTP/1.1\r\n{lines.format(port=sidestep.port)}\r\n".encode())
        assert b" 200 " in await client.head()


@pytest.mark.parametrize("target", ["http://evil.example/", "https://127.0.0.1/", "*"])
async def test_it_is_no_open_proxy(start: Start, scripted: ScriptedUpstream, target: str) -> None:
    sidestep = await start(scripted.url)
    async with raw_client(sidestep.port) as client:
        await client.send(request(sidestep.port, target, method="OPTIONS" if target == "*" else "GET"))
        assert b" 400 " in await client.head()
    assert scripted.seen == []


async def test_what_is_still_to_be_told_of_a_request_holds_no_body(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep, told = await start(scripted.url), list[object]()
    sidestep.app[REQUEST_LOG].observers.append(lambda ended, _: told.extend(one.body.chunks for one in ended))
    await _ask(sidestep.port, orjson.dumps(WARM_UP))
    await _ask(sidestep.port, orjson.dumps(WARM_UP | {"messages": [{"role": "user", "content": "Why?"}]}))
    assert [line["outcome"] for line in sidestep.logged()] == ["answered", "forwarded"]
    assert told == [[]] * 2


async def test_a_request_leaves_one_line_without_secrets(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    more = CLAUDE + "X-Api-Key: planted-key\r\nAuthorization: Bearer planted-token\r\nCookie: planted=cookie\r\n"
    body = orjson.dumps(WARM_UP | {"messages": [{"role": "user", "content": "planted-text"}]})
    await _ask(sidestep.port, body, "/v1/messages?key=planted-query", more)
    await _ask(sidestep.port, orjson.dumps(WARM_UP), more=more)
    forwarded, answered = sidestep.logged()
    assert "planted" not in json.dumps([forwarded, answered])
    assert {key: answered[key] for key in ("method", "path", "status", "outcome", "rule", "client", "model")} == {
        "method": "POST",
        "path": "/v1/messages",
        "status": 200,
        "outcome": "answered",
        "rule": "warm-up",
        "client": "claude-cli/2.0.64",
        "model": "claude-haiku-4-5",
    }
    assert forwarded["reason"] == "no rule matched"
    assert forwarded["bytes_in"] == len(body)
    assert 0 < forwarded["first_byte_ms"] <= forwarded["ms"]


async def test_chunked_questions_are_answered_too(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)

    async def pieces() -> object:
        for byte in orjson.dumps(WARM_UP):
            yield bytes([byte])

    headers = {"User-Agent": "claude-cli/2.0.64"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(sidestep.url + "/v1/messages", data=pieces()) as reply,
    ):
        assert reply.headers["x-sidestep-rule"] == "warm-up"


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_takes_no_header_over_that_frames_it(
    start: Start, scripted: ScriptedUpstream, shipped: Loaded, stream: bool
) -> None:
    odd = tuple((name, "1") for name in ("Content-Length", "transfer-encoding", "Content-Encoding", "request-id"))
    rule = next(rule for rule in shipped.rules.rules if rule.name == "warm-up")
    assert rule.answer is not None
    careless = replace(rule, answer=replace(rule.answer, headers=(*odd, ("X-Note", "1"))))
    sidestep = await start(scripted.url, using=RuleSet((careless,)))
    head, body = await _ask(sidestep.port, orjson.dumps(WARM_UP | {"stream": stream}))
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n")]
    assert [names.count(name) for name in (b"content-encoding", b"request-id", b"x-note")] == [0, 1, 1]
    assert names.count(b"content-length") + names.count(b"transfer-encoding") == 1
    assert body

"""Answers that are no messages: off as shipped, on for a local model, one by one by override; in exact bytes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.journal.given import asked
from tests.process import ROOT, run, running
from tests.raw import Peer, raw_upstream, reply, request
from tests.sockets.given import CLAUDE, Message, Wire, head, receive
from tests.waiting import PATIENCE

LOCAL = "upstream.kind=local"
COUNT, EVENTS = "/v1/messages/count_tokens", "/api/event_logging/batch"
FOO = b'{"model":"claude-sonnet-5-5","messages":[{"role":"user","content":"foo"}]}'
EVENT = b'{"events":[{"event_type":"ClaudeCodeInternalEvent","event_data":{"event_name":"tengu_init"}}]}'
LACKING = reply(b"<h1>404</h1>", status="404 Not Found", headers="content-type: text/html")


def sent(port: int, line: str, body: bytes = b"", *more: str) -> bytes:
    """A request as clients make them: one without a body says nothing of its length."""
    method, _, target = line.partition(" ")
    if not body:
        return head(port, f"{line} HTTP/1.1".encode(), *(one.encode() for one in more))
    return request(port, target, body, method=method, more="".join(f"{one}\r\n" for one in more))


@asynccontextmanager
async def lacking(*settings: str) -> AsyncIterator[tuple[Wire, list[Message]]]:
    """The running proxy before an upstream that has messages alone, and what came to that."""
    came: list[Message] = []

    async def script(peer: Peer) -> None:
        while True:
            came.append(await receive(peer))
            target = came[-1].line.split(b" ")[1]
            await peer.send(reply(_counted(came[-1].body)) if target.startswith(b"/v1/messages?") else LACKING)

    async with raw_upstream(script) as upstream, running(upstream.url, *settings) as (process, port):
        yield Wire(process, port, upstream), came


def _counted(body: bytes) -> bytes:
    """A message whose every three bytes of request are a token, most of them from a cache."""
    tokens = len(body) // 3
    usage = {"input_tokens": 10, "cache_read_input_tokens": tokens - 10, "output_tokens": 1}
    return json.dumps({"type": "message", "content": [], "usage": usage}).encode()


ASKED = {
    f"POST {COUNT}?beta=true": FOO,
    "HEAD /": b"",
    "HEAD /api/hello": b"",
    f"POST {EVENTS}": EVENT,
    "GET /v1/models?limit=1000": b"",
}


async def test_as_shipped_all_of_it_is_the_upstreams() -> None:
    async with lacking() as (wire, came):
        for line, body in ASKED.items():
            got = await wire.ask(sent(wire.port, line, body))
            assert (line, got.status, len(came), got.values(b"x-sidestep-rule")) == (line, 404, 1, [])
            assert came.pop().body == body


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def local() -> AsyncIterator[tuple[Wire, list[Message]]]:
    """One before a local model, for whatever leaves it as it was."""
    async with lacking(LOCAL) as found:
        yield found


@pytest.mark.parametrize(
    ("line", "rule", "body"),
    [
        (f"POST {COUNT}?beta=true", "count-tokens", b'{"input_tokens":8}'),
        ("HEAD /", "hello", b""),
        ("HEAD /api/hello", "hello", b""),
        (f"POST {EVENTS}", "event-logging", b"{}"),
    ],
)
@pytest.mark.asyncio(loop_scope="session")
async def test_before_a_local_model_it_is_answered_here(
    local: tuple[Wire, list[Message]], line: str, rule: str, body: bytes
) -> None:
    wire, came = local
    wire.process.forget()
    got = await wire.ask(sent(wire.port, line, ASKED[line]))
    assert (got.status, got.body, came) == (200, body, [])
    assert got.values(b"x-sidestep-rule") == [rule.encode()]
    assert got.values(b"content-length") == [b"%d" % len(body)]
    assert got.values(b"content-type") == ([b"application/json"] if body else [])
    assert got.values(b"request-id")[0].startswith(b"req_sidestep_")
    told = await wire.process.line("request", rule=rule)
    assert (told["outcome"], told["status"], told["bytes_out"]) == ("answered", 200, len(body))


@pytest.mark.parametrize("rule", ["count-tokens", "hello", "event-logging"])
async def test_each_is_switched_on_by_itself(rule: str) -> None:
    async with lacking(f"rules.override.{rule}.status=on") as (wire, _):
        found = {}
        for line, body in ASKED.items():
            got = await wire.ask(sent(wire.port, line, body))
            found[line] = b"".join(got.values(b"x-sidestep-rule")).decode()
        assert set(found.values()) == {rule, ""}


async def test_each_is_switched_off_by_itself() -> None:
    async with lacking(LOCAL, "rules.override.count-tokens.status=off") as (wire, came):
        assert (await wire.ask(sent(wire.port, f"POST {COUNT}", FOO))).status == 404
        assert (await wire.ask(sent(wire.port, "HEAD /"))).status == 200
        assert len(came) == 1


async def test_models_are_listed_once_there_is_a_list() -> None:
    async with lacking(LOCAL) as (wire, came):
        assert (await wire.ask(sent(wire.port, "GET /v1/models?limit=1000"))).status == 404
        assert (await wire.process.line("request"))["reason"] == "declined: no models are listed"
        assert len(came) == 1
    async with lacking('rules.override.models.models=["claude-a","b"]', LOCAL) as (wire, came):
        got = await wire.ask(sent(wire.port, "GET /v1/models?limit=1000"))
        page = json.loads(got.body)
        assert ([one["id"] for one in page["data"]], page["has_more"], came) == (["claude-a", "b"], False, [])


async def test_a_connection_goes_on_behind_each_of_them() -> None:
    """Whatever has a body, or a HEAD's want of one: the next request on the connection is read from its first byte."""
    async with lacking(LOCAL) as (wire, came), wire.client() as client, asyncio.timeout(PATIENCE):
        for line in (f"POST {EVENTS}", "HEAD /", f"POST {COUNT}", "HEAD /api/hello", f"POST {EVENTS}"):
            await client.send(sent(wire.port, line, ASKED.get(line, FOO)))
            assert (await receive(client, bodiless=line.startswith("HEAD"))).status == 200
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in EVENT) + b"0\r\n\r\n"
        await client.send(head(wire.port, b"POST /api/event_logging/batch HTTP/1.1", b"Transfer-Encoding: chunked"))
        await client.send(chunks + sent(wire.port, "HEAD /"))  # and the next one behind it at once
        assert (await receive(client)).body == b"{}"
        assert (await receive(client, bodiless=True)).status == 200
        assert came == []


async def test_no_answer_comes_before_the_body_is_there() -> None:
    async with lacking(LOCAL) as (wire, _), wire.client() as client:
        whole = sent(wire.port, f"POST {EVENTS}", EVENT)
        await client.send(whole[:-1])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.reader.read(1)
        await client.send(whole[-1:])
        async with asyncio.timeout(PATIENCE):
            assert (await receive(client)).body == b"{}"


async def test_a_client_that_asks_first_is_told_to_send_its_body() -> None:
    async with lacking(LOCAL) as (wire, _), wire.client() as client, asyncio.timeout(PATIENCE):
        whole = sent(wire.port, f"POST {EVENTS}", EVENT, "Expect: 100-continue")
        await client.send(whole[: -len(EVENT)])
        assert (await client.head()).startswith(b"HTTP/1.1 100 ")
        await client.send(EVENT)
        assert (await receive(client)).status == 200


async def test_http_1_0_gets_its_answer_and_the_end() -> None:
    async with lacking(LOCAL) as (wire, _), wire.client() as client, asyncio.timeout(PATIENCE):
        await client.send(head(wire.port, b"POST /api/event_logging/batch HTTP/1.0", b"Content-Length: 2") + b"{}")
        whole = await client.reader.read()
        assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
        assert whole.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize(
    ("name", "body", "more"),
    [
        ("no JSON", b"{", ()),
        ("no messages", b'{"model":"m"}', ()),
        ("an odd message", b'{"messages":[3,{"role":"user","content":"a"}]}', ()),
        ("packed", b"\x1f\x8b\x08", ("Content-Encoding: gzip",)),
        ("an image", b'{"messages":[{"role":"user","content":[{"type": "image","source":{}}]}]}', ()),
        ("not UTF-8", b'{"messages":[{"role":"user","content":"\xff"}]}' + b" " * 5000, ()),
        ("too large for an estimate", FOO + b" " * 2 * 1024 * 1024, ()),
        ("too large", FOO + b" " * 8 * 1024 * 1024, ()),
        ("no body", b"", ()),
    ],
)
@pytest.mark.asyncio(loop_scope="session")
async def test_what_cannot_be_counted_is_the_upstreams(
    local: tuple[Wire, list[Message]], name: str, body: bytes, more: tuple[str, ...]
) -> None:
    wire, came = local
    assert (await wire.ask(sent(wire.port, f"POST {COUNT}", body, *more))).status == 404, name
    assert [each.body for each in came] == [body]
    came.clear()


async def test_whatever_a_question_asks_its_length_is_told() -> None:
    """Alone under a system prompt, not streamed, for a verdict: as a message, it may decide about permission."""
    verdict = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    asked_for = {"output_config": {"format": {"type": "json_schema", "schema": verdict}}, "system": "Judge."}
    body = json.dumps({**json.loads(FOO), **asked_for}).encode()
    agent = "User-Agent: claude-cli/2.1.332 (external, cli)"
    async with lacking(LOCAL, "rules.override.hook-evaluation.status=off") as (wire, came):
        assert (await wire.ask(sent(wire.port, f"POST {COUNT}", body, agent))).status == 200
        assert came == []


async def test_an_estimate_says_how_it_is_made_and_learns_from_the_upstreams_own_usage() -> None:
    text = "x" * 6000
    message = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}).encode()
    count = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    async with lacking(LOCAL) as (wire, _):
        first = await wire.ask(sent(wire.port, f"POST {COUNT}", count))
        assert json.loads(first.body) == {"input_tokens": round((6000 + 32) / 4)}
        assert first.values(b"x-sidestep-estimate") == [b"4.00 bytes a token, assumed"]
        for _ in range(3):
            await wire.ask(sent(wire.port, "POST /v1/messages?beta=true", message, CLAUDE.decode()))
        async with asyncio.timeout(PATIENCE):  # replies are read a moment later
            while (got := await wire.ask(sent(wire.port, f"POST {COUNT}", count))).body == first.body:
                pass
        assert json.loads(got.body)["input_tokens"] == pytest.approx(6032 / 3, rel=0.01)
        assert got.values(b"x-sidestep-estimate") == [b"3.00 bytes a token, the median of the last 3 replies"]


async def test_the_guard_stands_before_it_as_before_everything() -> None:
    token = "a-token-of-the-tests"
    async with lacking(LOCAL, f"listen.token={token}") as (wire, came):
        for line, body in ASKED.items():
            assert (await wire.ask(sent(wire.port, line, body))).status in (401, 403)
            other = sent(wire.port, line, body, f"x-sidestep-token: {token}", "Origin: http://elsewhere.example")
            assert (await wire.ask(other)).status == 403
        assert came == []
        assert (await wire.ask(sent(wire.port, "HEAD /", b"", f"x-sidestep-token: {token}"))).status == 200


GUARD = """
[[rules]]
name = "keep-hello"
about = "a guard for a request without a body"
action = "forward"
when = { path = "/api/hello" }
matches = [{ about = "it", path = "/api/hello", body = { messages = [{ role = "user", content = "hi" }] } }]
misses = [{ about = "another", body = { messages = [{ role = "user", content = "hi" }] } }]
"""


async def test_a_guard_comes_before_it(tmp_path: Path) -> None:
    for file in (ROOT / "rules").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "99.toml").write_text(GUARD)
    async with lacking(LOCAL, f"rules.directory={tmp_path}") as (wire, came):
        assert (await wire.ask(sent(wire.port, "HEAD /api/hello"))).status == 404
        assert (await wire.process.line("request"))["reason"] == "guarded"
        assert (await wire.ask(sent(wire.port, "HEAD /"))).status == 200
        # By what a body says, too: the count of the classifier's transcript.
        body = FOO.replace(b'"foo"', b'"<transcript>"')
        assert (await wire.ask(sent(wire.port, f"POST {COUNT}", body))).status == 404
        assert len(came) == 2


async def test_the_journal_tells_of_it_and_counts_no_model_call_as_saved(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    message = FOO.replace(b'"messages"', b'"max_tokens":9,"messages"')  # tells what tokens of this model cost
    async with lacking(LOCAL, f"journal.path={file}") as (wire, _):
        await wire.ask(sent(wire.port, "POST /v1/messages?beta=true", message, CLAUDE.decode()))
        for line, body in ASKED.items():
            await wire.ask(sent(wire.port, line, body))
        wire.process.process.terminate()
        assert await wire.process.exit_code() == 0
    told = asked(file, "SELECT path, outcome, rule, status, model, bytes_in FROM requests ORDER BY id")
    assert told[0][1:5] == ("forwarded", "", 200, "claude-sonnet-5-5")
    assert told[1:5] == [
        (COUNT, "answered", "count-tokens", 200, "", len(FOO)),
        ("/", "answered", "hello", 200, "", 0),
        ("/api/hello", "answered", "hello", 200, "", 0),
        (EVENTS, "answered", "event-logging", 200, "", len(EVENT)),
    ]
    assert [row[2] for row in told] == ["", "count-tokens", "hello", "hello", "event-logging", "models"]
    _, out, _ = await run("stats", "--set", f"journal.path={file}", "--json")
    saved = json.loads(out)["total"]["saved"]
    assert (saved["answers"], saved["with_tokens"], saved["input_tokens"]) == (4, 0, None)


async def test_what_has_no_body_has_no_length_where_none_may_be(tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text(
        """
[[rules]]
name = "nothing"
about = "a status without a body"
action = "respond"
when = { method = { in = ["GET", "HEAD"] }, path = "/nothing" }
respond = { status = 204, headers = { x-note = "none" } }
matches = [{ about = "it", method = "GET", path = "/nothing", answer = "" }]
misses = [{ about = "another", path = "/nothing" }]

[[rules]]
name = "overloaded"
about = "a status that nobody has registered"
action = "respond"
when = { method = { in = ["GET", "HEAD"] }, path = "/busy" }
respond = { status = 529, headers = { retry-after = "9" }, body = { type = "error", retry = [1, 2.5, true] } }
matches = [{ about = "it", method = "GET", path = "/busy", answer = '{"type":"error","retry":[1,2.5,true]}' }]
misses = [{ about = "another", path = "/busy" }]
"""
    )
    async with lacking(f"rules.directory={tmp_path}") as (wire, came), wire.client() as client:
        for method in ("GET", "HEAD"):
            await client.send(sent(wire.port, f"{method} /nothing"))
            got = await receive(client, bodiless=True)
            assert (got.status, got.values(b"x-note"), got.values(b"content-length")) == (204, [b"none"], [])
            assert got.values(b"content-type") == []
        await client.send(sent(wire.port, "GET /busy"))
        got = await receive(client)
        assert (got.line, got.body) == (b"HTTP/1.1 529 ", b'{"type":"error","retry":[1,2.5,true]}')
        assert got.values(b"retry-after") == [b"9"]
        await client.send(sent(wire.port, "HEAD /busy"))
        got = await receive(client, bodiless=True)
        assert (got.status, got.values(b"content-length")) == (529, [b"37"])
        assert (await wire.process.line("request", method="HEAD", path="/busy"))["bytes_out"] == 0
        assert came == []

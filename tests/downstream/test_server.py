"""The listening side over raw sockets: heads that are slow, swollen or malformed, and the bytes that follow a reply."""

import asyncio
import gc
import json
import logging
import sys

import pytest
from aiohttp import web

from proxy.downstream.inbound import OPTIONS, Inbound
from proxy.downstream.relayed import RelayedResponse, send_interim
from proxy.downstream.server import BACKLOG
from proxy.scripted import ScriptedUpstream
from proxy.wire.heads import MAX_HEAD, MAX_HEADERS, ReplyHead
from tests.conftest import Running, Start
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.waiting import PATIENCE, until


async def error_of(client: Peer) -> tuple[int, bytes, dict[str, str]]:
    """Status, head and error of a reply in the API's shape, behind which the connection is closed."""
    async with asyncio.timeout(PATIENCE):
        head = await client.head()
        body = json.loads(await client.sized(head))
        await client.gone()
    assert body["type"] == "error"
    assert body["request_id"].startswith("req_sidestep_")
    assert b"\r\nserver:" not in head.lower()
    assert b"\r\ndate:" not in head.lower()
    return int(head.split()[1]), head, body["error"]


def get(sidestep: Running, more: str = "") -> bytes:
    return f"GET /v1/models HTTP/1.1\r\nHost: localhost:{sidestep.port}\r\n{more}\r\n".encode()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="aiohttp's tasks begin at once")
async def test_a_request_is_served_in_the_task_of_its_connection(start: Start) -> None:
    begun, told = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        begun.set()
        await told.wait()
        await peer.send(reply(b"{}"))

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            await client.send(get(sidestep))
            await begun.wait()
            running = [repr(task.get_coro()) for task in asyncio.all_tasks()]
            assert len([task for task in running if "RequestHandler." in task]) == 1
            told.set()
            assert await client.sized(await client.head()) == b"{}"


MALFORMED = {
    "no HTTP": b"planted\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00planted\r\n\r\n",
    "LF alone": b"GET /planted HTTP/1.1\nHost: {host}\n\n",
    "space before the colon": b"GET / HTTP/1.1\r\nHost: {host}\r\nplanted : 1\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nHost: {host}\r\nplanted\r\n\r\n",
    "no name": b"GET / HTTP/1.1\r\nHost: {host}\r\n: planted\r\n\r\n",
    "obs-fold": b"GET / HTTP/1.1\r\nHost: {host}\r\nA: 1\r\n planted\r\n\r\n",
    "bare CR": b"GET / HTTP/1.1\r\nHost: {host}\r\nA: plan\rted\r\n\r\n",
    "NUL": b"GET / HTTP/1.1\r\nHost: {host}\r\nA: planted\x00\r\n\r\n",
    "vertical tab": b"POST / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: \x0bchunked\r\nA: planted\r\n\r\n0\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: {host}\r\nHost: planted\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 7\r\nContent-Length: 8\r\n\r\nplanted",
    "both framings": b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n",
    "signed length": b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: +7\r\n\r\nplanted",
    "spaced length": b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 7 7\r\n\r\nplanted",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nplanted",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_bytes_get_an_error_that_quotes_nothing(
    start: Start, scripted: ScriptedUpstream, name: str
) -> None:
    sidestep = await start(scripted.url)
    async with raw_client(sidestep.port) as client:
        await client.send(MALFORMED[name].replace(b"{host}", b"localhost:%d" % sidestep.port))
        status, head, error = await error_of(client)
    assert status == 400
    assert error["type"] == "invalid_request_error"
    assert "planted" not in f"{head!r}{error}{sidestep.lines()}"
    assert [line["outcome"] for line in sidestep.logged()] == ["refused"]
    assert scripted.seen == []


def _swollen(sidestep: Running) -> bytes:
    """A head one byte above the limit, in headers that are each below it; nothing is left unread to cause a reset."""
    whole = get(sidestep, "".join(f"X-{number}: {'x' * 8000}\r\n" for number in range(MAX_HEAD // 8000 + 1)))
    return whole[: MAX_HEAD + 1]


@pytest.mark.parametrize("size", [1000, 65536, 10 * MAX_HEAD])
async def test_a_head_that_is_too_large_is_refused_in_pieces_of_any_size(
    start: Start, scripted: ScriptedUpstream, size: int
) -> None:
    sidestep = await start(scripted.url)
    head = _swollen(sidestep)
    assert len(head) > MAX_HEAD
    async with raw_client(sidestep.port) as client:
        for at in range(0, len(head), size):
            client.writer.write(head[at : at + size])
            await asyncio.sleep(0)
        assert b" 431 " in await asyncio.wait_for(client.head(), PATIENCE)
    assert [(line["status"], line["outcome"]) for line in sidestep.logged()] == [(431, "refused")]
    assert scripted.seen == []


async def test_the_refusal_of_a_head_is_in_the_apis_shape(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    async with raw_client(sidestep.port) as client:
        await client.send(b"GET / HTTP/1.1\r\nA: " + b"x" * (MAX_HEAD - 18))
        status, _, error = await error_of(client)
    assert (status, error["type"]) == (431, "invalid_request_error")
    assert "too large" in error["message"]


async def test_a_head_of_almost_the_limit_is_served_on_a_kept_connection_too(
    start: Start,
) -> None:
    async def script(peer: Peer) -> None:
        peer.reader._limit = 2 * MAX_HEAD  # type: ignore[attr-defined]
        while True:
            await peer.head()
            await peer.send(reply(b"x"))

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            for _ in range(3):
                await client.send(get(sidestep, f"X: {'x' * (MAX_HEAD - 1000)}\r\n"))
                head = await client.head()
                assert b" 200 " in head
                await client.sized(head)
            await client.send(_swollen(sidestep))
            assert b" 431 " in await client.head()


async def test_too_many_headers_are_refused(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    async with raw_client(sidestep.port) as client:
        await client.send(get(sidestep, "A: 1\r\n" * (MAX_HEADERS + 1)))
        assert (await error_of(client))[0] in (400, 431)
    assert scripted.seen == []


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\nA: planted", b"\r\n"])
async def test_a_connection_that_sends_no_whole_head_in_time_is_closed(
    start: Start, scripted: ScriptedUpstream, sent: bytes
) -> None:
    sidestep = await start(scripted.url, limits={"head_timeout": 0.05})
    async with raw_client(sidestep.port) as client:
        await client.send(sent)
        await asyncio.wait_for(client.gone(), PATIENCE)
    told = [line for line in sidestep.lines() if line["event"] == "connection closed"]
    assert [(line["reason"], line["bytes_in"]) for line in told] == (
        [("no whole head in time", len(sent))] if sent else []
    )
    assert "planted" not in str(told)


async def test_a_second_head_must_be_whole_in_time_as_well(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url, limits={"head_timeout": 0.05})
    async with raw_client(sidestep.port) as client:
        await client.send(get(sidestep))
        await client.sized(await client.head())
        await client.send(b"GET /v1/models HTTP/1.1\r\n")
        await asyncio.wait_for(client.gone(), PATIENCE)
    assert any(line["event"] == "connection closed" for line in sidestep.lines())


async def test_the_clock_of_heads_does_not_run_while_a_connection_rests_or_a_body_comes(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No clock is left to go off: neither within a request, nor between two of them."""
    inbound: list[Inbound] = []
    made = Inbound.connection_made

    def remembered(self: Inbound, transport: asyncio.BaseTransport) -> None:
        inbound.append(self)
        made(self, transport)

    monkeypatch.setattr(Inbound, "connection_made", remembered)
    clocks: list[object] = []

    async def script(peer: Peer) -> None:
        for _ in range(2):
            head = await peer.head()
            clocks.append(inbound[0]._deadline)
            await peer.sized(head)
            clocks.append(inbound[0]._deadline)
            await peer.send(reply(b"x"))
        await peer.gone()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            for _ in range(2):
                whole = request(sidestep.port, "/api/x", b"x" * 1000)
                await client.send(whole[:-500])
                await until(lambda: len(clocks) % 2 == 1)
                await client.send(whole[-500:])
                await client.sized(await client.head())
                assert inbound[0]._deadline is None
    assert clocks == [None] * 4


async def test_the_rest_of_a_body_after_an_early_answer_is_no_head(start: Start) -> None:
    """It may be larger than any head; then the connection serves the next request."""

    async def script(peer: Peer) -> None:
        head = await peer.head()
        if b"/api/early" in head:
            await peer.send(reply(b"early", status="413 Too Large"))
            await peer.gone()
        else:
            await peer.send(reply(b"%d" % len(await peer.sized(head))))
            await peer.gone()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            whole = request(sidestep.port, "/api/early", b"x" * 8 * MAX_HEAD)
            await client.send(whole[:1000])
            head = await client.head()
            assert b" 413 " in head
            assert await client.sized(head) == b"early"
            await until(lambda: len(sidestep.logged()) == 1)
            await client.send(whole[1000:] + request(sidestep.port, "/api/late", b"y" * 3 * MAX_HEAD))
            head = await asyncio.wait_for(client.head(), PATIENCE)
            assert b" 200 " in head
            assert await client.sized(head) == b"%d" % (3 * MAX_HEAD)
            await client.send(_swollen(sidestep))
            assert b" 431 " in await client.head()


async def test_requests_sent_without_waiting_for_replies_are_served_in_order(start: Start) -> None:
    """The second has come but for the end of its body, which is larger than a head, when the first is answered."""
    go = asyncio.Event()
    bodies: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            bodies.append(await peer.sized(await peer.head()))
            await go.wait()
            await peer.send(reply(bodies[-1][:1]))

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        first = request(sidestep.port, "/api/1", b"1" * 1000)
        second = request(sidestep.port, "/api/2", b"2" * 3 * MAX_HEAD)
        async with raw_client(sidestep.port) as client:
            await client.send(first + second[:5000])
            await until(lambda: len(bodies) == 1)
            go.set()
            assert await client.sized(await client.head()) == b"1"
            await until(lambda: len(sidestep.logged()) == 1)
            await client.send(second[5000:])
            assert await client.sized(await asyncio.wait_for(client.head(), PATIENCE)) == b"2"
    assert [len(body) for body in bodies] == [1000, 3 * MAX_HEAD]


async def test_a_handler_that_fails_gets_an_error_that_quotes_nothing(
    start: Start, scripted: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("planted")

    sidestep = await start(scripted.url)
    monkeypatch.setattr("proxy.relay.handler.Relay.forward", broken)
    with caplog.at_level(logging.CRITICAL, "aiohttp.server"):
        async with raw_client(sidestep.port) as client:
            await client.send(get(sidestep))
            status, _, error = await error_of(client)
    assert (status, error["type"]) == (500, "api_error")
    assert "planted" not in str(error)
    assert [(line["status"], line["outcome"]) for line in sidestep.logged()] == [(500, "failed")]


async def test_an_error_behind_interim_replies_is_still_told(
    start: Start, scripted: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are no reply yet: neither the one made here, nor those of the upstream."""

    async def broken(_self: object, request: web.Request, *_: object) -> None:
        await send_interim(request, ReplyHead(1, 103, b"Early Hints", []))
        raise ZeroDivisionError

    sidestep = await start(scripted.url)
    monkeypatch.setattr("proxy.relay.handler.Relay.forward", broken)
    with caplog.at_level(logging.CRITICAL, "aiohttp.server"):
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, body=b"{}", more="Expect: 100-continue\r\n"))
            assert b" 100 " in await client.head()
            assert b" 103 " in await client.head()
            status, _, error = await error_of(client)
    assert (status, error["type"]) == (500, "api_error")


async def test_a_handler_that_fails_in_the_middle_of_its_reply_ends_the_connection(
    start: Start, scripted: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No second reply stands in the first one."""

    async def broken(_self: object, request: web.Request, *_: object) -> None:
        await RelayedResponse(ReplyHead(1, 200, b"OK", []), None, bodiless=False).begin(request, b"half", last=False)
        raise ZeroDivisionError

    sidestep = await start(scripted.url)
    monkeypatch.setattr("proxy.relay.handler.Relay.forward", broken)
    with caplog.at_level(logging.CRITICAL, "aiohttp.server"):
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            await client.send(get(sidestep))
            assert b" 200 " in await client.head()
            assert await client.reader.read() == b"4\r\nhalf\r\n"


STALLED = {"Content-Length: 9\r\n": b"half", "Transfer-Encoding: chunked\r\n": b"9\r\nhalf"}


@pytest.mark.parametrize("framing", STALLED)
async def test_a_client_that_stalls_in_its_body_is_told_and_gone_at_once(
    start: Start, scripted: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch, framing: str
) -> None:
    """Nothing of the body is waited for any longer, as it is behind an early reply."""
    monkeypatch.setitem(OPTIONS, "lingering_time", 3600.0)
    sidestep = await start(scripted.url, limits={"body_timeout": 0.05})
    async with raw_client(sidestep.port) as client:
        head = f"POST /v1/messages HTTP/1.1\r\nHost: localhost:{sidestep.port}\r\n{framing}\r\n"
        await client.send(head.encode() + STALLED[framing])
        status, reply_head, _ = await error_of(client)
    assert status == 408
    assert b"\r\nConnection: close\r\n" in reply_head


async def test_a_malformed_body_is_told_and_leaves_no_error_of_ours(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    begun = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        begun.set()
        await peer.gone()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            await client.send(get(sidestep, "Transfer-Encoding: chunked\r\n") + b"4\r\nfour\r\n")
            await begun.wait()
            await client.send(b"x")
            status, reply_head, _ = await error_of(client)
    assert status == 400
    assert b"\r\nConnection: close\r\n" in reply_head
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_many_connections_at_once_are_all_accepted(start: Start, scripted: ScriptedUpstream) -> None:
    sidestep = await start(scripted.url)
    assert BACKLOG >= 1000
    opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", sidestep.port) for _ in range(200)))
    for _, writer in opened:
        writer.close()
    assert len(opened) == 200


async def test_a_connection_that_has_ended_is_gone_without_the_garbage_collector(
    start: Start, scripted: ScriptedUpstream
) -> None:
    sidestep = await start(scripted.url)
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            async with raw_client(sidestep.port) as client:
                await client.send(request(sidestep.port, body=b"{}"))
                await client.head()
        await until(lambda: not any(isinstance(one, Inbound) for one in gc.get_objects()))
    finally:
        gc.enable()

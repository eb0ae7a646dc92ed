"""Forwarding over raw sockets: what goes out is what came in, and every way in which an upstream can fail."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from proxy.serving.app import REQUEST_LOG
from tests.conftest import Start
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.waiting import PATIENCE

OK = reply(b'{"ok":true}')


async def test_a_request_arrives_as_it_was_sent(start: Start) -> None:
    """Target, header names, case, order, duplicates and empty values; only Host and hop-by-hop headers differ."""
    arrived: list[bytes] = []

    async def script(peer: Peer) -> None:
        head = await peer.head()
        arrived.extend([head, await peer.sized(head)])
        await peer.send(OK)

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(
                b"POST /a%2Fb//c/../d?x=1&&y=%zz|{} HTTP/1.1\r\n"
                + f"HOST: localhost:{sidestep.port}\r\n".encode()
                + b"X-Api-Key: k\r\nanthropic-BETA: one\r\nAnthropic-Beta: two\r\nx-empty:\r\n"
                b"Connection: keep-alive, X-Hop\r\nX-Hop: gone\r\nTE: trailers\r\n"
                b"X-Text: caf\xc3\xa9\r\ncontent-length: 4\r\n\r\n{]\xff\x00"
            )
            assert await client.sized(await client.head()) == b'{"ok":true}'
    host = upstream.url.removeprefix("http://").encode()
    assert arrived[0].split(b"\r\n") == [
        b"POST /a%2Fb//c/../d?x=1&&y=%zz|{} HTTP/1.1",
        b"Host: " + host,
        b"X-Api-Key: k",
        b"anthropic-BETA: one",
        b"Anthropic-Beta: two",
        b"x-empty: ",
        b"X-Text: caf\xc3\xa9",
        b"content-length: 4",
        b"",
        b"",
    ]
    assert arrived[1] == b"{]\xff\x00"


@pytest.mark.parametrize("target", ["/x?", "//x", "/a/../b", "/%7Euser", "/x?q=a b".replace(" ", "+"), "/a;b=c,d"])
async def test_a_target_keeps_its_spelling(start: Start, target: str) -> None:
    lines: list[bytes] = []

    async def script(peer: Peer) -> None:
        lines.append((await peer.head()).split(b"\r\n")[0])
        await peer.send(OK)

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url + "/prefix/")
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, target, method="GET"))
            await client.head()
    assert lines == [f"GET /prefix{target} HTTP/1.1".encode()]


async def test_a_reply_arrives_as_it_was_sent(start: Start) -> None:
    """Status, reason, header case, order and duplicates, encoded body; nothing is invented."""
    packed = gzip.compress(b"overloaded")

    async def script(peer: Peer) -> None:
        await peer.head()
        headers = "Request-Id: req_1\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nCONTENT-ENCODING: gzip"
        await peer.send(reply(packed, status="529 Site Is Overloaded", headers=headers))

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, "/v1/models", method="GET"))
            head = await client.head()
            assert await client.sized(head) == packed
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 529 Site Is Overloaded",
        b"Request-Id: req_1",
        b"set-cookie: a=1",
        b"Set-Cookie: b=2",
        b"CONTENT-ENCODING: gzip",
        f"content-length: {len(packed)}".encode(),
        b"",
        b"",
    ]


async def test_headers_and_chunks_pass_as_they_come(start: Start) -> None:
    """Each step of the upstream waits until the client has seen the one before."""
    seen = asyncio.Event()

    async def step(peer: Peer, data: bytes) -> None:
        await peer.send(data)
        await asyncio.wait_for(seen.wait(), PATIENCE)
        seen.clear()

    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        for data in (head, b"7\r\n: ping\n\r\n", b"2\r\n\n\n\r\n"):
            await step(peer, data)
        await peer.send(b"0\r\n\r\n")

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, body=b"{}"))
            assert b"text/event-stream" in await client.head()
            seen.set()
            assert await client.chunk() == b": ping\n"
            seen.set()
            assert await client.chunk() == b"\n\n"
            seen.set()
            assert await client.chunk() == b""


@pytest.mark.parametrize("ending", ["transfer-encoding: chunked\r\n\r\n4\r\nsaid\r\n0\r\n\r\n", "\r\nsaid"])
async def test_a_reply_that_comes_all_at_once_keeps_its_framing(start: Start, ending: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(f"HTTP/1.1 200 OK\r\n{ending}".encode())

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, method="GET"))
            assert b"transfer-encoding: chunked\r\n" in (await client.head()).lower()
            assert await client.chunks() == [b"said"]


async def test_an_upload_passes_as_it_comes_and_stays_chunked(start: Start) -> None:
    """A path that no rule looks at: the upstream has the first chunk before the client sends the second."""
    arrived = asyncio.Event()
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        assert b"transfer-encoding: chunked" in (await peer.head()).lower()
        got.append(await peer.chunk())
        arrived.set()
        got.extend(await peer.chunks())
        await peer.send(OK)

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            head = f"POST /api/batch HTTP/1.1\r\nHost: 127.0.0.1:{sidestep.port}\r\nTransfer-Encoding: chunked\r\n\r\n"
            await client.send(head.encode() + b"3\r\none\r\n")
            await asyncio.wait_for(arrived.wait(), PATIENCE)
            await client.send(b"3\r\ntwo\r\n0\r\n\r\n")
            await client.head()
    assert got == [b"one", b"two"]


async def test_a_body_too_large_to_inspect_streams_through(start: Start) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "x" * 300_000}]}).encode()
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        got.append(await peer.sized(await peer.head()))
        await peer.send(OK)

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url, rules={"max_body": 100_000})
        async with raw_client(sidestep.port) as client:
            claude = "User-Agent: claude-cli/2.1.330 (external, cli)\r\n"
            await client.send(request(sidestep.port, body=body, more=claude))
            await client.head()
            chunked = f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{sidestep.port}\r\n{claude}".encode()
            await client.send(chunked + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
            await client.head()
    assert got[0] == body
    assert [line["reason"] for line in sidestep.logged()] == ["body too large to inspect"] * 2


async def test_a_client_that_goes_ends_the_upstream_request(start: Start) -> None:
    ended = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n")
        await peer.gone()
        ended.set()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, body=b"{}"))
            await client.head()
            client.abort()
            await asyncio.wait_for(ended.wait(), PATIENCE)
        assert [(line["status"], line["bytes_out"]) for line in sidestep.logged()] == [(499, 1)]


@pytest.mark.parametrize(
    "start_of_reply",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n10\r\nless than",
    ],
)
async def test_half_a_reply_never_ends_cleanly(start: Start, start_of_reply: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(start_of_reply)

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, method="GET"))
            head = await client.head()
            rest = client.sized(head) if b"content-length" in head else client.chunks()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await rest
        assert [(line["outcome"], line["status"]) for line in sidestep.logged()] == [("failed", 200)]


async def _error(start: Start, upstream_url: str, **upstream: float) -> tuple[int, dict[str, str]]:
    """Status and error of a request that cannot be forwarded, in the API's shape."""
    sidestep = await start(upstream_url, upstream=upstream)
    async with raw_client(sidestep.port) as client:
        await client.send(request(sidestep.port, body=b"{}"))
        head = await client.head()
        answer = json.loads(await client.sized(head))
    assert answer["type"] == "error"
    assert f"request-id: {answer['request_id']}".encode() in head
    assert answer["request_id"].startswith("req_sidestep_")
    assert [line["outcome"] for line in sidestep.logged()] == ["failed"]
    return int(head.split()[1]), answer["error"]


async def test_an_upstream_that_refuses_is_a_502(start: Start) -> None:
    async with raw_upstream(Peer.gone) as upstream:
        pass
    status, error = await _error(start, upstream.url)
    assert (status, error["type"]) == (502, "api_error")
    assert "cannot be reached" in error["message"]


async def test_a_name_that_does_not_resolve_is_a_502(start: Start) -> None:
    status, error = await _error(start, "http://no-such-host.invalid")
    assert (status, error["type"]) == (502, "api_error")
    assert "no-such-host.invalid cannot be resolved" in error["message"]


async def test_a_tls_upstream_that_speaks_no_tls_is_a_502(start: Start) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_upstream(script) as upstream:
        status, error = await _error(start, upstream.url.replace("http:", "https:"))
    assert (status, error["type"]) == (502, "api_error")
    assert "TLS" in error["message"]


async def test_a_silent_upstream_is_a_504(start: Start) -> None:
    async with raw_upstream(Peer.gone) as upstream:
        status, error = await _error(start, upstream.url, idle_timeout=0.05)
    assert (status, error["type"]) == (504, "timeout_error")
    assert "silent" in error["message"]


async def test_a_reply_that_is_not_http_is_a_502(start: Start) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    async with raw_upstream(script) as upstream:
        status, error = await _error(start, upstream.url)
    assert (status, error["type"]) == (502, "api_error")
    assert "not an HTTP reply" in error["message"]


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_fresh_connection_that_dies_is_not_tried_again(start: Start, method: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, method=method))
            assert b" 502 " in await client.head()
        assert len(upstream.peers) == 1


async def answer_one(peer: Peer) -> bytes:
    """Read and answer one request, and read no further; gives its body."""
    body = await peer.sized(await peer.head())
    peer.stop_reading()
    await peer.send(OK)
    return body


@pytest.mark.parametrize("path", ["/v1/messages", "/api/batch"])
async def test_a_request_that_a_kept_connection_ends_upon_unread_arrives_whole_on_another(
    start: Start, path: str
) -> None:
    bodies: list[bytes] = []

    async def script(peer: Peer) -> None:
        bodies.append(await answer_one(peer))
        await peer.close_unread()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            for body in (b'{"n":1}', b'{"n":2}'):
                await client.send(request(sidestep.port, path, body))
                head = await client.head()
                assert b" 200 " in head
                await client.sized(head)
        assert len(upstream.peers) == 2
        lines, counters = sidestep.logged(), sidestep.app[REQUEST_LOG].counters
    assert bodies == [b'{"n":1}', b'{"n":2}']
    assert [line.get("retried") for line in lines] == [None, True]
    assert counters.retried == 1


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_request_that_was_read_is_not_sent_again(start: Start, method: str) -> None:
    """It may have been worked on, and paid for (RFC 9110, section 9.2.2)."""
    bodies: list[bytes] = []

    async def script(peer: Peer) -> None:
        for answer in (OK, b""):
            bodies.append(await peer.sized(await peer.head()))
            await peer.send(answer)

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            for body, status in ((b'{"n":1}', b" 200 "), (b'{"n":2}', b" 502 ")):
                await client.send(request(sidestep.port, "/api/x", body, method=method))
                head = await client.head()
                assert status in head
                await client.sized(head)
        assert len(upstream.peers) == 1
        lines = sidestep.logged()
    assert bodies == [b'{"n":1}', b'{"n":2}']
    assert [line.get("retried") for line in lines] == [None, None]


async def test_a_body_that_is_not_held_any_more_is_not_sent_again(start: Start) -> None:
    """Nothing of it was read, and yet there is nothing to send: its client has to."""

    async def script(peer: Peer) -> None:
        await answer_one(peer)
        await peer.close_unread()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url, rules={"max_body": 1000})
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, "/api/x", b"{}"))
            await client.sized(await client.head())
            await client.send(request(sidestep.port, "/api/x", b"x" * 1001))
            assert b" 502 " in await client.head()
        assert len(upstream.peers) == 1


@pytest.mark.parametrize("captured", [False, True])
async def test_a_body_is_released_as_soon_as_its_reply_has_begun(start: Start, captured: bool, tmp_path: Path) -> None:
    """A stream may go on for minutes; only a capture still wants the body when it is over."""
    over = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx")
        await over.wait()
        await peer.send(b"x")

    async with raw_upstream(script) as upstream:
        capture = {"enabled": captured, "file": str(tmp_path / "capture")}
        sidestep = await start(upstream.url, capture=capture)
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, "/api/x", b"x" * 1000))
            await client.head()
            (exchange,) = sidestep.app[REQUEST_LOG].running.values()
            assert b"".join(exchange.body.chunks) == b"x" * 1000 * captured
            over.set()
            assert await client.reader.readexactly(2) == b"xx"


async def test_redirects_are_the_clients_business(start: Start) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b"", status="307 Temporary Redirect", headers="Location: http://127.0.0.1:1/elsewhere"))

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, method="GET"))
            head = await client.head()
    assert b" 307 " in head
    assert b"Location: http://127.0.0.1:1/elsewhere" in head


async def test_no_cookie_is_kept(start: Start) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            heads.append(await peer.head())
            await peer.send(reply(b"", headers="Set-Cookie: session=1"))

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            for _ in range(2):
                await client.send(request(sidestep.port, method="GET"))
                await client.head()
    assert not any(b"cookie" in head.lower() for head in heads)


async def test_a_post_without_a_body_gets_no_length(start: Start) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(OK)

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(f"POST /x HTTP/1.1\r\nHost: 127.0.0.1:{sidestep.port}\r\nA: b\r\n\r\n".encode())
            await client.head()
    assert heads[0].split(b"\r\n")[2:] == [b"A: b", b"", b""]


async def test_a_header_that_is_not_utf8_passes_unchanged_both_ways(start: Start) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(b"HTTP/1.1 200 caf\xe9\r\nX-Name: caf\xe9\r\ncontent-length: 0\r\n\r\n")

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, more="X-Name: cafe\r\n").replace(b"cafe", b"caf\xe9"))
            assert await client.head() == b"HTTP/1.1 200 caf\xe9\r\nX-Name: caf\xe9\r\ncontent-length: 0\r\n\r\n"
    assert b"\r\nX-Name: caf\xe9\r\n" in heads[0]


async def test_expect_is_answered_here_and_goes_no_further(start: Start) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        assert await peer.sized(heads[0]) == b"{}"
        await peer.send(OK)

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            whole = request(sidestep.port, body=b"{}", more="Expect: 100-continue\r\n")
            await client.send(whole[:-2])
            assert (await client.head()).startswith(b"HTTP/1.1 100 ")
            await client.send(b"{}")
            assert b" 200 " in await client.head()
    assert b"expect" not in heads[0].lower()


async def test_head_has_its_length_and_no_body(start: Start) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(f"HEAD /api/hello HTTP/1.1\r\nHost: 127.0.0.1:{sidestep.port}\r\n\r\n".encode())
            assert await client.head() == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

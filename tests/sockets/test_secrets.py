"""Whatever fails, no key, token, cookie, query value or body text is in any log line or any error made here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.process import Process, run, running
from tests.raw import Peer, Script, raw_client, raw_upstream
from tests.sockets.given import CHUNKED, CLAUDE, Wire, answers, ask, broken_off, chunk, head, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOUD = "log.level=debug"
TOKEN = "planted-right-token"

# Everything secret has this in it; what follows tells which it was.
PLANTED = b"planted"
SECRETS = [
    CLAUDE,
    b"X-Api-Key: sk-planted-key",
    b"Authorization: Bearer planted-bearer",
    b"Proxy-Authorization: Basic planted-proxy",
    b"Cookie: session=planted-cookie; planted-name=1",
    b"X-Sidestep-Token: " + TOKEN.encode(),
    b"Referer: http://localhost/?planted-referrer",
    b"X-planted-field: planted-value",
]
TARGET = b"/v1/messages?key=planted-query&planted-parameter"
LINE = b"POST " + TARGET + b" HTTP/1.1"
BODY = b'{"messages": [{"role": "user", "content": "planted-text"}], "planted-key": 1}'
REPLY_FIELDS = b"Set-Cookie: a=planted-set-cookie\r\nX-planted-reply: planted-reply-value\r\n"


def _whole(port: int) -> bytes:
    return head(port, LINE, *SECRETS, b"Content-Length: %d" % len(BODY)) + BODY


async def _nothing_told(process: Process, port: int, came: bytes) -> None:
    """Look through what the client got and all that was logged, once the log has the line of one more request."""
    await ask(port, head(port, b"GET /-/ready HTTP/1.1", b"X-Sidestep-Token: " + TOKEN.encode()))
    await process.line("request", path="/-/ready")
    said = b"".join(process.said).lower()
    process.said.clear()  # so that one leak fails one test
    assert said
    assert PLANTED not in came.lower()
    assert PLANTED not in said


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def loud() -> AsyncIterator[Wire]:
    async with raw_upstream(answers) as upstream, running(upstream.url, LOUD) as (process, port):
        yield Wire(process, port, upstream)


@pytest_asyncio.fixture(loop_scope="session")
async def wire(loud: Wire) -> AsyncIterator[Wire]:
    yield loud
    await loud.upstream.stop()
    loud.upstream.peers.clear()
    loud.upstream.script = answers


def _says(answer: bytes, *, reset: bool = False) -> Script:
    """A script that reads a request, answers so, and goes."""

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(answer)
        if reset:
            peer.abort()

    return script


_HALF = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
UPSTREAMS = {
    "death before the head": _says(b""),
    "reset before the head": _says(b"", reset=True),
    "death within the head": _says(b"HTTP/1.1 200 OK\r\n" + REPLY_FIELDS),
    "another protocol": _says(b"planted-banner\r\n" + REPLY_FIELDS + b"\r\n"),
    "a bad status": _says(b"HTTP/1.1 2x0 planted-reason\r\n" + REPLY_FIELDS + b"\r\n"),
    "a bad length": _says(b"HTTP/1.1 200 OK\r\n" + REPLY_FIELDS + b"Content-Length: planted-length\r\n\r\n"),
    "two lengths": _says(b"HTTP/1.1 200 OK\r\n" + REPLY_FIELDS + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "a bad name": _says(b"HTTP/1.1 200 OK\r\nplanted name: planted\r\nContent-Length: 0\r\n\r\n"),
    "a flood": _says(b"HTTP/1.1 200 OK\r\n" + b"X-planted: %s\r\n" % (b"planted" * 1000) * 300 + b"\r\n"),
    "death within the body": _says(_HALF),
    "reset within the body": _says(_HALF, reset=True),
    "a bad chunk": _says(_HALF + b"planted-size\r\nplanted-data\r\n"),
}


@pytest.mark.parametrize("name", UPSTREAMS)
async def test_faults_of_the_upstream_tell_no_secrets(wire: Wire, name: str) -> None:
    wire.upstream.script = UPSTREAMS[name]
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(_whole(wire.port).replace(b"Host:", b"Connection: close\r\nHost:", 1))
        came = await broken_off(client)
    assert came
    line = await wire.process.line("request", path="/v1/messages")
    assert line["outcome"] == "failed"
    await _nothing_told(wire.process, wire.port, came)


async def test_a_forwarded_request_and_its_reply_leave_no_secrets_in_the_log(wire: Wire) -> None:
    answer = b"HTTP/1.1 400 planted-reason\r\n" + REPLY_FIELDS + b"Content-Length: 7\r\n\r\nplanted"
    _, came = await wire.carry(_whole(wire.port), answer)
    assert came.body == PLANTED
    await _nothing_told(wire.process, wire.port, b"")


async def test_a_client_that_goes_leaves_no_secrets_in_the_log(wire: Wire) -> None:
    begun = asyncio.Event()

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(b"HTTP/1.1 200 OK\r\n" + REPLY_FIELDS + CHUNKED + b"\r\n\r\n" + chunk(b"planted-event"))
        begun.set()
        await peer.gone()

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(_whole(wire.port))
        await begun.wait()
        client.abort()
    assert (await wire.process.line("request", path="/v1/messages"))["status"] == 499
    await _nothing_told(wire.process, wire.port, b"")


NAMES = {
    "a key as client": (b"GET /v1/models HTTP/1.1", b"User-Agent: sk-ant-planted/1.2", b""),
    "a long key as client": (b"GET /v1/models HTTP/1.1", b"User-Agent: " + b"planted0" * 4 + b"/1.2", b""),
    "a key as model": (b"POST /v1/messages HTTP/1.1", CLAUDE, BODY.replace(b"{", b'{"model": "sk-ant-planted", ', 1)),
    "a text as model": (b"POST /v1/messages HTTP/1.1", CLAUDE, BODY.replace(b"{", b'{"model": "planted it is", ', 1)),
    "a key within the path": (b"GET /v1/sk-planted/models HTTP/1.1", CLAUDE, b""),
    "a key as a page of its own": (b"GET /-/requests/sk-planted HTTP/1.1", CLAUDE, b""),
    "a hidden key within the path": (b"GET /v1/%73k-planted/models HTTP/1.1", CLAUDE, b""),
    "a session": (b"POST /v1/messages HTTP/1.1", CLAUDE + b"\r\nX-Claude-Code-Session-Id: planted", BODY),
}


@pytest.mark.parametrize("name", NAMES)
async def test_keys_in_places_of_names_are_told_nowhere(wire: Wire, name: str) -> None:
    line, field, body = NAMES[name]
    await wire.ask(head(wire.port, line, field, b"Content-Length: %d" % len(body)) + body)
    async with asyncio.timeout(PATIENCE), wire.client() as client:  # what the live page is told of it
        await client.send(head(wire.port, b"GET /-/events HTTP/1.1"))
        await client.head()
        page = b""
        while b'"sections"' not in page:
            page += await client.chunk()
    metrics = await wire.ask(head(wire.port, b"GET /-/metrics HTTP/1.1"))
    await _nothing_told(wire.process, wire.port, page + metrics.body)


def _line(line: bytes) -> Callable[[int], bytes]:
    return lambda port: head(port, line, *SECRETS, b"Content-Length: 0")


def _field(*fields: bytes) -> Callable[[int], bytes]:
    return lambda port: head(port, LINE, *SECRETS, *fields, b"Content-Length: %d" % len(BODY)) + BODY


REFUSED = {
    "a foreign host": lambda port: _whole(port).replace(b"Host: 127.0.0.1", b"Host: planted-host.example"),
    "a foreign page": _field(b"Origin: https://planted-origin.example"),
    "a foreign page by Sec-Fetch-Site": _field(b"Sec-Fetch-Site: planted-site"),
    "absolute-form": _line(b"GET http://user:planted-password@other.example/x?planted HTTP/1.1"),
    "CONNECT": _line(b"CONNECT user:planted-password@other.example:443 HTTP/1.1"),
    "another upgrade": _field(b"Connection: upgrade", b"Upgrade: planted-protocol"),
    "a bad method": _line(b"PO(ST /x?planted HTTP/1.1"),
    "a bad version": _line(b"GET /?planted HTTP/planted"),
    "a blank in the target": _line(b"GET /?planted planted HTTP/1.1"),
    "a bad name": _field(b"planted name: planted"),
    "a blank before the colon": _field(b"planted-name : planted"),
    "a folded line": _field(b"X: planted", b" planted"),
    "a bare CR": _field(b"X: planted\rplanted"),
    "a NUL": _field(b"X: planted\x00planted"),
    "bytes that are no name": _field(b"planted\xe9: planted"),
    "two Hosts": _field(b"Host: planted.example"),
    "a bad length": _field(b"Content-Length: planted"),
    "both framings": _field(CHUNKED),
    "an unknown coding": lambda port: head(port, LINE, *SECRETS, b"Transfer-Encoding: planted") + BODY,
    "a bad chunk size": lambda port: head(port, LINE, *SECRETS, CHUNKED) + b"planted-size\r\n" + BODY,
    "a flood": _field(b"X-Planted: " + PLANTED * 150_000),
    "600 headers": _field(*[b"X-Planted-%d: planted" % number for number in range(600)]),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refused_requests_tell_no_secrets(wire: Wire, name: str) -> None:
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(REFUSED[name](wire.port).replace(b"Host:", b"Connection: close\r\nHost:", 1))
        came = await broken_off(client)
    assert not came or 400 <= int(came.split(b" ")[1]) <= 505
    assert wire.upstream.peers == []
    await _nothing_told(wire.process, wire.port, came)


@dataclass(frozen=True, slots=True)
class Case:
    """A fault that needs settings of its own, and the status that it leads to."""

    status: int
    settings: tuple[str, ...] = ()
    url: str = ""
    script: Script = Peer.gone


async def _speaks_no_tls(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 400 planted-reason\r\n\r\n")


OTHERWISE = {
    "refused": Case(502, url="http://127.0.0.1:1"),
    "unresolvable": Case(502, url="http://no-such-host.invalid"),
    "no TLS": Case(502, url="https://{address}", script=_speaks_no_tls),
    "silence": Case(504, ("upstream.idle_timeout=0.2",)),
    "a proxy that refuses": Case(
        502, ("upstream.proxy=http://{address}",), "https://api.example", _says(b"HTTP/1.1 407 planted\r\n\r\n")
    ),
    "no token": Case(401, ("listen.token=another-local-token",)),
}


@pytest.mark.parametrize("name", OTHERWISE)
async def test_faults_under_other_settings_tell_no_secrets(name: str) -> None:
    case = OTHERWISE[name]
    async with raw_upstream(case.script) as upstream:
        settings = [setting.format(address=upstream.address) for setting in case.settings]
        url = case.url.format(address=upstream.address) or upstream.url
        async with running(url, LOUD, *settings) as (process, port):
            came = await ask(port, _whole(port))
            assert came.status == case.status
            await _nothing_told(process, port, came.head + came.body)


async def test_stalled_clients_tell_no_secrets() -> None:
    limits = ("limits.head_timeout=0.3", "limits.body_timeout=0.3")
    async with raw_upstream(answers) as upstream, running(upstream.url, LOUD, *limits) as (process, port):
        for sent in (_whole(port)[:-5], head(port, LINE, *SECRETS)[:-2]):
            async with asyncio.timeout(PATIENCE), raw_client(port) as client:
                await client.send(sent)
                came = await broken_off(client)
            await _nothing_told(process, port, came)


async def test_a_forced_end_tells_no_secrets() -> None:
    begun = asyncio.Event()

    async def script(peer: Peer) -> None:
        await receive(peer)
        begun.set()
        await peer.gone()

    async with (
        raw_upstream(script) as upstream,
        running(upstream.url, LOUD, "stop.drain_timeout=0.1") as (process, port),
        asyncio.timeout(PATIENCE),
        raw_client(port) as client,
    ):
        await client.send(_whole(port))
        await begun.wait()
        process.process.terminate()
        came = await broken_off(client)
        assert await process.exit_code() == 0
    assert PLANTED not in (came + b"".join(process.said)).lower()


@pytest.mark.parametrize(
    "setting",
    [
        "upstream.url=https://user:planted@host",
        "upstream.url=https://host/planted?x",
        "upstream=http://user:planted@host",
        "upstream.proxy=socks5://user:planted@host",
        "listen.token=planted",
        "listen.token:planted=1",
        "planted",
    ],
)
async def test_settings_that_cannot_be_used_are_told_without_their_values(setting: str) -> None:
    code, out, err = await run("--set", setting)
    assert (code, out) == (2, "")
    assert "expected" in err
    assert "planted" not in err


async def test_a_key_in_the_path_of_the_upstream_is_told_nowhere() -> None:
    async with raw_upstream(answers) as upstream, running(upstream.url + "/planted", LOUD) as (process, port):
        came = await ask(port, head(port, b"GET /v1/models HTTP/1.1"))
        assert came.status == 200
        ready = await ask(port, head(port, b"GET /-/ready HTTP/1.1"))
        await _nothing_told(process, port, ready.body)

"""Who is not served: other hosts' names, other sites' pages, whoever wants an open proxy or lacks the token."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.process import run, running
from tests.raw import raw_client, raw_upstream
from tests.sockets.given import Message, Wire, answers, ask, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "plain-but-long-local-token"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def named() -> AsyncIterator[Wire]:
    """A proxy with names of its own."""
    names = 'listen.names=["box.example", "front.example:443"]'
    async with raw_upstream(answers) as upstream, running(upstream.url, names) as (process, port):
        yield Wire(process, port, upstream)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guarded() -> AsyncIterator[Wire]:
    """A proxy with a token."""
    async with raw_upstream(answers) as upstream, running(upstream.url, f"listen.token={TOKEN}") as (process, port):
        yield Wire(process, port, upstream)


def _request(port: int, *lines: str) -> bytes:
    """A request with these header lines alone; {port} stands for the right port."""
    return "\r\n".join(["GET /v1/models HTTP/1.1", *(line.format(port=port) for line in lines), "", ""]).encode(
        "latin-1"
    )


def _refusal(came: Message, status: int, kind: str) -> None:
    assert (came.status, came.error["type"]) == (status, kind)
    assert not [name for name, _ in came.fields if name.lower().startswith(b"access-control")]


LOOPBACK = ["localhost", "LocalHost", "127.0.0.1", "127.0.0.2", "127.255.255.254", "[::1]", "[0:0:0:0:0:0:0:1]"]


@pytest.mark.parametrize("name", LOOPBACK)
async def test_a_loopback_name_with_the_right_port_is_served(wire: Wire, name: str) -> None:
    arrived, _ = await wire.carry(_request(wire.port, f"Host: {name}:{{port}}"))
    assert arrived.values(b"host") == [wire.upstream.address.encode()]


FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "localhost.evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "evil.example#localhost:{port}",
    "localhost:{port}@evil.example",
    "evil.example@localhost:{port}",
    "localhost",
    "localhost:",
    "localhost:1",
    "localhost:{port}0",
    "localhost:0{port}",
    "localhost:+{port}",
    "localhost:{port}:{port}",
    "localhost.:{port}",
    "192.168.0.1:{port}",
    "0.0.0.0:{port}",
    "127.1:{port}",
    "2130706433:{port}",
    "0x7f.0.0.1:{port}",
    "[::]:{port}",
    "[::1:{port}",
    "[::1%25lo]:{port}",
    ":{port}",
    "",
    "loc\xe4lhost:{port}",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_a_foreign_host_or_port_is_refused(wire: Wire, host: str) -> None:
    """With 403, or with 400 where it is no host at all."""
    came = await wire.ask(_request(wire.port, f"Host: {host}"))
    assert came.status in (400, 403)
    if came.status == 403:
        _refusal(came, 403, "permission_error")
    assert b"access-control" not in came.head.lower()
    assert wire.upstream.peers == []


@pytest.mark.parametrize(
    "host", ["box.example:{port}", "BOX.Example:{port}", "front.example:443", "localhost:{port}", "127.0.0.1:{port}"]
)
async def test_a_configured_name_is_served_with_its_port(named: Wire, host: str) -> None:
    assert (await named.ask(_request(named.port, f"Host: {host}"))).status == 200


async def test_an_origin_of_a_configured_name_is_served(named: Wire) -> None:
    lines = ["Host: box.example:{port}", "Origin: http://box.example:{port}"]
    assert (await named.ask(_request(named.port, *lines))).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "box.example",
        "box.example:1",
        "sub.box.example:{port}",
        "front.example:80",
        "front.example:{port}",
        "evil:{port}",
    ],
)
async def test_a_configured_name_with_another_port_is_refused(named: Wire, host: str) -> None:
    _refusal(await named.ask(_request(named.port, f"Host: {host}")), 403, "permission_error")


FOREIGN_PAGES = [
    "Origin: https://evil.example",
    "Origin: null",
    "Origin: ",
    "Origin: http://localhost",
    "Origin: http://localhost:1",
    "Origin: http://localhost:{port}.evil.example",
    "Origin: http://evil.example:{port}",
    "Origin: file://",
    "Origin: chrome-extension://abc",
    "Origin: http://localhost:{port}, https://evil.example",
    "oRIGIN: NULL",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Site: same-site",
    "sec-fetch-SITE: Cross-Site",
    "Sec-Fetch-Site: unheard-of",
]


@pytest.mark.parametrize("line", FOREIGN_PAGES)
@pytest.mark.parametrize("path", ["/v1/models", "/-/ready"])
async def test_a_foreign_page_is_refused_with_403_and_no_cors_header(wire: Wire, path: str, line: str) -> None:
    sent = _request(wire.port, "Host: localhost:{port}", line).replace(b"/v1/models", path.encode())
    _refusal(await wire.ask(sent), 403, "permission_error")
    assert wire.upstream.peers == []


@pytest.mark.parametrize(
    "lines",
    [
        ["Origin: http://localhost:{port}", "Origin: https://evil.example"],
        ["Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"],
    ],
    ids=["Origin", "Sec-Fetch-Site"],
)
async def test_a_second_value_does_not_hide_a_foreign_page(wire: Wire, lines: list[str]) -> None:
    assert (await wire.ask(_request(wire.port, "Host: localhost:{port}", *lines))).status in (400, 403)
    assert wire.upstream.peers == []


async def test_the_preflight_of_a_foreign_page_is_refused(wire: Wire) -> None:
    lines = ["Host: localhost:{port}", "Origin: https://evil.example", "Access-Control-Request-Method: POST"]
    _refusal(await wire.ask(_request(wire.port, *lines).replace(b"GET", b"OPTIONS")), 403, "permission_error")
    assert wire.upstream.peers == []


@pytest.mark.parametrize(
    "line", ["Origin: http://127.0.0.1:{port}", "Sec-Fetch-Site: none", "Sec-Fetch-Site: same-origin"]
)
async def test_a_page_of_its_own_is_served(wire: Wire, line: str) -> None:
    await wire.carry(_request(wire.port, "Host: localhost:{port}", line))


@pytest.mark.parametrize(
    "line",
    [
        b"GET http://evil.example/ HTTP/1.1",
        b"GET http://127.0.0.1:%d/v1/models HTTP/1.1",
        b"POST https://api.anthropic.com/v1/messages HTTP/1.1",
        b"GET ftp://127.0.0.1/ HTTP/1.1",
        b"CONNECT evil.example:443 HTTP/1.1",
        b"CONNECT 127.0.0.1:%d HTTP/1.1",
        b"CONNECT /v1/messages HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET v1/models HTTP/1.1",
        b"GET evil.example:80 HTTP/1.1",
    ],
)
async def test_it_is_no_open_proxy(wire: Wire, line: bytes) -> None:
    """Absolute-form, authority-form and asterisk-form are refused, and nobody is connected to."""
    sent = wire.head(line.replace(b"%d", b"%d" % wire.port), b"Content-Length: 0")
    assert (await wire.ask(sent)).status in (400, 405)
    assert wire.upstream.peers == []


async def test_a_request_without_host_is_refused(wire: Wire) -> None:
    for line in (b"GET /v1/models HTTP/1.1", b"GET /v1/models HTTP/1.0"):
        assert (await wire.ask(line + b"\r\nX: y\r\n\r\n")).status in (400, 403)
    assert wire.upstream.peers == []


@pytest.mark.parametrize("second", ["evil.example", "127.0.0.1:{port}"])
async def test_a_request_with_two_hosts_is_refused(wire: Wire, second: str) -> None:
    for lines in (["Host: 127.0.0.1:{port}", f"Host: {second}"], [f"HOST: {second}", "host: 127.0.0.1:{port}"]):
        assert (await wire.ask(_request(wire.port, *lines))).status == 400
    assert wire.upstream.peers == []


async def test_the_right_token_is_served_and_stripped(guarded: Wire) -> None:
    for name in ("x-sidestep-token", "X-SIDESTEP-Token"):
        line = f"{name}: {TOKEN}"
        arrived, came = await guarded.carry(_request(guarded.port, "Host: localhost:{port}", "A: 1", line, "B: 2"))
        assert came.status == 200
        assert arrived.forwarded == [(b"A", b"1"), (b"B", b"2")]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["X-Sidestep-Token: "],
        ["X-Sidestep-Token: wrong"],
        [f"X-Sidestep-Token: {TOKEN[:-1]}"],
        [f"X-Sidestep-Token: {TOKEN}x"],
        [f"X-Sidestep-Token: {TOKEN.upper()}"],
        [f"X-Sidestep-Token: {TOKEN}", "X-Sidestep-Token: wrong"],
        ["X-Sidestep-Token: wrong", f"X-Sidestep-Token: {TOKEN}"],
        [f"X-Sidestep-Token: {TOKEN}, {TOKEN}"],
        ["X-Sidestep-Token: t\xf6k\xe9n"],
        [f"Authorization: Bearer {TOKEN}", f"X-Api-Key: {TOKEN}", f"Cookie: x-sidestep-token={TOKEN}"],
    ],
    ids=[
        "none",
        "empty",
        "wrong",
        "shorter",
        "longer",
        "case",
        "right first",
        "right last",
        "list",
        "bytes",
        "elsewhere",
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/x?y"])
async def test_without_exactly_the_token_it_is_a_401(guarded: Wire, path: str, lines: list[str]) -> None:
    before = len(guarded.upstream.peers)
    sent = _request(guarded.port, "Host: localhost:{port}", *lines).replace(b"/v1/models", path.encode())
    came = await guarded.ask(sent)
    _refusal(came, 401, "authentication_error")
    assert "x-sidestep-token" in came.error["message"].lower()
    assert TOKEN not in came.error["message"]
    assert len(guarded.upstream.peers) == before


async def test_the_right_token_does_not_open_the_door_to_a_foreign_page(guarded: Wire) -> None:
    lines = ["Host: localhost:{port}", f"X-Sidestep-Token: {TOKEN}", "Origin: https://evil.example"]
    _refusal(await guarded.ask(_request(guarded.port, *lines)), 403, "permission_error")


async def test_a_token_header_is_stripped_though_none_is_configured(wire: Wire) -> None:
    arrived, _ = await wire.carry(_request(wire.port, "Host: localhost:{port}", "X-Sidestep-Token: a", "A: 1"))
    assert arrived.forwarded == [(b"A", b"1")]


@pytest.mark.parametrize("host", ["::", "192.0.2.1"])
async def test_listening_beyond_loopback_without_a_token_is_refused_at_start(host: str) -> None:
    code, _, err = await run("--set", f"listen.host={host}", "--set", "listen.port=0")
    assert code == 2
    assert "listen.token" in err
    assert "listen.host" in err


async def test_listening_beyond_loopback_with_a_token_serves_whoever_has_it() -> None:
    settings = ["listen.host=0.0.0.0", f"listen.token={TOKEN}"]
    async with raw_upstream(answers) as upstream, running(upstream.url, *settings) as (_, port):
        head = ["Host: 127.0.0.1:{port}"]
        assert (await ask(port, _request(port, *head))).status == 401
        assert (await ask(port, _request(port, *head, f"X-Sidestep-Token: {TOKEN}"))).status == 200


async def test_a_refused_request_does_not_end_the_connection_for_the_next(wire: Wire) -> None:
    async with asyncio.timeout(PATIENCE), raw_client(wire.port) as client:
        for host, status in (("evil.example", 403), ("localhost:{port}", 200)):
            await client.send(_request(wire.port, f"Host: {host}"))
            assert (await receive(client)).status == status

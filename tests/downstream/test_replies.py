"""Replies to the client, byte for byte: the upstream's, whole local ones, and interim ones."""

from typing import cast

import pytest
from aiohttp import HttpVersion, web

from proxy.downstream.relayed import Copy, RelayedResponse, send_interim
from proxy.downstream.replies import FullResponse, send_100_continue
from proxy.headers import RawPairs
from proxy.wire.heads import ReplyHead
from tests.cases import every

MODERN, OLD = HttpVersion(1, 1), HttpVersion(1, 0)


class Wire:
    """A transport, for what goes past the writer."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def is_closing(self) -> bool:
        return self._client.gone

    def write(self, data: bytes) -> None:
        self._client.writes.append(data)

    def get_extra_info(self, _name: str) -> None:
        return None

    def set_write_buffer_limits(self, high: int) -> None:
        assert high == 0

    def abort(self) -> None:
        self._client.gone = True


class Client:
    """A request as far as a reply looks at it, and what is written to its client."""

    def __init__(self, version: HttpVersion = MODERN, keep_alive: bool = True, method: str = "GET") -> None:
        self.version, self.keep_alive, self.method = version, keep_alive, method
        self.writer, self.transport, self.protocol = self, Wire(self), self
        self.writing_paused, self.output_size, self.drained = False, 0, 0
        self.writes: list[bytes] = []
        self.gone = False

    async def write(self, data: bytes) -> None:
        self.writes.append(data)

    async def drain(self) -> None:
        self.drained += 1

    @property
    def request(self) -> web.BaseRequest:
        return cast(web.BaseRequest, self)

    @property
    def sent(self) -> bytes:
        return b"".join(self.writes)


async def relayed(
    client: Client, *chunks: bytes, headers: RawPairs, length: int | None, bodiless: bool = False, status: int = 200
) -> RelayedResponse:
    response = RelayedResponse(ReplyHead(1, status, b"So It Is", headers), length, bodiless=bodiless)
    await response.prepare(client.request)
    for chunk in chunks:
        await response.write(chunk)
    await response.write_eof()
    return response


LENGTH: RawPairs = [(b"CONTENT-length", b"5"), (b"Set-Cookie", b"a"), (b"set-cookie", b"caf\xe9")]
LENGTH_SENT = b"HTTP/1.1 200 So It Is\r\nCONTENT-length: 5\r\nSet-Cookie: a\r\nset-cookie: caf\xe9\r\n"


async def test_a_reply_with_a_length_passes_as_it_is() -> None:
    client = Client()
    response = await relayed(client, b"hel", b"lo", headers=LENGTH, length=5)
    assert client.writes == [LENGTH_SENT + b"\r\n", b"hel", b"lo"]
    assert response.keep_alive
    assert response.prepared


async def test_a_reply_without_a_length_is_chunked_and_ended() -> None:
    client = Client()
    response = await relayed(client, b"hello", b", you ", headers=[(b"A", b"1")], length=None)
    assert client.writes == [
        b"HTTP/1.1 200 So It Is\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"5\r\nhello\r\n",
        b"6\r\n, you \r\n",
        b"0\r\n\r\n",
    ]
    assert response.keep_alive


async def test_to_an_old_client_a_reply_without_a_length_ends_with_the_connection() -> None:
    client = Client(OLD)
    response = await relayed(client, b"hello", headers=[(b"A", b"1")], length=None)
    assert client.sent == b"HTTP/1.1 200 So It Is\r\nA: 1\r\n\r\nhello"
    assert not response.keep_alive


@every(
    ("version", "keep_alive", "said"),
    [
        (MODERN, True, b""),
        (MODERN, False, b"Connection: close\r\n"),
        (OLD, True, b"Connection: keep-alive\r\n"),
        (OLD, False, b""),
    ],
)
async def test_persistence_is_said_where_it_is_not_the_default(
    version: HttpVersion, keep_alive: bool, said: bytes
) -> None:
    client = Client(version, keep_alive)
    response = await relayed(client, b"hello", headers=LENGTH, length=5)
    assert client.sent == LENGTH_SENT + said + b"\r\nhello"
    assert response.keep_alive is keep_alive
    own = Client(version, keep_alive)
    await FullResponse(404, b"{}", []).prepare(own.request)
    assert own.sent.endswith(b"Content-Length: 2\r\n" + said + b"\r\n{}")


@every("status", [200, 204, 304])
@every("headers", [[], [(b"Content-Length", b"5")]])
@every("version", [MODERN, OLD])
async def test_a_reply_that_has_no_body_gets_no_framing_and_no_end(
    status: int, headers: RawPairs, version: HttpVersion
) -> None:
    client = Client(version)
    response = await relayed(client, headers=headers, length=None, bodiless=True, status=status)
    said = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    kept = b"" if version == MODERN else b"Connection: keep-alive\r\n"
    assert client.sent == b"HTTP/1.1 %d So It Is\r\n%b%b\r\n" % (status, said, kept)
    assert response.keep_alive


async def test_headers_of_the_upstreams_hop_stay_there() -> None:
    client = Client()
    hop = [
        (b"Connection", b"close, X-Hop"),
        (b"X-Hop", b"1"),
        (b"Keep-Alive", b"5"),
        (b"Transfer-Encoding", b"chunked"),
    ]
    response = await relayed(client, headers=[*hop, (b"Trailer", b"X"), (b"A", b"1")], length=None)
    assert client.sent == b"HTTP/1.1 200 So It Is\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert response.pairs == [(b"A", b"1")]


async def test_nothing_is_invented() -> None:
    client = Client()
    await relayed(client, headers=[], length=0, bodiless=False)
    assert client.sent == b"HTTP/1.1 200 So It Is\r\n\r\n"


async def test_the_consent_to_an_upgrade_keeps_what_says_so() -> None:
    client = Client()
    headers = [(b"Connection", b"Upgrade"), (b"UPGRADE", b"websocket"), (b"Sec-WebSocket-Accept", b"x")]
    response = await relayed(client, headers=headers, length=None, bodiless=True, status=101)
    head, *lines = client.sent.split(b"\r\n")
    assert head == b"HTTP/1.1 101 So It Is"
    assert sorted(lines) == sorted(
        [b"Connection: Upgrade", b"UPGRADE: websocket", b"Sec-WebSocket-Accept: x", b"", b""]
    )
    assert not response.keep_alive


async def test_a_head_is_sent_once_and_a_body_ended_once() -> None:
    client = Client()
    response = await relayed(client, b"x", headers=[], length=None)
    before = client.sent
    assert await response.prepare(client.request) is not None
    await response.write_eof()
    await response.write_eof(b"more")
    assert client.sent == before
    assert before.count(b"0\r\n\r\n") == 1


async def test_the_last_piece_may_come_with_the_end() -> None:
    client = Client()
    response = RelayedResponse(ReplyHead(1, 200, b"", []), None, bodiless=False)
    await response.write_eof(b"nobody is there yet")
    assert client.writes == []
    await response.prepare(client.request)
    await response.write_eof(b"last")
    assert client.writes[1:] == [b"4\r\nlast\r\n0\r\n\r\n"]


async def test_a_client_that_has_gone_is_told_to_whoever_writes() -> None:
    class Gone(Client):
        async def write(self, _data: bytes) -> None:
            raise ConnectionResetError

    for response in (RelayedResponse(ReplyHead(1, 200, b"", []), None, bodiless=False), FullResponse(200, b"{}", [])):
        client = Gone()
        client.gone = True
        with pytest.raises(ConnectionError):
            await response.prepare(client.request)


@pytest.mark.parametrize("paused", [False, True])
async def test_a_reply_waits_for_a_client_that_does_not_take_it_and_is_known_to_have_begun(paused: bool) -> None:
    client = Client()
    client.writing_paused = paused
    await relayed(client, headers=LENGTH, length=5)
    assert (client.drained, client.output_size) == (int(paused), len(client.sent))


async def test_a_whole_reply_is_one_write() -> None:
    client = Client()
    response = FullResponse(502, b'{"a":1}', [(b"X", b"1")])
    await response.prepare(client.request)
    await response.prepare(client.request)
    await response.write_eof()
    head = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nContent-Length: 7\r\nX: 1\r\n\r\n"
    assert client.writes == [head + b'{"a":1}']
    assert response.keep_alive


async def test_a_whole_reply_says_its_kind_where_it_is_not_json() -> None:
    client = Client()
    await FullResponse(200, b"a 1", [], kind=b"text/plain; charset=utf-8").prepare(client.request)
    assert client.sent == b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\na 1"


async def test_a_whole_reply_to_head_has_its_length_and_no_body() -> None:
    client = Client(method="HEAD")
    await FullResponse(404, b"{}", []).prepare(client.request)
    assert client.sent.endswith(b"Content-Length: 2\r\n\r\n")


@every(("status", "length"), [(200, b"Content-Length: 0\r\n"), (204, b""), (304, b"")])
async def test_a_whole_reply_without_a_body_says_no_kind(status: int, length: bytes) -> None:
    client = Client()
    await FullResponse(status, b"", [], kind=b"").prepare(client.request)
    assert client.sent.partition(b"\r\n")[2] == length + b"\r\n"


async def test_a_whole_reply_may_have_a_status_that_nobody_has_registered() -> None:
    client = Client()
    await FullResponse(529, b"{}", []).prepare(client.request)
    assert client.sent.startswith(b"HTTP/1.1 529 \r\n")


async def test_a_whole_reply_can_end_the_connection() -> None:
    client = Client()
    response = FullResponse(400, b"{}", [], close=True)
    await response.prepare(client.request)
    assert b"\r\nConnection: close\r\n" in client.sent
    assert not response.keep_alive


@every(
    ("status", "version", "passed"), [(103, MODERN, True), (102, MODERN, True), (100, MODERN, False), (103, OLD, False)]
)
async def test_interim_replies_pass_to_those_who_know_them(status: int, version: HttpVersion, passed: bool) -> None:
    client = Client(version)
    await send_interim(client.request, ReplyHead(1, status, b"Early", [(b"Link", b"</a>"), (b"Connection", b"close")]))
    assert client.sent == (b"HTTP/1.1 %d Early\r\nLink: </a>\r\n\r\n" % status if passed else b"")


async def test_a_client_that_has_gone_gets_no_interim_reply() -> None:
    client = Client()
    client.gone = True
    await send_100_continue(client.request)
    await send_interim(client.request, ReplyHead(1, 103, b"Early", []))
    assert client.sent == b""


@pytest.mark.parametrize(("version", "invited"), [(MODERN, b"HTTP/1.1 100 Continue\r\n\r\n"), (OLD, b"")])
async def test_those_who_know_it_are_invited_to_send_their_body(version: HttpVersion, invited: bytes) -> None:
    client = Client(version)
    await send_100_continue(client.request)
    assert client.sent == invited


@pytest.mark.parametrize(("limit", "body"), [(5, b"hello"), (4, None)])
async def test_of_a_body_that_is_sent_a_copy_is_kept_up_to_its_limit(limit: int, body: bytes | None) -> None:
    response = await relayed(Client(), headers=LENGTH, length=5)
    assert response.body_copy is None
    response.copy = Copy(limit)
    for chunk in (b"hel", b"lo"):
        response.copy.take(chunk)
    assert response.body_copy == body
    response.abort(Client().request)
    assert response.body_copy is None

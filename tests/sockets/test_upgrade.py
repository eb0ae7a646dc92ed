"""WebSockets are bridged, both ways and to their end; other upgrades get a clear 501."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.raw import Peer
from tests.sockets.given import OK, Message, Wire, broken_off, receive
from tests.sockets.websocket import BINARY, KEY, PING, PONG, TEXT, Frame, accept, closing, read_frame, read_message
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

MASK = b"\x01\x80\xff\x7e"
HANDSHAKE = [
    b"Connection: keep-alive, Upgrade",
    b"uPGRADE: WebSocket",
    b"Sec-WebSocket-Key: " + KEY,
    b"Sec-WebSocket-Version: 13",
    b"SEC-WEBSOCKET-protocol: chat.v1, chat.v2",
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    b"Authorization: Bearer t",
]
MESSAGES = [
    Frame(TEXT, "grüße".encode()),
    Frame(TEXT, b""),
    Frame(BINARY, bytes(range(256))),
    Frame(BINARY, b"x" * 126),
    Frame(TEXT, b"y" * 70_000),
    Frame(BINARY, b"z" * 3_000_000),
]
LINE = b"GET /v1/sessions/ws?x=%2F HTTP/1.1"
Behaviour = Callable[[Peer], Awaitable[None]]
Connect = Callable[[Behaviour], AbstractAsyncContextManager[tuple[Peer, Message, Message]]]


def _switch(key: bytes) -> bytes:
    fields = [b"Upgrade: websocket", b"Connection: Upgrade", b"sec-websocket-ACCEPT: " + accept(key)]
    fields += [b"Sec-WebSocket-Protocol: chat.v2", b"X-Kept: 1"]
    return b"\r\n".join([b"HTTP/1.1 101 Switching Protocols", *fields, b"", b""])


@pytest.fixture
def connect(wire: Wire) -> Connect:
    """Opens a WebSocket to an upstream of that behaviour: the client, the request as it arrived, and the reply."""

    @asynccontextmanager
    async def opened(behaviour: Behaviour) -> AsyncIterator[tuple[Peer, Message, Message]]:
        arrived: list[Message] = []

        async def script(peer: Peer) -> None:
            arrived.append(await receive(peer))
            await peer.send(_switch(arrived[0].values(b"sec-websocket-key")[0]))
            await behaviour(peer)

        wire.upstream.script = script
        async with asyncio.timeout(PATIENCE), wire.client() as client:
            await client.send(wire.head(LINE, *HANDSHAKE))
            came = await receive(client)
            assert came.status == 101
            yield client, arrived[0], came

    return opened


async def _echoes(peer: Peer) -> None:
    while True:
        frame = await read_message(peer)
        await peer.send((Frame(PONG, frame.payload) if frame.opcode == PING else frame).encode())


async def test_the_handshake_keeps_its_headers_key_and_subprotocol(connect: Connect) -> None:
    async with connect(_echoes) as (_, arrived, came):
        assert arrived.line == LINE
        assert arrived.forwarded == Message(b"\r\n".join([LINE, *HANDSHAKE, b"", b""])).forwarded
        assert b"upgrade" in arrived.values(b"connection")[0].lower()
        assert [value.lower() for value in arrived.values(b"upgrade")] == [b"websocket"]
        assert came.line == b"HTTP/1.1 101 Switching Protocols"
        assert came.forwarded == Message(_switch(KEY)).forwarded
        assert b"upgrade" in came.values(b"connection")[0].lower()
        assert [value.lower() for value in came.values(b"upgrade")] == [b"websocket"]


async def test_messages_of_every_kind_and_size_pass_both_ways(connect: Connect) -> None:
    async with connect(_echoes) as (client, _, _):
        for message in MESSAGES:
            await client.send(message.encode(MASK))
            assert await read_message(client) == message


async def test_messages_at_once_pass_in_their_order(connect: Connect) -> None:
    async with connect(_echoes) as (client, _, _):
        numbered = [Frame(TEXT, b"%d" % number) for number in range(500)]
        await client.send(b"".join(frame.encode(MASK) for frame in numbered))
        assert [await read_message(client) for _ in numbered] == numbered


async def test_a_client_masks_its_frames_and_a_server_does_not(connect: Connect) -> None:
    """Section 5.1: whoever gets it the other way round must close the connection."""
    masked = asyncio.get_running_loop().create_future()

    async def behaviour(peer: Peer) -> None:
        frame, was_masked = await read_frame(peer)
        masked.set_result(was_masked)
        await peer.send(frame.encode())

    async with connect(behaviour) as (client, _, _):
        await client.send(Frame(TEXT, b"x").encode(MASK))
        assert await read_frame(client) == (Frame(TEXT, b"x"), False)
        assert await masked is True


async def test_a_message_in_fragments_passes_with_a_ping_between_them(connect: Connect) -> None:
    pinged = asyncio.Event()

    async def behaviour(peer: Peer) -> None:
        text = b""
        while True:
            frame, _ = await read_frame(peer)
            if frame.opcode == PING:
                pinged.set()
                await peer.send(Frame(PONG, frame.payload).encode())
            else:
                text += frame.payload
                if frame.fin:
                    await peer.send(Frame(TEXT, text[:3], fin=False).encode() + Frame(0, text[3:]).encode())
                    return await peer.gone()

    async with connect(behaviour) as (client, _, _):
        parts = [Frame(TEXT, b"one", fin=False), Frame(PING, b"p"), Frame(0, b"two", fin=False), Frame(0, b"three")]
        await client.send(b"".join(part.encode(MASK) for part in parts))
        assert await read_message(client) == Frame(PONG, b"p")
        assert await read_message(client) == Frame(TEXT, b"onetwothree")


async def test_pings_and_pongs_of_the_upstream_pass(connect: Connect) -> None:
    ponged: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()

    async def behaviour(peer: Peer) -> None:
        await peer.send(Frame(PING, b"are you there").encode())
        ponged.set_result(await read_message(peer))

    async with connect(behaviour) as (client, _, _):
        assert await read_message(client) == Frame(PING, b"are you there")
        await client.send(Frame(PONG, b"are you there").encode(MASK))
        assert await ponged == Frame(PONG, b"are you there")


async def test_a_first_frame_in_one_segment_with_the_handshake_is_not_lost(wire: Wire) -> None:
    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(_switch(KEY) + Frame(TEXT, b"hello").encode())
        await peer.gone()

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(LINE, *HANDSHAKE))
        assert (await receive(client)).status == 101
        assert await read_message(client) == Frame(TEXT, b"hello")


async def test_each_message_arrives_before_the_next_is_sent(connect: Connect) -> None:
    async with connect(_echoes) as (client, _, _):
        for number in range(20):
            await client.send(Frame(TEXT, b"%d" % number).encode(MASK))
            assert (await read_message(client)).payload == b"%d" % number


async def test_the_close_code_and_reason_of_the_client_arrive(connect: Connect) -> None:
    closed: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()

    async def behaviour(peer: Peer) -> None:
        closed.set_result(await read_message(peer))
        await peer.send(closing(4001, b"enough").encode())

    async with connect(behaviour) as (client, _, _):
        await client.send(closing(4001, b"enough").encode(MASK))
        assert await closed == closing(4001, b"enough")
        assert await read_message(client) == closing(4001, b"enough")
        await client.gone()


async def test_the_close_code_and_reason_of_the_upstream_arrive(connect: Connect) -> None:
    answered: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()

    async def behaviour(peer: Peer) -> None:
        await peer.send(closing(4001, b"going").encode())
        answered.set_result(await read_message(peer))

    async with connect(behaviour) as (client, _, _):
        assert await read_message(client) == closing(4001, b"going")
        await client.send(closing(4001, b"going").encode(MASK))
        assert await answered == closing(4001, b"going")
        await client.gone()


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
async def test_an_upstream_that_dies_takes_the_clients_connection_with_it(connect: Connect, reset: bool) -> None:
    """No close frame is made up that says it went well."""
    seen = asyncio.Event()

    async def behaviour(peer: Peer) -> None:
        await peer.send(Frame(TEXT, b"last").encode())
        await seen.wait()
        if reset:
            peer.abort()

    async with connect(behaviour) as (client, _, _):
        assert await read_message(client) == Frame(TEXT, b"last")
        seen.set()
        assert await broken_off(client) == b""


@pytest.mark.parametrize("reset", [False, True], ids=["closes", "resets"])
async def test_a_client_that_dies_takes_the_upstreams_connection_with_it(connect: Connect, reset: bool) -> None:
    ended = asyncio.Event()

    async def behaviour(peer: Peer) -> None:
        await peer.gone()
        ended.set()

    async with connect(behaviour) as (client, _, _):
        if reset:
            client.abort()
        else:
            client.writer.close()
        await ended.wait()


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "426 Upgrade Required", "200 OK"])
async def test_an_upstream_that_does_not_switch_is_relayed_as_any_reply(wire: Wire, status: str) -> None:
    """And the connection goes on as one of HTTP."""
    answer = f"HTTP/1.1 {status}\r\nX-Kept: 1\r\nContent-Length: 2\r\n\r\nno".encode()

    async def script(peer: Peer) -> None:
        while True:
            upgrade = (await receive(peer)).values(b"sec-websocket-key")
            await peer.send(answer if upgrade else OK)

    wire.upstream.script = script
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(LINE, *HANDSHAKE))
        came = await receive(client)
        assert (came.line, came.body, came.values(b"x-kept")) == (f"HTTP/1.1 {status}".encode(), b"no", [b"1"])
        await client.send(wire.head(b"GET /next HTTP/1.1"))
        assert (await receive(client)).body == b'{"ok":true}'


async def test_http_1_0_has_no_upgrade(wire: Wire) -> None:
    """What asks for one there says nothing (RFC 9110, section 7.8): the request goes on without."""
    arrived, came = await wire.carry(wire.head(LINE.replace(b"1.1", b"1.0"), *HANDSHAKE))
    assert (arrived.values(b"upgrade"), arrived.values(b"connection")) == ([], [])
    assert came.status == 200


@pytest.mark.parametrize(
    "fields",
    [
        [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"],
        [b"Connection: upgrade", b"Upgrade: TLS/1.0"],
        [b"connection: keep-alive, UPGRADE", b"upgrade: foo/2"],
    ],
    ids=["h2c", "TLS", "unheard-of"],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_any_other_upgrade_gets_a_501_and_reaches_no_upstream(
    wire: Wire, method: bytes, fields: list[bytes]
) -> None:
    came = await wire.ask(wire.head(method + b" /v1/messages HTTP/1.1", *fields, b"Content-Length: 0"))
    assert came.status == 501
    assert "upgrade" in came.error["message"].lower()
    assert wire.upstream.peers == []

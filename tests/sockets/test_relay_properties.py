"""Random messages over raw sockets, through a real process, both ways: what arrives equals what was sent."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.process import running
from tests.raw import Peer, raw_client, raw_upstream
from tests.sockets.drawn import HOP_BY_HOP, Drawn, Fields, replies, requests
from tests.waiting import PATIENCE

CHANGED = {b"host", *(name.encode() for name in HOP_BY_HOP)}
"""The fields that a proxy may change, drop or add; no other."""

PLAIN_REPLY = Drawn(b"HTTP/1.1 200 OK", [(b"Content-Length", b"0")], b"", b"Content-Length: 0\r\n\r\n")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came of a message: its start line, its fields but those that a proxy may change, its body."""

    start: bytes
    kept: Fields
    body: bytes


@dataclass(slots=True)
class Relay:
    """The proxy and its upstream, on an event loop that runs whenever an example does."""

    runner: asyncio.Runner
    port: int = 0
    replies: list[Drawn] = field(default_factory=list)
    arrived: list[Arrived] = field(default_factory=list)

    async def upstream(self, peer: Peer) -> None:
        """Every connection to the upstream: takes requests, sends what is to be said next."""
        while True:
            message = await _receive(peer, request=True)
            self.arrived.append(message)
            reply = self.replies.pop(0)
            await reply.send(peer)
            if reply.closes:
                return

    def exchange(self, *pairs: tuple[Drawn, Drawn]) -> list[tuple[Arrived, Arrived]]:
        """Send the requests over one connection, another behind trailers; what arrived of each, and of its reply."""
        return self.runner.run(asyncio.wait_for(self._exchange(pairs), PATIENCE))

    async def _exchange(self, pairs: tuple[tuple[Drawn, Drawn], ...]) -> list[tuple[Arrived, Arrived]]:
        self.replies, self.arrived, received = [reply for _, reply in pairs], [], []
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(raw_client(self.port))
            for request, _ in pairs:
                sending = asyncio.create_task(request.send(client))
                received.append(await _receive(client, request=False))
                await sending
                if b"chunked" in request.raw.lower() and not request.raw.endswith(b"\n0\r\n\r\n"):
                    client = await stack.enter_async_context(raw_client(self.port))
        assert len(self.arrived) == len(pairs), received
        return list(zip(self.arrived, received, strict=True))


async def _receive(peer: Peer, *, request: bool) -> Arrived:
    head = await peer.head()
    start, *lines = head[:-4].split(b"\r\n")
    pairs = [(name, value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)]
    known = {name.lower(): value for name, value in pairs}
    if known.get(b"transfer-encoding") == b"chunked":
        body = b"".join(await peer.chunks())
    elif request or b"content-length" in known:
        body = await peer.sized(head)
    else:
        body = await peer.reader.read()
    return Arrived(start, [pair for pair in pairs if pair[0].lower() not in CHANGED], body)


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with asyncio.Runner() as runner:
        relay = Relay(runner)
        stack = AsyncExitStack()

        async def start() -> None:
            upstream = await stack.enter_async_context(raw_upstream(relay.upstream))
            _, relay.port = await stack.enter_async_context(running(upstream.url))

        try:
            runner.run(start())
            yield relay
        finally:
            runner.run(stack.aclose())


def _as_sent(sent: Drawn) -> Arrived:
    return Arrived(sent.start, sent.kept, sent.body)


def check(relay: Relay, data: st.DataObject, exchanges: st.SearchStrategy[list[tuple[Drawn, Drawn]]]) -> None:
    pairs = data.draw(exchanges)
    for (request, reply), (arrived, received) in zip(pairs, relay.exchange(*pairs), strict=True):
        assert arrived == _as_sent(request)
        assert received == _as_sent(reply)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_random_request_arrives_as_it_was_sent(relay: Relay, data: st.DataObject) -> None:
    check(relay, data, st.tuples(requests(relay.port), st.just(PLAIN_REPLY)).map(lambda pair: [pair]))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_random_reply_arrives_as_it_was_sent(relay: Relay, data: st.DataObject) -> None:
    plain = Drawn(b"GET /x HTTP/1.1", [], b"", b"Host: localhost:%d\r\n\r\n" % relay.port)
    check(relay, data, replies().map(lambda reply: [(plain, reply)]))


@pytest.mark.slow
@settings(max_examples=1_000, deadline=None)
@given(data=st.data())
def test_random_exchanges_on_one_connection_arrive_as_sent_in_the_long_profile(
    relay: Relay, data: st.DataObject
) -> None:
    check(relay, data, st.lists(st.tuples(requests(relay.port), replies()), min_size=1, max_size=4))

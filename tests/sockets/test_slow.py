"""Clients that take up a connection and do not send what belongs on it: closed, each after its limit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from tests.process import running
from tests.raw import Peer, raw_upstream
from tests.sockets.given import CHUNKED, CLAUDE, OK, Wire, answers, broken_off, chunk, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET = b"GET /v1/models HTTP/1.1"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def impatient() -> AsyncIterator[Wire]:
    """A proxy that waits 0.3 seconds for a head, and as long for more of a body."""
    limits = ("limits.head_timeout=0.3", "limits.body_timeout=0.3")
    async with raw_upstream(answers) as upstream, running(upstream.url, *limits) as (process, port):
        yield Wire(process, port, upstream)


@pytest_asyncio.fixture(loop_scope="session")
async def wire(impatient: Wire) -> AsyncIterator[Wire]:
    yield impatient
    await impatient.upstream.stop()
    impatient.upstream.peers.clear()
    impatient.upstream.script = answers


def _nothing_but_408(came: bytes) -> None:
    assert not came or came.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("start", [b"", b"GET", GET + b"\r\n", GET + b"\r\nHost: 127.0.0.1", b"\r\n"])
async def test_a_connection_that_has_not_sent_a_whole_head_is_closed(wire: Wire, start: bytes) -> None:
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(start)
        _nothing_but_408(await broken_off(client))
    assert wire.upstream.peers == []


async def test_a_head_that_comes_in_drips_is_closed_too(wire: Wire) -> None:
    """The limit is for the whole head; it does not begin anew with each byte."""
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        closed = asyncio.create_task(broken_off(client))
        await client.send(wire.head(GET)[:-2])
        with suppress(ConnectionError):
            while not closed.done():
                await client.send(b"X: y\r\n")
                await asyncio.sleep(0.05)
        _nothing_but_408(await closed)
    assert wire.upstream.peers == []


@pytest.mark.parametrize("path", ["/v1/models", "/-/ready"])
async def test_the_head_of_a_second_request_is_waited_for_no_longer(wire: Wire, path: str) -> None:
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(f"GET {path} HTTP/1.1".encode()))
        assert (await receive(client)).status == 200
        await client.send(wire.head(GET)[:-2])
        _nothing_but_408(await broken_off(client))
    assert len(wire.upstream.peers) <= 1


async def test_the_time_that_a_reply_takes_is_not_counted_against_the_client(wire: Wire) -> None:
    """The reply begins when a head of the same time would have been too late: another client's was."""

    async def script(peer: Peer) -> None:
        await receive(peer)
        async with wire.client() as silent:
            await broken_off(silent)
        await peer.send(OK)

    wire.upstream.script = script
    assert (await wire.ask(wire.head(b"POST /x HTTP/1.1", b"Content-Length: 2") + b"{}")).status == 200


@pytest.mark.parametrize("framing", ["sized", "chunked", "within a chunk"])
async def test_a_client_that_stalls_inside_a_body_is_closed_and_its_upstream_request_ended(
    wire: Wire, framing: str
) -> None:
    ended = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.gone()
        ended.set()

    wire.upstream.script = script
    field, part = {
        "sized": (b"Content-Length: 100", b"half"),
        "chunked": (CHUNKED, chunk(b"half")),
        "within a chunk": (CHUNKED, b"64\r\nhalf"),
    }[framing]
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(b"POST /api/batch HTTP/1.1", field) + part)
        _nothing_but_408(await broken_off(client))
        await ended.wait()
    assert len(wire.upstream.peers) == 1


async def test_a_client_that_stalls_inside_a_body_that_is_looked_into_reaches_no_upstream(wire: Wire) -> None:
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(b"POST /v1/messages HTTP/1.1", CLAUDE, b"Content-Length: 100") + b'{"mess')
        _nothing_but_408(await broken_off(client))
    assert wire.upstream.peers == []


@pytest.mark.parametrize("path", ["/v1/messages", "/api/batch"])
async def test_a_body_that_comes_slowly_but_steadily_is_served(wire: Wire, path: str) -> None:
    """It takes longer than the limit in all; the limit is for silence."""
    async with asyncio.timeout(PATIENCE), wire.client() as client:
        await client.send(wire.head(f"POST {path} HTTP/1.1".encode(), CLAUDE, b"Content-Length: 10"))
        for byte in b"0123456789":
            await client.send(bytes([byte]))
            await asyncio.sleep(0.05)
        assert (await receive(client)).status == 200

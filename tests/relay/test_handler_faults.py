"""Whose fault it was that a reply did not arrive, and that nothing of a bad one does."""

import asyncio
import json

from tests.conftest import Start
from tests.raw import Peer, raw_client, raw_upstream, request
from tests.waiting import PATIENCE


async def test_a_client_that_stalls_under_a_reply_is_blamed_once(start: Start) -> None:
    """The reply has begun when the body stops coming: both connections end, and the record says whose fault it was."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n")
        await peer.gone()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url, limits={"body_timeout": 0.05})
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, "/api/x", b"half and the rest")[:-4])
            await client.head()
            await asyncio.wait_for(client.gone(), PATIENCE)
        (line,) = sidestep.logged()
    assert (line["outcome"], line["error"]) == ("failed", "the client stalled inside its body")


async def test_a_reply_with_contradictory_framing_never_reaches_the_client(start: Start) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        await peer.gone()

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, method="GET"))
            head = await client.head()
            error = json.loads(await client.sized(head))["error"]
    assert head.startswith(b"HTTP/1.1 502 ")
    assert "contradictory framing" in error["message"]

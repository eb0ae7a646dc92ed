"""Clients that vanish at every stage: their upstream requests end at once, and everybody else is served."""

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.raw import Peer, raw_client, reply, request
from tests.sockets.storm import End, Mortal, Tally, before, files_back_to, open_files, reset, told
from tests.waiting import PATIENCE, until

BODY = b'{"model":"m","max_tokens":5,"messages":[]}'
JSON = reply(b'{"whole":true}')
SSE = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n: one\n\r\n6\r\n: two\n\r\n0\r\n\r\n"
CLAUDE = "User-Agent: claude-cli/2.0.64 (external, cli)\r\n"
UPLOADS = ["streamed", "chunked", "inspected"]


def _upload(kind: str, port: int) -> tuple[bytes, int]:
    """A request, and behind how many of its bytes its upstream request must have begun, at the latest."""
    if kind == "inspected":  # the body is collected first
        message = request(port, body=BODY, more=CLAUDE)
        return message, len(message)
    if kind == "streamed":
        return request(port, "/api/batch", BODY), len(request(port, "/api/batch", BODY)) - len(BODY) + 1
    head = f"POST /api/batch HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), len(head) + len(b"2a\r\n") + 1


@dataclass(slots=True)
class Watched:
    """An upstream that says the beginning of a reply and then waits for its end; `/probe` is answered in full."""

    says: bytes = b""
    begun: int = 0
    ended: int = 0
    said: asyncio.Event = field(default_factory=asyncio.Event)

    async def script(self, peer: Peer) -> None:
        while b" /probe " in (head := await peer.head()):
            await peer.send(JSON)
        self.begun += 1
        try:
            if self.says:
                await (peer.chunks() if b"chunked" in head.lower() else peer.sized(head))
            await peer.send(self.says)
            self.said.set()
            await peer.gone()
        finally:
            self.ended += 1

    async def end(self, tally: Tally) -> None:
        """Wait until every upstream request that began has ended; those that do not are lost."""
        try:
            await until(lambda: self.ended == self.begun, PATIENCE)
        except TimeoutError:
            tally.lost += self.begun - self.ended


async def _probe(tally: Tally, port: int) -> None:
    await tally.add(port, request(port, "/probe", method="GET"), lambda end: end == End("whole", b'{"whole":true}'))


async def vanish_while_sending(kind: str, death: str, step: int) -> Tally:
    """One client for every `step`th byte of a request, the last one with the whole of it; and a probe behind each."""
    tally, watched = Tally(), Watched()
    async with before(upstream := Mortal(watched.script)) as (process, port):
        start = open_files(process)
        message, begins = _upload(kind, port)
        positions = [*range(0, len(message), step), len(message)]
        for at in positions:
            watched.said.clear()
            async with raw_client(port) as client:
                await client.send(message[:at])
                if at >= begins:
                    await asyncio.wait_for(watched.said.wait(), PATIENCE)
                _go(client, death)
            await _probe(tally, port)
            await watched.end(tally)
            tally.faults += 1
        assert watched.begun >= sum(at >= begins for at in positions)
        await upstream.kill()
        await files_back_to(process, start)
        await upstream.start()
    return tally


async def vanish_while_reading(whole: bytes, death: str, step: int) -> Tally:
    """One client for every `step`th byte of a reply up to which the upstream has come."""
    tally, watched = Tally(), Watched()
    head = whole.index(b"\r\n\r\n") + 4
    async with before(upstream := Mortal(watched.script)) as (process, port):
        start = open_files(process)
        for at in range(1, len(whole) - 5, step):
            watched.said.clear()
            watched.says = whole[:at]
            async with raw_client(port) as client:
                await client.send(request(port, body=BODY))
                await asyncio.wait_for(watched.said.wait(), PATIENCE)
                if at >= head:
                    assert b" 200 " in await asyncio.wait_for(client.head(), PATIENCE)
                _go(client, death)
            await _probe(tally, port)
            await watched.end(tally)
            tally.faults += 1
        assert watched.begun == tally.faults
        await upstream.kill()
        await files_back_to(process, start)
        await upstream.start()
    return tally


def _go(client: Peer, death: str) -> None:
    if death == "reset":
        reset(client)
    else:
        client.writer.close()


@pytest.mark.parametrize("death", ["close", "reset"])
@pytest.mark.parametrize("kind", UPLOADS)
async def test_a_client_that_vanishes_while_it_sends_leaves_nothing_behind(kind: str, death: str) -> None:
    tally = await vanish_while_sending(kind, death, 13)
    assert (tally.lost, tally.wrong) == (0, [])


@pytest.mark.parametrize("whole", [JSON, SSE], ids=["json", "sse"])
async def test_a_client_that_vanishes_while_it_reads_leaves_nothing_behind(whole: bytes) -> None:
    tally = await vanish_while_reading(whole, "reset", 9)
    assert (tally.lost, tally.wrong) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("death", ["close", "reset"])
@pytest.mark.parametrize("kind", UPLOADS)
async def test_a_client_that_vanishes_at_every_byte_it_sends_leaves_nothing_behind_in_the_long_profile(
    kind: str, death: str, capfd: pytest.CaptureFixture[str]
) -> None:
    tally = await vanish_while_sending(kind, death, 1)
    told(tally, capfd, f"client vanishes at every byte it sends, {kind}, {death}")


@pytest.mark.slow
@pytest.mark.parametrize("death", ["close", "reset"])
@pytest.mark.parametrize("whole", [JSON, SSE], ids=["json", "sse"])
async def test_a_client_that_vanishes_at_every_byte_of_the_reply_leaves_nothing_behind_in_the_long_profile(
    whole: bytes, death: str, capfd: pytest.CaptureFixture[str]
) -> None:
    tally = await vanish_while_reading(whole, death, 1)
    told(tally, capfd, f"client vanishes at every byte of the reply, {death}")

"""Upstreams that die: at every byte of a reply, and again and again under many streams. Nothing is lost or lies."""

import asyncio
from collections import Counter
from functools import partial

import pytest

from tests.raw import Peer, reply, request
from tests.sockets.storm import End, Mortal, Tally, ask, before, files_back_to, open_files, reset, told
from tests.waiting import PATIENCE, until

JSON = b'{"type":"message","content":[{"type":"text","text":"whole"}]}'
EVENTS = [b"event: ping\ndata: {}\n\n", b"event: message_stop\n", b'data: {"type":"message_stop"}\n\n']
_SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
REPLIES = {
    "json": (reply(JSON), JSON, 0),
    # The zero-sized chunk ends the body (RFC 9112, section 8); the line end behind it may be missing.
    "sse": (
        _SSE_HEAD + b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in (*EVENTS, b"")),
        b"".join(EVENTS),
        2,
    ),
}


def _must_be(position: int, whole: bytes, body: bytes, spare: int) -> dict[str, bytes | None]:
    """The ends that are right for a death behind so many bytes of the reply, each with its body where it has one."""
    if position < whole.index(b"\r\n\r\n") + 4:
        return {"502": None}
    right: dict[str, bytes | None] = {"broken": b""} if position < len(whole) else {}
    return right | ({"whole": body} if position >= len(whole) - spare else {})


def _lawful(whole: bytes, end: End) -> bool:
    """What may become of a stream whose upstream is killed: all of it, a cut that shows, or an error."""
    return end in (End("whole", whole), End("broken")) or end.kind == "502"


async def die_everywhere(kind: str, death: str, step: int) -> Tally:
    """One request for every `step`th position of a reply at which the upstream dies."""
    whole, body, spare = REPLIES[kind]
    tally, positions = Tally(), [*range(0, len(whole), step), len(whole)]
    at = 0

    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(whole[:at])
        if death == "reset":
            reset(peer)

    async with before(Mortal(script)) as (process, port):
        start = open_files(process)
        for at in positions:
            right = _must_be(at, whole, body, spare)

            def is_right(end: End, right: dict[str, bytes | None] = right) -> bool:
                return end.kind in right and right[end.kind] in (None, end.body)

            await tally.add(port, request(port, body=b"{}"), is_right)
        await files_back_to(process, start)
    tally.faults = len(positions) - 1
    return tally


@pytest.mark.parametrize("death", ["close", "reset"])
@pytest.mark.parametrize("kind", REPLIES)
async def test_a_reply_cut_short_is_a_502_or_visibly_broken(kind: str, death: str) -> None:
    tally = await die_everywhere(kind, death, 7)
    assert (tally.lost, tally.wrong) == (0, [])
    assert set(tally.ends) == {"502", "broken", "whole"}


@pytest.mark.slow
@pytest.mark.parametrize("death", ["close", "reset"])
@pytest.mark.parametrize("kind", REPLIES)
async def test_a_reply_cut_at_every_byte_is_a_502_or_visibly_broken_in_the_long_profile(
    kind: str, death: str, capfd: pytest.CaptureFixture[str]
) -> None:
    tally = await die_everywhere(kind, death, 1)
    told(tally, capfd, f"upstream dies at every byte, {kind}, {death}")


async def storm(streams: int, kills: int, events: int) -> Tally:
    """So many clients that ask for one stream after the other, while the upstream is killed and started again.

    Before a kill every stream stops at an event of its own, and the kill waits until each client has the head of its
    reply; a start waits until as many requests as there are clients were refused. So each kill meets streams that are
    half told, and each outage meets new requests, on a slow machine too.
    """
    tally, done, counted = Tally(), asyncio.Event(), Counter[str]()
    flowing = asyncio.Event()
    flowing.set()
    held, begun = set[str](), set[str]()

    async def script(peer: Peer) -> None:
        while True:
            name = (await peer.sized(await peer.head())).decode()
            await peer.send(_SSE_HEAD)
            for number in range(events):
                if number >= int(name.partition(".")[0]) % events and not flowing.is_set():
                    held.add(name)
                    await flowing.wait()
                event = f"data: {name} {number}\n\n".encode()
                await peer.send(b"%x\r\n%s\r\n" % (len(event), event))
                await asyncio.sleep(0)
            await peer.send(b"0\r\n\r\n")

    async def client(port: int, number: int) -> None:
        turn = 0
        while not done.is_set():
            name, turn = f"{number}.{turn}", turn + 1
            expected = "".join(f"data: {name} {event}\n\n" for event in range(events)).encode()
            message, is_right = request(port, body=name.encode()), partial(_lawful, expected)
            end = await tally.add(port, message, is_right, partial(begun.add, name))
            counted[end.kind if end else "lost"] += 1

    async def kill() -> None:
        held.clear()
        flowing.clear()
        await until(lambda: len(held & begun) == streams, PATIENCE)
        await upstream.kill()
        flowing.set()
        tally.faults += 1

    upstream = Mortal(script)
    async with before(upstream) as (process, port):
        start = open_files(process)
        clients = [asyncio.create_task(client(port, number)) for number in range(streams)]
        for _ in range(kills):
            await _more(counted, "whole", streams)
            await kill()
            await _more(counted, "502", streams)
            await upstream.start()
        await _more(counted, "whole", streams)
        done.set()
        await asyncio.gather(*clients)
        assert (await ask(port, request(port, body=b"0"))).kind == "whole"
        await upstream.kill()
        await files_back_to(process, start)
        await upstream.start()
        assert (await ask(port, request(port, body=b"0"))).kind == "whole"
    return tally


async def _more(counted: Counter[str], what: str, many: int) -> None:
    goal = counted[what] + many
    await until(lambda: counted[what] >= goal, PATIENCE)


async def test_streams_survive_an_upstream_that_is_killed_and_restarted() -> None:
    tally = await storm(streams=20, kills=2, events=50)
    assert (tally.lost, tally.wrong) == (0, [])
    assert tally.ends["broken"] == 2 * 20
    assert set(tally.ends) == {"502", "broken", "whole"}


@pytest.mark.slow
async def test_200_streams_survive_an_upstream_that_is_killed_and_restarted_in_the_long_profile(
    capfd: pytest.CaptureFixture[str],
) -> None:
    tally = await storm(streams=200, kills=5, events=50)
    told(tally, capfd, "200 streams, upstream killed and restarted")
    assert set(tally.ends) == {"502", "broken", "whole"}

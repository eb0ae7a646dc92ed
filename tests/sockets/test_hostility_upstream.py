"""An upstream that is hostile, or just unlucky: it costs no request but its own, and no half is taken for a whole."""

import asyncio
import contextlib
import gzip
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.upstream import tcp
from tests.below_tls import End, close, cut, serving
from tests.certificates import Certificate, certificate
from tests.journal.given import asked
from tests.process import running
from tests.raw import Peer, raw_client, raw_upstream, reply
from tests.sockets.bystander import bystander
from tests.sockets.given import MEBIBYTE, OK, Message, Wire, ask, broken_off, head, peak_from_now, receive
from tests.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROBE = b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"quota"}],"metadata":{"user_id":"a"}}'
GET = b"GET /v1/models HTTP/1.1"
TOKENS = "SELECT path, output FROM requests ORDER BY id"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "ours", alternative="IP:127.0.0.1")


@pytest.mark.parametrize(("end", "whole"), [(close, True), (cut, False)])
async def test_a_reply_that_was_cut_below_tls_is_no_whole_one(ours: Certificate, end: End, whole: bool) -> None:
    """It has no length, and anybody on the way can send a FIN: only close_notify ends it (RFC 9112, section 9.8)."""
    with serving(ours, b"HTTP/1.1 200 OK\r\n\r\nhalf", end) as url:
        async with running(url, f"upstream.ca_file={ours.file}") as (process, port), raw_client(port) as client:
            async with asyncio.timeout(PATIENCE):
                await client.send(head(port, GET, *([b"Connection: close"] if whole else [])))
                assert b"chunked" in await client.head()
                assert await broken_off(client) == b"4\r\nhalf\r\n" + (b"0\r\n\r\n" if whole else b"")
                line = await process.line("request", path="/v1/models")
    assert line["outcome"] == ("forwarded" if whole else "failed")
    assert line.get("error", "") == ("" if whole else "the upstream broke off its reply")


LIMIT = 0.02
"""Seconds for which the upstream below keeps a connection that is idle; real ones keep it for 5 s and more."""

ROUNDS = 100


class Limited:
    """An upstream on plain threads that ends a connection at its keep-alive limit, whatever comes just then."""

    def __init__(self, *, polls: bool) -> None:
        self.served: Counter[bytes] = Counter()
        self._polls = polls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],)).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self._comes(peer):
                message = b""
                while not message.endswith(b"."):
                    data = peer.recv(4096)
                    if not data:
                        return
                    message += data
                self.served[message.partition(b"\r\n\r\n")[2]] += 1
                peer.sendall(OK)
            if self._polls:
                peer.shutdown(socket.SHUT_RDWR)

    def _comes(self, peer: socket.socket) -> bool:
        """uvicorn has one timer for it; llama-server looks every few milliseconds, and shuts down before it closes."""
        if not self._polls:
            return bool(select.select([peer], [], [], LIMIT)[0])
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            if select.select([peer], [], [], LIMIT / 10)[0]:
                return True
        return False

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def limited(*, polls: bool) -> Iterator[Limited]:
    upstream = Limited(polls=polls)
    thread = threading.Thread(target=upstream.accept)
    thread.start()
    try:
        yield upstream
    finally:
        upstream.close()
        thread.join()


@pytest.mark.parametrize("polls", [False, True], ids=["one timer", "polls"])
async def test_a_keep_alive_limit_costs_no_error_and_every_request_is_served_once(polls: bool) -> None:
    """Each POST comes at about the limit: a little before, a little after, and just then.

    Where the machine holds the upstream up between its last look and its end, that end looks like one upon the
    request, which is not sent again: such a request costs a 502, and is counted.
    """
    bodies, held_up = [b"%06d." % number for number in range(ROUNDS)], set[bytes]()
    with limited(polls=polls) as upstream:
        async with running(upstream.url) as (_, port), raw_client(port) as client:
            for number, body in enumerate(bodies):
                await asyncio.sleep(LIMIT * (0.8 + 0.4 * number / ROUNDS))
                async with asyncio.timeout(PATIENCE):
                    began = time.monotonic()
                    await client.send(head(port, b"POST /api/x HTTP/1.1", b"Content-Length: %d" % len(body)) + body)
                    came = await receive(client)
                if came.status != 200 and time.monotonic() - began > tcp._AT_ONCE:
                    held_up.add(body)
                else:
                    assert came.status == 200, (number, came)
    assert upstream.served == dict.fromkeys(set(bodies) - held_up, 1)
    assert len(held_up) <= ROUNDS / 10


async def _longest_wait(port: int, until: asyncio.Future[Message]) -> float:
    """The longest that a second client waits for an answer while it asks back to back until something has come."""
    longest = 0.0
    async with raw_client(port) as client:
        while not until.done():
            began = time.perf_counter()
            await client.send(head(port, b"GET /-/health HTTP/1.1"))
            assert (await receive(client)).status == 200
            longest = max(longest, time.perf_counter() - began)
    return longest


@pytest.mark.parametrize("sent", [b"1\r\nx\r\n", b"1;a\r\nx\r\n"], ids=["plain", "with extensions"])
async def test_a_reply_in_very_many_chunks_holds_up_nobody(wire: Wire, sent: bytes) -> None:
    """It came apart within one turn of the event loop, and everybody else waited until all of it had.

    Held against the time that all of it takes, which grows with whatever else the machine has to do.
    """
    many = 200_000

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + sent * many + b"0\r\n\r\n")
        await peer.gone()

    wire.upstream.script = script
    before = peak_from_now(wire.process)
    async with asyncio.timeout(PATIENCE):
        began = time.perf_counter()
        asked = asyncio.ensure_future(wire.ask(wire.head(GET)))
        longest = await _longest_wait(wire.port, asked)
        assert (await asked).body == b"x" * many
    assert longest < (time.perf_counter() - began) / 5
    assert wire.process.memory("VmHWM") - before < 16 * MEBIBYTE


def _endless() -> bytes:
    """Less than 1 MiB, thrice packed: 16 GiB of empty blocks, and not one byte of an event."""
    blocks = gzip.compress(b"\0\0\0\xff\xff" * (16 * MEBIBYTE // 5))
    members = gzip.compress(b"\x1f\x8b\x08\0\0\0\0\0\0\xff") + blocks * 1024
    return gzip.compress(members)


async def test_a_reply_that_is_unpacked_at_length_costs_its_row_the_tokens_and_no_other(tmp_path: Path) -> None:
    """It occupied the journal's thread for good: no row was written any more, and nothing told why."""
    packed = _endless()
    assert len(packed) < MEBIBYTE
    usage = b'{"type":"message","usage":{"input_tokens":3,"output_tokens":4}}'
    replies = {
        b"/v1/messages": reply(packed, headers="content-type: text/event-stream\r\ncontent-encoding: gzip, gzip, gzip"),
        b"/v1/models": reply(usage),
    }

    async def script(peer: Peer) -> None:
        while True:
            await peer.send(replies[(await receive(peer)).line.split(b" ")[1]])

    file = tmp_path / "journal.sqlite"
    async with raw_upstream(script) as upstream, running(upstream.url, f"journal.path={file}") as (process, port):
        for path, body in replies.items():
            asked_for = head(port, b"POST %b HTTP/1.1" % path, b"Content-Length: 2") + b"{}"
            assert (await ask(port, asked_for)).body == body.partition(b"\r\n\r\n")[2]
        line = await process.line("tokens not read")
        assert line["reason"] in ("larger than is read", "more work than it is worth")
        process.process.terminate()
        assert await process.exit_code() == 0
    assert asked(file, TOKENS) == [("/v1/messages", None), ("/v1/models", 4)]


async def test_a_reply_to_a_rule_in_shadow_that_is_long_to_unpack_holds_up_nobody() -> None:
    """45,000 empty members of gzip: on the event loop, they took 0.2 s."""
    packed = gzip.compress(b"", mtime=0) * 45_000
    answer = reply(packed, headers="content-type: application/json\r\ncontent-encoding: gzip")

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(answer)

    settings = ("rules.override.quota-probe.status=shadow", "rules.override.quota-probe.without=answer")
    asks = (b"User-Agent: claude-cli/2.1.332 (external, cli)", b"Content-Length: %d" % len(PROBE))
    async with (
        asyncio.timeout(PATIENCE),
        raw_upstream(script) as upstream,
        running(upstream.url, *settings) as (process, port),
        bystander(process, port) as other,
    ):
        assert (await ask(port, head(port, b"POST /v1/messages HTTP/1.1", *asks) + PROBE)).status == 200
        line = await process.line("shadow", rule="quota-probe")
    assert line["verdict"] == "upstream error"
    assert other.longest < 0.05

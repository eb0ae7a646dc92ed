"""Which requests are sent a second time: none that the upstream may have read, and none whose body is not held."""

import itertools
import time
from types import SimpleNamespace

import pytest

from proxy.bodies import ReceivedBody
from proxy.settings.config import UpstreamSettings
from proxy.telemetry.counters import Counters
from proxy.upstream.client import Request, Upstream
from proxy.upstream.connection import Connection
from proxy.upstream.dial import Dialer
from proxy.upstream.faults import ConnectionLost, UpstreamError
from proxy.upstream.pool import Pool
from proxy.wire.heads import ReplyHead
from tests.cases import every


class Scripted(Connection):
    """A connection that replies with a head, or ends: nothing of it is left to how fast somebody is."""

    def __init__(self, reply: ReplyHead | ConnectionLost) -> None:
        super().__init__(idle_timeout=60)
        self._scripted = reply
        self.sent = b""

    def write(self, parts: list[bytes]) -> None:  # type: ignore[override]
        self.sent += b"".join(parts)

    async def head(self) -> ReplyHead:
        if isinstance(self._scripted, ConnectionLost):
            raise self._scripted
        return self._scripted


class Kept(Pool):
    """A pool that has kept one connection, and opens another."""

    def __init__(self, settings: UpstreamSettings, kept: Scripted, fresh: Scripted) -> None:
        super().__init__(Dialer(settings), settings.keepalive_timeout, settings.max_idle_connections)
        self._kept, self._fresh = kept, fresh
        self.opened = 0

    def take(self) -> Connection:
        return self._kept

    async def open(self) -> Connection:
        self.opened += 1
        return self._fresh


class Sending:
    """A request on a kept connection that ends, while another one could be opened."""

    def __init__(self, *, unread: bool, whole: bool) -> None:
        settings, body = UpstreamSettings(url="http://127.0.0.1:1"), ReceivedBody()
        body.chunks, body.whole = [b"xxxxx"], whole
        self.request = Request(b"POST", b"/api/x", b"Content-Length: 5\r\n", body)
        self.fresh = Scripted(ReplyHead(1, 200, b"OK", []))
        self.pool = Kept(settings, Scripted(ConnectionLost(unread=unread)), self.fresh)
        self._upstream = Upstream(settings, self.pool, Counters())

    async def connection(self) -> Connection:
        """The one that has brought a reply."""
        connection, _ = await self._upstream.send(self.request, self._interim)
        return connection

    async def _interim(self, _head: ReplyHead) -> None:
        raise AssertionError


async def test_one_that_was_not_read_is_sent_again_in_full() -> None:
    sending = Sending(unread=True, whole=True)
    assert await sending.connection() is sending.fresh
    assert sending.fresh.sent.startswith(b"POST /api/x HTTP/1.1\r\n")
    assert sending.fresh.sent.endswith(b"\r\n\r\nxxxxx")
    assert sending.request.retried


@every(("unread", "whole"), [(False, True), (True, False), (False, False)])
async def test_one_that_may_have_been_read_or_is_not_held_any_more_is_not(unread: bool, whole: bool) -> None:
    sending = Sending(unread=unread, whole=whole)
    with pytest.raises(UpstreamError, match="closed the connection without a reply"):
        await sending.connection()
    assert (sending.pool.opened, sending.request.retried) == (0, False)


async def test_what_is_waited_for_is_both_replies_and_the_opening_of_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is no overhead of Sidestep's. To make and write a request is, and takes a tick each time here."""
    ticks = itertools.count()
    monkeypatch.setattr("proxy.upstream.client.time", SimpleNamespace(perf_counter=lambda: next(ticks), time=time.time))
    sending = Sending(unread=True, whole=True)
    await sending.connection()
    assert (sending.request.waited, next(ticks)) == (3, 8)

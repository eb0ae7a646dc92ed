"""One connection to the upstream: requests out, replies in, one after the other, with backpressure both ways."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import cast

from proxy.upstream.faults import ConnectionLost, Stalled
from proxy.upstream.states import State
from proxy.upstream.tcp import LOOK, Tcp
from proxy.wire.framing import BodyReader
from proxy.wire.heads import ReplyHead
from proxy.wire.reader import ReplyReader

ENOUGH = 256 * 1024
"""Bytes of a body that may wait for the client; with more, the upstream is not read from."""

Sink = Callable[[bytes, bool], bool]
"""Takes a piece of the body, which may be empty, and whether it is the last; says whether it can take more."""


class Connection(asyncio.Protocol):
    """Use in turn: `begin`, `write` and `drain` at will, `head` until it is the final one, `read` until it is empty.

    `head`, `read` and `drain` raise `ConnectionLost`, `Stalled` or `wire.heads.BadReply`; what one has raised, all
    raise from then on. Cancelling any of them leaves the connection usable for nothing but `abort`.
    """

    def __init__(self, idle_timeout: float, handle: socket.socket | None = None) -> None:
        self.state = State.NEW
        self.since = 0.0
        """When the upstream last said or took something, or its last reply was done with; on the loop's clock."""
        self._loop, self._idle_timeout = asyncio.get_running_loop(), idle_timeout
        self._transport: asyncio.Transport | None = None
        self._tcp = Tcp(handle)
        self._timer: asyncio.TimerHandle | None = None
        self._reply: ReplyReader | None = None
        self._unread = bytearray()
        """What has come of the body and nobody has taken; before the first request, what a busy upstream said."""
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._drainer: asyncio.Future[None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._sink: Sink | None = None
        self._paused = False
        """Whether the upstream is not read from."""
        self.full = False
        """Whether the write buffer of the transport is full: `drain` would wait."""

    def begin(self, method: bytes, *, upgrade: bool = False) -> None:
        """The next request. `method` decides how its reply ends, `upgrade` whether it may switch protocols."""
        if self.state is not State.NEW:
            self._tcp.begin()
        self._reply = ReplyReader(method, upgrade=upgrade)
        self.since = self._loop.time()
        if self.state is not State.CLOSED:
            self.state = State.ACTIVE
        if self._unread:
            self.data_received(self.read_nowait())

    def write(self, parts: Iterable[bytes]) -> None:
        """Send; raises nothing: what goes wrong is told by `head`."""
        if self._transport is not None and self._error is None:
            self._transport.writelines(parts)

    def send_alongside(self, sending: Coroutine[None, None, None]) -> None:
        """Let `sending` write the rest of the request while the reply is awaited; it ends with the exchange.

        As long as it has not, the upstream may be silent.
        """
        self._sender = self._loop.create_task(sending)
        self._sender.add_done_callback(self._all_sent)

    def _all_sent(self, _sender: "asyncio.Task[None]") -> None:
        self._sender, self.since = None, self._loop.time()

    async def drain(self) -> None:
        """Wait until the upstream has taken enough of what was written."""
        self.since = self._loop.time()
        while self.full and self._error is None:
            self._drainer = self._loop.create_future()
            await self._drainer
        if self._error is not None:
            raise self._error

    async def head(self) -> ReplyHead:
        """The next head of the reply: interim ones first, then the final one."""
        assert self._reply is not None
        while not self._reply.heads:
            await self._more()
        return self._reply.heads.popleft()

    async def read(self) -> bytes:
        """What has come of the body, at least one byte; b"" at its end. Only after the final head."""
        while not self._unread and not self.complete:
            self._resume()
            await self._more()
        return self.read_nowait()

    async def stream_to(self, sink: Sink, drain: Callable[[], Awaitable[None]]) -> None:
        """Give the rest of the body to `sink`, each piece as it comes; returns when all of it has come.

        A piece is given on within the very call that brings it, without waking a task: that halves its delay. When
        `sink` says that it is full, the upstream is not read from until `drain` has returned.
        """
        self._sink = sink
        try:
            if self._unread:  # what has come since somebody read
                self._take(self.read_nowait(), self.complete)
            while True:
                if self._paused:
                    await drain()
                    self._resume()
                if self.complete:
                    return
                await self._more()
        finally:
            self._sink = None

    def read_nowait(self) -> bytes:
        """As `read`, without waiting: b"" also when nothing has come."""
        data = bytes(self._unread)
        self._unread.clear()
        self._resume()
        return data

    @property
    def complete(self) -> bool:
        """Whether the whole reply has come; some of its body may still wait to be read."""
        return self._reply is not None and self._reply.complete

    @property
    def body(self) -> BodyReader:
        """How the body is framed; only after the final head."""
        assert self._reply is not None
        assert self._reply.body is not None
        return self._reply.body

    @property
    def reusable(self) -> bool:
        """Whether the reply is over and another request may follow."""
        if self._reply is None or not self._reply.complete or self._reply.last or self._unread:
            return False
        return self._sender is None and not self.full and self.state is not State.CLOSED

    @property
    def open(self) -> bool:
        """Whether it has not ended, as far as TCP knows: the event loop may still be about to tell of it."""
        if self.state is State.CLOSED or self._transport is None or self._transport.is_closing():
            return False
        return self._tcp.established

    def keep(self) -> None:
        """The reply is done with; the connection waits for another request."""
        self.state, self.since = State.IDLE, self._loop.time()

    def switch_protocol(self) -> None:
        """Behind the head comes no HTTP any more."""
        self.state = State.SWITCHED_PROTOCOL

    def fail(self, error: Exception) -> None:
        """End the connection at once; whoever waits on it gets `error`."""
        self.state = State.CLOSED
        if self._error is None:
            self._error = error
        if self._transport is not None:
            self._transport.abort()
        if self._sender is not None:
            self._sender.cancel()
        self._tcp.release()
        _wake(self._reader)
        _wake(self._drainer)

    def abort(self) -> None:
        """End the connection at once: nobody wants the rest."""
        self.fail(ConnectionLost())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._tcp.attach(transport)
        self.since = self._loop.time()
        self._timer = self._loop.call_later(self._idle_timeout, self._check_silence)

    def data_received(self, data: bytes) -> None:
        self.since = self._loop.time()
        reply = self._reply
        if reply is None:
            self._unread += data
            return
        if reply.body is None:
            self._tcp.answered()
        try:
            self._take(reply.feed(data), reply.complete)
        except Exception as error:  # BadReply; anything else is a fault of ours that must not go unheard
            self.fail(error)
        if reply.complete and reply.last and self._transport is not None:
            self._transport.close()
        if reply.rest:
            self._pause()
        elif self.state is State.CLOSED and self._transport is None and self._error is None:
            self._ended()
        if self._sink is None or self._paused or reply.complete:
            _wake(self._reader)

    def eof_received(self) -> None:
        self._tcp.ended()
        if self._transport is not None and self._tcp.may_be_reset:
            self._transport.abort()  # what else we sent, be it close_notify, could be what the reset is for
        else:
            self._ended()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - TCP itself knows better
        if self._error is None and not self.complete:
            for data in self._tcp.undelivered():
                self.data_received(data)
        self._transport, self.full = None, False
        if self._timer is not None:
            self._timer.cancel()
        self._lost()

    def _lost(self) -> None:
        """Say so as soon as TCP can tell whether the request was read."""
        if self._tcp.may_be_reset:
            self._loop.call_later(LOOK, self._lost)
            return
        self._ended()
        self._tcp.release()
        _wake(self._drainer)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full, self.since = False, self._loop.time()
        _wake(self._drainer)

    def _take(self, piece: bytes, last: bool) -> None:
        if self._sink is not None:
            if not self._sink(piece, last):
                self._pause()
        elif piece:
            self._unread += piece
            if len(self._unread) > ENOUGH:
                self._pause()

    def _pause(self) -> None:
        self._paused = True
        if self._transport is not None:
            self._transport.pause_reading()

    def _resume(self) -> None:
        """Read on; what has come and was not taken apart comes first, in a turn of its own."""
        if self._paused:
            self._paused, self.since = False, self._loop.time()
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._paused or self._error is not None:
            return
        if self._transport is not None:
            self._transport.resume_reading()
        if self._reply is not None and self._reply.rest:
            self.data_received(b"")

    def _ended(self) -> None:
        """No more bytes will come: the end of a body that has no other, or a loss. What was cut ends no body."""
        self.state = State.CLOSED
        if self._reply is not None and (self._reply.rest or (self._paused and self._transport is not None)):
            return  # what is held back is taken apart first, or comes with `connection_lost`
        whole = self._reply is not None and self._reply.end(cut=self._tcp.cut)
        if self._error is None and not whole:
            self._error = ConnectionLost(unread=self._tcp.unread)
            _wake(self._drainer)
        _wake(self._reader)

    def _more(self) -> "asyncio.Future[None]":
        """To be awaited until something has come; raises what ended the connection."""
        if self._error is not None:
            raise self._error
        self._reader = self._loop.create_future()
        return self._reader

    def _check_silence(self) -> None:
        """One timer for the life of a connection: far cheaper than one for every wait."""
        may_be_silent = self._sender is not None or self.state is State.SWITCHED_PROTOCOL
        waited_for = (_pending(self._reader) and not may_be_silent) or _pending(self._drainer)
        rest = self.since + self._idle_timeout - self._loop.time() if waited_for else self._idle_timeout
        if rest <= 0:
            self.fail(Stalled())
        else:
            self._timer = self._loop.call_later(rest, self._check_silence)


def _pending(future: "asyncio.Future[None] | None") -> bool:
    return future is not None and not future.done()


def _wake(future: "asyncio.Future[None] | None") -> None:
    if future is not None and not future.done():
        future.set_result(None)

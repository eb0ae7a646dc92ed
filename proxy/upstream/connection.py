"""One connection to the upstream: requests out, replies in, one after the other, with backpressure both ways."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterable
from typing import cast

from proxy.headers import tokens
from proxy.upstream.faults import ConnectionLost, Stalled
from proxy.upstream.spare import Spare
from proxy.wire.framing import Body, body_of
from proxy.wire.heads import BadReply, ReplyHead, head_end, parse_reply_head

ENOUGH = 256 * 1024
"""Bytes of a body that may wait for the client; with more, the upstream is not read from."""

_MOST_INTERIM = 32
"""Interim replies to one request; real servers send one or two."""


class Connection(asyncio.Protocol):
    """Use in turn: `begin`, `write` and `drain` at will, `head` until it is the final one, `read` until it is empty.

    `head`, `read` and `drain` raise `ConnectionLost`, `Stalled` or `wire.heads.BadReply`; what one has raised, all
    raise from then on. Cancelling any of them leaves the connection usable for nothing but `abort`.
    """

    def __init__(self, idle_timeout: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle_timeout = idle_timeout
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0
        """When the upstream last said or took something."""
        self._method, self._upgrade = b"", False
        self._interim = 0
        """How many interim heads the reply has had."""
        self._head = bytearray()
        self._heads: deque[ReplyHead] = deque()
        self._body: Body | None = None
        self._waiting: deque[bytes] = deque()
        self._held = 0
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._drainer: asyncio.Future[None] | None = None
        self._full = False
        """Whether the transport holds as much unsent data as it likes."""
        self._paused = False
        self._sender: asyncio.Task[None] | None = None
        self._spare: Spare | None = None
        self._spoiled = False
        """Whether the connection can serve no further request."""
        self._heard = False
        self.reused = False
        self.patient = False
        """Whether a silent upstream is nobody's fault: the client has not sent its all, or both sides just talk."""
        self.idle_since = 0.0

    # What the relay calls.

    def begin(self, method: bytes, *, upgrade: bool = False) -> None:
        """The next request. `method` decides how its reply ends, `upgrade` whether it may switch protocols."""
        self.reused = self._method != b""
        self._method, self._upgrade, self._interim = method, upgrade, 0
        self._body, self._heard, self.patient = None, False, False
        self._since = self._loop.time()
        if self._head:  # a busy upstream may reply at once, before it is asked
            early, self._head = bytes(self._head), bytearray()
            self.data_received(early)

    def write(self, parts: Iterable[bytes]) -> None:
        """Send; raises nothing: what goes wrong is told by `head`."""
        if self._transport is not None and self._error is None:
            self._transport.writelines(parts)

    def accompany(self, sending: Coroutine[None, None, None]) -> None:
        """Let `sending` write the rest of the request while the reply is awaited; it ends with the exchange."""
        self.patient = True
        self._sender = self._loop.create_task(sending)
        self._sender.add_done_callback(self._all_sent)
        if self._transport is not None:
            self._spare = Spare(self._transport)

    def _all_sent(self, _sender: "asyncio.Task[None]") -> None:
        self._sender, self.patient = None, False
        self._since = self._loop.time()
        self._close_spare()

    async def drain(self) -> None:
        """Wait until the upstream has taken enough of what was written."""
        self._since = self._loop.time()
        while self._full and self._error is None:
            self._drainer = self._loop.create_future()
            await self._drainer
        if self._error is not None:
            raise self._error

    async def head(self) -> ReplyHead:
        """The next head of the reply: interim ones first, then the final one."""
        while not self._heads:
            await self._more()
        return self._heads.popleft()

    async def read(self) -> bytes:
        """What has come of the body, at least one byte; b"" at its end. Only after the final head."""
        while not self._waiting and not self.complete:
            await self._more()
        return self.read_nowait()

    def read_nowait(self) -> bytes:
        """The same without waiting: b"" also when nothing has come."""
        data = self._waiting.popleft() if len(self._waiting) == 1 else b"".join(self._waiting)
        self._waiting.clear()
        self._held = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._since = self._loop.time()
            self._transport.resume_reading()
        return data

    @property
    def complete(self) -> bool:
        """Whether the whole body has come; some of it may still wait to be read."""
        return self._body is not None and self._body.done

    @property
    def length(self) -> int | None:
        """Bytes of the body in all, where the final head told."""
        return self._body.length if self._body is not None else None

    @property
    def bodiless(self) -> bool:
        """Whether the reply cannot have a body, whatever its headers say."""
        return self._body is not None and self._body.absent

    @property
    def reusable(self) -> bool:
        """Whether the reply is over and another request may follow."""
        served = self.complete and not self._waiting and self._sender is None
        return served and not self._spoiled and not self._full and self.open

    @property
    def full(self) -> bool:
        """Whether `drain` would wait."""
        return self._full

    @property
    def open(self) -> bool:
        return self._error is None and self._transport is not None and not self._transport.is_closing()

    def fail(self, error: Exception) -> None:
        """End the connection at once; whoever waits on it gets `error`."""
        if self._error is None:
            self._error = error
        if self._transport is not None:
            self._transport.abort()
        if self._sender is not None:
            self._sender.cancel()
        self._wake()

    def abort(self) -> None:
        """End the connection at once: nobody wants the rest."""
        self.fail(ConnectionLost(not self._heard))

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._since = self._loop.time()
        self._timer = self._loop.call_later(self._idle_timeout, self._look)

    def data_received(self, data: bytes) -> None:
        self._since = self._loop.time()
        self._heard = True
        try:
            if not self._method:
                self._head += data
            elif self._body is None:
                self._take_head(data)
            elif self._body.done:
                self._spoiled = True
                self._close()
            else:
                self._take_body(data)
        except Exception as error:  # BadReply; anything else is a fault of ours that must not go unheard
            self.fail(error)
        self._wake()

    def eof_received(self) -> None:
        self._ended()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._spare is not None and self._error is None:
            for data in self._spare.rest():
                self.data_received(data)
        self._close_spare()
        self._ended(reset=exc is not None)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        self._full = False
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._since = self._loop.time()
        _set(self._drainer)

    # Inside.

    def _take_head(self, data: bytes) -> None:
        looked_at = max(0, len(self._head) - 3)
        if self._head:
            self._head += data
            data = bytes(self._head)
        while self._body is None and (end := head_end(data, looked_at)) > 0:
            head, data, looked_at = parse_reply_head(data[:end]), data[end:], 0
            if head.interim:
                self._interim += 1
            else:
                self._begin_body(head, data)
            if self._interim > _MOST_INTERIM:
                raise BadReply("sent interim replies without an end")
            self._heads.append(head)  # only now: a head with contradictory framing is none
        self._head = bytearray(data) if self._body is None else bytearray()

    def _begin_body(self, head: ReplyHead, rest: bytes) -> None:
        if head.status == 101 and not self._upgrade:
            raise BadReply("switched protocols unasked")
        self._body = body_of(self._method, head)
        close = b"close" in tokens(head.headers, b"connection")
        self._spoiled = self._spoiled or close or head.minor == 0 or head.status == 101
        if rest and self._body.done:
            self._close()
        elif rest:
            self._take_body(rest)

    def _take_body(self, data: bytes) -> None:
        assert self._body is not None
        piece = self._body.feed(data)
        self._spoiled = self._spoiled or self._body.over
        if piece:
            self._waiting.append(piece)
            self._held += len(piece)
            if self._held > ENOUGH and not self._paused and self._transport is not None:
                self._paused = True
                self._transport.pause_reading()

    def _ended(self, reset: bool = False) -> None:
        """No more bytes will come: the end of a body that has no other, or a loss. A reset ends no body."""
        self._spoiled = True
        whole = self._body is not None and (self._body.done if reset else self._body.end())
        if self._error is None and not whole:
            self._error = ConnectionLost(not self._heard)
        self._wake()

    def _close_spare(self) -> None:
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def _close(self) -> None:
        self._spoiled = True
        if self._transport is not None:
            self._transport.close()

    async def _more(self) -> None:
        """Wait until something has come, or raise what ended the connection."""
        if self._error is not None:
            raise self._error
        self._reader = self._loop.create_future()
        await self._reader

    def _wake(self) -> None:
        _set(self._reader)
        if self._error is not None or self._transport is None:
            _set(self._drainer)

    def _look(self) -> None:
        """One timer for the life of a connection: far cheaper than one for every wait."""
        waited_for = (_pending(self._reader) and not self.patient) or _pending(self._drainer)
        rest = self._since + self._idle_timeout - self._loop.time() if waited_for else self._idle_timeout
        if rest <= 0:
            self.fail(Stalled())
        else:
            self._timer = self._loop.call_later(rest, self._look)


def _pending(future: "asyncio.Future[None] | None") -> bool:
    return future is not None and not future.done()


def _set(future: "asyncio.Future[None] | None") -> None:
    if future is not None and not future.done():
        future.set_result(None)

"""The scripted upstream: `python -m bench.upstream PORT`, on 127.0.0.1. It must never be the bottleneck.

Whatever the request, its body is read and dropped. With `frames=N&pace=MS` in the query, the reply is a stream of N
frames, one every MS milliseconds, each with the time at which it was sent; otherwise half a KiB of events at once.
"""

import asyncio
import re
import signal
import sys
import time
from typing import cast

import uvloop

from bench import frames

BACKLOG = 4096
_HEAD_LIMIT = 16 * 1024

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_PACED = re.compile(rb"\A\S+ \S*[?&]frames=(\d+)&pace=(\d+) ")

# One for all connections: what is read into it is done with before the loop reads anything else.
_BUFFER = memoryview(bytearray(256 * 1024))

_HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    b"Content-Type: text/event-stream; charset=utf-8\r\n"
    b"Transfer-Encoding: chunked\r\n"
    b"Cache-Control: no-cache\r\n"
    b"request-id: req_011CS00000000000000000000\r\n"
    b"anthropic-organization-id: 00000000-0000-0000-0000-000000000000\r\n"
    b"\r\n"
)


def reply() -> bytes:
    """A whole reply: six events in one chunk, half a KiB of body."""
    return _HEAD + frames.chunk(frames.SHORT_REPLY) + frames.LAST_CHUNK


_REPLY = reply()


class Connection(asyncio.BufferedProtocol):
    """One connection; one request at a time, as HTTP/1.1 clients without pipelining send them."""

    def __init__(self) -> None:
        self._head = b""
        self._missing = 0
        self._paced: tuple[int, float] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()

    def get_buffer(self, _size: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, count: int) -> None:
        if self._missing:
            self._missing -= count
        elif not self._begin(count):
            return
        if self._missing == 0:
            self._reply()
        elif self._missing < 0:
            self._transport.abort()

    def _begin(self, count: int) -> bool:
        """Take in what was read of a head; whether the head is complete."""
        before = len(self._head)
        head = self._head + bytes(_BUFFER[: min(count, _HEAD_LIMIT)])
        end = head.find(b"\r\n\r\n")
        if end < 0:
            self._head = head
            if len(head) > _HEAD_LIMIT:
                self._transport.abort()
            return False
        length, paced = _LENGTH.search(head, 0, end), _PACED.match(head)
        self._head = b""
        self._missing = end + 4 + (int(length[1]) if length else 0) - before - count
        self._paced = (int(paced[1]), int(paced[2]) / 1000) if paced else None
        return True

    def _reply(self) -> None:
        if self._paced is None:
            self._transport.write(_REPLY)
            return
        count, pace = self._paced
        self._transport.write(_HEAD)
        self._frame(count, pace, self._loop.time())

    def _frame(self, left: int, pace: float, due: float) -> None:
        """Send one frame, and see to the next: at times that were fixed at the start, so that none drifts."""
        data = frames.chunk(frames.frame(time.monotonic_ns()))
        if left <= 1:
            self._transport.write(data + frames.LAST_CHUNK)
            self._timer = None
            return
        self._transport.write(data)
        self._timer = self._loop.call_at(due + pace, self._frame, left - 1, pace, due + pace)


async def serve(port: int) -> None:
    """Serve until SIGTERM."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=BACKLOG)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))

"""What a client sends after its head: the body as it arrives, or bytes of another protocol."""

import asyncio
from collections.abc import AsyncIterator, Callable

from aiohttp import web
from aiohttp.streams import StreamReader

from proxy.bodies import ReceivedBody
from proxy.downstream.inbound import Inbound


class BodyFault(Exception):  # noqa: N818 - it is the client's fault, not an error of ours
    """The client did not send the body that its head announced; the text says what it did."""

    def __init__(self, status: int, fault: str) -> None:
        super().__init__(f"the client {fault}")
        self.status = status


async def next_chunk(content: StreamReader, idle_timeout: float) -> bytes:
    """The next piece of the body, at least one byte; b"" at its end.

    Raises `BodyFault` if nothing comes for `idle_timeout` seconds, or if the body is malformed.
    """
    try:
        if chunk := content.read_nowait():
            return chunk
        if content.at_eof():
            return b""
        async with asyncio.timeout(idle_timeout):
            return await content.readany()
    except TimeoutError:
        raise BodyFault(408, "stalled inside its body") from None
    except web.RequestPayloadError:
        raise BodyFault(400, "sent a malformed body") from None


class RequestBody(ReceivedBody):
    """The body of a client's request, as it arrives.

    It can be sent again while everything that was read is still held, at most `limit` bytes.
    """

    def __init__(self, content: StreamReader, idle_timeout: float, limit: int, *, complete: bool, keep: bool) -> None:
        """`idle_timeout` is how many seconds a client may pause within a body."""
        super().__init__(complete=complete, keep=keep)
        self._content, self._idle_timeout, self._limit = content, idle_timeout, limit

    async def collect(self, most: int) -> bool:
        """Read the whole body; False as soon as it is larger than `most`. Raises `BodyFault`."""
        content = self._content
        while chunk := await next_chunk(content, self._idle_timeout):
            self.chunks.append(chunk)
            self.size += len(chunk)
            if self.size > most:
                return False
            if content.at_eof():
                break
        self.complete = True
        return True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The rest of the body, each piece as it arrives. Raises `BodyFault`."""
        while chunk := await next_chunk(self._content, self._idle_timeout):
            self.size += len(chunk)
            if self.size <= self._limit:
                self.chunks.append(chunk)
            else:
                self.release()
                self.whole = False
            yield chunk
        self.complete = True


def switch_protocol(request: web.Request, sink: Callable[[bytes], None]) -> None:
    """After an upgrade: `sink` gets every byte that follows the request."""
    assert isinstance(request.protocol, Inbound)
    request.protocol.switch_protocol(sink)


def hold_back(request: web.Request) -> None:
    """After that: nothing more is read for now, until the transport is told to go on."""
    assert isinstance(request.protocol, Inbound)
    request.protocol.hold_back()

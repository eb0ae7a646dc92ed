"""What a client sends behind its head: the body as it arrives, or another protocol's bytes."""

import asyncio
from collections.abc import AsyncIterator, Callable

from aiohttp import web
from aiohttp.streams import StreamReader

from proxy.bodies import Body
from proxy.downstream.inbound import Inbound


class BodyFault(Exception):  # noqa: N818 - it is the client's fault, not an error of ours
    """The client did not send the body that its request's head announced; the text says what it did."""

    def __init__(self, status: int, fault: str) -> None:
        super().__init__(f"the client {fault}")
        self.status = status


async def next_chunk(content: StreamReader, patience: float) -> bytes:
    """What has arrived of the body, at least one byte; b"" at its end.

    Raises `BodyFault` when nothing comes for `patience` seconds, or something that no body may hold.
    """
    try:
        if chunk := content.read_nowait():
            return chunk
        if content.at_eof():
            return b""
        async with asyncio.timeout(patience):
            return await content.readany()
    except TimeoutError:
        raise BodyFault(408, "stalled inside its body") from None
    except web.RequestPayloadError:
        raise BodyFault(400, "sent a malformed body") from None


class RequestBody(Body):
    """The body of a client's request, as it arrives.

    It can be sent again for as long as everything that was read is still held, at most `limit` bytes.
    """

    def __init__(self, content: StreamReader, patience: float, limit: int, *, complete: bool, keep: bool) -> None:
        """`patience` is how many seconds of silence a client may make in the middle of a body."""
        super().__init__(complete=complete, keep=keep)
        self._content, self._patience, self._limit = content, patience, limit

    async def collect(self, most: int) -> bool:
        """Read all of it; False as soon as it is larger than `most`. Raises `BodyFault`."""
        content = self._content
        while chunk := await next_chunk(content, self._patience):
            self.chunks.append(chunk)
            self.size += len(chunk)
            if self.size > most:
                return False
            if content.at_eof():
                break
        self.complete = True
        return True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What is still to come, each piece as it arrives. Raises `BodyFault`."""
        while chunk := await next_chunk(self._content, self._patience):
            self.size += len(chunk)
            if self.size <= self._limit:
                self.chunks.append(chunk)
            else:
                self.release()
                self.whole = False
            yield chunk
        self.complete = True


def switch_protocol(request: web.Request, sink: Callable[[bytes], None]) -> None:
    """After an upgrade: `sink` gets every byte that comes behind the request."""
    assert isinstance(request.protocol, Inbound)
    request.protocol.switch_protocol(sink)

"""What a client sends behind its head: the body as it arrives, or another protocol's bytes."""

import asyncio
from collections.abc import AsyncIterator, Callable

from aiohttp import StreamReader, web

from proxy.downstream.inbound import Inbound
from proxy.exchange import Exchange


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


class Body:
    """The body of one request: what was collected for a look into it, then the rest as it arrives.

    It can be sent again for as long as everything that was read is still held, at most `limit` bytes.
    """

    def __init__(self, exchange: Exchange, request: web.Request, limit: int, patience: float) -> None:
        self._exchange, self._content, self._patience = exchange, request.content, patience
        self._limit = limit
        self.whole = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What is still to come, each piece as it arrives. Raises `BodyFault`."""
        while chunk := await next_chunk(self._content, self._patience):
            self._exchange.bytes_in += len(chunk)
            if self._exchange.bytes_in <= self._limit:
                self._exchange.collected.append(chunk)
            else:
                self._exchange.collected.clear()
                self.whole = False
            yield chunk
        self._exchange.complete = True


def divert(request: web.Request, sink: Callable[[bytes], None]) -> None:
    """After an upgrade: `sink` gets every byte that comes behind the request."""
    assert isinstance(request.protocol, Inbound)
    request.protocol.divert(sink)

"""Connections of the wire to a raw upstream, for the tests of this room."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from proxy.settings.config import UpstreamSettings
from proxy.upstream.connection import Connection
from proxy.upstream.dial import Dialer
from proxy.wire.heads import ReplyHead
from tests.raw import Peer, RawUpstream, Script, raw_upstream
from tests.waiting import PATIENCE

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@asynccontextmanager
async def linked(script: Script, idle_timeout: float = 60) -> AsyncIterator[tuple[Connection, RawUpstream]]:
    """A connection to an upstream that follows the script."""
    async with raw_upstream(script) as upstream:
        connection = await Dialer(UpstreamSettings(url=upstream.url, idle_timeout=idle_timeout)).open()
        try:
            async with asyncio.timeout(PATIENCE):
                yield connection, upstream
        finally:
            connection.abort()
            await asyncio.sleep(0)


def ask(connection: Connection, method: bytes = b"GET") -> None:
    """Send a request that has no body."""
    connection.begin(method)
    connection.write([GET.replace(b"GET", method)])


async def answer(connection: Connection, method: bytes = b"GET") -> tuple[ReplyHead, bytes]:
    """Send a request that has no body, and wait for the whole of its reply."""
    ask(connection, method)
    return await connection.head(), await rest(connection)


async def final(connection: Connection) -> ReplyHead:
    """The final head; interim ones are passed over."""
    while (head := await connection.head()).interim:
        pass
    return head


async def rest(connection: Connection) -> bytes:
    """All of the body that is still to come."""
    found = b""
    while data := await connection.read():
        found += data
    return found


def reset(peer: Peer) -> None:
    """End a connection by RST: without lingering, what is unsent is forgotten."""
    handle: socket.socket = peer.writer.get_extra_info("socket")
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.abort()

"""The end of a reply, or of a tunnel, that only the end of its connection completes (RFC 9112, section 6.3).

A client cannot tell such an end from that of a process which was cut off, unless the latter is a reset.
"""

import asyncio
import socket
import struct
from contextlib import suppress

from aiohttp.abc import AbstractStreamWriter

_RESET, _FINISH = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)
"""SO_LINGER with a time of zero, so that any close sends RST; and switched off (socket(7))."""


class OpenEnd:
    """One such reply: from `begin` to the end of `finish`, any end of its connection is a reset."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None

    def begin(self, transport: asyncio.Transport | None) -> None:
        """Before the first byte is written."""
        self._transport = transport
        self._linger(_RESET)

    async def finish(self, writer: AbstractStreamWriter) -> None:
        """All has been written: wait until the last byte is in the kernel, which delivers it without the process.

        Later calls do nothing.
        """
        if self._transport is None:
            return
        self._transport.set_write_buffer_limits(0)  # so that the client counts as slow until nothing is left
        await writer.drain()
        self._linger(_FINISH)
        self._transport = None

    def _linger(self, value: bytes) -> None:
        handle = self._transport.get_extra_info("socket") if self._transport is not None else None
        if handle is not None:
            with suppress(OSError):  # the client has gone
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, value)

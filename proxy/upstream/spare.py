"""A second descriptor of a connection's socket: what has come can still be read when a write has failed.

An upstream may answer early and close while a body is being sent to it. The next write fails then, and the transport
closes its socket, though the kernel still holds the answer. Not with TLS: its bytes mean nothing without the transport.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterator

_PIECE = 64 * 1024


class Spare:
    """Keep one for as long as something is being written; `close` it in any case."""

    def __init__(self, transport: asyncio.Transport) -> None:
        plain = transport.get_extra_info("sslcontext") is None
        self._descriptor = os.dup(transport.get_extra_info("socket").fileno()) if plain else -1

    def rest(self) -> Iterator[bytes]:
        """What the kernel still holds; raises nothing."""
        with contextlib.suppress(OSError):
            while self._descriptor >= 0 and (data := os.read(self._descriptor, _PIECE)):
                yield data

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

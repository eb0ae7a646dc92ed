"""Whether a client is still there while it is not read from: by itself, the event loop would not tell.

A reset is seen, and an end that has come. What TCP cannot tell of is the end of a client that had more to send than the
kernel takes here: its FIN comes behind that, when the upstream takes some again.
"""

import asyncio
import socket
from contextlib import suppress

_EVERY = 1.0
"""Seconds between two looks."""

_ESTABLISHED = 1  # tcp_states.h
_TELLS = hasattr(socket, "TCP_INFO")
"""Without it (as on macOS), such a client's end is noticed when it is read from again, or is written to."""


class Watch:
    """Asks TCP now and then while a client's connection is paused, and closes it when the client has ended its side.

    So does the event loop when it reads that end.
    """

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """It has been paused. That may happen often: a look that is due stays due, and sees whether it still is."""
        if self._next is None and _TELLS:
            self._next = asyncio.get_running_loop().call_later(_EVERY, self._look, transport)

    def stop(self) -> None:
        """The connection has ended."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _look(self, transport: asyncio.Transport) -> None:
        self._next = None
        if transport.is_closing() or transport.is_reading():
            return
        if _has_ended(transport):
            transport.close()
        else:
            self.begin(transport)


def _has_ended(transport: asyncio.Transport) -> bool:
    """Whether a FIN or a reset has come, maybe behind bytes that nobody has read."""
    handle = transport.get_extra_info("socket")
    with suppress(OSError, ValueError):  # as asyncio and uvloop have it when the socket is closed
        return handle is not None and handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED
    return False

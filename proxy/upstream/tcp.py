"""What TCP and TLS know of a connection, and the event loop does not report: how it ended, and what it had received.

A server that closes at its keep-alive limit may do so as the next request comes. No request may be lost to that, and
none be sent again that was read: it may have cost something (RFC 9110, section 9.2.2).
"""

import asyncio
import contextlib
import os
import socket
import ssl
import struct
import time
from collections.abc import Iterator

_MOMENT = 0.5
"""Seconds within which a server has ended a connection that it wanted to end before it knew of the request."""

_AT_ONCE = 0.05
"""Seconds within which a reset is taken for that of a server which closed with the request unread: a server that resets
what it has read looks the same, but mostly takes longer to."""

UNTIL_RESET = 0.02
"""Seconds in which a reset follows the end of a connection, if one does."""

_PIECE = 64 * 1024
_ESTABLISHED, _CLOSED = 1, 7  # tcp_states.h
_HAS_INFO = hasattr(socket, "TCP_INFO")
_INFO = struct.Struct("=B119xQ")  # tcp.h, `struct tcp_info`: `tcpi_state`, `tcpi_bytes_acked` (since Linux 4.1)


class Tcp:
    """One connection, below its transport; to be `attach`ed to it, and in the end to be `release`d."""

    def __init__(self, handle: socket.socket | None = None) -> None:
        """`handle` is the connection's own socket: what uvloop's transports give makes a new one for every call."""
        self._socket = handle
        self._tls: ssl.SSLObject | None = None
        self._duplicate = -1
        """A second descriptor of the socket: the kernel may still hold an answer when the transport has closed it."""
        self._begun: float | None = None
        self._acknowledged: int | None = None
        self._fin = False

    def ended(self) -> None:
        """The event loop has told of an end."""
        self._fin = True

    def attach(self, transport: asyncio.BaseTransport) -> None:
        self._socket = self._socket or transport.get_extra_info("socket")
        self._tls = transport.get_extra_info("ssl_object")

    # Whether a request was read.

    @property
    def established(self) -> bool:
        """False if the peer has ended the connection, though the event loop may not have heard of it yet."""
        known = self._known()
        self._acknowledged = known[1] if known else None
        return known is None or known[0] == _ESTABLISHED

    def begin(self) -> None:
        """From now on, bytes of a request go out on a connection that was kept."""
        if self._acknowledged is None and (known := self._known()):  # else, who took it has just looked
            self._acknowledged = known[1]
        self._begun = time.monotonic()

    def answered(self) -> None:
        """The peer has said something: it has read what was sent."""
        self._begun = self._acknowledged = None

    @property
    def doubtful(self) -> bool:
        """Whether an end of the connection may have been meant for it as it was before the request."""
        return self._begun is not None and self._since_begun < _MOMENT

    @property
    def _since_begun(self) -> float:
        return time.monotonic() - (self._begun or 0.0)

    @property
    def unread(self) -> bool:
        """Whether the peer, which has ended the connection, has as good as certainly not read the request.

        An end that crossed the request acknowledges none of it. A reset at once mostly says that some of it was left
        unread (RFC 9293, section 3.6.1). Where TCP tells nothing, an end at once has to do.
        """
        if not self.doubtful:
            return False
        known = self._known()
        if known is None or self._acknowledged in (None, known[1]):
            return True
        return known[0] == _CLOSED and self._since_begun < _AT_ONCE

    @property
    def may_be_reset(self) -> bool:
        """Whether a reset would still tell the one from the other. A transport with TLS cannot wait for it."""
        return self.doubtful and not self.unread and self._tls is None

    def _known(self) -> tuple[int, int] | None:
        """State and acknowledged bytes of the connection; None where the system cannot tell, or it is closed."""
        if self._socket is None or not _HAS_INFO:
            return None
        try:
            told = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
        except (OSError, ValueError):  # as asyncio and uvloop have it when the socket is closed
            return None
        return _INFO.unpack(told) if len(told) == _INFO.size else None

    # How it ended.

    @property
    def cut(self) -> bool:
        """Whether anybody on the way may have ended the connection, and not the peer; when all has been delivered.

        With TLS the peer says so by close_notify (RFC 8446, section 6.1). asyncio reports a connection that was cut
        below TLS as it reports one that has ended, and uvloop reports no end at all.
        """
        if self._tls is None:
            return not self._fin
        try:
            return bool(self._tls.read(1))
        except ssl.SSLZeroReturnError:
            return False
        except ssl.SSLError:
            return True

    def duplicate(self) -> None:
        """Something is being written: a peer may answer early and close, and then the next write fails."""
        if self._tls is None and self._socket is not None:
            with contextlib.suppress(OSError):  # it has ended already
                self._duplicate = os.dup(self._socket.fileno())

    def undelivered(self) -> Iterator[bytes]:
        """What has come and nobody was given; raises nothing.

        Under TLS, uvloop drops what it has taken and was asked not to give on, as soon as the connection ends.
        """
        with contextlib.suppress(OSError):  # ssl.SSLError among them
            while data := self._read():
                yield data

    def _read(self) -> bytes:
        if self._tls is not None:
            return self._tls.read(_PIECE)
        return os.read(self._duplicate, _PIECE) if self._duplicate >= 0 else b""

    def release(self) -> None:
        """Nothing is written any more."""
        if self._duplicate >= 0:
            os.close(self._duplicate)
            self._duplicate = -1

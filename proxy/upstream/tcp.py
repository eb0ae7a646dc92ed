"""What TCP and TLS know of a connection, and the event loop does not report: how it ended, and what it had received.

A server that closes at its keep-alive limit may do so as the next request comes. No request may be lost to that, and
none be sent again that was read: it may have cost something (RFC 9110, section 9.2.2).
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Iterator

from proxy.upstream.tls import Tls

_MOMENT = 0.5
"""Seconds within which a server has ended a connection that it wanted to end before it knew of the request."""

_AT_ONCE = 0.05
"""Seconds within which a reset is taken for that of a server which closed with the request unread: a server that resets
what it has read looks the same, but mostly takes longer to."""

LOOK = 0.002
"""Seconds between two looks for a reset."""

_PIECE = 64 * 1024
_ESTABLISHED, _CLOSED = 1, 7  # tcp_states.h
_HAS_INFO = hasattr(socket, "TCP_INFO")
_INFO = struct.Struct("=B119xQ")  # tcp.h, `struct tcp_info`: `tcpi_state`, `tcpi_bytes_acked` (since Linux 4.1)


class Tcp:
    """One connection, below its transport; to be `attach`ed to it, and in the end to be `release`d."""

    def __init__(self, handle: socket.socket | None = None) -> None:
        """`handle` is the connection's socket, of which a descriptor of its own is kept.

        A transport closes its own before it tells of the end. The kernel may still hold an answer then, and knows how
        the connection ended.
        """
        self._socket = handle.dup() if handle is not None else None
        self._tls: ssl.SSLObject | None = None
        self._begun: float | None = None
        self._acknowledged: int | None = None
        self._fin = False

    def ended(self) -> None:
        """The event loop has told of an end."""
        self._fin = True

    def attach(self, transport: asyncio.BaseTransport) -> None:
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
        """Whether a reset may still follow, and would tell the one from the other."""
        if not self.doubtful or self._since_begun >= _AT_ONCE or self.unread:
            return False
        known = self._known()
        return known is not None and known[0] != _CLOSED

    def _known(self) -> tuple[int, int] | None:
        """State and acknowledged bytes of the connection; None where the system cannot tell."""
        if self._socket is None or not _HAS_INFO:
            return None
        try:
            told = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
        except OSError:
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

    def undelivered(self) -> Iterator[bytes]:
        """What has come and nobody was given; raises nothing.

        A peer may answer early and close, and then the next write fails, while the client still takes what came
        before. Under TLS, uvloop also drops what it has taken and was asked not to give on.
        """
        with contextlib.suppress(OSError):  # ssl.SSLError among them
            while data := self._read():
                yield data

    def _read(self) -> bytes:
        if self._tls is None:
            return self._received()
        while True:
            try:
                return self._tls.read(_PIECE)
            except ssl.SSLWantReadError:
                if not isinstance(self._tls, Tls) or not (data := self._received()):
                    raise
                self._tls.incoming.write(data)

    def _received(self) -> bytes:
        """What the kernel holds; b"" at the end."""
        return self._socket.recv(_PIECE) if self._socket is not None else b""

    def release(self) -> None:
        """The connection has ended, and all is known of it that is to be."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

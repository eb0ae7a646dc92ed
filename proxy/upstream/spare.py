"""What has come and nobody was given: it can still be read when the transport has let go of the connection.

An upstream may answer early and close while a body is being sent to it. The next write fails then, and the transport
closes its socket, though the kernel still holds the answer. Under TLS, uvloop drops what it has received, but not given
on because it was asked to pause, as soon as the connection ends.
"""

import asyncio
import contextlib
import os
import ssl
from collections.abc import Iterator

_PIECE = 64 * 1024


class Spare:
    """A second descriptor of a socket without TLS. Keep it while something is written; `close` it in any case."""

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


def undelivered(tls: ssl.SSLObject) -> Iterator[bytes]:
    """What the transport has received and not given on; raises nothing."""
    with contextlib.suppress(ssl.SSLError):
        while data := tls.read(_PIECE):
            yield data


def close_notified(tls: ssl.SSLObject) -> bool:
    """Whether the peer has said that it ends (RFC 8446, section 6.1); only when nothing is undelivered.

    asyncio reports a connection cut below TLS as it reports one that has ended, and uvloop reports no end at all.
    """
    try:
        return not tls.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        return False

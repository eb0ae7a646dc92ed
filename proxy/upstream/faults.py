"""What can go wrong on the way to the upstream, told once: a status, and words that a person can act on."""

import socket
import ssl
from dataclasses import dataclass

from proxy.wire.heads import BadReply

# The API's name for what stands behind a status (API reference, "Errors").
_KIND_OF = {502: "api_error", 504: "timeout_error"}


class UpstreamError(Exception):
    """No reply could be had. `status`, `kind` and `text` are what the client is told, in the API's error shape.

    `name` is one of `NAMES`, for counting.
    """

    def __init__(self, status: int, host: str | None, name: str, fault: str) -> None:
        super().__init__(fault)
        self.status, self.kind, self.name, self.fault = status, _KIND_OF[status], name, f"the upstream {fault}"
        self.text = f"Sidestep: the upstream {host} {fault}"


class ConnectionLost(Exception):  # noqa: N818 - what happened, not a fault of ours
    """The connection ended before the reply was complete.

    `unread`: as good as certainly, the upstream has not read the request, which may be sent again.
    """

    def __init__(self, *, unread: bool = False) -> None:
        super().__init__("connection lost")
        self.unread = unread


class Stalled(Exception):  # noqa: N818
    """The upstream has said and taken nothing for `upstream.idle_timeout`."""


class ConnectTimeout(Exception):  # noqa: N818
    """No connection within `upstream.connect_timeout`, TLS and an upstream proxy's consent included."""


class TlsFailed(Exception):  # noqa: N818
    """The connection opened, and ended within the TLS handshake."""


class ProxyRefused(Exception):  # noqa: N818
    """The proxy before the upstream did not open a tunnel; the text says what it did instead."""


@dataclass(frozen=True, slots=True)
class _Fault:
    status: int
    name: str
    words: str


# In order: the first class that fits gives the status and the words.
_FAULTS: list[tuple[type[Exception] | tuple[type[Exception], ...], _Fault]] = [
    (ConnectionLost, _Fault(502, "lost", "closed the connection without a reply")),
    (ConnectTimeout, _Fault(504, "connect timeout", "took too long to accept a connection")),
    (Stalled, _Fault(504, "silent", "was silent for too long")),
    (socket.gaierror, _Fault(502, "unresolved", "cannot be resolved: check upstream.url and the network")),
    (
        ssl.SSLCertVerificationError,
        _Fault(502, "certificate", "has a TLS certificate that is not valid for it: see upstream.ca_file"),
    ),
    ((ssl.SSLError, TlsFailed), _Fault(502, "tls", "failed in the TLS handshake")),
    (
        OSError,
        _Fault(502, "unreachable", "cannot be reached: is it running, are host and port of upstream.url right?"),
    ),
]

BROKEN_OFF = "broken off"
"""What a reply is whose rest never came."""

NAMES = (*(fault.name for _, fault in _FAULTS), "bad reply", "proxy", "other", BROKEN_OFF)
"""Every kind of fault that is told apart in counts."""

PROBLEMS = (ConnectionLost, Stalled, ConnectTimeout, ProxyRefused, TlsFailed, BadReply, OSError)
"""Everything that opening a connection or waiting for a reply can raise, but for what the client itself did."""


def upstream_error(error: Exception, host: str | None) -> UpstreamError:
    """What a library's or the wire's error means for the client. Nothing of what the upstream sent is quoted."""
    if isinstance(error, BadReply):
        return UpstreamError(502, host, "bad reply", str(error))
    if isinstance(error, ProxyRefused):
        return UpstreamError(502, host, "proxy", f"cannot be reached: the proxy of upstream.proxy {error}")
    fault = next((fault for kind, fault in _FAULTS if isinstance(error, kind)), None)
    if fault is None:
        return UpstreamError(502, host, "other", f"failed ({type(error).__name__})")
    return UpstreamError(fault.status, host, fault.name, fault.words)

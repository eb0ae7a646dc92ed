"""What can go wrong on the way to the upstream: for each fault, a status and words that a person can act on."""

import os
import socket
import ssl
from dataclasses import dataclass

from proxy.settings.surroundings import AUTHORITIES, proxy_variable
from proxy.wire.heads import BadReply

_NETWORK = "check upstream.url and the network, and set upstream.proxy where a proxy is the way out"
_PERHAPS_PLAIN = "if it is plain http, upstream.url begins with http://"
_PERHAPS_TLS = "if it speaks TLS, upstream.url begins with https://"
_CA = "set upstream.ca_file to the authority's certificate"

# The API's name for what stands behind a status (API reference, "Errors").
_KIND_OF = {502: "api_error", 504: "timeout_error"}


class UpstreamError(Exception):
    """No reply could be had. `status`, `kind` and `text` are what the client is told, in the API's error shape.

    `name` is one of `NAMES`, for counting; `words` say what happened, `todo` what a person can do, if anything.
    """

    def __init__(self, status: int, host: str | None, name: str, fault: str, todo: str = "") -> None:
        super().__init__(fault)
        self.status, self.kind, self.name, self.todo = status, _KIND_OF[status], name, todo
        self.words, whole = fault, f"{fault}: {todo}" if todo else fault
        self.fault = f"the upstream {whole}"
        self.text = f"Sidestep: the upstream {host} {whole}"


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


class TlsTimeout(ConnectTimeout):
    """The connection opened, and nothing came of the TLS handshake within `upstream.connect_timeout`."""


class TlsFailed(Exception):  # noqa: N818
    """The connection opened, and ended within the TLS handshake."""


class ProxyRefused(Exception):  # noqa: N818
    """The proxy before the upstream did not open a tunnel; the text says what it did instead."""


@dataclass(frozen=True, slots=True)
class _Fault:
    status: int
    name: str
    words: str
    todo: str = ""


# In order: the first class that fits gives the status and the words.
_FAULTS: list[tuple[type[Exception] | tuple[type[Exception], ...], _Fault]] = [
    (ConnectionLost, _Fault(502, "lost", "closed the connection without a reply")),
    (
        TlsTimeout,
        _Fault(504, "connect timeout", "accepted the connection and took too long to answer in TLS", _PERHAPS_PLAIN),
    ),
    (ConnectTimeout, _Fault(504, "connect timeout", "took too long to accept a connection", _NETWORK)),
    (Stalled, _Fault(504, "silent", "was silent for too long")),
    (socket.gaierror, _Fault(502, "unresolved", "cannot be resolved", _NETWORK)),
    (ssl.SSLCertVerificationError, _Fault(502, "certificate", "shows a TLS certificate that is not valid for it", _CA)),
    (
        (ssl.SSLError, TlsFailed),
        _Fault(502, "tls", "failed in the TLS handshake", "check the scheme of upstream.url"),
    ),
    (
        OSError,
        _Fault(502, "unreachable", "cannot be reached", "is it running, are host and port of upstream.url right?"),
    ),
]

# What OpenSSL says of a certificate (X509_verify_cert_error_string(3)).
_CERTIFICATES = {
    9: ("shows a TLS certificate that is not valid yet", "is this machine's clock right?"),
    10: ("shows a TLS certificate that has expired", "it has to be renewed there, if this machine's clock is right"),
    **dict.fromkeys((18, 19, 20, 21), ("shows a TLS certificate that no authority known here vouches for", _CA)),
    **dict.fromkeys((62, 64), ("shows a TLS certificate for another name", "is the host of upstream.url right?")),
}

_NO_TLS = {"HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "WRONG_VERSION_NUMBER"}
"""What OpenSSL says when the other side speaks something else, mostly plain HTTP."""

BROKEN_OFF = "broken off"
"""What a reply is whose rest never came."""

NAMES = (*dict.fromkeys(fault.name for _, fault in _FAULTS), "bad reply", "proxy", "other", BROKEN_OFF)
"""Every kind of fault that is told apart in counts."""

PROBLEMS = (ConnectionLost, Stalled, ConnectTimeout, ProxyRefused, TlsFailed, BadReply, OSError)
"""Everything that opening a connection or waiting for a reply can raise, but for what the client itself did."""


def upstream_error(error: Exception, host: str | None, *, perhaps_tls: bool = False) -> UpstreamError:
    """What a library's or the wire's error means for the client. Nothing of what the upstream sent is quoted.

    `perhaps_tls`: it is spoken to in plain http, and has never said anything.
    """
    if isinstance(error, BadReply):
        return UpstreamError(502, host, "bad reply", str(error))
    if isinstance(error, ProxyRefused):
        return UpstreamError(502, host, "proxy", f"cannot be reached: the proxy of upstream.proxy {error}")
    fault = next((fault for kind, fault in _FAULTS if isinstance(error, kind)), None)
    if fault is None:
        return UpstreamError(502, host, "other", f"failed ({type(error).__name__})")
    words, todo = _closer(error) or (fault.words, fault.todo)
    if perhaps_tls and isinstance(error, ConnectionLost):
        todo = _PERHAPS_TLS
    return UpstreamError(fault.status, host, fault.name, words, todo + _ignored_variable(fault.name, host or ""))


def _closer(error: Exception) -> tuple[str, str] | None:
    """What can be said of a handshake that failed, if more is known than that."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(getattr(error, "verify_code", 0))
    if isinstance(error, ssl.SSLError) and getattr(error, "reason", "") in _NO_TLS:
        return "does not speak TLS there", _PERHAPS_PLAIN
    return None


def _ignored_variable(name: str, host: str) -> str:
    """The variable of the environment that a person may think is in force, and is not."""
    variable = ""
    if name in ("connect timeout", "unresolved", "unreachable"):  # with upstream.proxy, it would be the proxy's fault
        variable = proxy_variable(host)
    elif name == "certificate":
        variable = AUTHORITIES if os.environ.get(AUTHORITIES) else ""
    return f" ({variable} is set, and not looked at)" if variable else ""

"""What a fault on the way to the upstream means for the client: a status, a kind, and words that quote nothing."""

import errno
import socket
import ssl

import pytest

from proxy.upstream.faults import (
    PROBLEMS,
    ConnectionLost,
    ConnectTimeout,
    ProxyRefused,
    Stalled,
    TlsFailed,
    upstream_error,
)
from proxy.wire.heads import BadReply


@pytest.mark.parametrize(
    ("error", "status", "fault"),
    [
        (ConnectionLost(), 502, "closed the connection without a reply"),
        (ConnectionLost(unread=True), 502, "closed the connection without a reply"),
        (ConnectTimeout(), 504, "took too long to accept a connection"),
        (Stalled(), 504, "was silent for too long"),
        (socket.gaierror(-2, "planted"), 502, "cannot be resolved: check upstream.url and the network"),
        (
            ssl.SSLCertVerificationError("planted"),
            502,
            "is not valid for it: see upstream.ca_file",
        ),
        (ssl.SSLError("planted"), 502, "failed in the TLS handshake"),
        (TlsFailed(), 502, "failed in the TLS handshake"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "planted"), 502, "cannot be reached: is it running"),
        (OSError(errno.ENETUNREACH, "planted"), 502, "cannot be reached: is it running"),
        (ProxyRefused("said 407"), 502, "cannot be reached: the proxy of upstream.proxy said 407"),
        (BadReply("sent a malformed header"), 502, "sent a malformed header"),
        (ZeroDivisionError("planted"), 502, "failed (ZeroDivisionError)"),
    ],
)
def test_every_fault_has_a_status_a_kind_and_words(error: Exception, status: int, fault: str) -> None:
    told = upstream_error(error, "api.example")
    assert (told.status, told.kind) == (status, {502: "api_error", 504: "timeout_error"}[status])
    assert told.text.startswith("Sidestep: the upstream api.example ")
    assert fault in told.text
    assert told.fault == told.text.replace("Sidestep: the upstream api.example", "the upstream")
    assert "planted" not in told.text + told.fault + str(told)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionLost(),
        Stalled(),
        ConnectTimeout(),
        ProxyRefused("said 407"),
        TlsFailed(),
        BadReply(""),
        ssl.SSLError(),
    ],
)
def test_every_fault_is_among_the_problems(error: Exception) -> None:
    assert isinstance(error, PROBLEMS)

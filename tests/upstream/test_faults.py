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
from tests.cases import every


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's surroundings."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@every(
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
            "shows a TLS certificate that is not valid for it: set upstream.ca_file",
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


@every(
    ("code", "words", "todo"),
    [
        (9, "not valid yet", "clock"),
        (10, "has expired", "renewed"),
        (18, "no authority known here vouches for", "upstream.ca_file"),
        (20, "no authority known here vouches for", "upstream.ca_file"),
        (62, "for another name", "upstream.url"),
    ],
)
def test_of_a_certificate_it_says_what_is_wrong(code: int, words: str, todo: str) -> None:
    error = ssl.SSLCertVerificationError("planted")
    error.verify_code = code
    told = upstream_error(error, "api.example")
    assert (words in told.words, todo in told.todo, told.name) == (True, True, "certificate")


@pytest.mark.parametrize("reason", ["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"])
def test_what_speaks_no_tls_may_be_plain_http(reason: str) -> None:
    error = ssl.SSLError("planted")
    error.reason = reason
    assert "does not speak TLS there: if it is plain http" in upstream_error(error, "api.example").text


PROXY = "http://user:planted@proxy.example"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"])
@pytest.mark.parametrize("error", [socket.gaierror(-2, "x"), ConnectTimeout(), OSError(errno.ENETUNREACH, "x")])
def test_a_proxy_of_the_environment_is_named_where_it_may_have_been_the_way_out(
    error: Exception, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, PROXY)
    text = upstream_error(error, "api.example").text
    assert (f"({name} is set, and not looked at)" in text, "planted" in text) == (True, False)
    assert name not in upstream_error(error, "127.0.0.1").text
    monkeypatch.setenv("NO_PROXY", "other.example,.example")
    assert name not in upstream_error(error, "api.example").text


def test_the_clients_authorities_are_named_where_none_vouches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/ca.pem")
    told = upstream_error(ssl.SSLCertVerificationError("x"), "api.example")
    assert told.todo.endswith("(NODE_EXTRA_CA_CERTS is set, and not looked at)")


@every(
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

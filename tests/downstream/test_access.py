"""Who is let in: every refusal by its row, and names that nothing but a known name can pass for."""

import ipaddress
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from proxy.downstream.access import Access, HttpVersion, Refusal, access_by
from proxy.exchange import Head
from proxy.headers import RawPairs, text_pairs
from tests.cases import every

PORT = 8787
OWN = access_by("10.0.0.7", ["Devbox", "proxy.example:443", "[fd00::7]", "plain.example:80", "odd.example:8443"], "")
GUARDED = access_by("127.0.0.1", [], "sixteen-or-more-x")
HERE = (b"Host", b"localhost:8787")


def refusal(
    *headers: tuple[bytes, bytes],
    method: str = "GET",
    target: str = "/v1/messages",
    version: HttpVersion = (1, 1),
    own: Access = OWN,
) -> Refusal | None:
    raw: RawPairs = list(headers)
    return own.refusal(Head(method, target, CIMultiDict(text_pairs(raw))), target, raw, version, PORT)


def reason(*headers: tuple[bytes, bytes], **request: Any) -> str:
    """The short phrase of a refusal; "" where there is none."""
    refused = refusal(*headers, **request)
    return refused.reason if refused else ""


@every(
    ("method", "target"),
    [
        ("CONNECT", "evil.example:443"),
        ("CONNECT", "/path"),
        ("GET", "http://localhost:8787/v1"),
        ("GET", "https://evil.example/"),
        ("OPTIONS", "*"),
        ("GET", "v1/messages"),
        ("GET", ""),
        ("GET", "?x"),
    ],
)
def test_only_paths_are_served(method: str, target: str) -> None:
    refused = refusal(HERE, method=method, target=target)
    assert refused is not None
    assert (refused.status, refused.kind, refused.reason) == (400, "invalid_request_error", "target")


@pytest.mark.parametrize("target", ["/", "//evil.example/x", "/http://evil.example", "/a?b#c"])
def test_every_path_is_one(target: str) -> None:
    assert reason(HERE, target=target) == ""


@pytest.mark.parametrize("version", [(0, 9), (1, 2), (2, 0), (3, 1)])
def test_other_versions_are_refused(version: HttpVersion) -> None:
    refused = refusal(HERE, version=version)
    assert refused is not None
    assert (refused.status, refused.reason) == (505, "version")


@pytest.mark.parametrize(("expectation", "said"), [(b"100-continue", ""), (b"100-Continue", ""), (b"x", "expectation")])
def test_there_is_one_expectation(expectation: bytes, said: str) -> None:
    assert reason(HERE, (b"Expect", expectation)) == said
    assert reason(HERE, (b"Expect", b"100-continue"), (b"expect", expectation)) == said


SERVED = [
    "localhost:8787",
    "LocalHost:8787",
    "127.0.0.1:8787",
    "127.8.9.1:8787",
    "[::1]:8787",
    "[::ffff:127.0.0.1]:8787",
    "[0:0:0:0:0:0:0:1]:8787",
    "10.0.0.7:8787",
    "devbox:8787",
    "DEVBOX:8787",
    "[fd00::7]:8787",
    "proxy.example:443",
    "proxy.example",
    "plain.example",
    "plain.example:80",
    "odd.example:8443",
]
REFUSED = [
    "",
    ":8787",
    "evil.example",
    "evil.example:8787",
    "localhost",
    "127.0.0.1",
    "localhost:80",
    "localhost:8788",
    "localhost:08787",
    "localhost: 8787",
    "localhost:8787 ",
    "localhost:+8787",
    "localhost:\u0668\u0667\u0668\u0667",
    "localhost.:8787",
    "localhost.evil.example:8787",
    "evil.example#localhost:8787",
    "user@localhost:8787",
    "localhost:8787, evil.example",
    "localhost:8787/",
    "127.1:8787",
    "2130706433:8787",
    "0x7f.0.0.1:8787",
    "127.0.0.1.nip.io:8787",
    "0.0.0.0:8787",
    "[::]:8787",
    "[fd00::8]:8787",
    "[fe80::1]:8787",
    "192.168.0.1:8787",
    "10.0.0.7",
    "10.0.0.70:8787",
    "devbox",
    "devbox:443",
    "xdevbox:8787",
    "devbox.lan:8787",
    "proxy.example:8787",
    "proxy.example:80",
    "plain.example:443",
    "odd.example",
    "odd.example:8787",
    "[localhost]:8787",
    f"{'a' * 300}:8787",
    "[devbox]:8787",
    "[::1:8787",
    "::1]:8787",
    "::1:8787",
    "[[::1]]:8787",
    "127.0.0.1]:8787",
]


@every("host", SERVED)
def test_a_known_name_with_its_port_is_served(host: str) -> None:
    assert reason((b"Host", host.encode())) == ""


@every("host", REFUSED)
def test_every_other_name_is_refused(host: str) -> None:
    refused = refusal((b"hOST", host.encode()))
    assert refused is not None
    assert (refused.status, refused.kind, refused.reason) == (403, "permission_error", "host")


def test_a_request_without_a_host_is_refused() -> None:
    assert reason() == reason(version=(1, 0)) == "host"


def test_a_proxy_on_the_default_port_needs_none_in_host() -> None:
    own = access_by("127.0.0.1", [], "")
    head = Head("GET", "/", {"host": "localhost"})
    assert own.refusal(head, "/", [], (1, 1), 80) is None
    assert own.refusal(head, "/", [], (1, 1), 8080) is not None


_KNOWN = {"localhost", "10.0.0.7", "devbox", "fd00::7"}
_PIECES = ["localhost", "127.0.0.1", "::1", "devbox", "evil.example", "10.0.0.7", "proxy.example", "fd00::7"]
_PIECES += ["[", "]", ":", ".", "8787", "443", "80", "0", " ", "@", "/", ",", "#", "%", "\u0130", "x", "-"]


@given(st.lists(st.sampled_from(_PIECES), max_size=7).map("".join) | st.text(max_size=20))
def test_nothing_but_a_known_name_passes(host: str) -> None:
    """Held against the grammar of `uri-host [ ":" port ]` (RFC 9110, section 7.2), read independently."""
    if reason((b"Host", host.encode("utf-8", "surrogateescape"))):
        return
    lower = host.lower()
    if re.fullmatch(r"proxy\.example(:443)?|plain\.example(:80)?|odd\.example:8443", lower):
        return
    parts = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:]+)):8787", lower)
    assert parts is not None
    name = parts[1] or parts[2]
    address = ipaddress.ip_address(name) if name not in _KNOWN else None
    assert address is None or (getattr(address, "ipv4_mapped", None) or address).is_loopback


@every(
    "origin",
    [
        "http://localhost:8787",
        "http://127.0.0.1:8787",
        "http://[::1]:8787",
        "https://devbox:8787",
        "https://proxy.example",
        "https://proxy.example:443",
        "http://plain.example",
    ],
)
def test_its_own_pages_may_ask(origin: str) -> None:
    assert reason(HERE, (b"Origin", origin.encode()), (b"Sec-Fetch-Site", b"same-origin")) == ""


@every(
    "origin",
    [
        "",
        "null",
        "https://evil.example",
        "http://evil.example:8787",
        "http://localhost",
        "http://localhost:3000",
        "https://localhost",
        "localhost:8787",
        "file://",
        "file://localhost:8787",
        "chrome-extension://localhost:8787",
        "http://localhost:8787.evil.example",
        "http://localhost:8787/",
        "http://localhost:8787 http://evil.example",
        "http://evil.example@localhost:8787",
        "http:/localhost:8787",
    ],
)
def test_every_other_page_is_refused(origin: str) -> None:
    refused = refusal(HERE, (b"Origin", origin.encode()))
    assert refused is not None
    assert (refused.status, refused.kind, refused.reason) == (403, "permission_error", "origin")


@every(
    ("site", "refused"),
    [(b"none", ""), (b"same-origin", ""), (b"same-site", "origin"), (b"cross-site", "origin"), (b"", "origin")],
)
def test_a_browser_tells_whose_request_it_is(site: bytes, refused: str) -> None:
    assert reason(HERE, (b"Sec-Fetch-Site", site)) == refused
    assert reason(HERE, (b"Sec-Fetch-Site", site), (b"Origin", b"http://localhost:8787")) == refused


@every(
    "given_token",
    [None, b"", b"sixteen-or-more-", b"sixteen-or-more-xx", b"Sixteen-or-more-x", b"sixteen-or-more-\xff", b"\xc3\xa9"],
)
def test_without_the_token_nobody_is_served(given_token: bytes | None) -> None:
    headers = [] if given_token is None else [(b"x-sidestep-token", given_token)]
    refused = refusal(HERE, *headers, own=GUARDED)
    assert refused is not None
    assert (refused.status, refused.kind, refused.reason) == (401, "authentication_error", "token")
    assert "sixteen" not in refused.text


def test_with_the_token_one_is() -> None:
    assert reason(HERE, (b"X-Sidestep-Token", b"sixteen-or-more-x"), own=GUARDED) == ""


def test_the_token_opens_no_other_door() -> None:
    token = (b"x-sidestep-token", b"sixteen-or-more-x")
    assert reason((b"Host", b"evil.example"), token, own=GUARDED) == "host"
    assert reason(HERE, (b"Origin", b"null"), token, own=GUARDED) == "origin"
    assert reason(HERE, token, target="*", own=GUARDED) == "target"


@every(
    ("codings", "version", "refused"),
    [
        ([b"chunked"], (1, 1), ""),
        ([b" CHUNKED\t"], (1, 1), ""),
        ([b"chunked"], (1, 0), "transfer coding"),
        ([b"gzip, chunked"], (1, 1), "transfer coding"),
        ([b"chunked, chunked"], (1, 1), "transfer coding"),
        ([b"chunked", b"chunked"], (1, 1), "transfer coding"),
        ([b"chunked", b"identity"], (1, 1), "transfer coding"),
        ([b"identity"], (1, 1), "transfer coding"),
        ([b"xchunked"], (1, 1), "transfer coding"),
        ([b"chunked;x=1"], (1, 1), "transfer coding"),
        ([b"\x0bchunked"], (1, 1), "transfer coding"),
        ([b""], (1, 1), "transfer coding"),
    ],
)
def test_one_transfer_coding_is_known(codings: list[bytes], version: HttpVersion, refused: str) -> None:
    headers = [(b"Transfer-Encoding", coding) for coding in codings]
    assert reason(HERE, *headers, method="POST", version=version) == refused


ASKS = (b"Connection", b"keep-alive, Upgrade")


@every(
    ("method", "headers", "refused"),
    [
        ("GET", [ASKS, (b"Upgrade", b"websocket")], ""),
        ("GET", [ASKS, (b"Upgrade", b"WebSocket"), (b"Content-Length", b"0")], ""),
        ("GET", [(b"Upgrade", b"h2c")], ""),
        ("GET", [ASKS], ""),
        ("GET", [ASKS, (b"Upgrade", b"h2c")], "upgrade"),
        ("GET", [ASKS, (b"Upgrade", b"websocket, h2c")], "upgrade"),
        ("GET", [ASKS, (b"Upgrade", b"websocket"), (b"Upgrade", b"h2c")], "upgrade"),
        ("GET", [ASKS, (b"Upgrade", b"websocket/13")], "upgrade"),
        ("GET", [ASKS, (b"Upgrade", b"")], "upgrade"),
        ("POST", [ASKS, (b"Upgrade", b"websocket")], "upgrade"),
        ("GET", [ASKS, (b"Upgrade", b"websocket"), (b"Content-Length", b"1")], "upgrade"),
        ("GET", [ASKS, (b"Upgrade", b"websocket"), (b"Transfer-Encoding", b"chunked")], "upgrade"),
        ("GET", [(b"Connection", b"close"), (b"CONNECTION", b"upgrade"), (b"Upgrade", b"h2c")], "upgrade"),
    ],
)
def test_an_upgrade_to_websocket_passes_and_no_other(method: str, headers: RawPairs, refused: str) -> None:
    assert reason(HERE, *headers, method=method) == refused
    if refused:
        assert refusal(HERE, *headers, method=method).status == 501  # type: ignore[union-attr]


def test_a_token_is_compared_in_a_time_that_tells_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, wanted: bytes) -> bool:
        compared.append((given, wanted))
        return True

    monkeypatch.setattr("proxy.downstream.access.hmac.compare_digest", compare)
    assert reason(HERE, (b"x-sidestep-token", b"any"), own=GUARDED) == ""
    assert compared == [(b"any", b"sixteen-or-more-x")]

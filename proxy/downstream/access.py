"""Local security: which requests are refused, decided by the head alone."""

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from proxy.exchange import Head
from proxy.headers import TOKEN_HEADER, RawHeaders, tokens, values
from proxy.machine.addresses import is_loopback

HttpVersion = tuple[int, int]

_LONGEST = 300
"""Characters of a name with its port: no name in the DNS has more than 253 (RFC 1035, section 2.3.4)."""

_AUTHORITY = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:]+))(?::([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused request: a status, the API's kind of error, a short reason for the log, and a text for people.

    `final`: the connection is closed too, since the bytes after such a request cannot be trusted.
    """

    status: int
    kind: str
    reason: str
    text: str
    final: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Further headers of the reply."""


_CONTINUE = b"100-continue"
_INVALID, _FORBIDDEN = "invalid_request_error", "permission_error"

_OPEN_PROXY = Refusal(400, _INVALID, "target", "Sidestep is no open proxy: it serves paths, such as /v1/messages", True)
_VERSION = Refusal(505, _INVALID, "version", "Sidestep speaks HTTP/1.1 and HTTP/1.0", True)
_FRAMING = Refusal(
    501, _INVALID, "transfer coding", "Sidestep knows no transfer coding but chunked, and that in HTTP/1.1 alone", True
)
_EXPECTATION = Refusal(417, _INVALID, "expectation", "Sidestep knows no expectation but 100-continue", True)
_UPGRADE = Refusal(
    501, _INVALID, "upgrade", "Sidestep can upgrade a connection to WebSocket, by GET, and to nothing else", True
)
_OTHER_HOST = Refusal(
    403,
    _FORBIDDEN,
    "host",
    "Sidestep serves loopback names and those in listen.names, on its own port: the Host header names something else",
)
_OTHER_SITE = Refusal(403, _FORBIDDEN, "origin", "Sidestep serves no other site's pages: this request was made by one")
_NO_TOKEN = Refusal(
    401,
    "authentication_error",
    "token",
    f"Sidestep wants the local token of listen.token in the header {TOKEN_HEADER.decode()}",
)
_NO_PASSWORD = Refusal(
    401,
    "authentication_error",
    "token",
    f"Sidestep wants the local token of listen.token, as the password or in the header {TOKEN_HEADER.decode()}",
    headers=((b"WWW-Authenticate", b'Basic realm="Sidestep", charset="UTF-8"'),),
)

LOCAL_PATHS = "/-/"
"""Paths below it are served locally, and never forwarded."""


def is_local(target: str) -> bool:
    """Whether a path, or a target with its query, is Sidestep's: below `/-/`, or `/-` itself."""
    return target.startswith("/-") and target[2:3] in ("", "/", "?")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may connect: by which names, and with which token ("" for none).

    Names are in lower case, each with its port; "" stands for this proxy's port, another is that of a load balancer.
    """

    host: str
    names: frozenset[tuple[str, str]]
    token: str

    def refusal(self, head: Head, target: str, raw: RawHeaders, version: HttpVersion, port: int) -> Refusal | None:
        """Why a request is refused, or None if it is not; `target` is its raw target, `port` the one connected to.

        A page of another site can make a browser send requests here; by DNS rebinding even under its own name. So
        `Host` must be a name of this proxy's with its port, and nothing may say that the request comes from another
        site (Fetch Standard, "Origin header"; Fetch Metadata, `Sec-Fetch-Site`).
        """
        if head.method == "CONNECT" or not target.startswith("/"):
            return _OPEN_PROXY
        if version not in ((1, 0), (1, 1)):
            return _VERSION
        if not self._is_here("http", head.headers.get("host", ""), port):
            return _OTHER_HOST
        if self._is_foreign(head, raw, port):
            return _OTHER_SITE
        if self.token and not self._knows_token(raw):
            if not (head.method in ("GET", "HEAD") and is_local(head.path)):
                return _NO_TOKEN
            if not self._knows_password(raw):
                return _NO_PASSWORD
        if "expect" in head.headers and any(each.lower() != _CONTINUE for each in values(raw, b"expect")):
            return _EXPECTATION
        if "transfer-encoding" in head.headers and (
            version != (1, 1) or tokens(raw, b"transfer-encoding") != [b"chunked"]
        ):
            return _FRAMING
        return _UPGRADE if "upgrade" in head.headers and _is_odd_upgrade(head, raw) else None

    def _is_foreign(self, head: Head, raw: RawHeaders, port: int) -> bool:
        """Whether a page of another site made a browser send this request; all values count, not only the first."""
        if "sec-fetch-site" in head.headers:
            sites = values(raw, b"sec-fetch-site")
            if not {b"none", b"same-origin"}.issuperset(sites):
                return True
        return "origin" in head.headers and not all(
            self._knows_origin(origin, port) for origin in values(raw, b"origin")
        )

    def _knows_origin(self, origin: bytes, port: int) -> bool:
        scheme, _, authority = origin.decode("latin-1").partition("://")
        return scheme in ("http", "https") and self._is_here(scheme, authority, port)

    def _is_here(self, scheme: str, authority: str, port: int) -> bool:
        """Whether `host[:port]` is a name of this proxy; without a port, the scheme's is meant (RFC 9110, 4.2)."""
        return len(authority) <= _LONGEST and _is_known(self.host, self.names, scheme, authority, port)

    def _knows_token(self, raw: RawHeaders) -> bool:
        given = values(raw, TOKEN_HEADER)
        return len(given) == 1 and hmac.compare_digest(given[0], self.token.encode())

    def _knows_password(self, raw: RawHeaders) -> bool:
        """Whether the token was sent as a password (RFC 7617), with any user name: browsers have no other way.

        Only for local pages: in other requests, `Authorization` is for the upstream.
        """
        given = values(raw, b"authorization")
        scheme, _, encoded = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        if scheme.lower() != b"basic":
            return False
        try:
            pair = base64.b64decode(encoded.strip(b" "), validate=True)
        except ValueError:
            return False
        return hmac.compare_digest(pair.partition(b":")[2], self.token.encode())


def access_by(host: str, names: Sequence[str], token: str) -> Access:
    """From the settings of `[listen]`."""
    return Access(host.lower(), frozenset(_split(name.lower()) for name in names), token)


def _split(authority: str) -> tuple[str, str]:
    """`host:port`, `[::1]:port` or `host` to host and port, each "" where there is none, and both in anything else."""
    parts = _AUTHORITY.fullmatch(authority)
    return (parts[1] or parts[2], parts[3] or "") if parts else ("", "")


# Cached, since clients send the same one with every request.
@lru_cache(256)
def _is_known(host: str, names: frozenset[tuple[str, str]], scheme: str, authority: str, port: int) -> bool:
    name, named = _split(authority.lower())
    if any((name, default) in names for default in ([named] if named else ["80", "443"])):
        return True
    given = named or ("443" if scheme == "https" else "80")
    return given == str(port) and (name == host or (name, "") in names or is_loopback(name))


def _is_odd_upgrade(head: Head, raw: RawHeaders) -> bool:
    """Whether a request asks for an upgrade that is not WebSocket's (RFC 6455, section 4.1)."""
    asks = b"upgrade" in tokens(raw, b"connection")
    websocket = head.method == "GET" and tokens(raw, b"upgrade") == [b"websocket"] and not _has_body(head)
    return asks and not websocket


def _has_body(head: Head) -> bool:
    return "transfer-encoding" in head.headers or head.headers.get("content-length", "0") != "0"

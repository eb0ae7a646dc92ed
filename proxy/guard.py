"""Which requests are not served at all: local security, from the head alone."""

import ipaddress
from dataclasses import dataclass

from proxy.exchange import Head
from proxy.headers import RawHeaders, are_utf8


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served: a status, the API's kind of error, a short phrase for the log, words for people."""

    status: int
    kind: str
    reason: str
    text: str


_OPEN_PROXY = Refusal(
    400, "invalid_request_error", "target", "Sidestep is no open proxy: it serves paths, such as /v1/messages"
)
_NOT_UTF8 = Refusal(
    400,
    "invalid_request_error",
    "header encoding",
    "Sidestep cannot forward a header that is not UTF-8 unchanged, and does not forward it changed",
)
_OTHER_HOST = Refusal(
    403,
    "permission_error",
    "host",
    "Sidestep serves loopback names on its own port: the Host header names something else",
)
_OTHER_SITE = Refusal(
    403, "permission_error", "origin", "Sidestep serves no other site's pages: this request was made by one"
)


def refusal(head: Head, target: str, raw: RawHeaders, port: int) -> Refusal | None:
    """Why a request is refused, or None if it is not; `target` is its raw target, `port` the one connected to.

    A page of another site can make a browser send requests here; by DNS rebinding even under its own name. So `Host`
    must be a loopback name with the port that was connected to, and nothing may say that it comes from another site
    (Fetch Standard, "Origin header"; Fetch Metadata, `Sec-Fetch-Site`).
    """
    if head.method == "CONNECT" or not target.startswith("/"):
        return _OPEN_PROXY
    if not are_utf8(raw):
        return _NOT_UTF8
    if not _is_here(head.headers.get("host", ""), port):
        return _OTHER_HOST
    origin = head.headers.get("origin")
    if origin is not None and not (origin.startswith("http://") and _is_here(origin[len("http://") :], port)):
        return _OTHER_SITE
    return _OTHER_SITE if head.headers.get("sec-fetch-site", "none") not in ("none", "same-origin") else None


def _is_here(authority: str, port: int) -> bool:
    """Whether `host[:port]` is a loopback name, with this port."""
    host, colon, named = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        host, named = authority, "80"
    return named == str(port) and _is_loopback(host.removeprefix("[").removesuffix("]"))


def _is_loopback(name: str) -> bool:
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

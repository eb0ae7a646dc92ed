"""Variables of the environment that Sidestep ignores although people may expect otherwise: proxies and authorities.

Pure, except for the environment, which is passed in. Values are not shown: they may contain a password.
"""

import os
import re
from collections.abc import Iterator, Mapping

from yarl import URL

from proxy.settings.config import UpstreamSettings

AUTHORITIES = "NODE_EXTRA_CA_CERTS"
"""The client's variable for further certificate authorities."""

_PROXIES = ("https_proxy", "all_proxy", "http_proxy")
_NOT_HERE = ("", "localhost", "127.0.0.1", "::1")


def proxy_variable(host: str, environ: Mapping[str, str] = os.environ) -> str:
    """The variable that makes other programs use a proxy for `host`; "" for none."""
    values = {name.lower(): value for name, value in environ.items() if value}
    if host in _NOT_HERE or without_proxy(host, values.get("no_proxy", "")):
        return ""
    names = {name.lower(): name for name in environ if name.lower() in _PROXIES and environ[name]}
    return next((names[name] for name in _PROXIES if name in names), "")


def without_proxy(host: str, listed: str) -> bool:
    """Whether `NO_PROXY` lists a host: by its name, by its domain, or by `*`."""
    entries = {re.sub(r"^\*?\.|(?<!:):[0-9]+$", "", entry) for entry in re.split(r"[,\s]+", listed) if entry}
    return any(entry == "*" or host == entry or host.endswith(f".{entry}") for entry in entries)


def hints(upstream: UpstreamSettings, environ: Mapping[str, str] = os.environ) -> Iterator[tuple[str, str, str]]:
    """Settings that may be wrong: the key, why, and what to do."""
    url = URL(upstream.url)
    path = url.path.rstrip("/")
    for end in ("/v1", "/v1/messages"):
        if path.endswith(end):
            yield "upstream.url", f"it ends in {end}, and requests bring their own /v1/messages", f"leave {end} out"
    variable = proxy_variable(url.host or "", environ)
    if variable and not upstream.proxy:
        yield "upstream.proxy", f"{variable} is set, and not looked at", "set upstream.proxy if it is the way out"
    if url.scheme == "https" and environ.get(AUTHORITIES) and not upstream.ca_file:
        yield "upstream.ca_file", f"{AUTHORITIES} is set, and not looked at", "set upstream.ca_file to that file"

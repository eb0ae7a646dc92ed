"""Validators of settings: each returns its value, or raises ValueError with what it expects."""

import ipaddress
import re

from pydantic import ValidationInfo
from yarl import URL

from proxy.machine.addresses import is_loopback

# As in the Host header: a name or an address, and the port if it is another than this proxy's.
_NAME = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_TOKEN = re.compile(r"[!-~]{16,}")


def address(host: str, info: ValidationInfo) -> str:
    """An address to listen on. If other machines can reach it, a token must be set."""
    try:
        ipaddress.ip_address("::1" if host == "localhost" else host)
    except ValueError:
        raise ValueError('expected an address such as "127.0.0.1" or "::1", or "localhost"') from None
    if not is_loopback(host) and not info.data.get(
        "token", "at fault"
    ):  # a faulty token is missing here, and was reported
        raise ValueError(
            'expected a loopback address such as "127.0.0.1", "::1" or "localhost": '
            "to listen for other machines, set listen.token first"
        )
    return host


def name(name: str) -> str:
    """A name by which clients reach it, as in the Host header."""
    if not _NAME.fullmatch(name):
        raise ValueError('expected a name or address as the Host header has it, such as "devbox" or "devbox.lan:443"')
    return name


def token(token: str) -> str:
    """The local token."""
    if token and not _TOKEN.fullmatch(token):
        raise ValueError("expected at least 16 visible ASCII characters, or none")
    return token


def file(name: str) -> str:
    """The name of a file or folder."""
    if "\0" in name:
        raise ValueError("expected the name of a file or folder, which has no NUL")
    return name


def proxy(text: str) -> str:
    """The proxy before the upstream, or none."""
    url = _url(text)
    if text and (url.scheme != "http" or not url.host or url.raw_path not in ("", "/") or set(text) & set("?#")):
        raise ValueError('expected an http URL such as "http://127.0.0.1:3128", or ""')
    return text


def upstream(text: str) -> str:
    """The upstream's address."""
    url = _url(text)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError('expected an http or https URL such as "https://api.anthropic.com"')
    if "@" in url.raw_authority or "@" in text.partition("://")[2].partition("/")[0]:
        raise ValueError("expected a URL without user name and password: the client sends its own credentials")
    if set(text) & set("?#"):
        raise ValueError("expected a URL without query and fragment")
    if any(character.isspace() for character in text):
        raise ValueError("expected a URL without blanks")
    return text


def _url(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        return URL()

"""The port, the upstream's name, TLS and the clock. No request is made to the upstream itself."""

import asyncio
import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
from yarl import URL

import proxy
from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.commands.doctor.plain_http import Address, Message, ask
from proxy.config import Listen

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""A name and a port to addresses; raises OSError."""

_DAY = 86400.0

_OWN = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Under which address this machine reaches itself, where the one to listen on is none."""


async def port(listen: Listen, token: str = "") -> Finding:
    """Who is at the address of the settings: nobody, Sidestep, or another program."""
    address = Address(_OWN.get(listen.host, listen.host), listen.port, token)
    if listen.port == 0:
        return ok("port", "any free one, as the settings say")
    try:
        reply = await ask(address, address.request("GET /-/ready", ["Connection: close"]))
    except ConnectionRefusedError:
        return _free(address)
    except (OSError, EOFError, TimeoutError, ValueError):
        return _another(address)
    return _answered(address, reply)


def _free(address: Address) -> Finding:
    """Nobody listens: could Sidestep?"""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            return fault("port", f"{address.authority}: {error.strerror}", "set listen.host and listen.port otherwise")
    return warning("port", f"{address.authority} is free: Sidestep does not run", "start the service, or `serve`")


def _answered(address: Address, reply: Message) -> Finding:
    try:
        state = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return _another(address)
    if not isinstance(state, dict):
        return _another(address)
    if state.get("ready") is True:
        return ok("port", f"Sidestep answers at {address.authority}")
    if "ready" in state:
        faults = "; ".join(map(str, state.get("faults", ())))
        return fault("port", f"Sidestep at {address.authority} is not ready: {faults}", "mend that, then reload")
    if reply.status == 401:
        return fault(
            "port", f"Sidestep at {address.authority} wants another token", "restart it, or name its token: --set"
        )
    return _another(address)


def _another(address: Address) -> Finding:
    return fault("port", f"another program is at {address.authority}", "stop it, or set listen.port otherwise")


async def resolve(host: str, number: int) -> list[str]:
    """By the machine's own resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, number, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})


async def upstream_name(url: URL, listen: Listen, through: str = "", by: Resolve = resolve) -> Finding:
    """Whether the upstream's name, or that of the proxy to go `through`, leads to an address."""
    target = URL(through) if through else url
    host, number = target.host or "", target.port or 443
    try:
        addresses = await asyncio.wait_for(by(host, number), 10.0)
    except (OSError, TimeoutError) as error:
        said = getattr(error, "strerror", None) or "no answer within 10 seconds"
        return fault("upstream", f"{host}: {said}", "mend the name in the settings, or this machine's resolver (DNS)")
    inside = all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses)
    if inside and number == listen.port:
        return fault("upstream", f"{host}:{number} is Sidestep itself", "set upstream.url to the model's address")
    if url.scheme == "http" and not inside:
        return warning("upstream", f"{url}: keys and prompts go there unencrypted", "set an https address")
    return ok("upstream", f"{host} is {', '.join(addresses)}")


def tls(url: URL, ca_file: str = "") -> Finding:
    """Whether there are authorities by which the upstream's certificate can be judged."""
    if url.scheme != "https":
        return ok("TLS", "not used: the upstream's address is http")
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # an SSLError is one
        said = error.strerror or str(error)
        return fault("TLS", f"{ca_file}: {said}", "set upstream.ca_file to a file of PEM certificates")
    known = context.cert_store_stats()["x509_ca"]
    if known:
        return ok("TLS", f"{known} certificate authorities")
    if not ca_file and _hashed(ssl.get_default_verify_paths().capath):
        return ok("TLS", "certificate authorities, read when they are needed")
    return fault("TLS", "no certificate authority is known", "install ca-certificates, or set upstream.ca_file")


def _hashed(folder: str | None) -> bool:
    """Whether OpenSSL finds authorities there by itself, in files named by hash (`c_rehash`)."""
    return bool(folder) and os.path.isdir(str(folder)) and any(Path(str(folder)).glob("*.0"))


def clock(now: float | None = None) -> Finding:
    """A clock that is behind this program's own files makes every certificate look invalid."""
    now = time.time() if now is None else now
    installed = Path(proxy.__file__).stat().st_mtime
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    if now < installed - _DAY:
        return fault("clock", f"{shown}, before this program was installed", "set the clock, or switch on NTP")
    return ok("clock", shown)

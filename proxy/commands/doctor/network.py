"""The way to the upstream, tried as a request would use it, and the clock. Only `--ask` sends a request."""

import asyncio
import http.client
import os
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from yarl import URL

import proxy
from proxy.commands.doctor.findings import Finding, fault, ok, warning
from proxy.machine.addresses import is_loopback
from proxy.settings.config import Config, UpstreamSettings
from proxy.settings.surroundings import hints
from proxy.upstream.dial import Dialer
from proxy.upstream.faults import PROBLEMS, ConnectionLost, ConnectTimeout, ProxyRefused, TlsTimeout, upstream_error
from proxy.upstream.tls import tls_context

TIMEOUT = 10.0
"""Seconds for one answer, where no setting applies."""

_SPEAKS = 2.0
"""Seconds for the attempt at a TLS handshake."""

_DAY = 86400.0
_MODELS = "/v1/models"
_CHECK_URL = "check scheme and port of upstream.url"
_MOST = 1_000_000
"""Bytes of a reply that are read."""


async def upstream(config: Config) -> AsyncIterator[Finding]:
    """Whether a connection can be opened as for a request: name, address, proxy and TLS, by these settings."""
    for key, problem, todo in hints(config.upstream):
        yield warning("upstream", f"{key}: {problem}", todo)
    if borrowed := _borrowed(config.upstream):
        yield borrowed
    url = URL(config.upstream.url)
    if await _is_itself(url, config.listen.port):
        yield fault("upstream", f"{url.authority} is Sidestep itself", "set upstream.url to the model's address")
        return
    try:
        connection = await Dialer(config.upstream).open()
    except PROBLEMS as error:
        failure = upstream_error(error, url.host)
        yield fault("upstream", f"{url.host} {failure.words}", failure.todo or "look there")
        return
    connection.abort()
    yield await _connected(url, config.upstream)


async def _connected(url: URL, settings: UpstreamSettings) -> Finding:
    through = " through upstream.proxy" if settings.proxy else ""
    if url.scheme == "https":
        return ok("upstream", f"{url.authority} is connected to{through}, and its certificate is valid")
    if not settings.proxy and await asyncio.to_thread(_speaks_tls, str(url.host), url.port or 80):
        return fault("upstream", f"{url.authority} speaks TLS, and upstream.url says http", "write https:// there")
    if not is_loopback(str(url.host)):
        return warning("upstream", f"{url.authority}: keys and prompts go there unencrypted", "set an https address")
    return ok("upstream", f"{url.authority} is connected to{through}")


def _borrowed(settings: UpstreamSettings) -> Finding | None:
    """A warning if this command gets authorities from the environment: a service would not."""
    name = "SSL_CERT_FILE"
    given, usual = os.environ.get(name, ""), ssl.get_default_verify_paths()
    if URL(settings.url).scheme != "https" or settings.ca_file or not given:
        return None
    if Path(usual.openssl_capath).resolve() in Path(given).resolve().parents or given == usual.openssl_cafile:
        return None  # the system's default
    found = f"upstream.ca_file: {name} is set, and in force here; a service does not see it"
    return warning("upstream", found, "set upstream.ca_file to that file")


async def _is_itself(url: URL, listens: int) -> bool:
    """Whether the URL leads back to the port that Sidestep listens on."""
    if url.port != listens:
        return False
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(is_loopback(str(address[0])) for *_, address in found)


def _speaks_tls(host: str, port: int) -> bool:
    """Whether a TLS handshake succeeds, with any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), _SPEAKS) as plain, context.wrap_socket(plain, server_hostname=host):
            return True
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Reply:
    """The relevant parts of the upstream's reply."""

    status: int
    kind: str
    """Its media type."""
    body: bytes


def not_asked() -> Finding:
    """Instead of `answer`, if the way has a fault: the question would only tell of it once more, less exactly."""
    return warning("answer", "not asked: the way to the upstream has a fault", "mend that first, see `upstream`")


async def answer(settings: UpstreamSettings) -> Finding:
    """What answers a request without credentials: the API, a gateway, or a web page."""
    url = URL(settings.url)
    try:
        return _judged(await asyncio.to_thread(_ask, settings))
    except TimeoutError:
        found = f"{_MODELS}: no reply within {TIMEOUT:g} seconds"
        return warning("answer", found, "a busy local model may take longer: try again when it is idle")
    except PROBLEMS as error:
        failure = upstream_error(error, url.host, perhaps_tls=url.scheme == "http")
        return fault("answer", f"the upstream {failure.words}", failure.todo or _CHECK_URL)
    except http.client.IncompleteRead:
        return fault("answer", f"{_MODELS}: the reply does not come to its end", "look there")
    except http.client.HTTPException as error:
        found = f"the upstream answers with what is no HTTP/1.1 ({type(error).__name__})"
        return fault("answer", found, _CHECK_URL)


def _ask(settings: UpstreamSettings) -> Reply:
    """Send `GET /v1/models`, by these settings. Raises TimeoutError only where an open connection stays silent."""
    connection = _connection(settings)
    try:
        _connect(connection, through=bool(settings.proxy))
        headers = {"anthropic-version": "2023-06-01", "user-agent": f"sidestep-doctor/{proxy.__version__}"}
        try:
            connection.request("GET", URL(settings.url).raw_path.rstrip("/") + _MODELS, headers=headers)
            reply = connection.getresponse()
        except ConnectionError as error:
            raise ConnectionLost from error
        return Reply(reply.status, reply.headers.get_content_type(), _body(reply))
    finally:
        connection.close()


def _connection(settings: UpstreamSettings) -> http.client.HTTPConnection:
    """Not open yet."""
    url, through = URL(settings.url), URL(settings.proxy) if settings.proxy else None
    host, number = (through.host, through.port) if through else (url.host, url.port)
    connection = http.client.HTTPConnection(str(host), number, timeout=TIMEOUT)
    if url.scheme == "https":
        context = tls_context(settings.ca_file)
        connection = http.client.HTTPSConnection(str(host), number, timeout=TIMEOUT, context=context)
    if through:
        secret = b64encode(f"{through.user}:{through.password or ''}".encode()).decode()
        connection.set_tunnel(
            str(url.host), url.port, {"Proxy-Authorization": f"Basic {secret}"} if through.user else {}
        )
    return connection


def _connect(connection: http.client.HTTPConnection, *, through: bool) -> None:
    """Open it. Raises what `upstream_error` has words for; `through`: there is a proxy on the way."""
    try:
        connection.connect()
    except TimeoutError:
        raise (TlsTimeout if connection.sock and not through else ConnectTimeout) from None
    except ssl.SSLError:
        raise
    except OSError as error:
        if through:
            raise ProxyRefused("did not open a tunnel") from error
        raise


def _body(reply: http.client.HTTPResponse) -> bytes:
    """As much of the body as is read. Raises IncompleteRead if it ends too early or stops."""
    try:
        body = reply.read(_MOST)
    except OSError:
        raise http.client.IncompleteRead(b"") from None
    if reply.length and len(body) < _MOST:
        raise http.client.IncompleteRead(body)
    return body


def _judged(reply: Reply) -> Finding:
    shown = f"{_MODELS}: {reply.status} {reply.kind}"
    match reply.status // 100:
        case 3:
            return fault("answer", f"{shown}: it leads elsewhere", "set upstream.url to where it leads")
        case 5:
            return fault("answer", f"{shown}: what stands there fails", "look there")
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        return fault("answer", f"{shown}: a page, and no API", "set upstream.url to the API's address")
    if reply.status in (401, 403) or (reply.status == 200 and "data" in document):
        return ok("answer", f"{shown}, as the API does where no key is sent")
    return warning("answer", f"{shown}: perhaps a gateway without this page", "check the path in upstream.url")


def clock(now: float | None = None) -> Finding:
    """A clock that is behind makes certificates look invalid; this program's files are the reference."""
    now = time.time() if now is None else now
    installed = Path(proxy.__file__).stat().st_mtime
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    if now < installed - _DAY:
        return fault("clock", f"{shown}, before this program was installed", "set the clock, or switch on NTP")
    return ok("clock", shown)

"""Opening a connection to the upstream: names, addresses, the proxy before it if there is one, TLS."""

import asyncio
import base64
import re
import socket

import aiohappyeyeballs
from yarl import URL

from proxy.settings.config import UpstreamSettings
from proxy.upstream.connection import Connection
from proxy.upstream.faults import ConnectTimeout, ProxyRefused, TlsFailed, TlsTimeout
from proxy.upstream.tls import tls_context

_NEXT_ADDRESS_SECONDS = 0.25
"""Until the next address of a name is tried in parallel (RFC 8305, section 8, "Connection Attempt Delay")."""

_PROXY_REPLY = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b")
_MAX_PROXY_REPLY = 64 * 1024


class Dialer:
    """Opens connections as the configuration says; knows nothing of requests."""

    def __init__(self, config: UpstreamSettings) -> None:
        url = URL(config.url)
        assert url.raw_host is not None
        assert url.port is not None
        self._host, self._port = url.raw_host, url.port
        self._proxy = URL(config.proxy) if config.proxy else None
        self._tls = tls_context(config.ca_file) if url.scheme == "https" else None
        self._connect_timeout, self._idle_timeout = config.connect_timeout, config.idle_timeout

    async def open(self) -> Connection:
        """A fresh connection. Raises `ConnectTimeout`, `ProxyRefused`, `TlsFailed`, ssl.SSLError or OSError."""
        late: type[ConnectTimeout] = ConnectTimeout
        try:
            async with asyncio.timeout(self._connect_timeout):
                handle = await self._socket()
                late = TlsTimeout if self._tls else ConnectTimeout
                try:
                    return await self._over(handle)
                except BaseException:
                    handle.close()
                    raise
        except TimeoutError:
            raise late from None

    async def _socket(self) -> socket.socket:
        """A connected socket that leads to the upstream, by way of the proxy where there is one."""
        if self._proxy is None:
            return await _connected(self._host, self._port)
        try:
            handle = await _connected(str(self._proxy.host), self._proxy.port or 80)
        except OSError as error:
            raise ProxyRefused("cannot be reached") from error
        try:
            await self._tunnel(handle, self._proxy)
        except BaseException:
            handle.close()
            raise
        return handle

    async def _tunnel(self, handle: socket.socket, proxy: URL) -> None:
        """Have the proxy open a tunnel (RFC 9110, section 9.3.6)."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        head = f"CONNECT {host}:{self._port} HTTP/1.1\r\nHost: {host}:{self._port}\r\n"
        if proxy.user is not None:
            credentials = f"{proxy.user}:{proxy.password or ''}".encode()
            head += f"Proxy-Authorization: Basic {base64.b64encode(credentials).decode()}\r\n"
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(handle, head.encode() + b"\r\n")
        said = b""
        while b"\r\n\r\n" not in said:  # a refusal may bring a body with it
            data = await loop.sock_recv(handle, 4096)
            said += data
            if not data or len(said) > _MAX_PROXY_REPLY:
                raise ProxyRefused("closed the connection" if not data else "does not speak HTTP")
        status = _PROXY_REPLY.match(said)
        if status is None or not status[1].startswith(b"2"):
            raise ProxyRefused(f"said {status[1].decode()}" if status else "does not speak HTTP")

    async def _over(self, handle: socket.socket) -> Connection:
        """A connection over the socket, TLS shaken hands."""
        name = self._host if self._tls else None
        connection = Connection(self._idle_timeout, handle)
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: connection, sock=handle, ssl=self._tls, server_hostname=name
            )
        except BaseException as error:
            connection.abort()
            if isinstance(error, ConnectionError):
                raise TlsFailed from error
            raise
        return connection


async def _connected(host: str, port: int) -> socket.socket:
    """A connected socket to the first address of `host` that takes it; raises OSError."""
    loop = asyncio.get_running_loop()
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS)

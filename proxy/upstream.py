"""The way to the upstream and back: the only client session, raw chunks both ways, library errors mapped once, here."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from proxy.config import Config
from proxy.exchange import GONE, Exchange, Reply
from proxy.headers import Pairs, are_utf8, request_headers, response_headers

MAX_HEAD = 256 * 1024
"""Bytes that one line of a head may have, both ways; aiohttp's own limit of 8 KiB refuses real headers."""

MAX_HEADERS = 512


# The API's name for what stands behind a status (API reference, "Errors").
_KIND_OF = {502: "api_error", 504: "timeout_error"}


class UpstreamError(Exception):
    """No reply could be had. `status`, `kind` and `text` are what the client is told, in the API's error shape."""

    def __init__(self, status: int, host: str | None, fault: str) -> None:
        super().__init__(fault)
        self.status, self.kind, self.fault = status, _KIND_OF[status], f"the upstream {fault}"
        self.text = f"Sidestep: the upstream {host} {fault}"


class _ConnectionLost(Exception):  # noqa: N818 - it never leaves this module
    """The connection ended before a reply. Not an `aiohttp.ClientError`, so that aiohttp does not try again itself."""


@dataclass(slots=True)
class _Attempt:
    """One try at sending a request; `reused` tells whether its connection came from the pool."""

    reused: bool = False


class Relayed(web.StreamResponse):
    """A reply of the upstream on its way to the client; `came` has the names of its headers, in lower case."""

    def __init__(self, reply: aiohttp.ClientResponse) -> None:
        self.pairs = response_headers(reply.raw_headers)
        super().__init__(status=reply.status, reason=reply.reason, headers=CIMultiDict(self.pairs))
        self.came = frozenset(name.lower() for name, _ in self.pairs)


class Upload:
    """The body of a request: what was collected, then the rest as it arrives.

    It can be sent again for as long as everything that was read is still held, at most `limit` bytes.
    """

    def __init__(self, exchange: Exchange, content: aiohttp.StreamReader, limit: int) -> None:
        self._exchange, self._content = exchange, content
        self._held, self._room = exchange.collected, limit - sum(map(len, exchange.collected))
        self.whole = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in tuple(self._held):
            yield chunk
        while chunk := await self._content.readany():
            self._exchange.bytes_in += len(chunk)
            self._hold(chunk)
            yield chunk

    def _hold(self, chunk: bytes) -> None:
        self._room -= len(chunk)
        if self._room >= 0:
            self._held.append(chunk)
        else:
            self._held.clear()
            self.whole = False


class Upstream:
    """The upstream of this process. One session, one pool of connections."""

    def __init__(self, config: Config, session: aiohttp.ClientSession) -> None:
        url = URL(config.upstream.url)
        self._origin, self._prefix = url.origin(), url.raw_path.rstrip("/")
        self._limit, self._session = config.rules.max_body, session

    async def relay(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        """Send the request on and bring the reply back, each chunk as it arrives.

        Raises `UpstreamError` when there is no reply; once the reply's head is out, a failure aborts the connection,
        so that no client takes half an answer for a whole one.
        """
        reply = await self._reply(request, exchange)
        if not exchange.keep_body:
            exchange.collected.clear()
        async with reply:
            if not are_utf8(reply.raw_headers):
                raise UpstreamError(502, self._origin.host, "sent a header that is not UTF-8")
            response = Relayed(reply)
            room = exchange.copy_room
            exchange.reply = Reply(reply.status, response.pairs, [] if room else None, room)
            try:
                await response.prepare(request)
                exchange.first_byte = time.perf_counter()
                if await _copy(reply, response, exchange):
                    # Here rather than by aiohttp: what is still to be done about the reply comes after its last byte.
                    await response.write_eof()
                elif request.transport is not None:
                    request.transport.abort()
            except ConnectionError:
                exchange.status, exchange.error = 499, GONE
        return response

    async def _reply(self, request: web.Request, exchange: Exchange) -> aiohttp.ClientResponse:
        """The reply's head. A pooled connection that turns out to be closed costs another try, on the next one."""
        upload = Upload(exchange, request.content, self._limit) if request.body_exists else None
        while True:
            attempt = _Attempt()
            try:
                return await self._send(request, upload, attempt)
            except _ConnectionLost as error:
                if not attempt.reused or (upload and not upload.whole):
                    raise self._translated(error) from error
            except (aiohttp.ClientError, TimeoutError) as error:
                raise self._translated(error) from error

    async def _send(self, request: web.Request, upload: Upload | None, attempt: _Attempt) -> aiohttp.ClientResponse:
        headers = request_headers(request.raw_headers)
        return await self._session.request(
            request.method,
            # The whole raw target as the path: yarl would tidy it otherwise, and drop a bare "?".
            URL.build(
                scheme=self._origin.scheme,
                authority=self._origin.raw_authority,
                path=self._prefix + request.raw_path,
                encoded=True,
            ),
            headers=CIMultiDict(headers),
            middlewares=(_Exactly(headers),),
            data=upload,
            allow_redirects=False,
            trace_request_ctx=attempt,
        )

    def _translated(self, error: Exception) -> UpstreamError:
        """What a library error means for the client: whose fault it is, in words a person can act on."""
        for kind, status, words in _FAULTS:
            if isinstance(error, kind):
                return UpstreamError(status, self._origin.host, words)
        return UpstreamError(502, self._origin.host, f"failed ({type(error).__name__})")


# In order: the first class that fits gives the status and the words.
_FAULTS: list[tuple[type[Exception], int, str]] = [
    (_ConnectionLost, 502, "closed the connection without a reply"),
    (aiohttp.ConnectionTimeoutError, 504, "took too long to accept a connection"),
    (TimeoutError, 504, "was silent for too long"),
    (aiohttp.ClientConnectorDNSError, 502, "cannot be resolved: check upstream.url and the network"),
    (aiohttp.ClientConnectorCertificateError, 502, "has a TLS certificate that is not valid for it"),
    (aiohttp.ClientSSLError, 502, "failed in the TLS handshake"),
    (aiohttp.ClientConnectorError, 502, "cannot be reached: is it running, are host and port of upstream.url right?"),
    (aiohttp.ClientResponseError, 502, "sent something that is not an HTTP reply"),
]


async def _copy(reply: aiohttp.ClientResponse, response: web.StreamResponse, exchange: Exchange) -> bool:
    """Copy the body. False when the upstream failed; raises ConnectionError when the client has gone."""
    while True:
        try:
            chunk = await reply.content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError):
            exchange.outcome, exchange.error = "failed", "the upstream broke off its reply"
            if exchange.reply is not None:
                exchange.reply.copy = None
            return False
        if not chunk:
            return True
        await response.write(chunk)
        exchange.bytes_out += len(chunk)
        if exchange.reply is not None:
            exchange.reply.take(chunk)


@asynccontextmanager
async def connected(config: Config) -> AsyncIterator[Upstream]:
    """The upstream with its session, for as long as the application runs.

    Every default that would change a request or a reply is off: see the arguments.
    """
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    timeout = aiohttp.ClientTimeout(
        total=None, connect=config.upstream.connect_timeout, sock_read=config.upstream.idle_timeout
    )
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
        timeout=timeout,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        max_line_size=MAX_HEAD,
        max_field_size=MAX_HEAD,
        max_headers=MAX_HEADERS,
        trace_configs=[trace],
    ) as session:
        yield Upstream(config, session)


async def _note_reuse(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    """`context` is what a `TraceConfig` makes by default: a namespace around the request's own context."""
    context.trace_request_ctx.reused = True


@dataclass(frozen=True, slots=True)
class _Exactly:
    """A client middleware: the last to see a request before it is sent, and the first to see it fail."""

    headers: Pairs

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        own = [(name, request.headers[name]) for name in ("Host", "Transfer-Encoding") if name in request.headers]
        # aiohttp merges names that differ in case alone, and adds a length to a POST without a body.
        request.headers.clear()
        request.headers.extend(own + self.headers)
        try:
            return await handler(request)
        except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            # Left alone, aiohttp sends GET and HEAD again after any lost connection; `Upstream` decides that itself.
            raise _ConnectionLost from error

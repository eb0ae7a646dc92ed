"""A scripted upstream on loopback, which replaces the model where there is no key and no network.

It implements as much of the Messages API as a client needs: messages (streamed or not), `count_tokens`, the list of
models, and 404 for the rest. A script decides what it replies.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from aiohttp import web

from proxy.sse import Event, encode

ContentBlock = dict[str, Any]
"""A content block as a reply holds it: `{"type": "text", "text": …}` or a `tool_use`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A reply that is an error: a `status`, or 200 and a stream that ends as `ending` says."""

    status: int
    ending: Literal["", "error", "cut", "empty"] = ""


Script = Callable[[dict[str, Any]], list[ContentBlock] | Failure]
"""The body of a Messages request to the content of the reply."""

_CACHED_FROM = 1024
"""Tokens of the shortest prefix that the API caches (API documentation, "Prompt caching")."""

_WORDS_PER_DELTA = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it reached the upstream; `body` is None when it was not JSON, `at` a `time.perf_counter()`."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: Any
    at: float


@dataclass(slots=True)
class ScriptedUpstream:
    """The upstream while it runs: its URL, and every request that it has received."""

    script: Script
    pause: float = 0.0
    """Seconds before each event of a stream, as a model would pause."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of every message."""
    cached: float = 0.85
    """The share of a long request that is read from the cache."""
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    usage: Counter[str] = field(default_factory=Counter)
    """Sums of what it reported in `usage`, by field."""
    failed: Counter[Failure] = field(default_factory=Counter)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def listens(self, port: int) -> None:
        """It can be reached on that port."""
        self.url = f"http://127.0.0.1:{port}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = None
        headers = tuple(request.headers.items())
        self.seen.append(Seen(request.method, request.path, headers, body, time.perf_counter()))
        match request.method, request.path:
            case "POST", "/v1/messages" if isinstance(body, dict):
                return await self._message(request, body)
            case "POST", "/v1/messages/count_tokens":
                return _json({"input_tokens": len(raw) // 4})
            case "POST", "/api/event_logging/batch":  # from 2.0.76 to 2.1.20; what is refused is kept and repeated
                return _json({})
            case "GET", "/v1/models":
                return _json({"data": [], "has_more": False, "first_id": None, "last_id": None})
            case "HEAD", _:
                return web.Response()
        return _json({"type": "error", "error": {"type": "not_found_error", "message": "not in the script"}}, 404)

    async def _message(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        content = self.script(body)
        if isinstance(content, Failure):
            self.failed[content] += 1
            return await self._failure(request, body, content)
        usage = _usage(request.content_length or 0, content, self.cached)
        self.usage.update(usage)
        message = _envelope(f"msg_{next(self._numbers):024d}", str(body.get("model", "")), content, usage)
        if body.get("stream") is not True:
            return _json(message, more=self.headers)
        return await self._stream(request, stream_events(message))

    async def _failure(self, request: web.Request, body: dict[str, Any], failure: Failure) -> web.StreamResponse:
        error: dict[str, Any] = {"type": "error", "error": {"type": "api_error", "message": "so says the script"}}
        if failure.status != 200:
            return _json(error, failure.status)
        if failure.ending == "empty" or body.get("stream") is not True:
            return web.Response(content_type="text/event-stream")
        events = stream_events(_envelope("msg_0", str(body.get("model", "")), [{"type": "text", "text": "So"}], {}))
        return await self._stream(request, events[:3] + ([_event(**error)] if failure.ending == "error" else []))

    async def _stream(self, request: web.Request, events: Sequence[Event]) -> web.StreamResponse:
        response = web.StreamResponse(headers={**self.headers, "content-type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for event in events:
            await asyncio.sleep(self.pause)
            await response.write(encode(event))
        return response


def _json(value: Any, status: int = 200, more: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json", headers=more)


def _usage(size: int, content: list[ContentBlock], share: float) -> dict[str, int]:
    """Tokens of about four bytes each; most of a long request is read from the cache."""
    tokens = size // 4
    cached = int(tokens * share) if tokens >= _CACHED_FROM else 0
    return {
        "input_tokens": max(1, tokens - cached),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": max(1, len(orjson.dumps(content)) // 4),
    }


def _envelope(message_id: str, model: str, content: list[ContentBlock], usage: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if any(block["type"] == "tool_use" for block in content) else "end_turn",
        "stop_sequence": None,
        "usage": dict(usage),
    }


def stream_events(message: dict[str, Any]) -> list[Event]:
    """A message as the events of a stream (API reference, "Streaming messages")."""
    events = [_event("message_start", message={**message, "content": [], "stop_reason": None})]
    for index, block in enumerate(message["content"]):
        start, deltas = _pieces(block)
        events.append(_event("content_block_start", index=index, content_block=start))
        events += [_event("content_block_delta", index=index, delta=delta) for delta in deltas]
        events.append(_event("content_block_stop", index=index))
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return [*events, _event("message_delta", delta=ending, usage=message["usage"]), _event("message_stop")]


def _pieces(block: ContentBlock) -> tuple[ContentBlock, list[ContentBlock]]:
    """The start of a block, and its deltas."""
    if block["type"] == "tool_use":
        delta = {"type": "input_json_delta", "partial_json": orjson.dumps(block["input"]).decode()}
        return {**block, "input": {}}, [delta]
    words = block["text"].split(" ")
    cuts = range(0, len(words), _WORDS_PER_DELTA)
    texts = [" ".join(words[cut : cut + _WORDS_PER_DELTA]) + " " for cut in cuts]
    texts[-1] = texts[-1][:-1]
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": text} for text in texts]


def _event(type: str, **fields: Any) -> Event:
    return Event(type, orjson.dumps({"type": type, **fields}))


@asynccontextmanager
async def scripted_upstream(
    script: Script,
    port: int = 0,
    pause: float = 0.0,
    headers: Mapping[str, str] | None = None,
    cached: float = 0.85,
) -> AsyncIterator[ScriptedUpstream]:
    """Run a scripted upstream on 127.0.0.1; port 0 takes any free one."""
    upstream = ScriptedUpstream(script, pause, headers or {}, cached)
    async with served(upstream, port):
        yield upstream


@asynccontextmanager
async def served(upstream: ScriptedUpstream, port: int = 0) -> AsyncIterator[None]:
    """Run a given upstream. A client that goes away cancels its request, as with a real server."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{target:.*}", upstream.handle)
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=0.5,
        handler_cancellation=True,
        auto_decompress=False,  # bodies are recorded as they came
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        upstream.listens(runner.addresses[0][1])
        yield
    finally:
        await runner.cleanup()

"""Whatever clients name, and however long, nothing of it stays: resident memory after many of them is what it was."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.process import running
from tests.raw import raw_upstream
from tests.sockets.given import CLAUDE, MEBIBYTE, Wire, answers
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOUND = 6 * MEBIBYTE
"""What may stay of `SENT` bytes, or of more: allocators round up, and the first requests import what they need."""
SENT = 16 * MEBIBYTE

WARM_UP = {
    "max_tokens": 100,
    "system": "You are a file search specialist for Claude Code",
    "messages": [{"role": "user", "content": "Warmup"}],
}
"""What a rule answers, so that its session is remembered."""


def _text(number: int, size: int) -> str:
    return f"{number:08d}".ljust(size, "x")


def _body(**fields: object) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], **fields}).encode()


@dataclass(frozen=True, slots=True)
class Case:
    """Requests that name something of `size` bytes: the request line, further fields and a body, by their number."""

    size: int
    fields: Callable[[str], list[bytes]] = lambda _text: [CLAUDE]
    body: Callable[[str], bytes] = lambda _text: b""
    line: Callable[[str], str] = lambda _text: "POST /v1/messages HTTP/1.1"
    status: int = 200


_LARGE, _HEAD = 7 * MEBIBYTE, 200 * 1024
CASES = {
    "model": Case(_LARGE, body=lambda text: _body(model=text)),
    "user_id": Case(_LARGE, body=lambda text: _body(metadata={"user_id": text})),
    "user_id of an answer": Case(MEBIBYTE, body=lambda text: _body(**WARM_UP, metadata={"user_id": text})),
    "model of an answer": Case(MEBIBYTE, body=lambda text: _body(**{**WARM_UP, "model": text})),
    "session": Case(
        _HEAD, lambda text: [CLAUDE, f"X-Claude-Code-Session-Id: {text}".encode()], lambda _text: _body(**WARM_UP)
    ),
    "path": Case(_HEAD, line=lambda text: f"GET /v1/{text} HTTP/1.1"),
    "query": Case(_HEAD, line=lambda text: f"GET /v1/models?{text} HTTP/1.1"),
    "query of a page": Case(_HEAD, line=lambda text: f"GET /-/timeline?span={text} HTTP/1.1", status=400),
    "path of a page": Case(_HEAD, line=lambda text: f"GET /-/requests/{text} HTTP/1.1", status=404),
    "User-Agent": Case(_HEAD, lambda text: [f"User-Agent: a/1 {text}".encode()]),
    "Host": Case(_HEAD, lambda text: [f"Host: {text}".encode()], status=400),
    "Origin": Case(_HEAD, lambda text: [f"Origin: http://{text}".encode()], status=403),
    "Content-Type": Case(_HEAD, lambda text: [CLAUDE, f"Content-Type: a/b; c={text}".encode()], lambda _text: _body()),
    "Authorization": Case(_HEAD, lambda text: [CLAUDE, f"Authorization: {text}".encode()]),
    "a field's name": Case(_HEAD, lambda text: [f"X-{text}: 1".encode()]),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wire() -> AsyncIterator[Wire]:
    async with raw_upstream(answers) as upstream, running(upstream.url) as (process, port):
        wire = Wire(process, port, upstream)
        for case in CASES.values():  # what is imported, and made once
            await _ask(wire, case, _text(0, 100))
            await _ask(wire, case, _text(0, case.size))
        yield wire


async def _ask(wire: Wire, case: Case, text: str) -> int:
    body = case.body(text)
    head = wire.head(case.line(text).encode(), *case.fields(text), b"Content-Length: %d" % len(body))
    return (await wire.ask(head + body)).status


@pytest.mark.parametrize("name", CASES)
async def test_nothing_stays_of_what_clients_name(wire: Wire, name: str) -> None:
    case, before = CASES[name], wire.process.memory()
    for number in range(1, SENT // case.size + 1):
        assert await _ask(wire, case, _text(number, case.size)) == case.status
    await until(lambda: wire.process.memory() - before < BOUND)  # rows are on their way to the journal

"""An upstream in raw bytes for the SDKs: what it says is chosen by the header `x-case` of each request."""

import asyncio
import json
from typing import Any

from tests.raw import Peer, reply

CONVERSATION: dict[str, Any] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "Why does the login test fail?"}],
}
HEADERS = {"user-agent": "claude-cli/2.1.330 (external, cli)"}
KEY = "sk-ant-dummy"

# The API's errors (API reference, "Errors").
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
STREAMS = ["stream", "error-event", "truncated-stream", "truncated-event"]
MESSAGES = ["message", "truncated-message", "no-reply", *map(str, ERRORS)]

_ENVELOPE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 10, "output_tokens": 1},
}
_TOOL = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {}}


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def _delta(index: int, kind: str, **fields: Any) -> bytes:
    return _event("content_block_delta", index=index, delta={"type": kind, **fields})


BEGINNING = [
    _event("message_start", message=_ENVELOPE),
    _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    _event("ping"),
    _delta(0, "text_delta", text="It expects "),
    _delta(0, "text_delta", text="a cookie: “ü”"),
]
STREAM = [
    *BEGINNING,
    _event("content_block_stop", index=0),
    _event("content_block_start", index=1, content_block=_TOOL),
    _delta(1, "input_json_delta", partial_json='{"file_path": '),
    _event("ping"),
    _delta(1, "input_json_delta", partial_json='"test_login.py"}'),
    _event("content_block_stop", index=1),
    _event("message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None}, usage={"output_tokens": 20}),
    _event("message_stop"),
]
FAILING = [*BEGINNING, _event("error", error={"type": "overloaded_error", "message": "Overloaded"})]

_SSE = (
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    "request-id: req_1\r\ntransfer-encoding: chunked\r\n\r\n"
)


def _chunked(events: list[bytes]) -> list[bytes]:
    return [b"%x\r\n%s\r\n" % (len(event), event) for event in events]


def _error(status: int) -> bytes:
    error = {"type": ERRORS[status], "message": f"as the API says for {status}"}
    body = json.dumps({"type": "error", "error": error, "request_id": f"req_{status}"}).encode()
    headers = f"content-type: application/json\r\nrequest-id: req_{status}\r\nretry-after: 1"
    return reply(body, status=f"{status} Error", headers=headers)


_MESSAGE = reply(
    json.dumps({**_ENVELOPE, "content": [{"type": "text", "text": "a cookie"}], "stop_reason": "end_turn"}).encode()
)

REPLIES: dict[str, list[bytes]] = {
    "message": [_MESSAGE],
    "truncated-message": [_MESSAGE[:-20]],
    "no-reply": [],
    "stream": [_SSE.encode(), *_chunked([*STREAM, b""])],
    "error-event": [_SSE.encode(), *_chunked([*FAILING, b""])],
    "truncated-stream": [_SSE.encode(), *_chunked(STREAM[:8])],
    "truncated-event": [_SSE.encode(), *_chunked(STREAM[:3]), b"ff\r\nevent: content_bl"],
    **{str(status): [_error(status)] for status in ERRORS},
}


async def answer(peer: Peer) -> None:
    """One request a connection, which ends with the reply, whole or not."""
    head = await peer.head()
    await peer.sized(head)
    case = next(line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"x-case:"))
    for piece in REPLIES[case.strip().decode()]:
        await peer.send(piece)
        await asyncio.sleep(0)

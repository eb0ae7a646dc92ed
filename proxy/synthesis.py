"""An `Answer` as the API would have said it: the sequence of stream events, or one JSON message.

Shapes from the API reference, "Create a Message" and "Streaming messages"; Claude Code rejects a stream without
`message_start` and loses a title whose message has no content block (seen in 1.0.43 to 2.1.330).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

from proxy.exchange import Answer


def message(answer: Answer, message_id: str) -> bytes:
    """The whole reply as one JSON object, for a request that does not stream."""
    return orjson.dumps(
        {
            **_envelope(answer, message_id),
            "content": [{"type": "text", "text": answer.text}],
            "stop_reason": answer.stop_reason,
            "usage": _usage(answer.output_tokens),
        }
    )


def events(answer: Answer, message_id: str) -> Sequence[bytes]:
    """The reply as six events, each in bytes, for a request that streams.

    The text is one delta, an empty text too: clients count a block only once it has a delta.
    """
    opening = {**_envelope(answer, message_id), "usage": _usage(0)}
    return (
        _event("message_start", message=opening),
        _BLOCK_START,
        _event("content_block_delta", index=0, delta={"type": "text_delta", "text": answer.text}),
        _BLOCK_STOP,
        _message_delta(answer.stop_reason, answer.output_tokens),
        _MESSAGE_STOP,
    )


def error(kind: str, text: str, request_id: str) -> bytes:
    """An error in the API's own shape (API reference, "Errors"); `kind` such as `api_error` or `timeout_error`."""
    return orjson.dumps({"type": "error", "error": {"type": kind, "message": text}, "request_id": request_id})


def _event(name: str, **fields: Any) -> bytes:
    """As `sse.encode` writes it, without an `Event` and a search for line ends, which take as long as orjson does."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps({"type": name, **fields}))


@lru_cache(16)
def _message_delta(stop_reason: str, output_tokens: int) -> bytes:
    """The same for all answers of a rule."""
    end = {"stop_reason": stop_reason, "stop_sequence": None}
    return _event("message_delta", delta=end, usage=_usage(output_tokens))


_BLOCK_START = _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
_BLOCK_STOP = _event("content_block_stop", index=0)
_MESSAGE_STOP = _event("message_stop")


def _envelope(answer: Answer, message_id: str) -> dict[str, Any]:
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _usage(output_tokens: int) -> dict[str, Any]:
    """Zero, since no model was asked: clients charge for what stands here. Never null: they add these numbers up.

    In a stream the counts are cumulative.
    """
    return {
        "input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    }

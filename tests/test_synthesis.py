"""Answers in the API's own shapes, with the SDK's types as the judge."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy import synthesis
from proxy.exchange import Answer
from proxy.sse import Decoder, Event
from tests import official

ORDER = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
]


def answer_of(text: str = "a title", stop_reason: str = "end_turn", output_tokens: int = 7) -> Answer:
    return Answer("topic", text, stop_reason, "claude-haiku-4-5", True, output_tokens)


def events_of(answer: Answer) -> list[dict[str, Any]]:
    return [orjson.loads(event.data) for event in decoded(answer)]


def decoded(answer: Answer) -> list[Event]:
    """The events, each as a client sees it that gets no other."""
    return [event for data in synthesis.events(answer, "msg_1") for event in Decoder().feed(data)]


def usage(output_tokens: int) -> dict[str, int]:
    return {
        "input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
    }


TEXTS = pytest.mark.parametrize("text", ["a title", "", '{"a": "\u2028"}\r\n', "日本語 🦀", "\x00"])


def test_a_stream_is_six_events_whose_names_are_their_types() -> None:
    events = decoded(answer_of())
    assert [event.name for event in events] == ORDER
    assert [orjson.loads(event.data)["type"] for event in events] == ORDER


def test_a_stream_says_what_the_answer_says() -> None:
    start, block, delta, stop, end, over = events_of(answer_of("a title", "max_tokens"))
    assert start["message"] == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage(0),
    }
    assert (block["index"], block["content_block"]) == (0, {"type": "text", "text": ""})
    assert (delta["index"], delta["delta"]) == (0, {"type": "text_delta", "text": "a title"})
    assert stop == {"type": "content_block_stop", "index": 0}
    assert end["delta"] == {"stop_reason": "max_tokens", "stop_sequence": None}
    assert end["usage"] == usage(7)
    assert over == {"type": "message_stop"}


def test_a_whole_message_says_what_the_answer_says() -> None:
    assert orjson.loads(synthesis.message(answer_of("a title", "max_tokens"), "msg_1")) == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": "a title"}],
        "stop_reason": "max_tokens",
        "stop_sequence": None,
        "usage": usage(7),
    }


def test_an_empty_text_is_one_block_with_one_empty_delta() -> None:
    deltas = [event["delta"] for event in events_of(answer_of("")) if event["type"] == "content_block_delta"]
    assert deltas == [{"type": "text_delta", "text": ""}]
    assert orjson.loads(synthesis.message(answer_of(""), "m"))["content"] == [{"type": "text", "text": ""}]


@pytest.mark.parametrize("tokens", [0, 1, 100_000])
def test_usage_is_never_null_and_never_falls(tokens: int) -> None:
    start, *_, end, _stop = events_of(answer_of(output_tokens=tokens))
    opening, closing = start["message"]["usage"], end["usage"]
    assert None not in [*opening.values(), *closing.values()]
    assert all(opening[name] <= closing[name] for name in opening)
    assert closing["output_tokens"] == tokens


@TEXTS
@pytest.mark.parametrize("stop_reason", ["end_turn", "max_tokens", "stop_sequence", "refusal"])
def test_the_sdk_accepts_both_forms_and_reads_the_same_from_them(text: str, stop_reason: str) -> None:
    answer = answer_of(text, stop_reason)
    message = official.message().model_validate(orjson.loads(synthesis.message(answer, "msg_1")), strict=True)
    [block] = message.content
    streamed = [official.event().validate_python(event) for event in events_of(answer)]
    assert [event.type for event in streamed] == ORDER
    assert block.type == "text"
    assert block.text == text == streamed[2].delta.text
    assert message.stop_reason == stop_reason == streamed[4].delta.stop_reason
    assert message.usage.output_tokens == streamed[4].usage.output_tokens
    assert message.id == streamed[0].message.id


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_line_of_json_and_comes_back(text: str) -> None:
    for event in decoded(answer_of(text)):
        assert not {b"\n", b"\r"} & {event.data[index : index + 1] for index in range(len(event.data))}
    assert events_of(answer_of(text))[2]["delta"]["text"] == text


def test_an_error_has_the_shape_of_the_api() -> None:
    assert orjson.loads(synthesis.error("timeout_error", "the upstream is silent", "req_1")) == {
        "type": "error",
        "error": {"type": "timeout_error", "message": "the upstream is silent"},
        "request_id": "req_1",
    }

"""Shadow mode's notion of equal, and the text of a reply in every encoding."""

import gzip
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.decision.shadow import LIMIT, Agreement, Verdict, text_of, verdict
from proxy.scripted import stream_events
from proxy.sse import encode
from tests.cases import every
from tests.packing import PACKING

MESSAGE: dict[str, Any] = {
    "content": [{"type": "text", "text": "git "}, {"type": "text", "text": "diff"}],
    "stop_reason": "end_turn",
    "usage": {"output_tokens": 1},
}


def streamed(message: dict[str, Any]) -> bytes:
    return b"".join(encode(event) for event in stream_events(message))


@every("packing", PACKING)
def test_the_text_of_a_whole_reply_is_read(packing: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": packing}
    assert text_of(PACKING[packing](orjson.dumps(MESSAGE)), headers) == "git diff"


@every("packing", PACKING)
def test_the_text_of_a_stream_is_read(packing: str) -> None:
    headers = {"content-type": "text/event-stream; charset=utf-8", "content-encoding": packing.upper()}
    assert text_of(PACKING[packing](streamed(MESSAGE)), headers) == "git diff"


@every(
    ("body", "headers"),
    [
        (b"", {}),
        (b"{}", {}),
        (b"[]", {}),
        (b"not json", {}),
        (b"not gzip", {"content-encoding": "gzip"}),
        (gzip.compress(b"{}", mtime=0)[:-9], {"content-encoding": "gzip"}),
        (b"x", {"content-encoding": "br"}),
        (b"x", {"content-encoding": "zstd"}),
        (b"x", {"content-encoding": "rot13"}),
        (streamed(MESSAGE)[:-20], {"content-type": "text/event-stream"}),
        (b"event: content_block_delta\ndata: {}\n\n", {"content-type": "text/event-stream"}),
        (b"event: content_block_delta\ndata: {\n\n", {"content-type": "text/event-stream"}),
        (b'event: content_block_delta\ndata: {"delta": []}\n\n', {"content-type": "text/event-stream"}),
    ],
)
def test_what_is_no_whole_reply_has_no_text(body: bytes, headers: dict[str, str]) -> None:
    assert text_of(body, headers) is None


@pytest.mark.parametrize("packing", ["gzip", "deflate", "zstd"])
def test_a_reply_that_swells_beyond_measure_is_left_alone(packing: str) -> None:
    bomb = PACKING[packing](b"0" * (20 * LIMIT))
    assert text_of(bomb, {"content-encoding": packing}) is None


@given(
    st.binary(max_size=300),
    st.sampled_from([*PACKING, "x"]),
    st.sampled_from(["application/json", "text/event-stream"]),
)
def test_no_bytes_can_break_it(body: bytes, packing: str, kind: str) -> None:
    found = text_of(body, {"content-type": kind, "content-encoding": packing})
    assert found is None or isinstance(found, str)


PATHS = "<is_displaying_contents>\ntrue\n</is_displaying_contents>\n\n<filepaths>\n{}\n</filepaths>"


@every(
    ("comparison", "ours", "theirs", "found"),
    [
        ("text", "git diff", "git diff\n", "same"),
        ("text", "git diff", "git", "different"),
        ("json", '{"a":1,"b":2}', '{ "b": 2, "a": 1 }', "same"),
        ("json", '{"a":1}', '{"a":2}', "different"),
        ("json", '{"a":1}', "a is 1", "different"),
        ("paths", PATHS.format("a\nb"), "<filepaths>\nb\na\n</filepaths>", "same"),
        ("paths", PATHS.format("a"), PATHS.format("a\nb"), "different"),
        ("paths", PATHS.format("a"), "a", "different"),
        ("any", "Sorting in app.py", "quite another thing", "not compared"),
        *(
            ("title", f'{{"title":"{ours}"}}', f'{{"title":"{theirs}"}}', found)
            for ours, theirs, found in (
                ("Login button on mobile", "Fix login button on mobile", "same"),
                ("Login button on mobile", "fix the LOGIN-button", "same"),
                ("Sorting in app.py", "How sorting works", "different"),
                ("Sorting in app.py", "Explain the sorting in app.py", "same"),
                ("Sorting in app.py", "On the weather in Paris", "different"),
                ("The cookie of a session", "The colour of a tree", "different"),
                ("Cookie", "Why the session cookie expires on Sunday night", "different"),
                ("登录按钮修复", "修复登录按钮", "same"),
                ("登录按钮", "数据库连接", "different"),
                ("", "Something", "different"),
            )
        ),
        (
            "title",
            '"isNewTopic":true,"title":"Cookie expiry"}',
            '"isNewTopic":true,"title":"Cookie expiry bug"}',
            "same",
        ),
        ("title", '{"isNewTopic":true,"title":"Cookie"}', '{"isNewTopic":false,"title":"Cookie"}', "different"),
        ("title", '{"isNewTopic":false,"title":null}', '{"title":null,"isNewTopic":false}', "same"),
        ("title", '{"isNewTopic":true,"title":"x"}', '{"isNewTopic":true,"title":null}', "different"),
        ("title", '{"title":"Cookie"}', "Cookie", "different"),
        ("title", "[1]", "[1]", "different"),
    ],
)
def test_every_rule_has_its_own_notion_of_equal(comparison: str, ours: str, theirs: str, found: str) -> None:
    assert verdict(comparison, ours, 200, theirs) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "theirs"), [(529, "text"), (200, None), (499, None)])
def test_a_reply_that_failed_agrees_and_disagrees_with_nobody(status: int, theirs: str | None) -> None:
    assert verdict("any", "ours", status, theirs) == "upstream error"


def test_agreement_is_shown_as_people_say_it() -> None:
    counts: dict[Verdict, int] = {"same": 97, "different": 3, "not compared": 0, "upstream error": 2}
    assert Agreement(counts).shown() == "97 of 100 (2 errors)"
    assert Agreement({**counts, "different": 0, "upstream error": 0}).shown() == "97 of 97"
    assert Agreement({**counts, "same": 0, "different": 0, "not compared": 5}).shown() == "5 not compared, 2 errors"
    assert Agreement().shown() == ""

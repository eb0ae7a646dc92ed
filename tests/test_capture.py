"""Capture: what is written, what is not, how large it grows, and what a failing disk costs."""

import asyncio
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from proxy.capture import Writer
from proxy.config import Capture, Log
from proxy.exchange import Answer, Exchange, Forward, Head
from proxy.logs.observe import logger
from tests.waiting import until

RAW = [
    (b"User-Agent", b"claude-cli/2.1.330"),
    (b"X-Api-Key", b"planted"),
    (b"Authorization", b"Bearer planted"),
    (b"Proxy-Authorization", b"planted"),
    (b"Cookie", b"planted"),
    (b"X-Auth-Token", b"planted"),
    (b"anthropic-beta", b"one"),
    (b"anthropic-beta", b"caf\xe9"),
]


def exchange(outcome: Any = "answered", body: bytes = b'{"model":"m"}') -> Exchange:
    head = Head("POST", "/v1/messages", {})
    answer = Answer("topic", "text", "end_turn", "m", True, 1, 1)
    decision = answer if outcome == "answered" else Forward("no rule matched")
    return Exchange("req_1", head, 0.0, 0.0, decision=decision, collected=[body], outcome=outcome)


def writer(tmp_path: Path, said: io.StringIO | None = None, **settings: Any) -> Writer:
    config = Capture(**{"enabled": True, "file": str(tmp_path / "state/c.jsonl"), **settings})
    return Writer(config, logger(Log(format="json"), said or io.StringIO()))


def lines(tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "state/c.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_request_is_written_without_its_secrets_for_its_owner_alone(tmp_path: Path) -> None:
    capture = writer(tmp_path)
    capture.request(exchange(), RAW)
    capture.finish()
    (line,) = lines(tmp_path)
    assert line["headers"][0] == ["User-Agent", "claude-cli/2.1.330"]
    assert [name for name, _ in line["headers"]] == ["User-Agent", "anthropic-beta", "anthropic-beta"]
    assert "planted" not in json.dumps(line)
    assert {key: line[key] for key in ("method", "target", "body", "outcome", "rule", "reason")} == {
        "method": "POST",
        "target": "/v1/messages",
        "body": {"model": "m"},
        "outcome": "answered",
        "rule": "topic",
        "reason": "",
    }
    assert stat.S_IMODE((tmp_path / "state/c.jsonl").stat().st_mode) == 0o600


def test_a_body_that_is_not_json_is_told_as_text(tmp_path: Path) -> None:
    capture = writer(tmp_path)
    capture.request(exchange(body=b"{\xff"), RAW)
    capture.finish()
    assert lines(tmp_path)[0]["body"] == "{\ufffd"


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ({}, ["answered", "forwarded", "failed"]),
        ({"outcomes": ["refused"]}, ["refused"]),
        ({"outcomes": []}, []),
        ({"enabled": False}, []),
    ],
)
def test_only_wanted_outcomes_are_written(tmp_path: Path, settings: dict[str, Any], written: list[str]) -> None:
    capture = writer(tmp_path, **settings)
    for outcome in ("answered", "forwarded", "refused", "failed"):
        capture.request(exchange(outcome), RAW)
    capture.finish()
    assert [line["outcome"] for line in lines(tmp_path)] == written


def test_it_is_off_by_default_and_makes_no_file(tmp_path: Path) -> None:
    capture = Writer(Capture(file=str(tmp_path / "c.jsonl")), logger(Log(), io.StringIO()))
    capture.request(exchange(), RAW)
    capture.difference("req_1", "topic", "ours", "theirs")
    capture.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_difference_in_shadow_is_written_with_both_texts(tmp_path: Path) -> None:
    capture = writer(tmp_path)
    capture.difference("req_1", "topic", "ours", "theirs")
    capture.finish()
    assert lines(tmp_path) == [{"id": "req_1", "shadow": "topic", "ours": "ours", "theirs": "theirs"}]


def test_the_files_stay_within_their_size_and_the_older_half_gives_way(tmp_path: Path) -> None:
    capture = writer(tmp_path, max_bytes=4096)
    for number in range(100):
        capture.request(exchange(body=b'{"n":%d}' % number), RAW)
        capture.finish()
    sizes = [file.stat().st_size for file in (tmp_path / "state").iterdir()]
    assert len(sizes) == 2
    assert sum(sizes) <= 4096
    assert lines(tmp_path)[-1]["body"] == {"n": 99}


async def test_lines_are_written_beside_the_requests(tmp_path: Path) -> None:
    capture = writer(tmp_path)
    writing = asyncio.create_task(capture.run())
    capture.request(exchange(), RAW)
    await until(lambda: lines(tmp_path))
    writing.cancel()


async def test_a_disk_that_fails_is_told_and_disturbs_nothing(tmp_path: Path) -> None:
    said = io.StringIO()
    (tmp_path / "state").write_text("a file where a folder should be")
    capture = writer(tmp_path, said)
    writing = asyncio.create_task(capture.run())
    capture.request(exchange(), RAW)
    await until(lambda: "capture failed" in said.getvalue())
    assert not writing.done()
    writing.cancel()


async def test_a_disk_that_is_too_slow_costs_lines_and_says_how_many(tmp_path: Path) -> None:
    said = io.StringIO()
    capture = writer(tmp_path, said)
    for _ in range(300):
        capture.request(exchange(), RAW)
    writing = asyncio.create_task(capture.run())
    await until(lambda: "capture fell behind" in said.getvalue())
    writing.cancel()
    assert json.loads(said.getvalue())["lines"] == 44
    assert len(lines(tmp_path)) == 256


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    said = io.StringIO()
    (tmp_path / "state").mkdir()
    (tmp_path / "state/c.jsonl").symlink_to(tmp_path / "elsewhere")
    capture = writer(tmp_path, said)
    capture.request(exchange(), RAW)
    capture.finish()
    assert json.loads(said.getvalue())["event"] == "capture failed"
    assert not (tmp_path / "elsewhere").exists()

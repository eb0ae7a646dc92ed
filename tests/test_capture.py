"""Capture: what is written, what is not, how large it grows, and what a failing disk costs."""

import asyncio
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from proxy.bodies import ReceivedBody
from proxy.capture import Writer
from proxy.exchange import Answer, Exchange, Forward, Head
from proxy.logs.observe import logger
from proxy.settings.config import CaptureSettings, LogSettings
from tests.waiting import until

SECRET = [
    *(
        b"X-Api-Key",
        b"Authorization",
        b"Proxy-Authorization",
        b"Cookie",
        b"X-Auth-Token",
        b"X-Jwt",
        b"X-Auth",
        b"X-Pat",
    ),
    *(
        b"cf-access-jwt-assertion",
        b"Authentication",
        b"X-Session",
        b"X-CSRF",
        b"X-Claude-Code-Session-Id",
        b"X-Anything",
    ),
    *(b"Host", b"Origin", b"Referer", b"X-Sidestep-Token", b"X-Stainless-Planted", b"X-App-Key", b""),
]
RAW = [
    (b"User-Agent", b"claude-cli/2.1.330 (external, cli)"),
    *((name, b"planted") for name in SECRET),
    (b"Anthropic-Beta", b"claude-code-20250219,interleaved-thinking-2025-05-14"),
    (b"anthropic-beta", b"caf\xe9"),
    (b"anthropic-beta", b"one, sk-planted"),
    (b"X-App", b"planted0planted1planted2"),
    (b"Accept", b"a/b;q=" + b"planted " * 100),
]
KEPT = [
    ["User-Agent", "claude-cli/2.1.330 (external, cli)"],
    ["Anthropic-Beta", "claude-code-20250219,interleaved-thinking-2025-05-14"],
    ["anthropic-beta", "caf\udce9"],
]


def exchange(outcome: Any = "answered", body: bytes = b'{"model":"m"}') -> Exchange:
    head = Head("POST", "/v1/messages", {})
    answer = Answer("topic", "text", "end_turn", "m", True)
    decision = answer if outcome == "answered" else Forward("no rule matched")
    held = ReceivedBody(keep=True)
    held.chunks.append(body)
    exchange = Exchange("req_1", head, 0.0, 0.0, held)
    exchange.decided(decision)
    if outcome == "failed":
        exchange.crashed()
    elif outcome == "refused":
        exchange.refused("no rule matched")
    return exchange


def writer(tmp_path: Path, said: io.StringIO | None = None, **settings: Any) -> Writer:
    config = CaptureSettings(**{"enabled": True, "file": str(tmp_path / "state/c.jsonl"), **settings})
    return Writer(config, logger(LogSettings(format="json"), said or io.StringIO()))


def lines(tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "state/c.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_request_is_written_without_its_secrets_for_its_owner_alone(tmp_path: Path) -> None:
    capture = writer(tmp_path)
    capture.request(exchange(), RAW)
    capture.finish()
    (line,) = lines(tmp_path)
    assert [pair for pair in line["headers"] if pair[1] is not None] == KEPT
    assert [name for name, _ in line["headers"]] == [name.decode() for name, _ in RAW]
    assert '"planted' not in json.dumps(line)
    assert {key: line[key] for key in ("method", "target", "body", "outcome", "rule", "reason")} == {
        "method": "POST",
        "target": "/v1/messages",
        "body": {"model": "m"},
        "outcome": "answered",
        "rule": "topic",
        "reason": "",
    }
    assert stat.S_IMODE((tmp_path / "state/c.jsonl").stat().st_mode) == 0o600


def test_of_a_path_and_a_method_what_may_be_a_key_is_not_written(tmp_path: Path) -> None:
    capture, odd = writer(tmp_path), exchange()
    odd.head = Head("SK-PLANTED", "/v1/sk-planted/x", {})
    capture.request(odd, RAW)
    capture.finish()
    assert (lines(tmp_path)[0]["method"], lines(tmp_path)[0]["target"]) == ("other", "/v1/…/x")


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
    capture = Writer(CaptureSettings(file=str(tmp_path / "c.jsonl")), logger(LogSettings(), io.StringIO()))
    capture.request(exchange(), RAW)
    capture.comparison("req_1", "topic", "same", "ours", "theirs")
    capture.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_comparison_is_written_with_both_texts(tmp_path: Path) -> None:
    capture = writer(tmp_path)
    capture.comparison("req_1", "topic", "same", "ours", "theirs")
    capture.finish()
    assert lines(tmp_path) == [
        {"id": "req_1", "shadow": "topic", "verdict": "same", "ours": "ours", "theirs": "theirs"}
    ]


def test_the_files_stay_within_their_size_and_the_older_half_gives_way(tmp_path: Path) -> None:
    capture = writer(tmp_path, max_bytes=4096)
    for number in range(100):
        capture.request(exchange(body=b'{"n":%d}' % number), RAW)
        capture.finish()
    sizes = [file.stat().st_size for file in (tmp_path / "state").iterdir()]
    assert len(sizes) == 2
    assert sum(sizes) <= 4096
    assert lines(tmp_path)[-1]["body"] == {"n": 99}


def test_a_line_may_be_half_of_the_whole_and_a_larger_one_costs_itself_alone(tmp_path: Path) -> None:
    said = io.StringIO()
    for missing in (1, 0):
        capture = writer(tmp_path, said)
        capture.request(exchange(body=b'"' + b"x" * 2000 + b'"'), RAW)
        capture._half = len(capture._queue._queue[0]) - missing  # type: ignore[attr-defined]
        capture.request(exchange(body=b"1"), RAW)
        capture.finish()
        assert lines(tmp_path)[-1]["body"] == 1
    large = [file for file in (tmp_path / "state").iterdir() if len(file.read_bytes()) > 2000]
    assert [file.name for file in large] == ["c.jsonl.1"]
    (told,) = map(json.loads, said.getvalue().splitlines())
    assert (told["event"], told["problem"], told["lines"]) == (
        "capture failed",
        "larger than half of capture.max_bytes",
        1,
    )


def test_a_file_that_others_could_read_is_theirs_no_more_when_it_gives_way(tmp_path: Path) -> None:
    file = tmp_path / "state/c.jsonl"
    file.parent.mkdir()
    file.write_bytes(b" " * 4000)
    file.chmod(0o644)
    capture = writer(tmp_path, max_bytes=8192)
    capture.request(exchange(), RAW)
    capture.finish()
    modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in file.parent.iterdir()}
    assert modes == {"c.jsonl": 0o600, "c.jsonl.1": 0o600}


def test_a_fifo_in_its_place_is_told_and_waited_for_by_nobody(tmp_path: Path) -> None:
    said = io.StringIO()
    (tmp_path / "state").mkdir()
    os.mkfifo(tmp_path / "state/c.jsonl")
    capture = writer(tmp_path, said)
    capture.request(exchange(), RAW)
    capture.finish()
    reader = os.open(tmp_path / "state/c.jsonl", os.O_RDONLY | os.O_NONBLOCK)
    capture.request(exchange(), RAW)
    capture.finish()
    os.close(reader)
    problems = [json.loads(line)["problem"] for line in said.getvalue().splitlines()]
    assert problems == ["No such device or address", "no regular file"]


def test_what_waits_for_the_disk_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    capture = writer(tmp_path, max_bytes=200 * 1024 * 1024)
    for _ in range(20):
        capture.request(exchange(body=b'"' + b"x" * 8 * 1024 * 1024 + b'"'), RAW)
    assert (capture._queue.qsize(), capture._dropped) == (3, 17)


async def test_what_has_been_written_waits_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.capture._ROOM", 4000)
    capture = writer(tmp_path)
    writing = asyncio.create_task(capture.run())
    for _ in range(3):
        capture.request(exchange(body=b'"' + b"x" * 2000 + b'"'), RAW)
        await until(lambda: capture._held == 0)
    writing.cancel()
    assert (len(lines(tmp_path)), capture._dropped) == (3, 0)


async def test_lines_are_written_beside_the_requests(tmp_path: Path) -> None:
    capture = writer(tmp_path)
    writing = asyncio.create_task(capture.run())
    capture.request(exchange(), RAW)
    await until(lambda: bool(lines(tmp_path)))
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

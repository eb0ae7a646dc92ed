"""`compare`: question, own answer and the model's, side by side, out of what the running proxy has captured."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.commands.compare import question
from tests.cases import every
from tests.commands.given import BASE, HELLO, Program
from tests.process import running
from tests.raw import Peer, raw_client, raw_upstream, reply, request

AGENT = "User-Agent: claude-cli/2.0.64 (external, cli)\r\n"


def asked(text: str) -> bytes:
    return orjson.dumps({"model": "m", "max_tokens": 1024, "messages": [{"role": "user", "content": text}]})


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A capture of the real process, with one rule in shadow; two questions, and a conversation."""
    (tmp_path / "rules").mkdir()
    shadow = HELLO.replace('action = "answer"', 'action = "answer"\nstatus = "shadow"')
    (tmp_path / "rules/1.toml").write_text(BASE + shadow)
    says = iter(["Hi\n", "Good evening", "the rest"])

    async def script(peer: Peer) -> None:
        while head := await peer.head():
            await peer.sized(head)
            await peer.send(reply(orjson.dumps({"content": [{"type": "text", "text": next(says)}]})))

    file = tmp_path / "capture.jsonl"
    settings = (f"rules.directory={tmp_path / 'rules'}", "capture.enabled=true", f"capture.file={file}")
    state = f"shadow.file={tmp_path / 'agreement.json'}"
    async with raw_upstream(script) as upstream, running(upstream.url, *settings, state) as (process, port):
        async with raw_client(port) as client:
            for text in ("hello", "hello", "a conversation"):
                await client.send(request(port, body=asked(text), more=AGENT))
                await client.sized(await client.head())
        process.process.terminate()
        assert await process.exit_code() == 0
    return file


def compare(program: Program, file: Path, *arguments: str) -> tuple[int, str, str]:
    return program.run("compare", "--set", f"capture.file={file}", *arguments)


def test_both_texts_are_shown_with_the_question_whether_they_agree_or_not(
    program: Program, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = compare(program, file)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.partition(" (")[0] for line in lines if line.startswith("hello:")] == [
        "hello: same",
        "hello: different",
    ]
    assert lines[1:4] == ["  question  'hello'", "  rule      'Hi'", "  model     'Hi\\n'"]
    assert "  model     'Good evening'" in lines
    assert lines[-3:] == ["rule   verdict    times", "hello  different  1", "hello  same       1"]


def test_machines_get_all_of_it_and_of_one_rule_if_wanted(program: Program, file: Path) -> None:
    code, out, _ = compare(program, file, "--json", "--rule", "hello")
    told = json.loads(out)
    assert code == 0
    assert [(one["question"], one["ours"], one["theirs"], one["verdict"]) for one in told] == [
        ("hello", "Hi", "Hi\n", "same"),
        ("hello", "Hi", "Good evening", "different"),
    ]
    assert all(one["at"] and one["id"].startswith("req_sidestep_") for one in told)
    code, out, err = compare(program, file, "--json", "--rule", "other")
    assert (code, json.loads(out)) == (1, [])
    assert "no comparison of 'other'" in err


def test_where_nothing_was_captured_it_says_what_to_do(program: Program, tmp_path: Path) -> None:
    code, out, err = compare(program, tmp_path / "none.jsonl")
    assert (code, out) == (1, "")
    assert "capture is off: set capture.enabled" in err
    assert (
        "yet: put a rule in shadow, or audit it"
        in compare(program, tmp_path / "none.jsonl", "--set", "capture.enabled=true")[2]
    )


def test_what_is_no_line_of_a_capture_is_passed_over_and_what_is_missing_left_empty(
    program: Program, tmp_path: Path
) -> None:
    file = tmp_path / "c.jsonl"
    file.with_name("c.jsonl.1").write_text('{"id": "1", "shadow": "r", "ours": "a", "theirs": null}\n')
    file.write_text('no json\n[1]\n"x"\n{"id": "2", "rule": "r", "body": 3}\n{"id": "2", "shadow": "r", "ours": "b"}\n')
    code, out, _ = compare(program, file, "--json")
    told = json.loads(out)
    assert code == 0
    assert [(one["id"], one["question"], one["theirs"], one["verdict"]) for one in told] == [
        ("1", "", None, "different"),
        ("2", "", None, "different"),
    ]


@every(
    ("messages", "text"),
    [
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "{"}], "a"),
        ([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image"}, {"text": "b"}]}], "a\nb"),
        ([{"role": "user", "content": 3}], ""),
        ([3, None], ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_question_is_the_last_text_of_the_users(messages: Any, text: str) -> None:
    assert question({"messages": messages}) == text

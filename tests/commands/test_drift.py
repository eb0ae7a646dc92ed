"""`drift`: what shows that the client has changed, from the running process to the command."""

import json
from pathlib import Path

import pytest

from proxy import __main__ as program
from tests.process import CONFIG, running
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.versions import question

CLAUDE = "User-Agent: claude-cli/2.1.332 (external, cli)\r\n"


async def _answers(peer: Peer) -> None:
    while True:
        await peer.sized(await peer.head())
        await peer.send(reply(b"{}"))


def _title(ending: str) -> bytes:
    """A title as 2.1.332 asks for it, in a language that the user has set."""
    _, body = question("session-title", "2.1.332", "bonjour")
    body["messages"] = [{"role": "user", "content": f"<session>\nbonjour\n</session>\n\n{ending}"}]
    return json.dumps(body).encode()


async def test_what_the_process_saw_is_listed_with_its_place_in_the_capture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [f"shadow.file={tmp_path / 'a.json'}", f"capture.file={tmp_path / 'c.jsonl'}", "capture.enabled=true"]
    unknown = json.dumps({"system": "Do a planted thing", "messages": [{"role": "user", "content": "now"}]}).encode()
    async with raw_upstream(_answers) as upstream, running(upstream.url, *settings) as (process, port):
        for body in (_title("Write the title in french."), unknown, unknown):
            async with raw_client(port) as client:
                await client.send(request(port, body=body, more=CLAUDE))
                await client.sized(await client.head())
        process.process.terminate()
        assert await process.exit_code() == 0
        logged = [json.loads(line) for line in process.said if b'"drift"' in line]
    assert [line["sign"] for line in logged] == ["nearly", "unknown question"]
    signs = json.loads(_drift(tmp_path, capsys, "--json"))["signs"]
    assert [(sign["sign"], sign["client"], sign["rule"], sign["count"]) for sign in signs] == [
        ("nearly", "2.1.332", "session-title", 1),
        ("unknown question", "2.1.332", signs[1]["rule"], 2),
    ]
    assert [sign["captured"] for sign in signs] == [f"{tmp_path / 'c.jsonl'}:1", f"{tmp_path / 'c.jsonl'}:3"]
    told = _drift(tmp_path, capsys)
    assert "nearly session-title: any user_text ends_with_any" in told
    assert "not streamed, messages: 1, system blocks: 1" in told
    for place in ("bonjour", "planted"):
        assert place not in told + json.dumps(logged) + (tmp_path / "a-drift.json").read_text()


def _drift(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    settings = [f"shadow.file={folder / 'a.json'}", f"capture.file={folder / 'c.jsonl'}"]
    options = [part for setting in settings for part in ("--set", setting)]
    assert program.main(["drift", "--config", str(CONFIG), *options, *more]) == 0
    return capsys.readouterr().out


def test_nothing_seen_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _drift(tmp_path, capsys) == "no sign that the client has changed under the rules\n"
    assert json.loads(_drift(tmp_path, capsys, "--json")) == {"signs": []}

"""`explain`: what becomes of a request, and why."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from proxy.commands.explain import MESSAGE_ID
from proxy.scripted import ScriptedUpstream
from proxy.sse import Decoder
from tests.commands.given import BASE, CONFIG, HELLO, Program, rule
from tests.conftest import Start
from tests.versions import question

CLIENT = {"user-agent": "claude-cli/2.0.64 (external, cli)"}


def body(said: str = "hello", **fields: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 1024, "messages": [{"role": "user", "content": said}], **fields}


def captured(said: str = "hello", **fields: Any) -> dict[str, Any]:
    return {"method": "POST", "target": "/v1/messages?beta=true", "headers": CLIENT, "body": body(said), **fields}


@pytest.fixture
def explained(program: Program) -> Any:
    """Explains JSON Lines by one greeting rule and a guard: exit code, requests, and problems as text."""
    program.file("1.toml", BASE + HELLO)
    program.file("2.toml", BASE + rule("guard", 'user_text = { contains = "stop" }', "stop it", guard=True))

    def run(*lines: Any, more: tuple[str, ...] = ()) -> tuple[int, list[dict[str, Any]], list[str]]:
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        program.file("requests.jsonl", text)
        code, told = program.json("explain", *more, "requests.jsonl")
        return code, told["requests"], [f"{found['line']}: {found['message']}" for found in told["problems"]]

    return run


def test_an_answer_with_its_facts_and_its_bytes(explained: Any) -> None:
    code, [told], problems = explained(captured())
    assert (code, problems) == (0, [])
    assert (told["decision"], told["reason"], told["rule"]["name"], told["nearest"]) == ("answer", None, "hello", [])
    assert told["facts"] == {"client": "claude-cli", "message_count": 1, "user_text": "hello"}
    assert told["reply"]["content_type"] == "application/json"
    reply = json.loads(told["reply"]["body"])
    assert (reply["id"], reply["content"]) == (MESSAGE_ID, [{"type": "text", "text": "Hi"}])


def test_a_stream_is_told_as_a_stream(explained: Any) -> None:
    _, [told], _ = explained(captured(body=body(stream=True)))
    assert told["reply"]["content_type"] == "text/event-stream"
    events = Decoder().feed(told["reply"]["body"].encode())
    assert [event.name for event in events][::5] == ["message_start", "message_stop"]


@pytest.mark.parametrize(
    ("given", "reason", "by"),
    [
        (captured("stop it"), "guarded", "guard"),
        (captured("bye"), "no rule matched", None),
        (captured(body={"messages": []}), "no messages", None),
        (captured(body="{"), "not JSON", None),
        (captured(body=""), "nothing to answer", None),
        (captured(headers={"user-agent": "curl/8"}), "nothing to answer", None),
        (captured(headers={**CLIENT, "content-encoding": "gzip"}), "compressed body", None),
    ],
)
def test_what_is_forwarded_and_why(explained: Any, given: dict[str, Any], reason: str, by: str | None) -> None:
    code, [told], _ = explained(given)
    assert (code, told["decision"], told["reason"], told["reply"]) == (0, "forward", reason, None)
    assert (told["rule"] and told["rule"]["name"]) == by


def test_a_body_that_is_too_large_is_not_looked_into(explained: Any) -> None:
    _, [told], _ = explained(captured(), more=("--set", "rules.max_body=10"))
    assert told["reason"] == "body too large to inspect"


def test_a_rule_in_shadow_tells_what_it_would_send(program: Program) -> None:
    program.file("1.toml", BASE + HELLO.replace('"answer"\n', '"answer"\nstatus = "shadow"\n'))
    program.file("body.json", json.dumps(body()))
    code, out, _ = program.run("explain", "body.json")
    assert code == 0
    assert "forwarded: shadow, by hello (1.toml:6)" in out
    assert re.search(r"^would send \d+ bytes of application/json:$", out, re.MULTILINE)


def test_headers_of_the_reply_are_told(program: Program) -> None:
    replay = 'text = "Hi", headers = { x-note = "local" }, replay = { headers = "anthropic-ratelimit-" }'
    program.file("1.toml", BASE + HELLO.replace('text = "Hi"', replay))
    program.file("body.json", json.dumps(body()))
    _, out, _ = program.run("explain", "body.json")
    assert "  x-note: local\n  anthropic-ratelimit-*: as in the last forwarded reply; declines without them\n" in out
    _, told = program.json("explain", "body.json")
    reply = told["requests"][0]["reply"]
    assert (reply["headers"], reply["repeats"]) == ([["x-note", "local"]], "anthropic-ratelimit-")


NEAR = """
[[rules]]
name = "near"
about = "near"
action = "answer"
answer = { text = "Hi" }
base = { headers = { x-app = "cli" }, body = { messages = [{ role = "user", content = "hey" }] } }
matches = [{ about = "x", answer = "Hi" }]
misses = [{ about = "y", path = "/" }]
[rules.when]
path = "/v1/messages"
client = "claude-cli"
"""


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("stream = { present = false }\nuser_text = 'hey'", (3, 4, "", "user_text", "is", "hey", "bye")),
        ("header.x-app = 'cli'", (2, 3, "", "header.x-app", "is", "cli", None)),
        (
            "any = [{ stream = true }, { message_count = 1, user_text = 'hey' }]",
            (2, 3, "any", "user_text", "is", "hey", "bye"),
        ),
        ("not = { user_text = { in = ['bye', 'hello'] } }", (2, 3, "not", "user_text", "in", ["bye", "hello"], "bye")),
        (
            "any = [{ not = { user_texts = { last = { starts_with = 'b' } } }, header.x-app = 'cli' }]\n"
            "not = { user_text = 'hello' }",
            (2, 4, "any", "header.x-app", "is", "cli", None),
        ),
        (
            "any = [{ not = { client_version = { below = '3' }, user_text = 'bye' } }]\nnot = { user_text = 'hello' }",
            (2, 4, "any not", "client_version", "below", "3", "2.0.64"),
        ),
    ],
)
def test_a_near_miss_names_the_first_condition_that_failed(
    program: Program, when: str, expected: tuple[Any, ...]
) -> None:
    program.file("1.toml", BASE + NEAR + when)
    program.file("requests.jsonl", json.dumps(captured("bye")))
    code, told = program.json("explain", "requests.jsonl")
    assert (code, told["problems"]) == (0, [])
    [miss] = told["requests"][0]["nearest"]
    keys = ("held", "of", "within", "fact", "operator", "operand", "value")
    assert tuple(miss[key] for key in keys) == expected


def test_the_three_nearest_are_those_that_hold_furthest_and_answer(program: Program) -> None:
    names = {
        "guard": 'method = "POST", path = "/v1/messages", client = "claude-cli", user_text = "1"',
        "one": 'method = "POST", user_text = "2"',
        "three": 'method = "POST", path = "/v1/messages", client = "claude-cli", user_text = "3"',
        "none": 'user_text = "4"',
        "two": 'method = "POST", path = "/v1/messages", user_text = "5"',
    }
    rules = [rule(name, when, when[-2], guard=name == "guard") for name, when in names.items()]
    program.file("1.toml", BASE + "".join(rules))
    program.file("requests.jsonl", json.dumps(captured("none of them")))
    code, told = program.json("explain", "requests.jsonl")
    assert code == 0
    assert [(miss["rule"]["name"], miss["held"]) for miss in told["requests"][0]["nearest"]] == [
        ("three", 3),
        ("two", 2),
        ("one", 1),
    ]


def test_a_miss_as_people_read_it(program: Program) -> None:
    program.file("1.toml", BASE + HELLO.replace('user_text = "hello"', 'user_texts = { last = "hello" }'))
    blocks = [{"type": "text", "text": "x" * 100}, {"type": "text", "text": "bye"}]
    program.file("body.json", json.dumps({"messages": [{"role": "user", "content": blocks}]}))
    code, out, err = program.run("explain", "body.json")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "body.json:1: POST /v1/messages from claude-cli/2.0.64",
        "forwarded: no rule matched",
        "",
        "  nearest rule  held    first condition that failed  the request's value",
        '  hello         2 of 3  user_texts last "hello"      ["bye"]',
    ]


def test_on_a_narrow_terminal_the_value_of_a_miss_leaves_and_is_named(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.file("1.toml", BASE + HELLO)
    program.file("body.json", json.dumps(body("bye")))
    monkeypatch.setenv("COLUMNS", "52")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    _, out, _ = program.run("explain", "body.json")
    assert out.splitlines()[3:] == [
        "  nearest rule  held    first condition that failed",
        '  hello         2 of 3  user_text is "hello"',
        "  (too narrow for: the request's value)",
    ]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("update the header but not on the login page", "a word that turns the meaning would be lost"),
        ("fix this", "it points at something that it does not name"),
        ("welche datei startet denn den worker?", "it is not in plain English alone"),
    ],
)
def test_why_a_title_was_declined_is_told_in_words(program: Program, said: str, reason: str) -> None:
    """By the shipped rule, and as people read it."""
    program.file("1.toml", (CONFIG.parent / "rules/30-session-title.toml").read_text("utf-8"))
    program.file("body.json", json.dumps(question("session-title", "2.1.330", text=said)[1]))
    code, out, _ = program.run("explain", "body.json")
    assert code == 0
    assert out.splitlines()[1].startswith(f"forwarded: declined: {reason}, by session-title (")


def test_long_values_are_whole_in_a_pipe_and_for_machines(program: Program) -> None:
    program.file("1.toml", BASE + HELLO.replace('user_text = "hello"', 'user_text = { starts_with = "hello" }'))
    said = "hello\n" * 100
    program.file("body.json", json.dumps(body(said)))
    _, out, _ = program.run("explain", "body.json")
    [line] = [line for line in out.splitlines() if line.startswith("  user_text")]
    assert line.endswith(json.dumps(said))
    _, told = program.json("explain", "body.json")
    assert told["requests"][0]["facts"]["user_text"] == said


@pytest.mark.parametrize(
    "given",
    [
        captured(),
        captured(headers=[["User-Agent", CLIENT["user-agent"]], ["user-agent", "curl/8"]]),
        captured(body=json.dumps(body())),
        {"path": "/v1/messages?x", "headers": CLIENT, "body": body(), "outcome": "forwarded"},
        body(),
        captured(headers={**CLIENT, "x-odd": "\udc80"}),
        captured(headers=[["X-Left-Out", None], ["User-Agent", CLIENT["user-agent"]]]),
    ],
    ids=[
        "pairs as an object",
        "pairs",
        "body as text",
        "path, no method",
        "a bare body",
        "a lone surrogate",
        "left out",
    ],
)
def test_every_form_of_a_request_is_read(explained: Any, given: dict[str, Any]) -> None:
    code, [told], problems = explained(given)
    assert (code, problems, told["rule"]["name"], told["path"]) == (0, [], "hello", "/v1/messages")


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("{", "not JSON: "),
        ("[1]", "found [1], expected a request: a JSON object"),
        ({"a": 1}, 'found a, expected "messages" (a body) or "body" (a captured request)'),
        (captured(body=7), "found 7, expected an object, or a string that holds JSON"),
        (captured(method=None), "found null, expected a string"),
        (captured(target=1), "found 1, expected a string"),
        (captured(headers="x"), 'found "x", expected an object or an array of pairs, of strings'),
        (captured(headers=[["a"]]), 'found ["a"], expected an object or an array of pairs, of strings'),
        (captured(headers={"a": 1}), 'found ["a", 1], expected an object or an array of pairs, of strings'),
    ],
)
def test_a_line_that_holds_no_request_is_told_and_the_others_are_explained(
    explained: Any, bad: Any, expected: str
) -> None:
    code, told, [problem] = explained(captured(), "", bad, captured("bye"))
    assert code == 1
    assert [request["line"] for request in told] == [1, 4]
    assert problem.startswith(f"3: {expected}")


def test_lines_about_something_else_than_requests_are_passed_over(explained: Any) -> None:
    code, told, problems = explained(captured(), {"id": "x", "shadow": "hello", "ours": "a", "theirs": "b"})
    assert (code, len(told), problems) == (0, 1, [])


def test_a_body_on_many_lines(program: Program) -> None:
    program.file("1.toml", BASE + HELLO)
    program.file("body.json", "\n\n" + json.dumps(body(), indent=2))
    _, told = program.json("explain", "body.json")
    assert [(request["decision"], request["line"]) for request in told["requests"]] == [("answer", 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{\n"messages": [\n', "broken.json:3: not JSON: "),
        (" \n", "broken.json: found nothing, expected a request"),
    ],
)
def test_a_broken_file_is_one_problem(program: Program, text: str, expected: str) -> None:
    program.file("1.toml", BASE + HELLO)
    program.file("broken.json", text)
    code, out, err = program.run("explain", "broken.json")
    assert (code, out) == (1, "")
    assert err.startswith(expected)
    assert len(err.splitlines()) == 1


def test_a_file_that_is_not_there_is_told_and_the_others_are_explained(program: Program) -> None:
    program.file("1.toml", BASE + HELLO)
    program.file("body.json", json.dumps(body()))
    code, out, err = program.run("explain", "none.json", "body.json")
    assert (code, err) == (1, "none.json: cannot be read: No such file or directory\n")
    assert out.startswith("body.json:1: POST /v1/messages from claude-cli/2.0.64\nanswered, by hello (1.toml:6)\n")


def test_a_rule_that_does_not_load_is_told(program: Program) -> None:
    program.file("1.toml", BASE + HELLO)
    program.file("2.toml", "[[rules]]\nname = 3\n")
    program.file("body.json", json.dumps(body()))
    code, out, err = program.run("explain", "body.json")
    assert code == 1
    assert "answered, by hello" in out
    assert err.startswith("2.toml:2: ")


@pytest.mark.parametrize(
    ("more", "expected"), [((), "claude-cli/2.0.64"), (("--client-version", "1.2.3"), "claude-cli/1.2.3")]
)
def test_a_bare_body_is_the_newest_tested_clients_unless_told(
    program: Program, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], expected: str
) -> None:
    program.file("1.toml", BASE + HELLO)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(body()).encode())))
    _, told = program.json("explain", *more, "-")
    assert [(request["file"], request["client"]) for request in told["requests"]] == [("stdin", expected)]


def test_a_version_that_is_none_is_a_usage_error(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        program.run("explain", "--client-version", "two", "-")
    assert caught.value.code == 2
    assert "found 'two', expected a version such as \"2.1.83\"" in capsys.readouterr().err


@pytest.mark.parametrize("stream", [True, False])
async def test_the_bytes_are_those_that_are_served(
    start: Start, scripted: ScriptedUpstream, capsys: pytest.CaptureFixture[str], tmp_path: Path, stream: bool
) -> None:
    given = body("Warmup", stream=stream, system="You are a file search specialist for Claude Code")
    (tmp_path / "request.json").write_text(json.dumps(captured(body=given)))
    _, told = Program(CONFIG.parent / "rules", capsys).json("explain", str(tmp_path / "request.json"))
    url = f"{(await start(scripted.url)).url}/v1/messages"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=orjson.dumps(given), headers=CLIENT) as reply,
    ):
        served = re.sub(r"msg_sidestep_\w+", MESSAGE_ID, await reply.text())
        kind = {"status": reply.status, "content_type": reply.content_type}
        sent: dict[str, Any] = {**kind, "headers": [], "repeats": None, "body": served}
    assert told["requests"][0]["reply"] == sent


RESPONDING = """
[[rules]]
name = "busy"
about = "a reply that is no message"
action = "respond"
when = { method = "HEAD", path = "/busy" }
respond = { status = 429, headers = { retry-after = "9" } }
matches = [{ about = "it", method = "HEAD", path = "/busy", answer = "" }]
misses = [{ about = "another", path = "/busy" }]

[[rules]]
name = "count"
about = "an estimate"
action = "respond"
when = { method = "POST", path = "/count" }
respond.estimate = {}
base = { path = "/count", body = { messages = [{ role = "user", content = "hi" }] } }
matches = [{ about = "it", answer = '{"input_tokens":8}' }]
misses = [{ about = "another", path = "/counts" }]
"""


def test_a_reply_that_is_no_message_is_told_with_its_status(explained: Any, program: Program) -> None:
    program.file("3.toml", RESPONDING)
    code, [busy, count, other], problems = explained(
        {"method": "HEAD", "target": "/busy", "headers": [], "body": ""},
        {**captured("hi"), "target": "/count?beta=true"},
        {"method": "HEAD", "target": "/other", "headers": [], "body": ""},
    )
    assert (code, problems) == (0, [])
    assert (busy["decision"], busy["reason"], busy["rule"]["name"]) == ("respond", None, "busy")
    assert busy["facts"] == {"method": "HEAD", "path": "/busy"}
    assert (busy["reply"]["status"], busy["reply"]["body"]) == (429, "")
    assert busy["reply"]["headers"] == [["retry-after", "9"]]
    assert count["reply"]["body"] == '{"input_tokens":8}'
    assert count["reply"]["headers"] == [["x-sidestep-estimate", "4.00 bytes a token, assumed"]]
    assert (other["decision"], other["reason"]) == ("forward", "nothing to answer")
    _, out, _ = program.run("explain", "requests.jsonl")
    assert "answered, by busy" in out
    assert "sends 429, no body:\n  retry-after: 9\n\n" in out
    assert "sends 200, 18 bytes of application/json:\n  x-sidestep-estimate: 4.00 bytes" in out


def test_as_a_process_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "proxy", "explain", "--json", "-"],
        cwd=CONFIG.parent,
        input=json.dumps(captured("hello")),
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)["requests"][0]["reason"] == "no rule matched"


def test_an_example_is_explained_by_the_name_of_its_rule_or_by_what_it_is_about(program: Program) -> None:
    file = program.file("1.toml", BASE + HELLO)
    code, told = program.json("explain", "--example", f"{file}:hello")
    assert code == 0
    assert [(one["about"], one["decision"]) for one in told["requests"]] == [
        ("the word", "answer"),
        ("another word", "forward"),
    ]
    code, out, _ = program.run("explain", "--example", f"{file}:another word")
    assert code == 0
    assert "(another word)\nforwarded: no rule matched" in out
    assert 'user_text is "hello"' in out


def test_an_example_of_a_rule_that_does_not_load_for_it_is_explained_all_the_same(program: Program) -> None:
    """Why it fails is what one wants to know."""
    file = program.file("1.toml", BASE + HELLO.replace('user_text = "hello"', 'user_text = "hullo"'))
    assert program.run("check")[0] == 1
    _, told = program.json("explain", "--example", f"{file}:the word")
    (one,) = told["requests"]
    nearest = one["nearest"][0]
    assert (nearest["rule"]["name"], nearest["fact"], nearest["value"]) == ("hello", "user_text", "hello")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("FILE:helo", "no rule and no example is called 'helo'; did you mean 'hello'?"),
        ("hello", "expected FILE:NAME"),
        ("none.toml:hello", "cannot be read"),
    ],
)
def test_an_example_that_is_not_there_is_told(program: Program, named: str, said: str) -> None:
    file = program.file("1.toml", BASE + HELLO)
    code, out, err = program.run("explain", "--example", named.replace("FILE", str(file)))
    assert (code, out) == (1, "")
    assert said in err


def test_explain_of_nothing_is_a_usage_error(program: Program) -> None:
    with pytest.raises(SystemExit) as ended:
        program.run("explain")
    assert ended.value.code == 2

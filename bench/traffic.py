"""What is sent: a conversation of any size as Claude Code holds one, and two side questions that rules answer.

All of it is made up; only names, order and shapes of headers and fields are those that 2.1.330 was seen to send.
"""

import json
import random
from collections.abc import Mapping
from typing import Any

TARGET = "/v1/messages?beta=true"
USER_AGENT = "claude-cli/2.1.330 (external, cli)"

Body = dict[str, Any]

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Connection": "keep-alive",
    "Content-Type": "application/json",
    "User-Agent": USER_AGENT,
    "X-Claude-Code-Session-Id": "5f0c2f5e-6f5b-4a57-9c1d-1d2f3a4b5c6d",
    "X-Stainless-Arch": "x64",
    "X-Stainless-Lang": "js",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Package-Version": "0.74.0",
    "X-Stainless-Retry-Count": "0",
    "X-Stainless-Runtime": "node",
    "X-Stainless-Runtime-Version": "v24.3.0",
    "X-Stainless-Timeout": "600",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27",
    "anthropic-dangerous-direct-browser-access": "true",
    "anthropic-version": "2023-06-01",
    "x-api-key": "no-key-at-all",
    "x-app": "cli",
}

_MODEL = "claude-sonnet-5-5"
_METADATA = {"user_id": "user_0123456789abcdef_account__session_5f0c2f5e-6f5b-4a57-9c1d-1d2f3a4b5c6d"}
_IDENTITY = "You are Claude Code, Anthropic's official CLI for Claude."
_TOOLS = ("Agent", "Bash", "Edit", "Glob", "Grep", "NotebookEdit", "Read", "Skill", "TodoWrite", "WebFetch", "Write")

_PROSE = (
    "Prefer the smallest change that solves the task, and read a file before it is edited.",
    'Paths are absolute; "~" is not expanded. Quote those that hold spaces.',
    "When a command fails, say what failed and what was tried, then go on with what is left.",
    "IMPORTANT: never commit unless the user has asked for it in so many words.",
    "The parser keeps the last line; the test fails since the file ends without a newline – see issue #4711.",
    "- run the tests of the package alone first: `pytest tests/test_parser.py -q`",
)
_CODE = (
    "    def parse(self, text: str, *, strict: bool = False) -> list[Token]:",
    '        """Cut `text` into tokens; raises ValueError at what is none."""',
    "        for number, line in enumerate(text.splitlines(keepends=True), start=1):",
    '            if line.startswith("#") or not line.strip():',
    "                continue",
    '            key, separator, value = line.partition("=")',
    "            if not separator and strict:",
    '                raise ValueError(f"line {number}: expected \\"key = value\\"")',
    "\t\tyield Token(key.strip(), value.strip(), number)",
    "",
)
_FILLER = " It did so before."


def conversation(size: int) -> bytes:
    """A conversation with tools whose JSON is exactly `size` bytes (at least 32 KiB); no shipped rule matches it."""
    dice = random.Random(size)
    body = _conversation(dice)
    messages = body["messages"]
    length = len(encoded(body))
    while True:
        turn = _turn(dice, len(messages))
        length += sum(len(encoded(message)) + 1 for message in turn)
        if length > size - 512:
            break
        messages += turn
    missing = size - len(encoded(body))
    if missing < 0:
        raise ValueError(f"no conversation has so few bytes: {size}")
    messages[0]["content"][0]["text"] += (_FILLER * missing)[:missing]
    return encoded(body)


def long_message(size: int) -> bytes:
    """A conversation whose last message is a text of `size` characters that somebody pasted: no rule matches it."""
    dice = random.Random(size)
    body = _conversation(dice)
    pasted = _text(dice, _CODE, size)[:size]
    body["messages"] += [*_turn(dice, 1), {"role": "assistant", "content": [_block("Show me the file.")]}]
    body["messages"].append({"role": "user", "content": [_block(pasted)]})
    return encoded(body)


def encoded(value: Any) -> bytes:
    """JSON as a JavaScript client writes it: no blanks, no escapes that are not needed."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def quota_probe() -> bytes:
    """One token of reply to "quota": no `stream` field, so it is answered by JSON."""
    messages = [{"role": "user", "content": "quota"}]
    return encoded({"model": "claude-haiku-4-5", "max_tokens": 1, "messages": messages, "metadata": _METADATA})


NAMING = (
    "You are naming a coding session so the user can pick it out of a long list of sessions.\n\n"
    'Return JSON with a single "title" field. Capitalize the first letter of the title.'
)
_LANGUAGE = (
    "Write the title in the predominant language of the session — a stray word or code token in another language "
    "doesn't change it, and neither does the English of these instructions."
)
_SAID = (
    "please document the parser for config.ini",
    "can you add retries to the upload client",
    "the login page flickers on Safari 17",
    "refactor the billing service so that invoices are immutable",
    "why does test_checkout fail on Windows?",
    "write a migration for the address column",
    "speed up the nightly import, it takes four hours",
    "explain how the cache invalidation in store.ts works",
)


def title_requests() -> list[bytes]:
    """Titles for sessions, streamed: each is answered by six events. No two are the same, as no two sessions are."""
    return [_title_request(said) for said in _SAID]


def _title_request(said: str) -> bytes:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    body = {
        "model": "claude-haiku-4-5",
        "max_tokens": 32000,
        "stream": True,
        "tools": [],
        "system": [
            _block(_IDENTITY),
            _block(NAMING),
        ],
        "messages": [{"role": "user", "content": [_block(f"<session>\n{said}\n</session>\n\n{_LANGUAGE}")]}],
        "metadata": _METADATA,
        "output_config": {
            "format": {"type": "json_schema", "schema": {**schema, "additionalProperties": False}},
        },
    }
    return encoded(body)


def fields() -> dict[str, str]:
    """The headers of every request, without `Host` and `Content-Length`."""
    return dict(_HEADERS)


def request(port: int, body: bytes, target: str = TARGET, more: Mapping[str, str] | None = None) -> bytes:
    """A whole request to 127.0.0.1:`port`."""
    all_fields = {"Host": f"127.0.0.1:{port}", **_HEADERS, **(more or {}), "Content-Length": str(len(body))}
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in all_fields.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def _conversation(dice: random.Random) -> Body:
    """System prompt and tools, about 24 KiB, and the first question."""
    return {
        "model": _MODEL,
        "messages": [{"role": "user", "content": [_block("Why does the parser drop the last line?")]}],
        "system": [_block(_IDENTITY), _block(_text(dice, _PROSE, 10_000))],
        "tools": [_tool(name, dice) for name in _TOOLS],
        "metadata": _METADATA,
        "max_tokens": 64000,
        "thinking": {"type": "adaptive"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "stream": True,
    }


def _tool(name: str, dice: random.Random) -> Body:
    named = {"type": "string", "description": _text(dice, _PROSE, 120)}
    properties = dict.fromkeys(("description", "file_path", "pattern"), named)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": properties}
    return {
        "name": name,
        "description": _text(dice, _PROSE, 600),
        "input_schema": {**schema, "required": ["file_path"], "additionalProperties": False},
    }


def _turn(dice: random.Random, number: int) -> list[Body]:
    """The model reads a file, and gets it: between one and three KiB."""
    call = {"type": "tool_use", "id": f"toolu_{number:024d}", "name": "Read"}
    lines = _text(dice, _CODE, dice.randint(600, 2400)).split("\n")
    shown = "\n".join(f"{at:6d}\t{line}" for at, line in enumerate(lines, start=1))
    result = {"tool_use_id": call["id"], "type": "tool_result", "content": shown}
    said = _block(_text(dice, _PROSE, 150))
    return [
        {"role": "assistant", "content": [said, {**call, "input": {"file_path": f"/home/user/app/part_{number}.py"}}]},
        {"role": "user", "content": [result]},
    ]


def _block(text: str) -> Body:
    return {"type": "text", "text": text}


def _text(dice: random.Random, lines: tuple[str, ...], size: int) -> str:
    """Lines of at least `size` characters in all."""
    chosen: list[str] = []
    while size > 0:
        chosen.append(dice.choice(lines))
        size -= len(chosen[-1]) + 1
    return "\n".join(chosen)

"""A model's server that takes its time: 0.8 s to the first byte, and as many requests at a time as it has slots.

The others wait for their turn, as before llama-server with one slot. Writing costs no time, so that what is measured is
on the low side; a request whose client goes gives its slot to the next.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from proxy.scripted import ContentBlock, Script, ScriptedUpstream
from tests.compat.kinds import BY_NAME, kind_of, text_of

FIRST_BYTE = 0.8
"""Seconds."""

TURNS: tuple[tuple[str, str], ...] = (
    ("Explain how sorting works in src/app.py", ""),
    ("What does notes.txt say?", "cat notes.txt"),
    ("Add a docstring to src/app.py, here in the chat", ""),
    ("List the files in src", "ls -la src"),
    ("Which tests would you write first?", ""),
    ("Run the program", "python3 src/app.py"),
    ("Is there a faster way for large lists?", ""),
    ("Count the lines of src/app.py", "wc -l src/app.py"),
    ("Write a test for the sorting", ""),
    ("ok, go on", ""),
)
"""What a person says, and the shell command that the model has run for it."""

_REPLIES = {
    "topic": '{"isNewTopic":true,"title":"Sorting numbers"}',
    "command-prefix": "none",
    "file-paths": "<filepaths>\nnotes.txt\n</filepaths>",
    "prompt-suggestion": "run the tests",
    "warm-up": "Ready.",
}
_PROSE = "Title: Sorting numbers"
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)


def reply_to(turn: int) -> str:
    """What the model says at the end of a turn, counted from 1."""
    return f"That was answer number {turn} of {len(TURNS)}."


@dataclass(slots=True)
class Asked:
    """A request to the model: when it came (`time.perf_counter()`), and its tokens; none if its client went first."""

    at: float
    kind: str
    read: int = 0
    written: int = 0


@dataclass
class Model(ScriptedUpstream):
    script: Script = field(init=False)
    slots: int = 1
    first_byte: float = FIRST_BYTE
    titles: bool = True
    """Whether its titles are the JSON that was asked for, or prose."""
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.script = self._say
        self._free = asyncio.Semaphore(self.slots)

    async def _message(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        asked = Asked(time.perf_counter(), kind_of(body))
        self.asked.append(asked)
        async with self._free:
            await asyncio.sleep(self.first_byte)
            before = self.usage.copy()
            response = await super()._message(request, body)
            told = self.usage - before
            asked.written = told.pop("output_tokens", 0)
            asked.read = told.total()
        return response

    def _say(self, body: dict[str, Any]) -> list[ContentBlock]:
        kind = kind_of(body)
        if kind in BY_NAME and BY_NAME[kind].treated != "forwarded":
            prose = kind == "session-title" and not self.titles
            return [_text(_PROSE if prose else _REPLIES.get(kind) or BY_NAME[kind].reply)]
        turn, command = _wanted(body["messages"])
        if command and any(tool.get("name") == "Bash" for tool in body.get("tools") or ()):
            call = {"command": command, "description": "Looks into the files"}
            return [{"type": "tool_use", "id": f"toolu_{turn:06d}", "name": "Bash", "input": call}]
        return [_text(reply_to(turn) if turn else "Ready.")]


def _text(text: str) -> ContentBlock:
    return {"type": "text", "text": text}


def _wanted(messages: list[Any]) -> tuple[int, str]:
    """The turn that a conversation has come to, 0 before the first, and the command that is still to be run for it."""
    turn, command = 0, ""
    for message in messages:
        content = message["content"]
        if message["role"] == "user" and _has_result(content):
            command = ""
        elif message["role"] == "user":
            said = _REMINDER.sub("", text_of(content))
            for number, (text, wanted) in enumerate(TURNS, 1):
                if text in said:
                    turn, command = number, wanted
    return turn, command


def _has_result(content: Any) -> bool:
    return isinstance(content, list) and any(block.get("type") == "tool_result" for block in content)

"""The model's part: what a client asks by itself is answered in its form, and a person's directives are followed.

`RUN[command]` has a shell command run, `USE{"name": …, "input": {…}}` any tool that the client offers.
"""

import json
import re
from typing import Any

from proxy.scripted import ContentBlock
from tests.compat.kinds import BY_NAME, kind_of, text_of

REPLY = "It sorts three numbers and prints them."

_DIRECTIVE = re.compile(r"RUN\[(?P<run>.*?)\]|USE(?P<use>\{.*?\}\})")
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
_LATER_NAMES = {"Task": "Agent"}

Call = tuple[str, Any]


def script(body: dict[str, Any]) -> list[ContentBlock]:
    kind = BY_NAME.get(kind_of(body))
    if kind is not None and kind.treated != "forwarded":
        return [{"type": "text", "text": kind.reply or REPLY}]
    wanted = _wanted(body["messages"])
    if wanted is not None:
        offered = {tool.get("name") for tool in body.get("tools") or ()}
        name = wanted[0] if wanted[0] in offered else _LATER_NAMES.get(wanted[0])
        if name in offered:
            return [{"type": "tool_use", "id": f"toolu_{len(body['messages']):06d}", "name": name, "input": wanted[1]}]
    return [{"type": "text", "text": REPLY}]


def _wanted(messages: list[Any]) -> Call | None:
    """The tool that the last thing said asks for, unless its result has come."""
    wanted: Call | None = None
    for message in messages:
        if message["role"] != "user":
            continue
        content = message["content"]
        if isinstance(content, list) and any(block.get("type") == "tool_result" for block in content):
            wanted = None
        elif said := _REMINDER.sub("", text_of(content)).strip():
            found = _DIRECTIVE.search(said)
            wanted = _call(found) if found else None
    return wanted


def _call(found: "re.Match[str]") -> Call:
    if found["run"] is not None:
        return "Bash", {"command": found["run"], "description": "Shows the notes"}
    use = json.loads(found["use"])
    return use["name"], use["input"]

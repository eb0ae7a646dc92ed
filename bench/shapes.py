"""Bodies of any size that are built to cost a reader the most: one request each, for `parse`, rules and breaker."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.traffic import NAMING, conversation, encoded, fields
from proxy.exchange import Head

Shape = tuple[Head, bytes]
Make = Callable[[int], bytes]

_USER = b'"messages":[{"role":"user","content":"hi"}]'
_LINES = {
    "many objects": b"{},",
    "many lists": b"[],",
    "many numbers": b"1,",
    "many large numbers": b"123456789,",
    "many texts": b'"ab",',
    "many small objects": b'{"a":1},',
    "deep lists": b"[" * 500 + b"]" * 500 + b",",
    "deep objects": b'{"a":' * 200 + b"1" + b"}" * 200 + b",",
    "blanks": b"1 \n\t\r ,",
}
_TEXTS = {
    "letters": b"a",
    "Chinese": "中".encode(),
    "escaped Chinese": b"\\u4e2d",
    "emoji": "😀".encode(),
    "escaped emoji": b"\\ud83d\\ude00",
    "escaped quotes": b'\\"',
    "escaped line ends": b"\\n",
    "reminders": b"<system-reminder>",
    "closed reminders": b"<system-reminder>a</system-reminder>",
    "words": b"fix the parser in app.py and ",
    "lines": b"- a b\\n",
    "paths": b"a/b.py:1:x\\n",
    "brackets": b"[",
    "transcripts": b"<transcript>",
    "blanks": b" ",
    "sentences": b"Yes. ",
    "quotes": "“".encode(),
}


def filled(before: bytes, unit: bytes, behind: bytes, size: int) -> bytes:
    """`unit` as often as there is room for it."""
    return before + unit * ((size - len(before) - len(behind)) // len(unit)) + behind


def _of(body: bytes, agent: str = "claude-cli/2.1.330 (external, cli)") -> Shape:
    return Head("POST", "/v1/messages", {**_HEADERS, "user-agent": agent}), body


_HEADERS: Mapping[str, str] = {name.lower(): value for name, value in fields().items()}

_SUGGESTION = (
    b"[SUGGESTION MODE: Suggest what the user might naturally type next into Claude Code.]\\n\\nFIRST: \\n\\n"
    b"THE TEST: \\n\\nEXAMPLES:\\n"
)
_SUGGESTED = (
    b"\\n\\nNEVER SUGGEST:\\n\\n\\nStay silent if \\n\\nFormat: 2-8 words, \\n\\n"
    b"Reply with ONLY the suggestion, no quotes or explanation."
)
_SUGGEST = _SUGGESTION + b"." * (1099 + 16 - len(_SUGGESTION) - len(_SUGGESTED)) + _SUGGESTED
"""As long as the client's prompt, which has 16 line ends here."""

_PLACES = {
    "the whole": (b"[", b"]"),
    "messages": (b'{"messages":[', b"]}"),
    "last content": (b'{"messages":[{"role":"user","content":[', b"]}]}"),
    "a block": (b'{"messages":[{"role":"user","content":[{"type":"text","text":"hi","x":[', b"]}]}]}"),
    "system": (b"{" + _USER + b',"system":[', b"]}"),
    "tools": (b"{" + _USER + b',"tools":[', b"]}"),
    "metadata": (b"{" + _USER + b',"metadata":[', b"]}"),
    "metadata, within": (b"{" + _USER + b',"metadata":{"user_id":"a","x":[', b"]}}"),
    "output_config": (b"{" + _USER + b',"output_config":{"format":{"type":"json_schema","schema":[', b"]}}}"),
    "model": (b"{" + _USER + b',"model":[', b"]}"),
    "unknown field": (b"{" + _USER + b',"x":[', b"]}"),
    "quota probe": (
        b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"quota"}],"metadata":{"x":[',
        b"]}}",
    ),
    "suggestion": (
        b'{"model":"m","max_tokens":900,"messages":[{"role":"user","content":[',
        b']},{"role":"assistant","content":"a"},{"role":"user","content":"' + _SUGGEST + b'"}]}',
    ),
}
_KEYS = {
    "unknown": b',"a":1',
    "messages": b',"messages":[]',
    "messages, with one": b',"messages":[{"role":"a","content":1}]',
    "model": b',"model":"ab"',
    "max_tokens": b',"max_tokens":12345',
    "stream": b',"stream":true',
    "system": b',"system":[]',
    "system text": b',"system":"ab"',
    "tools": b',"tools":[]',
    "tools, with one": b',"tools":[{}]',
    "metadata": b',"metadata":{}',
    "output_config": b',"output_config":1',
    "escaped": b',"\\u006dodel":"a"',
}


TITLE = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}


def title(said: str, schema: Mapping[str, Any] = TITLE) -> Shape:
    """A question for the title of a session that begins with `said`."""
    before, behind = _title(schema)
    return _of(before + encoded(said)[1:-1] + behind)


def _title(schema: Mapping[str, Any] = TITLE) -> tuple[bytes, bytes]:
    output = {"format": {"type": "json_schema", "schema": schema}}
    start = encoded({"model": "m", "max_tokens": 900, "system": NAMING, "output_config": output})[:-1]
    return start + b',"messages":[{"role":"user","content":"<session>\\n', b'\\n</session>"}]}'


def _asked(version: str, system: str, before: bytes, behind: bytes = b"") -> tuple[str, bytes, bytes]:
    start = encoded({"model": "m", "max_tokens": 900, "system": system})[:-1]
    said = b',"messages":[{"role":"user","content":"' + before
    return f"claude-cli/{version} (external, cli)", start + said, behind + b'"}]}'


_NEW = "claude-cli/2.1.330 (external, cli)"
_POLICY = b"<policy_spec>\\n# Claude Code Code Bash command prefix detection\\n\\n- git push => none\\n"
_PREFIX = (
    "Your task is to process Bash commands that an AI coding agent wants to run.\n\n"
    "This policy spec defines how to determine the prefix of a Bash command:"
)
_PATHS = (
    "Extract any file paths that this command reads or modifies in <filepaths>.\n\n"
    "Do not include any other text in your response."
)
_TOPIC = (
    "Analyze if this message indicates a new conversation topic: 'isNewTopic' (boolean) (null if isNewTopic is false)."
)
_SPINNER = "Analyze this message and come up with a single verb in gerund form, such as Penetrating."

_ASKED = {
    "last text": (_NEW, b'{"messages":[{"role":"user","content":"', b'"}]}'),
    "last block": (_NEW, b'{"messages":[{"role":"user","content":[{"type":"text","text":"', b'"}]}]}'),
    "tool result": (_NEW, b'{"messages":[{"role":"user","content":[{"type":"tool_result","content":"', b'"}]}]}'),
    "system text": (_NEW, b"{" + _USER + b',"system":"', b'"}'),
    "model text": (_NEW, b"{" + _USER + b',"model":"', b'"}'),
    "user_id": (_NEW, b"{" + _USER + b',"metadata":{"user_id":"', b'"}}'),
    "tool name": (_NEW, b"{" + _USER + b',"tools":[{"name":"', b'"}]}'),
    "prefill": (_NEW, b'{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"', b'"}]}'),
    "title": (_NEW, *_title()),
    "topic": _asked("1.0.43", _TOPIC, b""),
    "spinner word": _asked("1.0.43", _SPINNER, b""),
    "command prefix": _asked(
        "1.0.43", _PREFIX, _POLICY + b"</policy_spec>\\n\\nONLY return the prefix.\\n\\nCommand: "
    ),
    "command prefix, policy": _asked(
        "1.0.43", _PREFIX, _POLICY, b"</policy_spec>\\n\\nONLY return the prefix.\\n\\nCommand: ls"
    ),
    "file paths, output": _asked("1.0.43", _PATHS, b"Command: cat a/b.py\\nOutput: "),
    "file paths, found": _asked("1.0.43", _PATHS, b"Command: grep -rn x a\\nOutput: "),
    "file paths, command": _asked("1.0.43", _PATHS, b"Command: ", b"\\nOutput: a"),
    "suggestion, older text": (
        _NEW,
        b'{"model":"m","max_tokens":900,"messages":[{"role":"user","content":"',
        b'"},{"role":"assistant","content":"a"},{"role":"user","content":"' + _SUGGEST + b'"}]}',
    ),
    "suggestion, last text": (
        _NEW,
        b'{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"a"},{"role":"user","content":"'
        + _SUGGESTION,
        _SUGGESTED + b'"}]}',
    ),
}


def _is(body: Make, agent: str = _NEW) -> Callable[[int], Shape]:
    return lambda size: _of(body(size), agent)


def _filled(before: bytes, unit: bytes, behind: bytes) -> Make:
    return lambda size: filled(before, unit, behind, size)


_ODD: dict[str, Make] = {
    "tiny messages": _filled(b'{"messages":[', b'{"role":"user","content":"a"},', b'{"role":"user","content":"a"}]}'),
    "tiny messages behind the user's": _filled(
        b'{"messages":[{"role":"user","content":"a"},',
        b'{"role":"system","content":"a"},',
        b'{"role":"system","content":"a"}]}',
    ),
    "text blocks at the end": _filled(
        b'{"messages":[{"role":"user","content":[',
        b'{"type":"text","text":"a"},',
        b'{"type":"text","text":"a"}]}]}',
    ),
    "system blocks": _filled(
        b"{" + _USER + b',"system":[', b'{"type":"text","text":"a"},', b'{"type":"text","text":"a"}]}'
    ),
    "named tools": _filled(b"{" + _USER + b',"tools":[', b'{"name":"a"},', b'{"name":"a"}]}'),
    "number without end": _filled(b"{" + _USER + b',"max_tokens":', b"1", b"}"),
    "fraction without end": _filled(b"{" + _USER + b',"max_tokens":1.', b"1", b"}"),
    "unknown number": _filled(b"{" + _USER + b',"x":', b"1", b"}"),
    "brackets that stay open": _filled(b"{" + _USER + b',"x":', b"[", b""),
    "not UTF-8 at the end": _filled(b'{"messages":[{"role":"user","content":"', b"a", b'\xff"}]}'),
    "text that stays open": _filled(b'{"messages":[{"role":"user","content":"', b"a", b""),
    "backslashes": _filled(b"{" + _USER + b',"x":"', b"\\\\", b'"}'),
    "blanks before": _filled(b"", b" ", b"{" + _USER + b"}"),
    "blanks behind": _filled(b"{" + _USER + b"}", b" ", b""),
    "nothing": lambda size: b" " * size,
    "zeros": bytes,
}

SHAPES: dict[str, Callable[[int], Shape]] = {
    "conversation": _is(conversation),
    **{
        f"{place}: {name}": _is(_filled(before, unit, unit[:-1] + behind))
        for name, unit in _LINES.items()
        for place, (before, behind) in _PLACES.items()
    },
    **{f"keys: {name}": _is(_filled(b"{" + _USER, unit, b"}")) for name, unit in _KEYS.items()},
    **{
        f"{place}: {name}": _is(_filled(before, unit, behind), agent)
        for name, unit in _TEXTS.items()
        for place, (agent, before, behind) in _ASKED.items()
    },
    **{f"odd: {name}": _is(make) for name, make in _ODD.items()},
}
"""Every shape by its name, to be made in so many bytes or a few less."""

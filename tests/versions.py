"""Side questions as fifteen versions of Claude Code ask them: small requests of the observed shapes.

Observed by running each version: which fields there are, where the marker stands, how the content is wrapped. The
prompts are cut down to their first words and to what the rules look at.
"""

from typing import Any

from proxy.exchange import Head, Version, parse_version

VERSIONS = [
    *("0.2.64", "0.2.126", "1.0.43", "1.0.88", "2.0.20", "2.0.64", "2.1.6", "2.1.20", "2.1.48", "2.1.62", "2.1.83"),
    *("2.1.110", "2.1.160", "2.1.212", "2.1.250", "2.1.330"),
]

# Kind to the first version that asks it, and the first that no longer does.
ASKED: dict[str, tuple[Version, Version]] = {
    "quota-probe": ((1, 0, 88), (99,)),
    "topic": ((0, 2, 64), (2, 1, 63)),
    "session-title": ((2, 1, 83), (99,)),
    "command-prefix": ((0, 2, 64), (2, 1, 49)),
    "file-paths": ((0, 2, 64), (2, 1, 63)),
    "prompt-suggestion": ((2, 1, 20), (99,)),
    "warm-up": ((2, 0, 20), (2, 0, 77)),
    "spinner-word": ((0, 2, 126), (1, 0, 44)),
}

Body = dict[str, Any]

TITLE = (
    "You are naming a coding session so the user can pick it out of a list.\n\n"
    'Return JSON with a single "title" field. Capitalize the first letter of the title.'
)
OLDER_TITLE = (
    "Generate a concise, sentence-case title (3-7 words) that captures the main topic or goal.\n\n"
    'Bad (too vague): {"title": "Code changes"}'
)
_TASKS = {
    "topic": "Analyze if this message indicates a new conversation topic. Fields: 'isNewTopic' (boolean) "
    "and 'title' (null if isNewTopic is false).",
    "command-prefix": "Your task is to process Bash commands that an AI coding agent wants to run.\n\n"
    "This policy spec defines how to determine the prefix of a Bash command:",
    "spinner-word": "Analyze this message and come up with a single positive, cheerful verb in gerund form. "
    "NEVER use a destructive word, such as Killing, or similar.",
    "warm-up": "You are a file search specialist for Claude Code, Anthropic's official CLI for Claude.",
}
_TOPIC_SCHEMA = {"isNewTopic": {"type": "boolean"}, "title": {"anyOf": [{"type": "string"}, {"type": "null"}]}}
_LANGUAGE = (
    "\n\nWrite the title in the predominant language of the session — a stray word or code token in another language "
    "doesn't change it, and neither does the English of these instructions."
)


def asks(kind: str, version: str) -> bool:
    first, end = ASKED[kind]
    return first <= parse_version(version) < end


def question(kind: str, version: str, text: str = "", output: str = "") -> tuple[Head, Body]:
    """The request in which `version` asks `kind` about `text`: a message, or a command with its output."""
    number = parse_version(version)
    agent = f"claude-cli/{version} (external{', cli' if number >= (1,) else ''})"
    head = Head("POST", "/v1/messages", {"user-agent": agent, "x-app": "cli"})
    if kind == "quota-probe":
        messages = [{"role": "user", "content": "quota"}]
        return head, {"model": "m", "max_tokens": 1, "messages": messages, "metadata": {"user_id": "u"}}
    if kind == "prompt-suggestion":
        return head, _suggestion(number, version)
    body: Body = {"model": "m", "max_tokens": 512 if number < (2, 0, 42) else 32000, "metadata": {"user_id": "u"}}
    body |= {"stream": True, "system": _system(kind, number, version)}
    body["messages"] = [{"role": "user", "content": _content(_said(kind, number, text, output), number)}]
    if number >= (2, 0, 42):
        body["tools"] = []
    if number < (2, 0, 42) or (2, 1, 48) <= number < (2, 1, 212):
        body["temperature"] = 0 if number < (2, 0, 42) else 1
    return head, body | _output(kind, number, body)


def _said(kind: str, number: Version, text: str, output: str) -> str:
    match kind:
        case "command-prefix":
            ending = "\n" if number >= (2,) else ""
            return (
                "<policy_spec>\n# Claude Code Code Bash command prefix detection\n\n"
                "- git push => none\n</policy_spec>\n\n"
                "ONLY return the prefix. Do not return any other text, markdown markers, or formatting.\n\n"
                f"Command: {text}{ending}"
            )
        case "file-paths":
            return f"Command: {text}\nOutput: {output}"
        case "session-title" if number >= (2, 1, 159):
            return f"<session>\n{text}\n</session>" + (_LANGUAGE if number >= (2, 1, 212) else "")
        case "warm-up":
            return "Warmup"
    return text


def _content(text: str, number: Version) -> Any:
    return text if number < (2, 0, 42) else [{"type": "text", "text": text}]


def _system(kind: str, number: Version, version: str) -> list[Body]:
    """The task's block, behind an identity since 2.0.42 and a billing header since 2.1.20."""
    blocks = []
    if number >= (2, 1, 20):
        blocks.append(f"x-anthropic-billing-header: cc_version={version}.abc; cc_entrypoint=cli;")
    if number >= (2, 0, 42) or kind == "warm-up":
        blocks.append("You are Claude Code, Anthropic's official CLI for Claude.")
    return [{"type": "text", "text": text} for text in [*blocks, _task(kind, number)]]


def _task(kind: str, number: Version) -> str:
    if kind == "session-title":
        return TITLE if number >= (2, 1, 250) else OLDER_TITLE
    if kind == "file-paths":
        tags = "<filepaths>" if number < (1, 0, 88) else "<is_displaying_contents> <filepaths>"
        ending = "Do not include any other text in your response."
        return (
            f"Extract any file paths that this command reads or modifies. Format your response as: {tags}\n\n{ending}"
        )
    return _TASKS[kind]


def _output(kind: str, number: Version, body: Body) -> Body:
    """The form that is asked of the reply: a prefill in 2.0.42 to 2.1.6, a schema since 2.1.20."""
    if kind == "topic" and (2, 0, 42) <= number <= (2, 1, 6):
        return {"messages": [*body["messages"], {"role": "assistant", "content": [{"type": "text", "text": "{"}]}]}
    properties = _TOPIC_SCHEMA if kind == "topic" else {"title": {"type": "string"}}
    if kind not in ("topic", "session-title") or number < (2, 1, 20):
        return {}
    schema = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
    more = {"thinking": {"type": "disabled"}} if (2, 1, 212) <= number < (2, 1, 330) else {}
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}, **more}


def suggestion(number: Version = (99,)) -> str:
    """The order of the prompt as that version has it, though not all of its words."""
    words = "2-12" if number >= (2, 1, 45) else "2-8"
    safe = "Stay silent if a suggestion could be unsafe.\n\n" if number >= (2, 1, 159) else ""
    return (
        "[SUGGESTION MODE: Suggest what the user might naturally type next into Claude Code.]\n\nFIRST: Look.\n\n"
        "THE TEST: Would they?\n\nEXAMPLES:\n- Go on\n\nNEVER SUGGEST:\n- Thanks\n\n"
        f"Stay silent if the next step is not obvious.\n\n{safe}"
        f"Format: {words} words, or nothing.\n\nReply with ONLY the suggestion, no quotes or explanation."
    )


def _suggestion(number: Version, version: str) -> Body:
    """The running conversation, and a last message that asks what comes next."""
    text = suggestion(number)
    said = [
        {"role": "user", "content": "run the tests"},
        {"role": "assistant", "content": [{"type": "text", "text": "They pass."}]},
        {"role": "user", "content": text if number >= (2, 1, 48) else [{"type": "text", "text": text}]},
    ]
    return {
        "model": "m",
        "max_tokens": 32000,
        "stream": True,
        "thinking": {"type": "adaptive"},
        "tools": [{"name": "Bash"}],
        "system": [
            *_system("warm-up", number, version)[:-1],
            {"type": "text", "text": "You are an interactive agent."},
        ],
        "messages": said,
        "metadata": {"user_id": "u"},
    }

"""What kind of request reached the upstream: read from its body as a person would, with no help from the rules."""

import re
from typing import Any

SIDE_QUESTIONS = {
    "topic": "Analyze if this message indicates a new conversation topic",
    "session-title": r"Generate a concise, sentence-case title|You are naming a coding session",
    "command-prefix": "Your task is to process Bash commands that an AI coding agent wants to run",
    "file-paths": "Extract any file paths that this command reads or modifies",
    "spinner-word": "verb in gerund form",
}


def kind_of(method: str, path: str, body: Any) -> str:
    """A side question's name, `conversation`, or method and path for anything else."""
    if path != "/v1/messages" or not isinstance(body, dict):
        return f"{method} {path}"
    last = _last_user(body)
    if body.get("max_tokens") == 1:
        return "quota-probe" if last == "quota" else "model-probe"
    if last.startswith("[SUGGESTION MODE"):
        return "prompt-suggestion"
    if last.endswith("Warmup"):
        return "warm-up"
    system = _text(body.get("system", ""))
    for kind, marker in SIDE_QUESTIONS.items():
        if not body.get("tools") and re.search(marker, system):
            return kind
    return "conversation" if body.get("tools") else "other"


def _last_user(body: dict[str, Any]) -> str:
    users = [message for message in body.get("messages", ()) if message.get("role") == "user"]
    return _text(users[-1]["content"]) if users else ""


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content if isinstance(block, dict))

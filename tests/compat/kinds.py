"""What clients ask for, as a person would name it from the whole request, with no help from the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Place = Literal["system", "user", "tool"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of question.

    `treated` is what may become of it: one that is answered, by the rule of its name, may be forwarded as well. `words`
    tell it, in the system prompt, the last user message, or as the name of a tool. `reply` is what a model would say.
    """

    name: str
    treated: Literal["answered", "guarded", "forwarded"]
    place: Place
    words: tuple[str, ...]
    reply: str = ""


KINDS = (
    Kind("safety-classifier", "guarded", "system", ("security monitor for autonomous",), "<block>no</block>"),
    Kind("safety-classifier", "guarded", "tool", ("classify_result",), "<block>no</block>"),
    Kind(
        "hook-evaluation",
        "guarded",
        "system",
        ("You are evaluating a", "You are verifying a stop condition"),
        '{"ok":true}',
    ),
    Kind("topic", "answered", "system", ("Analyze if this message indicates a new conversation topic",)),
    Kind(
        "session-title",
        "answered",
        "system",
        ("Generate a concise, sentence-case title", "You are naming a coding session"),
        '{"title":"Sorting of numbers"}',
    ),
    Kind("command-prefix", "answered", "system", ("Your task is to process Bash commands that an AI coding agent",)),
    Kind("file-paths", "answered", "system", ("Extract any file paths that this command reads or modifies",)),
    Kind("spinner-word", "answered", "system", ("verb in gerund form",)),
    Kind("prompt-suggestion", "answered", "user", ("[SUGGESTION MODE",)),
    Kind(
        "compaction",
        "guarded",
        "user",
        ("Your task is to create a detailed summary of the conversation",),
        "<analysis>Short.</analysis>\n<summary>\n1. The user asked about sorting.\n</summary>",
    ),
    Kind("side-question", "guarded", "user", ("This is a side question from the user",)),
    Kind("recap", "guarded", "user", ("The user stepped away",)),
    Kind("rename", "guarded", "system", ("short kebab-case name",), '{"name":"sorting-numbers"}'),
    Kind(
        "tool-use-summary", "guarded", "system", ("summary label describing what these tool calls",), "Read the notes"
    ),
    Kind("agent-classifier", "guarded", "system", ("kicked off a Claude Code agent",)),
    Kind("agent-namer", "guarded", "user", ("2-4 word lowercase label",), "sorting numbers"),
    Kind("resume-summary", "guarded", "user", ("Please write a 5-10 word title",), "Sorting of three numbers"),
    Kind("git-history", "guarded", "system", ("expert at analyzing git history",), "app.py\nnotes.txt"),
    Kind("web-fetch", "guarded", "user", ("Web page content:", "based only on the content above")),
    Kind(
        "web-search",
        "guarded",
        "system",
        ("performing a web search tool use", "You run a web search for another Claude"),
    ),
    Kind(
        "insights",
        "guarded",
        "user",
        (
            "TRANSCRIPT CHUNK",
            "extract structured facets",
            "Claude Code usage data",
            "Claude Code usage insights report",
        ),
        "{}",
    ),
    Kind("permission-explainer", "guarded", "user", ("Explain this command in context",)),
    Kind("issue-title", "guarded", "system", ("technical issue title",), "Sorting is slow"),
    Kind("subagent", "forwarded", "system", ("You are an agent for Claude Code", "You are a file search specialist")),
)
"""In the order in which they are looked for: what stands in a system prompt of its own comes first."""

NAMES = ("quota-probe", "model-probe", "warm-up", *dict.fromkeys(kind.name for kind in KINDS), "conversation", "other")
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}

TREATED: Mapping[str, str] = {
    "quota-probe": "answered",
    "model-probe": "guarded",
    "warm-up": "answered",
    **{kind.name: kind.treated for kind in KINDS},
    "conversation": "forwarded",
    "other": "forwarded",
}
"""What may become of each."""


def kind_of(body: Any) -> str:
    """The name of what a body of `POST /v1/messages` asks."""
    last = last_user(body)
    if body.get("max_tokens") == 1 and len(body["messages"]) == 1 and not body.get("tools"):
        return "quota-probe" if last == "quota" else "model-probe"
    if last.endswith("Warmup"):
        return "warm-up"
    texts = {"system": text_of(body.get("system", "")), "user": last, "tool": " ".join(_tools(body))}
    for kind in KINDS:
        if any(words in texts[kind.place] for words in kind.words):
            return kind.name
    return "conversation" if body.get("tools") else "other"


def last_user(body: Any) -> str:
    users = [message for message in body.get("messages", ()) if message.get("role") == "user"]
    return text_of(users[-1]["content"]) if users else ""


def text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content if isinstance(block, dict))


def _tools(body: Any) -> list[str]:
    return [str(tool.get("name", "")) for tool in body.get("tools") or ()]

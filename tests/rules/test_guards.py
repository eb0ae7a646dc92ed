"""Guards that matter have marks that do not depend on each other: each fires alone, in the form that is really sent."""

from typing import Any

import orjson

from proxy.exchange import Forward, Head
from proxy.question.messages import MessagesRequest, parse
from proxy.rules.load import Loaded
from tests.cases import every

AGENT = {"user-agent": "claude-cli/2.1.332 (external, cli)"}
IDENTITY = "You are Claude Code, Anthropic's official CLI for Claude."


def said(*texts: str, system: str = "", **fields: Any) -> dict[str, Any]:
    """A streamed request with a system prompt behind the identity line, and one user message in text blocks."""
    return {
        "model": "m",
        "max_tokens": 8192,
        "stream": True,
        "system": [{"type": "text", "text": text} for text in (IDENTITY, system) if text],
        "messages": [{"role": "user", "content": [{"type": "text", "text": text} for text in texts]}],
        **fields,
    }


def schema(*names: str) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in names}
    return {"format": {"type": "json_schema", "schema": {"type": "object", "properties": properties}}}


LONE_MARKS: dict[str, tuple[str, dict[str, Any]]] = {
    "classifier: who it is": (
        "safety-classifier",
        said("x", system="You are a security monitor for autonomous agents."),
    ),
    "classifier: what it is for": (
        "safety-classifier",
        said("x", system="Whether the latest action should be blocked."),
    ),
    "classifier: its verdict": ("safety-classifier", said("x", system="Say <block>yes</block> or <block>no</block>.")),
    "classifier: its transcript, second": ("safety-classifier", said("<notes/>\n", "<transcript>\n", "x")),
    "classifier: what comes before": (
        "safety-classifier",
        said("<tools-used-before-summary></tools-used-before-summary>"),
    ),
    "classifier: its tool": ("safety-classifier", said("x", tools=[{"name": "classify_result"}])),
    "hook: who it is": ("hook-evaluation", said("x", system="You are evaluating a Stop hook in Claude Code.")),
    "hook: its schema": ("hook-evaluation", said("x", output_config=schema("ok", "reason", "impossible"))),
    "hook: its question": ("hook-evaluation", said("has the following stopping condition been met?")),
    "page: its head, behind an empty line": ("summary", said("\nWeb page content:\n---\nA page\n---\n")),
    "page: its task": ("summary", said("<f1>\nA page\n</f1>\n\nAnswer based only on the content above.")),
    "search: who it is, new": (
        "agent-task",
        said("x", system="You run a web search for another Claude model, which waits."),
    ),
    "search: who it is, old": (
        "agent-task",
        said("x", system="You are an assistant for performing a web search tool use"),
    ),
    "search: its question": ("agent-task", said("Perform a web search for the query: sorting")),
    "search: its tool": ("agent-task", said("x", tools=[{"type": "web_search_20250305", "name": "web_search"}])),
    "compaction: its task": ("summary", said("Your task is to create a detailed summary of this conversation.")),
    "compaction: what it forbids": ("summary", said("CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.")),
    "side question: who asks": ("summary", said("This is a side question from the user.")),
    "side question: what it asks": ("summary", said("Simply answer the question with the information you have.")),
    "insights: the eighth question": (
        "summary",
        said('You write an "At a Glance" summary for an insights report for Claude Code users.'),
    ),
    "insights: its data": ("summary", said("Sum up.\n\nSESSION SUMMARIES:\n- sorted numbers")),
    "name: its task": ("agent-task", said("x", system="Generate a short kebab-case name for this session.")),
    "name: its schema": ("agent-task", said("x", output_config=schema("name"))),
    "memories: their task": (
        "agent-task",
        said("x", system="You are selecting memories that will be useful to Claude Code."),
    ),
    "memories: their schema": ("agent-task", said("x", output_config=schema("selected_memories"))),
    "auto mode's rules": ("agent-task", said("x", system="You are an expert reviewer of auto mode classifier rules.")),
}


@every(("guard", "body"), LONE_MARKS.values(), ids=LONE_MARKS)
def test_a_mark_fires_alone(shipped: Loaded, guard: str, body: dict[str, Any]) -> None:
    request = parse(Head("POST", "/v1/messages", AGENT), orjson.dumps(body))
    assert isinstance(request, MessagesRequest)
    assert shipped.rules.decide(request) == Forward("guarded", guard)

"""What no rule may answer, whatever it matches: what the API would refuse, and what asks for more than a text.

The API is to say so itself. No client sends its side questions so (observed in 0.2.64 to 2.1.332).
"""

from typing import Any

from proxy.question.messages import MessagesRequest
from proxy.rules.permission import DECISION, names_a_verdict

_ROLES = frozenset({"user", "assistant", "system"})
_UNFORCED = ("auto", "none")
"""Kinds of `tool_choice` that leave the model to reply with a text."""


def refusal(request: MessagesRequest) -> str:
    """Why a well-formed request is not answered, as a short phrase; "" if nothing speaks against it."""
    if not request.model:
        return "it names no model"
    if request.max_tokens is None or request.max_tokens < 1:
        return "it has no max_tokens"
    if not _ROLES.issuperset(request.roles) or request.inspection.ending[0].role != "user":
        return "a message is of no known role"
    if _forces_a_tool(request.inspection.get("tool_choice")):
        return "a tool must be called"
    if request.inspection.get("stop_sequences") not in (None, []):
        return "the reply is to be cut"
    if len(request.tools) > 1 and names_a_verdict(request.last_texts):  # with fewer, it is known by now
        return DECISION
    return "a key may stand in it twice" if request.inspection.repeats_a_key() else ""


def _forces_a_tool(choice: Any) -> bool:
    return choice is not None and not (isinstance(choice, dict) and choice.get("type") in _UNFORCED)

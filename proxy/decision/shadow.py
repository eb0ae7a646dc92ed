"""Shadow mode: a rule's answer held against the model's, when the reply has long reached the client."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from proxy.coding import whole
from proxy.rules.schema import Comparison
from proxy.sse import Decoder

Verdict = Literal["same", "different", "upstream error"]

LIMIT = 1024 * 1024
"""Bytes of a reply that are kept for the comparison, and that a packed one may grow to."""

_FILE_PATHS = re.compile(r"<filepaths>\n?(.*?)</filepaths>", re.DOTALL)


@dataclass(slots=True)
class Agreement:
    """How often a rule in shadow and the model said the same."""

    counts: dict[Verdict, int] = field(default_factory=lambda: {"same": 0, "different": 0, "upstream error": 0})

    def shown(self) -> str:
        """`97 of 100 (2 errors)`, or "" before the first comparison."""
        compared = self.counts["same"] + self.counts["different"]
        errors = self.counts["upstream error"]
        if not compared and not errors:
            return ""
        return f"{self.counts['same']} of {compared}" + (f" ({errors} errors)" if errors else "")


def verdict(comparison: Comparison, ours: str, status: int, theirs: str | None) -> Verdict:
    """`theirs` is the text of the model's reply, None if it had none that could be read."""
    if status != 200 or theirs is None:
        return "upstream error"
    return "same" if _SAME[comparison](ours, theirs) else "different"


def _same_json(ours: str, theirs: str) -> bool:
    try:
        return bool(orjson.loads(ours) == orjson.loads(theirs))
    except orjson.JSONDecodeError:
        return False


def _same_paths(ours: str, theirs: str) -> bool:
    return _paths(ours) == _paths(theirs)


def _paths(text: str) -> frozenset[str] | None:
    found = _FILE_PATHS.search(text)
    return frozenset(line.strip() for line in found[1].splitlines() if line.strip()) if found else None


_SAME: Mapping[Comparison, Callable[[str, str], bool]] = {
    "text": lambda ours, theirs: ours.strip() == theirs.strip(),
    "json": _same_json,
    "paths": _same_paths,
    "form": lambda _ours, _theirs: True,
}


def text_of(body: bytes, headers: Mapping[str, str]) -> str | None:
    """The text of a Messages reply, streamed or whole, packed or not; None if it is none. `headers` in lower case."""
    try:
        plain = whole(body, headers.get("content-encoding", ""), LIMIT)
        if headers.get("content-type", "").startswith("text/event-stream"):
            return _streamed_text(plain)
        blocks = orjson.loads(plain)["content"]
        return "".join(block["text"] for block in blocks if block["type"] == "text")
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _streamed_text(body: bytes) -> str | None:
    """The text of a stream that came to its end."""
    text, ended = "", False
    for event in Decoder().feed(body):
        data: dict[str, Any] = orjson.loads(event.data)
        if event.name == "content_block_delta":
            text += data["delta"].get("text", "")
        ended = ended or event.name == "message_stop"
    return text if ended else None

"""Shadow mode: a rule's answer is compared with the model's, after the reply has reached the client."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import orjson

from proxy.replies.coding import decoded
from proxy.rules.schema import Comparison
from proxy.sse import Decoder

Verdict = Literal["same", "different", "not compared", "upstream error"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

LIMIT = 1024 * 1024
"""Bytes of a reply that are kept for the comparison; also the limit of its decompressed size."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\W_]+")
_LITTLE = frozenset(["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"])

_FILE_PATHS = re.compile(r"<filepaths>\n?(.*?)</filepaths>", re.DOTALL)


@dataclass(slots=True)
class Agreement:
    """How often a rule in shadow agreed with the model."""

    counts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    audited: list[bool] = field(default_factory=list)
    """The rule's last audits (True: agreed), which are not in `counts`."""

    def shown(self) -> str:
        """`97 of 100 (2 errors)`, or "" before the first reply."""
        compared = self.counts["same"] + self.counts["different"]
        others = [f"{self.counts[what]} {word}" for what, word in _OTHERS.items() if self.counts[what]]
        if not compared:
            return ", ".join(others)
        return f"{self.counts['same']} of {compared}" + (f" ({', '.join(others)})" if others else "")


def audits_shown(audited: Sequence[bool]) -> str:
    """`47 of 50`, or "" before the first audit."""
    return f"{sum(audited)} of {len(audited)}" if audited else ""


_OTHERS: Mapping[Verdict, str] = {"not compared": "not compared", "upstream error": "errors"}


def verdict(comparison: Comparison, ours: str, status: int, theirs: str | None) -> Verdict:
    """`theirs` is the text of the model's reply, None if it had no readable text."""
    if status != 200 or theirs is None:
        return "upstream error"
    if comparison == "any":
        return "not compared"
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


def _same_title(ours: str, theirs: str) -> bool:
    """JSON objects that are equal except for their titles, which name the same thing.

    They do if the longer one contains at least half of the words of the shorter one, and has at most twice as many.
    """
    mine, models = _titled(ours), _titled(theirs)
    if mine is None or models is None or mine[1] != models[1]:
        return False
    if mine[0] is None or models[0] is None:
        return mine[0] is models[0]
    words, others = _words(mine[0]), _words(models[0])
    shorter, longer = sorted((len(words), len(others)))
    return longer <= 2 * shorter and 2 * len(words & others) >= max(1, shorter)


def _titled(text: str) -> tuple[str | None, dict[str, Any]] | None:
    """The title of a JSON object, and the rest of it; None for anything else. Its opening brace may be prefilled."""
    for whole_text in (text, "{" + text):
        with suppress(orjson.JSONDecodeError):
            found = orjson.loads(whole_text)
            if isinstance(found, dict):
                title = found.pop("title", None)
                return (title if isinstance(title, str) else None), found
    return None


def _words(title: str) -> frozenset[str]:
    """The words that carry meaning; in scripts without spaces, the characters."""
    return frozenset(_WORD.findall(title.casefold())) - _LITTLE


_SAME: Mapping[Comparison, Callable[[str, str], bool]] = {
    "text": lambda ours, theirs: ours.strip() == theirs.strip(),
    "json": _same_json,
    "paths": _same_paths,
    "title": _same_title,
}


def text_of(body: bytes, headers: Mapping[str, str]) -> str | None:
    """The text of a Messages reply in any form; None if it is not one. Names in `headers` are in lower case."""
    try:
        plain = decoded(body, headers.get("content-encoding", ""), LIMIT)
        if headers.get("content-type", "").startswith("text/event-stream"):
            return _streamed_text(plain)
        blocks = orjson.loads(plain)["content"]
        return "".join(block["text"] for block in blocks if block["type"] == "text")
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _streamed_text(body: bytes) -> str | None:
    """The text of a complete stream; None for an incomplete one."""
    text, ended = "", False
    for event in Decoder().feed(body):
        data: dict[str, Any] = orjson.loads(event.data)
        if event.name == "content_block_delta":
            text += data["delta"].get("text", "")
        ended = ended or event.name == "message_stop"
    return text if ended else None

"""`compare`: from a capture, the questions that a rule and the model both answered, and both answers."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from proxy.commands.tables import cut, json_text, table
from proxy.machine.terminal import columns
from proxy.settings.config import CaptureSettings


@dataclass(frozen=True, slots=True)
class CapturedComparison:
    """One comparison. `question` is the last text of the request, "" if the capture does not have it."""

    id: str
    at: str
    rule: str
    verdict: str
    question: str
    ours: str
    theirs: str | None
    """None if the reply had no readable text."""


def run(settings: CaptureSettings, rule: str, *, as_json: bool) -> int:
    """Print every comparison, the oldest first, and the number of each verdict; 1 if there are none."""
    file = Path(settings.file)
    try:
        found = [one for one in comparisons(_lines(file)) if rule in ("", one.rule)]
    except OSError as error:
        print(f"{file}: cannot be read: {error.strerror}", file=sys.stderr)
        return 1
    if as_json:
        print(json_text([asdict(one) for one in found]))
    elif found:
        print("\n".join([*_shown(found), *_counted(found)]))
    if not found:
        print(_nothing(settings, rule), file=sys.stderr)
    return 0 if found else 1


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """The lines of a capture, the older file first; lines that are not JSON objects are skipped."""
    for part in (file.with_name(file.name + ".1"), file):
        if part.exists():
            for line in part.read_bytes().split(b"\n"):
                try:
                    value = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue
                if isinstance(value, dict):
                    yield value


def comparisons(lines: Iterator[dict[str, Any]]) -> list[CapturedComparison]:
    """The comparisons in a capture, each with the question of the request with the same id."""
    compared: dict[str, dict[str, Any]] = {}
    requests: dict[str, tuple[str, str]] = {}
    for line in lines:
        if "shadow" in line:
            compared[str(line.get("id"))] = line
        elif line.get("rule") and "body" in line:
            requests[str(line.get("id"))] = (str(line.get("at", "")), question(line["body"]))
    return [_one(line, *requests.get(id, ("", ""))) for id, line in compared.items()]


def _one(line: Mapping[str, Any], at: str, asked: str) -> CapturedComparison:
    theirs = line.get("theirs")
    verdict = str(line.get("verdict", "different"))  # earlier versions captured only differences
    return CapturedComparison(
        str(line.get("id")), at, str(line["shadow"]), verdict, asked, str(line.get("ours")), theirs and str(theirs)
    )


def question(body: Any) -> str:
    """The text of the user's last message; "" for none."""
    messages = body.get("messages") if isinstance(body, dict) else None
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            blocks = content if isinstance(content, list) else [{"text": content}]
            texts = [block.get("text") for block in blocks if isinstance(block, dict)]
            return "\n".join(text for text in texts if isinstance(text, str))
    return ""


def _shown(found: Sequence[CapturedComparison]) -> Iterator[str]:
    wide = columns()
    room = None if wide is None else wide - 12
    for one in found:
        yield f"{one.rule}: {one.verdict} ({', '.join(filter(None, (one.at, one.id)))})"
        theirs = "no text that could be read" if one.theirs is None else repr(one.theirs)
        for name, text in (("question", repr(one.question)), ("rule", repr(one.ours)), ("model", theirs)):
            yield f"  {name:10}{cut(text, room)}"
        yield ""


def _counted(found: Sequence[CapturedComparison]) -> Iterator[str]:
    counts = Counter((one.rule, one.verdict) for one in found)
    yield table(("rule", "verdict", "times"), [(*kind, f"{times:,}") for kind, times in sorted(counts.items())])


def _nothing(settings: CaptureSettings, rule: str) -> str:
    what = f"no comparison of {rule!r}" if rule else "no comparison"
    if not settings.enabled:
        return f"{settings.file}: {what}, and capture is off: set capture.enabled, and put a rule in shadow or audit it"
    return f"{settings.file}: {what} yet: put a rule in shadow, or audit it"

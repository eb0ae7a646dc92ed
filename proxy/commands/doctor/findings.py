"""The result of a check, and its output."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Literal

from proxy.commands.tables import counted, json_text, table, width

Verdict = Literal["ok", "warning", "fault"]

HEADS = ("verdict", "check", "found", "what to do")

_NARROWEST = 30
"""The narrowest column in which a text is wrapped next to others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row: the check, its verdict, what was found, and what to do unless all is well."""

    check: str
    verdict: Verdict
    found: str
    todo: str = ""


def ok(check: str, found: str) -> Finding:
    return Finding(check, "ok", found)


def warning(check: str, found: str, todo: str) -> Finding:
    return Finding(check, "warning", found, todo)


def fault(check: str, found: str, todo: str) -> Finding:
    return Finding(check, "fault", found, todo)


def exit_code(findings: Sequence[Finding]) -> int:
    """1 if there is a fault; warnings do not count."""
    return 1 if any(finding.verdict == "fault" for finding in findings) else 0


def as_text(findings: Sequence[Finding], room: int | None = None) -> str:
    """A table and a summary. If the table does not fit into `room` characters, texts are wrapped; nothing is cut."""
    rows = [(finding.verdict, finding.check, finding.found, finding.todo) for finding in findings]
    text = table(HEADS, rows)
    if room is not None and max(map(width, text.split("\n"))) > room:
        text = _wrapped(findings, room)
    return f"{text}\n\n{_summary(findings)}"


def _wrapped(findings: Sequence[Finding], room: int) -> str:
    """Verdict and check, next to them what was found, and below that what to do."""
    lines: list[str] = []
    wide = max(len(finding.check) for finding in findings)
    for finding in findings:
        begin = f"{finding.verdict:7}  {finding.check:{wide}}  "
        indent = len(begin) if room - len(begin) >= _NARROWEST else 2  # on a narrow terminal below them
        found = _lines(finding.found, room - indent)
        todo = [f"{'   ' if at else '-> '}{line}" for at, line in enumerate(_lines(finding.todo, room - indent - 3))]
        first = found.pop(0) if found and indent > 2 else ""
        lines += [f"{begin}{first}".rstrip(), *(" " * indent + line for line in [*found, *todo])]
    return "\n".join(lines)


def _lines(text: str, room: int) -> list[str]:
    """Wrapped lines; paths and addresses are not broken, so that they can be copied."""
    return wrap(text, max(1, room), break_long_words=False, break_on_hyphens=False)


def as_json(findings: Sequence[Finding]) -> str:
    return json_text({"ok": exit_code(findings) == 0, "findings": [asdict(finding) for finding in findings]})


def _summary(findings: Sequence[Finding]) -> str:
    faults = sum(finding.verdict == "fault" for finding in findings)
    warnings = sum(finding.verdict == "warning" for finding in findings)
    if not faults and not warnings:
        return f"{counted(len(findings), 'check')}: all is well"
    return f"{counted(len(findings), 'check')}: {counted(faults, 'fault')}, {counted(warnings, 'warning')}"

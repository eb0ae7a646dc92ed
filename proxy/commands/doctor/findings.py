"""What a check has found, and how it is shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from proxy.commands.tables import counted, json_text, table

Verdict = Literal["ok", "warning", "fault"]

HEADS = ("verdict", "check", "found", "what to do")


@dataclass(frozen=True, slots=True)
class Finding:
    """One row: what was looked at, how it stands, what was found, and what to do unless all is well."""

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
    """1 when there is a fault; warnings are none."""
    return 1 if any(finding.verdict == "fault" for finding in findings) else 0


def as_text(findings: Sequence[Finding]) -> str:
    """A table, and a line that sums it up."""
    rows = [(finding.verdict, finding.check, finding.found, finding.todo) for finding in findings]
    return f"{table(HEADS, rows)}\n\n{_summary(findings)}"


def as_json(findings: Sequence[Finding]) -> str:
    return json_text({"ok": exit_code(findings) == 0, "findings": [asdict(finding) for finding in findings]})


def _summary(findings: Sequence[Finding]) -> str:
    faults = sum(finding.verdict == "fault" for finding in findings)
    warnings = sum(finding.verdict == "warning" for finding in findings)
    if not faults and not warnings:
        return f"{counted(len(findings), 'check')}: all is well"
    return f"{counted(len(findings), 'check')}: {counted(faults, 'fault')}, {counted(warnings, 'warning')}"

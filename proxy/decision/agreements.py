"""How often rules in shadow and the model agree: counted here, and kept in a file that `rules` shows."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from proxy.decision.audits import LAST, Auditing
from proxy.decision.kept import Kept
from proxy.decision.shadow import VERDICTS, Agreement, Verdict
from proxy.disk import read_text


@dataclass(slots=True)
class Agreements:
    """Counts by name of the rule."""

    counts: dict[str, Agreement] = field(default_factory=dict)
    kept: Kept = field(init=False)

    def __post_init__(self) -> None:
        self.kept = Kept(lambda: orjson.dumps({rule: _saved(found) for rule, found in self.counts.items()}))

    def add(self, rule: str, verdict: Verdict) -> None:
        self.counts.setdefault(rule, Agreement()).counts[verdict] += 1
        self.kept.touch()

    def add_audit(self, rule: str, verdict: Verdict) -> list[bool]:
        """The last audits of the rule, with this one if anything was compared."""
        audited = self.counts.setdefault(rule, Agreement()).audited
        if verdict in ("same", "different"):
            audited.append(verdict == "same")
            del audited[:-LAST]
            self.kept.touch()
        return audited

    def forget_failed(self, auditing: Auditing) -> None:
        """Rules are loaded anew: those that had failed their audits are judged from the start."""
        for agreement in self.counts.values():
            if auditing.fails(agreement.audited):
                agreement.audited.clear()
                self.kept.touch()


def _saved(agreement: Agreement) -> dict[str, object]:
    saved: dict[str, object] = dict(agreement.counts.items())
    return saved | ({"audited": agreement.audited} if agreement.audited else {})


def load(file: Path) -> dict[str, Agreement]:
    """What the file says; nothing if there is none, and nothing of what is no count."""
    with suppress(OSError, orjson.JSONDecodeError):
        saved = orjson.loads(read_text(file))
        if isinstance(saved, dict):
            return {rule: _agreement(counts) for rule, counts in saved.items() if isinstance(counts, dict)}
    return {}


def _agreement(counts: dict[str, object]) -> Agreement:
    found = Agreement()
    for verdict in VERDICTS:
        count = counts.get(verdict)
        found.counts[verdict] = count if isinstance(count, int) and count >= 0 else 0
    audited = counts.get("audited")
    if isinstance(audited, list):
        found.audited = [one is True for one in audited][-LAST:]
    if "not compared" not in counts and not found.counts["different"]:
        # Of an earlier version, which took any reply for the same where it was not compared.
        found.counts["not compared"], found.counts["same"] = found.counts["same"], 0
    return found

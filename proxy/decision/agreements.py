"""How often rules in shadow agree with the model. The counts are kept in a file, which the command `rules` shows."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from proxy.decision.audits import LAST, Auditing
from proxy.decision.kept import Kept
from proxy.decision.shadow import VERDICTS, Agreement, Verdict
from proxy.machine.disk import read_text


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
        """Add an audit, if anything was compared; returns the last audits of the rule."""
        audited = self.counts.setdefault(rule, Agreement()).audited
        if verdict in ("same", "different"):
            audited.append(verdict == "same")
            del audited[:-LAST]
            self.kept.touch()
        return audited

    def forget_failed(self, auditing: Auditing) -> None:
        """Rules were reloaded: forget the audits of rules that had failed them."""
        for agreement in self.counts.values():
            if auditing.fails(agreement.audited):
                agreement.audited.clear()
                self.kept.touch()


def _saved(agreement: Agreement) -> dict[str, object]:
    saved: dict[str, object] = dict(agreement.counts.items())
    return saved | ({"audited": agreement.audited} if agreement.audited else {})


def load(file: Path) -> dict[str, Agreement]:
    """The counts in the file; what is not a count is skipped, and a file that cannot be read has none."""
    with suppress(OSError, orjson.JSONDecodeError):
        saved = orjson.loads(read_text(file))
        if isinstance(saved, dict):
            return {rule: _agreement(counts) for rule, counts in saved.items() if isinstance(counts, dict)}
    return {}


def _agreement(counts: dict[str, object]) -> Agreement:
    known: dict[Verdict, int] = {}
    for verdict in VERDICTS:
        count = counts.get(verdict)
        known[verdict] = count if isinstance(count, int) and count >= 0 else 0
    if "not compared" not in counts and not known["different"]:
        # An earlier version wrote this file. It counted replies that are not compared as the same.
        known["not compared"], known["same"] = known["same"], 0
    audited = counts.get("audited")
    return Agreement(known, [one is True for one in audited][-LAST:] if isinstance(audited, list) else [])

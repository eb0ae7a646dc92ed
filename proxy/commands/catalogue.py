"""`rules`: all rules in the order in which they are asked."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proxy.commands.tables import Column, json_text, place, problem_json, problem_line, table
from proxy.decision.shadow import Agreement, audits_shown
from proxy.exchange import version_text
from proxy.machine.terminal import columns
from proxy.rules.load import Loaded, LoadedRule

HEADS = (
    *("no.", "rule", "status", Column("action", rank=1), Column("about", least=30)),
    *(Column("tested with", rank=4), Column("in shadow", rank=3), Column("audits", rank=2), Column("place", rank=5)),
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule in the table. `number` is None for a rule that is switched off, which is not asked."""

    number: int | None
    entry: LoadedRule
    agreement: Agreement
    """How often it agreed with the model in shadow, and in its last audits."""

    def cells(self) -> tuple[str, ...]:
        """For people, below `HEADS`."""
        rule = self.entry.rule
        number = "-" if self.number is None else str(self.number)
        tested = "-".join(map(version_text, rule.tested)) if rule.tested else ""
        action, where = self.entry.model.action, place(rule.source, rule.line)
        if rule.overridden:
            where += f"; the settings say {', '.join(f'{key} = {value}' for key, value in rule.overridden.items())}"
        agreed = (self.agreement.shown(), audits_shown(self.agreement.audited))
        return (number, rule.name, rule.status, action, rule.about, tested, *agreed, where)

    def fields(self) -> dict[str, Any]:
        """For machines."""
        rule = self.entry.rule
        return {
            "number": self.number,
            "name": rule.name,
            "status": rule.status,
            "action": self.entry.model.action,
            "about": rule.about,
            "tested": {"first": version_text(rule.tested[0]), "last": version_text(rule.tested[1])}
            if rule.tested
            else None,
            "agreement": self.agreement.counts,
            "audits": {"same": sum(self.agreement.audited), "compared": len(self.agreement.audited)},
            "overridden": rule.overridden,
            "file": rule.source,
            "line": rule.line,
        }


def run(loaded: Loaded, agreements: Mapping[str, Agreement], *, as_json: bool) -> int:
    """Print the rules, and what is wrong on standard error; 1 if a rule could not be loaded, else 0."""
    shown = rows(loaded.entries, agreements)
    for problem in loaded.problems:
        print(problem_line(problem), file=sys.stderr)
    if as_json:
        problems = [problem_json(problem) for problem in loaded.problems]
        print(json_text({"rules": [row.fields() for row in shown], "problems": problems}))
    else:
        print(table(HEADS, [row.cells() for row in shown], columns()))
    return 1 if loaded.problems else 0


def rows(entries: Sequence[LoadedRule], agreements: Mapping[str, Agreement]) -> list[RuleRow]:
    """One row per rule, numbered in the order in which rules are asked."""
    asked = [entry.rule.name for entry in entries if entry.rule.status != "off"]
    numbers = {name: number for number, name in enumerate(asked, 1)}
    return [
        RuleRow(numbers.get(entry.rule.name), entry, agreements.get(entry.rule.name, Agreement())) for entry in entries
    ]

"""Audits: a share of the questions that a rule would answer goes to the model, and both answers are compared.

A rule that is on produces no evidence that it is right; audits do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.rules.ruleset import RuleSet
from proxy.settings.config import RulesSettings

AUDIT = "audit"
"""The reason in the log for forwarding an audited question."""

LAST = 50
"""How many of a rule's latest audits are shown, and decide whether it fails."""

_LEAST = 10
"""Audits before a rule can fail."""


@dataclass(frozen=True, slots=True)
class Auditing:
    """The share of each rule's answers that is audited, 0 to 1, and the share of audits that must agree."""

    shares: Mapping[str, float]
    limit: float

    def fails(self, audited: Sequence[bool]) -> bool:
        """Whether a rule with these last audits (True: agreed) must stop answering."""
        return len(audited) >= _LEAST and sum(audited) < self.limit * len(audited)


def auditing(settings: RulesSettings, rules: RuleSet) -> Auditing:
    """Each rule's share: its own, or else the default, which does not apply to rules that are never compared."""
    shares = {}
    for rule in rules.rules:
        by_default = settings.audit if rule.compare != "any" else 0.0
        share = by_default if rule.audit is None else rule.audit
        if rule.answer is not None and share > 0:
            shares[rule.name] = share
    return Auditing(shares, settings.audit_limit)

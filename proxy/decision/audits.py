"""Audits: a share of the questions that a rule would answer goes to the model, and both answers are compared.

A rule that is on gives no evidence of being right; this is the evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.config import Rules
from proxy.rules.ruleset import RuleSet

AUDIT = "audit"
"""The reason for which an audited question is forwarded."""

LAST = 50
"""Audits of a rule by which it is judged, and which are shown: the latest."""

_LEAST = 10
"""Audits before a rule is judged at all."""


@dataclass(frozen=True, slots=True)
class Auditing:
    """How much is audited: the share of each rule's answers, 0 to 1; and the share that must agree."""

    shares: Mapping[str, float]
    limit: float

    def fails(self, audited: Sequence[bool]) -> bool:
        """Whether a rule whose last audits agreed, or not, is to answer no more."""
        return len(audited) >= _LEAST and sum(audited) < self.limit * len(audited)


def auditing(settings: Rules, rules: RuleSet) -> Auditing:
    """A rule's own share, else that of all; by the latter none is audited whose answers are not compared."""
    shares = {}
    for rule in rules.rules:
        by_default = settings.audit if rule.compare != "any" else 0.0
        share = by_default if rule.audit is None else rule.audit
        if rule.answer is not None and share > 0:
            shares[rule.name] = share
    return Auditing(shares, settings.audit_limit)

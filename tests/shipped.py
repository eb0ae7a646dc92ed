"""The shipped rules, and how many of them are in force: a new rule changes no test that counts them."""

from pathlib import Path

from proxy.rules.load import load

SHIPPED = load(Path(__file__).parent.parent / "rules")
IN_FORCE = len(SHIPPED.rules.rules)
IN_FORCE_LOCALLY = IN_FORCE + sum(rule.on_for == "local" for rule in SHIPPED.rules.off)
"""Before an upstream whose kind is "local"."""

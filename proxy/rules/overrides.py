"""Overrides of rules in config.toml, so that nobody has to edit a shipped file."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from proxy.rules.operators import suggestion
from proxy.rules.ruleset import Rule
from proxy.settings.config import Override, UpstreamSettings


def overridden(rule: Rule, override: Override | None, upstream: UpstreamSettings) -> Rule:
    """The rule with its override. A rule for this kind of upstream is on, although its file says off; without rate
    limits, a rule that repeats them answers without.
    """
    said = override.model_dump(exclude_none=True) if override else {}
    if rule.status == "off" and rule.on_for == upstream.kind:
        said.setdefault("status", "on")
    plan, replay = rule.answer, rule.answer.replay if rule.answer else None
    if plan and replay:
        if not upstream.rate_limits:
            said.setdefault("without", "answer")
        required = said.get("without", "decline" if replay.required else "answer") == "decline"
        fresh = replace(replay, required=required, max_age=said.get("max_age", replay.max_age))
        plan = replace(plan, replay=fresh)
    respond = rule.respond
    if respond and "models" in said:
        respond = replace(respond, models=tuple(said["models"]))
    status, audit = said.get("status", rule.status), said.get("audit", rule.audit)
    changed = replace(rule, answer=plan, respond=respond, status=status, audit=audit, overridden=said)
    return changed if said else rule


def faults(rules: Mapping[str, Rule], overrides: Mapping[str, Override]) -> Iterator[tuple[str, str]]:
    """Overrides that cannot be meant: the name of the rule, and what is wrong."""
    for name, override in overrides.items():
        rule = rules.get(name)
        if rule is None:
            yield name, f"no such rule is loaded{suggestion(name, rules)}"
        elif (override.status == "shadow" or override.audit is not None) and rule.answer is None:
            yield name, f"a rule that {'forwards' if rule.guards else 'responds'} has nothing to hold against the reply"
        elif (override.without or override.max_age) and not (rule.answer and rule.answer.replay):
            yield name, "the rule repeats no headers: `without` and `max_age` mean nothing to it"
        elif override.models is not None and not (rule.respond and rule.respond.models is not None):
            yield name, "the rule lists no models: `models` means nothing to it"

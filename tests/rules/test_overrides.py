"""What config.toml says of a rule goes before the word of its file; what cannot be meant is told, with its place."""

from pathlib import Path
from typing import Any

import pytest

from proxy.decision.audits import auditing
from proxy.exchange import Replay
from proxy.rules.load import Loaded, configured
from proxy.settings.config import Config, load

ROOT = Path(__file__).parents[2]

RESPONDING = ["count-tokens", "hello", "event-logging", "models"]
"""The rules that are off as they are shipped."""


def settings(upstream: dict[str, Any] | None = None, **override: dict[str, Any]) -> Config:
    """`override` by rule, with underscores for hyphens."""
    said = {name.replace("_", "-"): value for name, value in override.items()}
    rules = {"directory": str(ROOT / "rules"), "override": said}
    return Config.model_validate({"rules": rules, "upstream": upstream or {}})


def replay(loaded: Loaded) -> Replay:
    rule = next(rule for rule in (*loaded.rules.rules, *loaded.rules.off) if rule.name == "quota-probe")
    assert rule.answer
    assert rule.answer.replay
    return rule.answer.replay


def test_nothing_said_changes_nothing() -> None:
    loaded = configured(settings())
    assert loaded.problems == ()
    assert [rule.name for rule in loaded.rules.off] == RESPONDING
    assert not any(rule.overridden for rule in loaded.rules.rules)


def test_a_status_is_replaced() -> None:
    loaded = configured(settings(prompt_suggestion={"status": "off"}, topic={"status": "shadow"}))
    assert loaded.problems == ()
    assert [rule.name for rule in loaded.rules.off] == ["prompt-suggestion", *RESPONDING]
    changed = {rule.name: rule.overridden for rule in (*loaded.rules.rules, *loaded.rules.off) if rule.overridden}
    assert changed == {"prompt-suggestion": {"status": "off"}, "topic": {"status": "shadow"}}


def test_rules_for_a_local_model_are_on_before_one_but_for_those_that_an_override_switches_off() -> None:
    loaded = configured(settings({"kind": "local"}, hello={"status": "off"}))
    assert loaded.problems == ()
    assert [rule.name for rule in loaded.rules.off] == ["hello"]
    on = {rule.name: rule.overridden for rule in loaded.rules.rules if rule.respond}
    assert on == {name: {"status": "on"} for name in RESPONDING if name != "hello"}


@pytest.mark.parametrize("status", ["on", "shadow"])
def test_what_is_on_or_in_shadow_stays_so_before_a_local_model(tmp_path: Path, status: str) -> None:
    text = (ROOT / "rules/70-warm-up.toml").read_text()
    (tmp_path / "1.toml").write_text(text.replace("tested =", f'status = "{status}"\non_for = "local"\ntested ='))
    config = Config.model_validate({"rules": {"directory": str(tmp_path)}, "upstream": {"kind": "local"}})
    (rule,) = configured(config).rules.rules
    assert (rule.status, rule.overridden) == (status, {})


def test_a_list_of_models_is_replaced() -> None:
    loaded = configured(settings(models={"status": "on", "models": ["a", "b"]}))
    assert loaded.problems == ()
    (rule,) = (rule for rule in loaded.rules.rules if rule.respond)
    assert rule.respond
    assert rule.respond.models == ("a", "b")


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_how_much_is_audited_is_replaced(share: float) -> None:
    config = settings(session_title={"audit": share})
    loaded = configured(config)
    assert loaded.problems == ()
    assert auditing(config.rules, loaded.rules).shares.get("session-title", 0.0) == share
    audited = {rule.name: rule.audit for rule in loaded.rules.rules if rule.audit is not None}
    assert audited == {"session-title": share}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (settings(), (True, 300.0)),
        (settings(quota_probe={"without": "answer"}), (False, 300.0)),
        (settings(quota_probe={"max_age": 60.0}), (True, 60.0)),
        (settings({"rate_limits": False}), (False, 300.0)),
        (settings({"rate_limits": False}, quota_probe={"without": "decline"}), (True, 300.0)),
    ],
)
def test_what_is_repeated_and_what_without(config: Config, expected: tuple[bool, float]) -> None:
    loaded = configured(config)
    assert loaded.problems == ()
    assert (replay(loaded).required, replay(loaded).max_age) == expected


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "[rules.override.prompt-sugestion]\nstatus = 'off'",
            "no such rule is loaded 'prompt-sugestion'; did you mean",
        ),
        ("[rules.override.topic]\nwithout = 'answer'", "repeats no headers"),
        ("[rules.override.topic]\nmax_age = 5.0", "repeats no headers"),
        ("[rules.override.summary]\nstatus = 'shadow'", "nothing to hold against the reply"),
        ("[rules.override.summary]\naudit = 0.5", "nothing to hold against the reply"),
        ("[rules.override.hello]\nstatus = 'shadow'", "a rule that responds has nothing to hold against the reply"),
        ("[rules.override.hello]\naudit = 0.5", "a rule that responds has nothing to hold against the reply"),
        ("[rules.override.hello]\nmodels = ['a']", "the rule lists no models"),
        ("[rules.override.topic]\nmodels = ['a']", "the rule lists no models"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line_and_the_rest_holds(tmp_path: Path, table: str, said: str) -> None:
    file = tmp_path / "config.toml"
    good = "[rules.override.spinner-word]\nstatus = 'off'"
    file.write_text(f"[rules]\ndirectory = '{ROOT / 'rules'}'\n{good}\n{table}\n")
    loaded = configured(load(file))
    (problem,) = loaded.problems
    assert said in problem.message
    assert (problem.source, problem.line) == (str(file), 5)
    assert [rule.name for rule in loaded.rules.off] == ["spinner-word", *RESPONDING]
    assert len(loaded.rules.rules) == len(configured(settings()).rules.rules) - 1

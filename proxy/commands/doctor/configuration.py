"""Settings, rules and their examples."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from proxy.commands.check import check
from proxy.commands.doctor.findings import Finding, fault, ok
from proxy.commands.tables import problem_line
from proxy.rules.load import Loaded
from proxy.settings import config, toml
from proxy.settings.config import Config


def settings(file: Path, given: Sequence[str]) -> tuple[Config | None, list[Finding]]:
    """The settings and the findings about them; None if they cannot be used."""
    try:
        return config.load(file, given), [ok("settings", str(file))]
    except toml.TomlError as error:
        return None, [fault("settings", problem_line(each), _todo(each, file)) for each in error.problems]


def _todo(problem: toml.Problem, file: Path) -> str:
    if os.strerror(errno.EACCES) in problem.message:
        return "run doctor as who may read it, the machine's with sudo"
    return "mend it there" if file.exists() else "name the file (--config), or write one: sidestep init"


def rules(loaded: Loaded) -> list[Finding]:
    """All faults of rules, and conflicts between them."""
    report = check(loaded)
    if report.problems:
        return [fault("rules", problem_line(problem), "mend it, then reload") for problem in report.problems]
    off = sum(entry.rule.status != "on" for entry in loaded.entries)
    aside = f", {off} of them not on" if off else ""
    return [ok("rules", f"{report.rules} rules{aside}, {report.examples} examples")]

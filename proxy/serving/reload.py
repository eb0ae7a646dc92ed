"""Reloading rules and settings in a running process. Settings that need a restart are named."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from proxy.capture import Writer
from proxy.decision.desk import Desk, in_force
from proxy.local.status import status_line
from proxy.logs.observe import Logger
from proxy.machine.systemd import READY, Manager, line
from proxy.rules.load import Loaded
from proxy.settings.config import Config
from proxy.settings.toml import Problem, TomlError
from proxy.telemetry.counters import Counters

Reread = Callable[[], tuple[Config, Loaded]]
"""Reads configuration and rules again; raises `TomlError` if the configuration cannot be used."""

_APPLIED = ("breaker.", "capture.", "log.level", "rules.", "stop.", "upstream.kind", "upstream.rate_limits")
"""Settings that a reload applies; a prefix stands for a whole table."""


@dataclass(slots=True)
class Reload:
    """Reloads all or nothing: if rules or settings have a fault, the old ones stay in force."""

    started: Config
    """The settings at start. Those that a reload does not apply stay in force as they are here."""
    desk: Desk
    counters: Counters
    capture: Writer
    log: Logger
    reread: Reread
    manager: Manager
    drain_timeout: float = field(init=False)

    def __post_init__(self) -> None:
        self.drain_timeout = self.started.stop.drain_timeout
        self.manager.note(reloads=0)

    def __call__(self) -> None:
        """Reload. The service manager is told when it begins and ends, and the command `reload` what the result is."""
        self.manager.reloading()
        problems = self._reload()
        self.desk.loaded(problems)
        self.counters.reloaded(time.time(), "refused" if problems else "done")
        self.manager.note(
            reloads=self.counters.reloads.total(),
            rules=len(self.desk.now.rules.rules),
            problems=self.desk.faults,
            restart_for=self.desk.restart_for,
        )
        self.manager.send(READY, line(status_line(self.desk, self.counters, time.time())))

    def _reload(self) -> Sequence[Problem]:
        """Returns what is wrong, if anything is."""
        try:
            config, loaded = self.reread()
            problems = list(loaded.problems)
        except TomlError as error:
            problems = error.problems
        except Exception as error:  # a bug, and the service manager still waits for an answer
            problems = [Problem("reload", 0, "", f"{type(error).__name__}: see the log of a start")]
        report(problems, self.log)
        if problems:
            self.log.error("not reloaded", problems=len(problems), rules=len(self.desk.now.rules.rules))
            return problems
        self._apply(config, loaded)
        return ()

    def _apply(self, config: Config, loaded: Loaded) -> None:
        self.desk.replace(in_force(config, loaded.rules), [*_waiting(self.started, config)])
        self.drain_timeout = config.stop.drain_timeout
        self.capture.configure(config.capture)
        self.log.set_level(config.log.level)
        rules = len(loaded.rules.rules)
        if self.desk.restart_for:
            self.log.warning("reloaded", rules=rules, restart_for=", ".join(self.desk.restart_for))
        else:
            self.log.info("reloaded", rules=rules)


def _waiting(started: Config, now: Config) -> Iterator[str]:
    """The keys of changed settings that need a restart. Values are not shown, since one may be a secret."""
    before, after = started.model_dump(), now.model_dump()
    for table, values in after.items():
        for name, value in values.items():
            key = f"{table}.{name}"
            if value != before[table][name] and not key.startswith(_APPLIED):
                yield key


def report(problems: Sequence[Problem], log: Logger) -> None:
    """Log each problem of rules or settings on a line."""
    for problem in problems:
        log.error("problem", place=f"{problem.source}:{problem.line}", key=problem.key, problem=problem.message)

"""Loading rules and settings anew in a running process: what can be put in force is, and the rest is named."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from proxy.capture import Writer
from proxy.config import Config
from proxy.decision.desk import Desk, in_force
from proxy.local.status import status_line
from proxy.logs.observe import Logger
from proxy.notify import READY, Manager, line
from proxy.rules.load import Loaded
from proxy.telemetry.counters import Counters
from proxy.toml import Problem, TomlError

Again = Callable[[], tuple[Config, Loaded]]
"""Reads configuration and rules anew; raises `TomlError` when the configuration cannot be used."""

_APPLIED = ("breaker.", "capture.", "log.level", "rules.", "stop.", "upstream.kind", "upstream.rate_limits")
"""What a reload puts in force; a prefix stands for all of its table."""


@dataclass(slots=True)
class Reload:
    """Reloads, all or nothing: with any fault in rules or settings, those in force stay."""

    started: Config
    """What the process was started with: what is not applied is in force as it stands there."""
    desk: Desk
    counters: Counters
    capture: Writer
    log: Logger
    again: Again
    manager: Manager
    drain_timeout: float = field(init=False)

    def __post_init__(self) -> None:
        self.drain_timeout = self.started.stop.drain_timeout
        self.manager.note(reloads=0)

    def __call__(self) -> None:
        """Reload, and tell the service manager when it begins and ends, and whoever has asked what came of it."""
        self.manager.reloading()
        problems = self._reload()
        self.desk.faults = tuple(map(str, problems))
        self.counters.reloaded(time.time(), "refused" if problems else "done")
        self.manager.note(
            reloads=self.counters.reloads.total(),
            rules=len(self.desk.now.rules.rules),
            problems=self.desk.faults,
            restart_for=self.desk.restart_for,
        )
        self.manager.tell(READY, line(status_line(self.desk, self.counters, time.time())))

    def _reload(self) -> Sequence[Problem]:
        """Give what is wrong, if anything is."""
        try:
            config, loaded = self.again()
            problems = list(loaded.problems)
        except TomlError as error:
            problems = error.problems
        except Exception as error:  # a fault of ours, and the service manager still waits for a word
            problems = [Problem("reload", 0, "", f"{type(error).__name__}: see the log of a start")]
        report(problems, self.log)
        if problems:
            self.log.error("not reloaded", problems=len(problems), rules=len(self.desk.now.rules.rules))
            return problems
        self._apply(config, loaded)
        return ()

    def _apply(self, config: Config, loaded: Loaded) -> None:
        self.desk.replace(in_force(config, loaded.rules))
        self.drain_timeout = config.stop.drain_timeout
        self.desk.restart_for = tuple(_waiting(self.started, config))
        self.capture.configure(config.capture)
        self.log.set_level(config.log.level)
        rules = len(loaded.rules.rules)
        if self.desk.restart_for:
            self.log.warning("reloaded", rules=rules, restart_for=", ".join(self.desk.restart_for))
        else:
            self.log.info("reloaded", rules=rules)


def _waiting(started: Config, now: Config) -> Iterator[str]:
    """The keys of changed settings that are read at a start alone. No value is shown: one may be a secret."""
    before, after = started.model_dump(), now.model_dump()
    for table, values in after.items():
        for name, value in values.items():
            key = f"{table}.{name}"
            if value != before[table][name] and not key.startswith(_APPLIED):
                yield key


def report(problems: Sequence[Problem], log: Logger) -> None:
    """One line for each thing that is wrong with rules or settings."""
    for problem in problems:
        log.error("problem", place=f"{problem.source}:{problem.line}", key=problem.key, problem=problem.message)

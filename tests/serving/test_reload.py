"""A reload that breaks is a refused one: what is in force stays, and everybody who asks is told."""

import io
import json
from typing import Any

from proxy.capture import Writer
from proxy.decision.desk import new_desk
from proxy.logs.observe import logger
from proxy.rules.load import Loaded
from proxy.serving.reload import Reload
from proxy.settings.config import Config, LogSettings
from proxy.telemetry.counters import Counters


class Told:
    """A service manager, as far as a reload speaks to it."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, **_fields: Any) -> None:
        pass

    def reloading(self) -> None:
        self.said.append("reloading")

    def send(self, *lines: str) -> None:
        self.said += lines


def test_a_fault_of_our_own_while_loading_is_a_refused_reload(shipped: Loaded) -> None:
    def again() -> tuple[Config, Loaded]:
        raise TypeError("unhashable")

    stream, told, counters = io.StringIO(), Told(), Counters()
    config = Config()
    at, log = new_desk(config, shipped.rules, b"key"), logger(LogSettings(format="json"), stream)
    before = at.now
    Reload(config, at, counters, Writer(config.capture, log), log, again, told)()  # type: ignore[arg-type] # a stand-in
    assert at.now is before
    assert "TypeError" in at.faults[0]
    assert counters.reloads == {"refused": 1}
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["problem", "not reloaded"]
    assert told.said[0] == "reloading"
    assert "READY=1" in told.said

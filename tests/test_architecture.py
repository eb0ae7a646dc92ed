"""The plan of the house, held against the code: who may import whom, and who touches the world."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "proxy"

# Room to the rooms below it. An import that is not listed is a fault, and so is an entry that is not used.
IMPORTS: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {
        "commandline",
        "commands.catalogue",
        "commands.check",
        "commands.demo",
        "commands.doctor.examination",
        "commands.explain",
        "commands.init",
        "commands.install_service",
        "commands.rule_schema",
        "commands.stats",
        "config",
        "decision.agreements",
        "lean",
        "logs.journald",
        "logs.observe",
        "notify",
        "places",
        "rules.load",
        "service",
        "toml",
    },
    "app": {
        "capture",
        "config",
        "decision.desk",
        "downstream.guard",
        "downstream.server",
        "journal.past",
        "journal.writer",
        "live.pages",
        "local.handlers",
        "logs.observe",
        "middleware",
        "telemetry.ledger",
        "telemetry.tally",
        "upstream.relay",
    },
    "capture": {"config", "disk", "exchange", "headers", "logs.observe"},
    "coding": set(),
    "commandline": {"config", "exchange"},
    "commands": set(),
    "commands.catalogue": {"commands.tables", "decision.shadow", "exchange", "rules.load"},
    "commands.check": {
        "commands.tables",
        "exchange",
        "messages",
        "rules.examples",
        "rules.load",
        "rules.ruleset",
        "rules.schema",
        "toml",
    },
    "commands.demo": {
        "app",
        "commands.tables",
        "config",
        "decision.desk",
        "downstream.server",
        "exchange",
        "logs.observe",
        "rules.examples",
        "rules.load",
        "rules.ruleset",
        "rules.schema",
        "scripted",
        "sse",
    },
    "commands.doctor": set(),
    "commands.doctor.bench": {"commands.doctor.plain_http", "config"},
    "commands.doctor.client": {"commands.doctor.findings", "config"},
    "commands.doctor.configuration": {
        "commands.check",
        "commands.doctor.findings",
        "commands.tables",
        "config",
        "rules.load",
        "toml",
    },
    "commands.doctor.examination": {
        "commands.doctor.bench",
        "commands.doctor.client",
        "commands.doctor.configuration",
        "commands.doctor.files",
        "commands.doctor.findings",
        "commands.doctor.manager",
        "commands.doctor.network",
        "commands.doctor.probes",
        "commands.doctor.shortcuts",
        "config",
        "rules.load",
    },
    "commands.doctor.files": {"commands.doctor.findings", "config"},
    "commands.doctor.findings": {"commands.tables"},
    "commands.doctor.manager": {"commands.doctor.findings", "commands.units", "config", "places"},
    "commands.doctor.network": {"commands.doctor.findings", "commands.doctor.plain_http", "config"},
    "commands.doctor.plain_http": set(),
    "commands.doctor.probes": {"commands.doctor.bench", "commands.doctor.findings", "commands.doctor.plain_http"},
    "commands.doctor.shortcuts": {
        "commands.doctor.bench",
        "commands.doctor.findings",
        "commands.doctor.plain_http",
        "commands.doctor.probes",
        "exchange",
        "rules.examples",
        "rules.load",
        "rules.ruleset",
        "rules.schema",
        "sse",
    },
    "commands.explain": {
        "commands.reasons",
        "commands.requests",
        "commands.tables",
        "exchange",
        "rules.load",
        "rules.ruleset",
        "synthesis",
        "toml",
    },
    "commands.init": {"commands.upkeep", "places", "toml"},
    "commands.install_service": {"commands.init", "commands.units", "config", "places", "toml"},
    "commands.plots": set(),
    "commands.reasons": {
        "commands.requests",
        "exchange",
        "messages",
        "rules.conditions",
        "rules.facts",
        "rules.ruleset",
    },
    "commands.requests": {"exchange", "toml"},
    "commands.rule_schema": {"commands.tables", "rules.facts", "rules.operators", "rules.schema"},
    "commands.savings": {"commands.plots", "commands.tables", "journal.figures"},
    "commands.spans": set(),
    "commands.stats": {"commands.plots", "commands.savings", "commands.spans", "commands.tables", "journal.figures"},
    "commands.tables": {"toml"},
    "commands.units": set(),
    "commands.upkeep": set(),
    "config": {"toml"},
    "decision": set(),
    "decision.agreements": {"decision.shadow", "disk", "logs.observe"},
    "decision.breaker": {"exchange", "messages", "rules.ruleset"},
    "decision.desk": {
        "config",
        "decision.agreements",
        "decision.breaker",
        "decision.drift",
        "decision.ratelimits",
        "decision.shadow",
        "exchange",
        "headers",
        "messages",
        "rules.conditions",
        "rules.ruleset",
        "rules.trail",
    },
    "decision.drift": {"exchange", "messages", "rules.ruleset"},
    "decision.ratelimits": {"exchange", "headers"},
    "decision.shadow": {"coding", "rules.schema", "sse"},
    "disk": set(),
    "downstream": set(),
    "downstream.guard": {"exchange", "headers"},
    "downstream.incoming": {"exchange"},
    "downstream.replies": {"headers", "synthesis", "wire.heads"},
    "downstream.server": {"config", "downstream.replies", "ids", "logs.observe", "telemetry.tally", "wire.heads"},
    "exchange": {"usage"},
    "filters": {
        "filters.shell.command_prefix",
        "filters.shell.file_paths",
        "filters.titles.gerund",
        "filters.titles.session_title",
        "filters.titles.topic",
    },
    "filters.decline": set(),
    "filters.shell": set(),
    "filters.shell.command_prefix": {
        "filters.decline",
        "filters.shell.commands",
        "filters.shell.grammar",
        "filters.shell.known_commands",
        "filters.shell.programs",
        "filters.shell.variables",
    },
    "filters.shell.commands": {"filters.decline", "filters.shell.grammar"},
    "filters.shell.displays": {
        "filters.decline",
        "filters.shell.commands",
        "filters.shell.grammar",
        "filters.shell.own_output",
        "filters.shell.patches",
        "filters.shell.programs",
        "filters.shell.readers",
        "filters.shell.searches",
        "filters.shell.variables",
    },
    "filters.shell.file_paths": {
        "filters.decline",
        "filters.shell.displays",
        "filters.shell.grammar",
        "filters.shell.paths",
    },
    "filters.shell.grammar": set(),
    "filters.shell.known_commands": {"filters.shell.commands", "filters.shell.known_git"},
    "filters.shell.known_git": {"filters.shell.commands"},
    "filters.shell.options": {"filters.decline", "filters.shell.grammar"},
    "filters.shell.own_output": {"filters.decline", "filters.shell.commands", "filters.shell.grammar"},
    "filters.shell.patches": {"filters.decline", "filters.shell.grammar", "filters.shell.paths"},
    "filters.shell.paths": {"filters.decline", "filters.shell.grammar"},
    "filters.shell.programs": {"filters.decline", "filters.shell.grammar"},
    "filters.shell.readers": {
        "filters.decline",
        "filters.shell.commands",
        "filters.shell.grammar",
        "filters.shell.options",
        "filters.shell.paths",
        "filters.shell.programs",
    },
    "filters.shell.searches": {
        "filters.decline",
        "filters.shell.commands",
        "filters.shell.grammar",
        "filters.shell.options",
        "filters.shell.paths",
    },
    "filters.shell.variables": {"filters.decline", "filters.shell.commands", "filters.shell.grammar"},
    "filters.titles": set(),
    "filters.titles.clauses": {
        "filters.titles.languages",
        "filters.titles.phrases",
        "filters.titles.requests",
        "filters.titles.tables",
        "filters.titles.words",
    },
    "filters.titles.gerund": {"filters.titles.prose", "filters.titles.tables"},
    "filters.titles.languages": {"filters.titles.tables", "filters.titles.words"},
    "filters.titles.names": {"filters.titles.tables"},
    "filters.titles.phrases": {"filters.titles.tables"},
    "filters.titles.prose": set(),
    "filters.titles.requests": {
        "filters.titles.languages",
        "filters.titles.phrases",
        "filters.titles.tables",
        "filters.titles.words",
    },
    "filters.titles.session_title": {
        "filters.decline",
        "filters.titles.languages",
        "filters.titles.prose",
        "filters.titles.spaced",
        "filters.titles.tickets",
        "filters.titles.traces",
        "filters.titles.unspaced",
        "filters.titles.words",
    },
    "filters.titles.spaced": {
        "filters.titles.clauses",
        "filters.titles.languages",
        "filters.titles.phrases",
        "filters.titles.requests",
        "filters.titles.tables",
        "filters.titles.words",
    },
    "filters.titles.tables": set(),
    "filters.titles.tickets": {"filters.titles.tables", "filters.titles.words"},
    "filters.titles.topic": {
        "filters.decline",
        "filters.titles.prose",
        "filters.titles.session_title",
        "filters.titles.tables",
        "filters.titles.unspaced",
        "filters.titles.words",
    },
    "filters.titles.traces": {
        "filters.titles.names",
        "filters.titles.prose",
        "filters.titles.spaced",
        "filters.titles.words",
    },
    "filters.titles.unspaced": {"filters.titles.names", "filters.titles.words"},
    "filters.titles.words": {"filters.titles.names", "filters.titles.tables"},
    "glance": set(),
    "headers": set(),
    "ids": set(),
    "journal": set(),
    "journal.figures": {"journal.schema", "telemetry.entry", "usage"},
    "journal.keeper": {"config", "journal.rows", "journal.store", "logs.observe", "telemetry.entry"},
    "journal.past": {"journal.figures", "journal.writer", "telemetry.entry"},
    "journal.rows": {"telemetry.entry", "telemetry.tally"},
    "journal.schema": set(),
    "journal.store": {"journal.rows", "journal.schema"},
    "journal.writer": {"config", "exchange", "journal.keeper", "logs.observe", "telemetry.entry", "usage"},
    "lean": set(),
    "live": set(),
    "live.charts": {"telemetry.entry", "usage"},
    "live.document": set(),
    "live.feed": {"live.rows", "telemetry.entry", "usage"},
    "live.pages": {
        "config",
        "decision.desk",
        "downstream.replies",
        "exchange",
        "live.charts",
        "live.document",
        "live.feed",
        "live.rows",
        "live.state",
        "middleware",
        "telemetry.entry",
        "telemetry.ledger",
    },
    "live.rows": {"exchange", "telemetry.entry"},
    "live.state": {
        "config",
        "decision.desk",
        "live.charts",
        "live.feed",
        "live.rows",
        "local.standing",
        "rules.ruleset",
        "telemetry.ledger",
    },
    "local": set(),
    "local.handlers": {
        "decision.desk",
        "downstream.replies",
        "journal.writer",
        "local.metrics",
        "local.standing",
        "middleware",
        "telemetry.ledger",
        "telemetry.tally",
    },
    "local.metrics": {"decision.desk", "downstream.server", "exchange", "telemetry.tally", "upstream.faults"},
    "local.standing": {"decision.desk", "exchange", "telemetry.tally"},
    "logs": set(),
    "logs.journald": set(),
    "logs.observe": {"config", "exchange", "logs.journald", "logs.outlet", "logs.repeats"},
    "logs.outlet": set(),
    "logs.repeats": set(),
    "messages": {"exchange", "glance"},
    "middleware": {
        "capture",
        "decision.desk",
        "decision.shadow",
        "downstream.guard",
        "downstream.incoming",
        "downstream.replies",
        "downstream.server",
        "exchange",
        "headers",
        "ids",
        "logs.observe",
        "messages",
        "synthesis",
        "telemetry.ledger",
        "upstream.faults",
        "upstream.relay",
    },
    "notify": set(),
    "places": set(),
    "rules": set(),
    "rules.conditions": {"exchange", "messages", "rules.facts", "rules.operators", "rules.searches", "toml"},
    "rules.examples": {"exchange", "messages", "rules.ruleset", "rules.schema", "toml"},
    "rules.facts": {"exchange", "messages"},
    "rules.load": {
        "exchange",
        "rules.conditions",
        "rules.examples",
        "rules.operators",
        "rules.ruleset",
        "rules.schema",
        "rules.templates",
        "toml",
    },
    "rules.operators": {"exchange", "rules.facts", "rules.searches", "toml"},
    "rules.prefixes": set(),
    "rules.ruleset": {
        "exchange",
        "filters.decline",
        "messages",
        "rules.conditions",
        "rules.facts",
        "rules.schema",
        "rules.searches",
        "rules.structured",
        "rules.templates",
    },
    "rules.schema": set(),
    "rules.searches": {"rules.prefixes"},
    "rules.structured": set(),
    "rules.templates": {"filters", "filters.decline", "messages", "rules.facts"},
    "rules.trail": {"exchange", "rules.conditions", "rules.ruleset"},
    "scripted": {"sse"},
    "service": {
        "app",
        "config",
        "decision.agreements",
        "decision.desk",
        "downstream.server",
        "local.standing",
        "logs.observe",
        "logs.repeats",
        "notify",
        "rules.load",
        "telemetry.ledger",
        "telemetry.tally",
        "toml",
    },
    "sse": set(),
    "synthesis": {"exchange", "sse"},
    "telemetry": set(),
    "telemetry.entry": {"exchange", "usage"},
    "telemetry.ledger": {"exchange", "logs.observe", "telemetry.tally"},
    "telemetry.tally": {"exchange", "telemetry.entry"},
    "toml": set(),
    "upstream": set(),
    "upstream.connection": {"upstream.faults", "upstream.spare", "wire.framing", "wire.heads", "wire.reader"},
    "upstream.dial": {"config", "upstream.connection", "upstream.faults"},
    "upstream.faults": {"wire.heads"},
    "upstream.pool": {"upstream.connection", "upstream.dial"},
    "upstream.relay": {
        "config",
        "downstream.incoming",
        "downstream.replies",
        "exchange",
        "headers",
        "telemetry.tally",
        "upstream.connection",
        "upstream.dial",
        "upstream.faults",
        "upstream.pool",
        "upstream.tunnel",
        "usage",
        "wire.heads",
    },
    "upstream.spare": set(),
    "upstream.tunnel": {
        "downstream.replies",
        "exchange",
        "headers",
        "upstream.connection",
        "upstream.faults",
        "wire.heads",
    },
    "usage": {"coding", "sse"},
    "wire": set(),
    "wire.framing": {"headers", "wire.heads"},
    "wire.heads": {"headers"},
    "wire.reader": {"headers", "wire.framing", "wire.heads"},
}


# Rooms that speak HTTP by aiohttp; no other may.
SPEAK_HTTP = {
    *("app", "commands.demo", "downstream.incoming", "downstream.replies", "downstream.server", "lean"),
    *("live.pages", "local.handlers", "middleware", "scripted", "upstream.relay", "upstream.tunnel"),
}

# Rooms that touch nothing outside of them: no sockets, no files, no clock, no randomness.
PURE = {
    *("coding", "decision.breaker", "decision.drift", "decision.ratelimits", "decision.shadow"),
    *("downstream.guard", "exchange", "glance", "headers", "journal.rows", "journal.schema"),
    *("live.charts", "live.rows", "logs.repeats", "messages", "sse", "synthesis", "telemetry.entry"),
    *("telemetry.tally", "usage"),
    *(room for room in IMPORTS if room.startswith(("filters", "rules", "wire"))),
} - {"rules.load"}
WORLDLY = {"asyncio", "datetime", "io", "os", "pathlib", "random", "secrets", "socket", "subprocess", "time", "uuid"}


def _rooms() -> dict[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = path
    return found


ROOMS = _rooms()


def _imported(path: Path) -> Iterator[str]:
    """Whole names of everything that a room imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole.removeprefix("proxy.") in ROOMS else str(node.module)


def test_every_room_imports_what_the_table_says() -> None:
    found = {
        room: {name.removeprefix("proxy.") for name in _imported(path) if name.startswith("proxy.")}
        for room, path in ROOMS.items()
    }
    assert found == IMPORTS


def test_imports_run_one_way() -> None:
    """No circle: every room can be given a floor above all the rooms that it imports."""
    _build(IMPORTS)


def test_imports_between_packages_run_one_way_too() -> None:
    packages: dict[str, set[str]] = {}
    for room, below in IMPORTS.items():
        package = room.partition(".")[0]
        packages.setdefault(package, set()).update({name.partition(".")[0] for name in below} - {package})
    _build(packages)


def _build(house: dict[str, set[str]]) -> None:
    floors: dict[str, int] = {}
    while len(floors) < len(house):
        ready = {room for room, below in house.items() if room not in floors and below <= floors.keys()}
        assert ready, f"a circle among {sorted(house.keys() - floors.keys())}"
        floors |= {room: 1 + max((floors[name] for name in house[room]), default=0) for room in ready}


@pytest.mark.parametrize("room", ROOMS)
def test_only_some_rooms_speak_http(room: str) -> None:
    top = {name.partition(".")[0] for name in _imported(ROOMS[room])}
    assert ("aiohttp" in top) <= (room in SPEAK_HTTP)


@pytest.mark.parametrize("room", sorted(PURE))
def test_pure_rooms_touch_nothing_outside(room: str) -> None:
    top = {name.partition(".")[0] for name in _imported(ROOMS[room])}
    assert not top & (WORLDLY | {"aiohttp", "aiohttp_sse", "structlog"})


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_is_crowded(room: str) -> None:
    assert len(ROOMS[room].read_text().splitlines()) <= 300


def test_every_package_is_installed() -> None:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())
    found = {".".join(path.parent.relative_to(ROOT.parent).parts) for path in ROOT.rglob("__init__.py")}
    assert set(project["tool"]["setuptools"]["packages"]) == found

"""docs/logs.md, held against the code: every event, its level and its fields, and those of a request's line."""

import ast
import io
import logging
import re
from collections import defaultdict
from dataclasses import fields
from functools import cache
from pathlib import Path

import orjson

from proxy.decision.drift import Notice
from proxy.logs.observe import _KIND, _NEVER_HELD_BACK, LibraryLogs, logger
from proxy.settings.config import LogSettings
from tests.cases import every
from tests.logs.test_observe import FIELDS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/logs.md").read_text("utf-8")
LEVELS = ("debug", "info", "warning", "error")


def _rows(page: str, start: str) -> list[list[str]]:
    """The cells of the table whose first line begins so."""
    lines = page[page.index(start) :].splitlines()[2:]
    table = lines[: next(index for index, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def _names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def _said_by_a_library() -> set[str]:
    stream = io.StringIO()
    handler = LibraryLogs(logger(LogSettings(), stream))
    handler.handle(logging.makeLogRecord({"levelno": logging.ERROR, "exc_info": (ValueError, ValueError(), None)}))
    return set(orjson.loads(stream.getvalue())) - {"event", "level", "timestamp"}


# Where the code gives fields as a mapping: what is in it, and at which levels the event comes.
MAPPED = {
    "request": (FIELDS, {"info", "warning"}),
    "drift": ({field.name for field in fields(Notice)}, set()),
    "listening": ({"note"}, set()),
    "library": (_said_by_a_library(), {"warning", "error"}),
}


@cache
def _emitted() -> dict[str, tuple[set[str], set[str]]]:
    """Every event that the code logs: its fields and its levels, from all calls of a level's method on a log."""
    found: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for path in (ROOT / "proxy").rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)):
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            on_log = method in (*LEVELS, "log") and ast.unparse(call.func).removesuffix(f".{method}").endswith("log")
            if not on_log and not (isinstance(call.func, ast.Name) and call.func.id == "emit"):
                continue
            event = ast.literal_eval(call.args[1 if method == "log" else 0])
            found[event][0].update(keyword.arg for keyword in call.keywords if keyword.arg)
            found[event][1].update({method} & set(LEVELS))
            if any(keyword.arg is None for keyword in call.keywords):
                found[event][0].update(MAPPED[event][0])
                found[event][1].update(MAPPED[event][1])
    return found


EVENTS = {next(iter(_names(row[0]))): row[1:] for row in _rows(PAGE, "| event |")}


def test_the_code_logs_something() -> None:
    """Else the search above would have lost its way."""
    assert {"request", "listening", "library", "tripped", "capture failed", "state not saved"} <= _emitted().keys()


def test_every_event_is_on_the_page_and_none_is_made_up() -> None:
    assert {"request", *EVENTS} == _emitted().keys()


@every("event", EVENTS)
def test_an_event_has_the_levels_and_fields_that_the_page_says(event: str) -> None:
    levels, named, _ = EVENTS[event]
    assert (_names(named), set(levels.split(", "))) == _emitted()[event]


def test_the_fields_of_a_request_are_those_of_the_page() -> None:
    assert {name for row in _rows(PAGE, "| field |") for name in _names(row[0])} == FIELDS == _emitted()["request"][0]


def test_what_is_never_held_back_and_what_tells_warnings_apart_exist() -> None:
    """A misspelt name would hold nothing, and nobody would see it."""
    assert _emitted().keys() >= _NEVER_HELD_BACK
    assert {"event", *(field for named, _ in _emitted().values() for field in named)} >= set(_KIND)

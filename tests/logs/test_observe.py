"""Logs: their form, what a request leaves in them, and what no library can leak into them."""

import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from proxy.logs.observe import LibraryLogs, log_requests, logger, take_over_library_logs
from proxy.record import Outcome, Record
from proxy.settings.config import LogSettings
from tests.cases import every

Level = Literal["debug", "info", "warning", "error"]
SECRET = "sk-ant-hunter2"
RECORD = Record(
    id="r1",
    at=1_800_000_000.0,
    method="POST",
    path="/v1/messages",
    outcome="answered",
    rule="topic",
    reason="declined: unsure",
    error="upstream timeout",
    fault="silent",
    status=200,
    client="claude-cli/2.1.330",
    session="0123456789abcdef",
    model="claude-haiku-4-5",
    verdict="same",
    duration=1.23456,
    first_byte=0.98765,
    overhead=0.4321,
    bytes_in=100,
    bytes_out=200,
    retried=True,
)
FIELDS = {"method", "path", "status", "outcome", "rule", "reason", "error", "client", "model", "ms", "first_byte_ms"}
FIELDS |= {"bytes_in", "bytes_out", "id", "retried"}
STAMP = {"event", "level", "timestamp"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def logged(record: Record) -> dict[str, Any]:
    stream = io.StringIO()
    log_requests(logger(LogSettings(), stream), [record])
    [line] = lines(stream)
    return line


@pytest.mark.parametrize("form", ["auto", "json"])
def test_a_stream_that_is_no_terminal_gets_one_json_object_a_line(form: Literal["auto", "json"]) -> None:
    stream = io.StringIO()
    log = logger(LogSettings(format=form), stream)
    log.info("started", place="http://127.0.0.1:1", text="two\nlines")
    log.warning("odd", value=object)
    started, odd = lines(stream)
    assert (started["event"], started["level"], started["place"]) == ("started", "info", "http://127.0.0.1:1")
    assert started["text"] == "two\nlines"
    assert started["timestamp"].endswith("Z")
    assert (odd["event"], odd["level"]) == ("odd", "warning")


def test_the_line_of_a_request_has_the_time_at_which_it_ended() -> None:
    line = logged(replace(RECORD, at=1_700_000_000.0, duration=2500.0))
    assert line["timestamp"] == "2023-11-14T22:13:22.500000Z"


def test_json_is_to_be_had_on_a_terminal() -> None:
    stream = Terminal()
    logger(LogSettings(format="json"), stream).info("started")
    assert lines(stream)[0]["event"] == "started"


def test_console_lines_are_to_be_had_where_there_is_no_terminal_and_have_no_colours() -> None:
    stream = io.StringIO()
    logger(LogSettings(format="console"), stream).info("started", place="here")
    [line] = stream.getvalue().splitlines()
    assert "started" in line
    assert "place=here" in line
    assert "\x1b" not in line


def test_a_terminal_gets_coloured_lines() -> None:
    stream = Terminal()
    logger(LogSettings(), stream).info("started", place="here")
    [line] = stream.getvalue().splitlines()
    assert "\x1b[" in line
    assert "started" in line


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_what_is_below_the_level_is_not_written(level: Level, events: list[str]) -> None:
    stream = io.StringIO()
    log = logger(LogSettings(level=level), stream)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(name)
    assert [line["event"] for line in lines(stream)] == events


def test_a_request_is_one_line_of_the_documented_fields() -> None:
    line = logged(RECORD)
    assert set(line) == FIELDS | STAMP
    assert line["event"] == "request"
    assert (line["ms"], line["first_byte_ms"]) == (1.23, 0.99)


@every(
    ("outcome", "error", "level"),
    [
        ("answered", "", "info"),
        ("forwarded", "", "info"),
        ("forwarded", "upstream reset", "warning"),
        ("failed", "upstream timeout", "warning"),
        ("refused", "", "warning"),
    ],
)
def test_a_request_that_went_wrong_is_a_warning(outcome: Outcome, error: str, level: str) -> None:
    assert logged(replace(RECORD, outcome=outcome, error=error))["level"] == level


def test_what_is_empty_is_left_out_but_zero_is_not() -> None:
    line = logged(
        replace(
            RECORD,
            rule="",
            reason="",
            error="",
            client="",
            model="",
            first_byte=None,
            bytes_out=0,
            status=0,
            retried=False,
        )
    )
    assert set(line) == FIELDS - {"rule", "reason", "error", "retried", "client", "model", "first_byte_ms"} | STAMP
    assert (line["bytes_out"], line["status"]) == (0, 0)


class OneWrite(io.StringIO):
    """A stream that counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


RECORDS = st.builds(
    replace,
    st.just(RECORD),
    outcome=st.sampled_from(get_args(Outcome)),
    path=st.sampled_from(["/v1/messages", "/-/health", "/-/ready"]),
    error=st.sampled_from(["", "upstream timeout", 'odd "\u2028\x7f\n']),
    reason=st.sampled_from(["", "no rule matched"]),
    model=st.sampled_from(["", "claude-haiku-4-5"]),
    retried=st.booleans(),
    first_byte=st.none() | st.floats(0, 1e6),
    duration=st.floats(0, 1e6),
)


@given(
    records=st.lists(RECORDS, max_size=5),
    form=st.sampled_from(["json", "console"]),
    level=st.sampled_from(["debug", "info", "warning", "error"]),
)
def test_lines_of_requests_are_written_at_once_and_each_as_if_by_itself(
    records: list[Record], form: Literal["json", "console"], level: Level
) -> None:
    together, alone = OneWrite(), OneWrite()
    log_requests(logger(LogSettings(format=form, level=level), together), records)
    for record in records:
        log = logger(
            LogSettings(format=form, level=level), alone
        )  # one that has heard of no other, and holds nothing back
        wrong = record.error or record.outcome == "refused"
        tell = log.warning if wrong else log.debug if record.path.startswith("/-/") else log.info
        shown = {
            **{name: getattr(record, name) for name in ("method", "path", "status", "outcome")},
            **{name: value for name in ("rule", "reason", "error") if (value := getattr(record, name))},
            **({"retried": True} if record.retried else {}),
            **{name: value for name in ("client", "model") if (value := getattr(record, name))},
            "ms": round(record.duration, 2),
            **({} if record.first_byte is None else {"first_byte_ms": round(record.first_byte, 2)}),
            **{name: getattr(record, name) for name in ("bytes_in", "bytes_out", "id")},
        }
        tell("request", **shown, timestamp=datetime.fromtimestamp(record.at + record.duration / 1000, UTC))
    if form == "json":
        assert together.getvalue() == alone.getvalue()
    else:
        assert _untimed(together) == _untimed(alone)
    assert together.writes <= 1


def _untimed(stream: io.StringIO) -> list[str]:
    """Lines for people without the time of day at which each was written."""
    return [line.partition(" ")[2] for line in stream.getvalue().splitlines()]


@every("text", ["\x1b[31mred", "a\x00b", "a\u202eb", "\udcff", "a\u2028b", "\x9b31m", "\x7f"])
@every("form", ["json", "console"])
def test_names_of_files_and_the_like_are_made_printable(text: str, form: Literal["json", "console"]) -> None:
    stream = io.StringIO()
    logger(LogSettings(format=form), stream).error("problem", place=f"rules/{text}.toml:1", problem=text)
    written = stream.getvalue()
    assert written.endswith("\n")
    assert text not in written
    assert written[:-1].isprintable()


def test_printable_text_of_any_script_stays_as_it_is() -> None:
    stream = io.StringIO()
    logger(LogSettings(), stream).error("problem", place="/日本/é?")
    assert lines(stream)[0]["place"] == "/日本/é?"


@pytest.fixture
def libraries() -> Iterator[io.StringIO]:
    """The libraries' logs, taken over for one test."""
    names = ("aiohttp", "asyncio")
    before = {name: (logging.getLogger(name).handlers, logging.getLogger(name).propagate) for name in names}
    stream = io.StringIO()
    take_over_library_logs(logger(LogSettings(level="debug"), stream))
    yield stream
    for name, (handlers, propagate) in before.items():
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = handlers, propagate


@pytest.mark.parametrize("name", ["aiohttp", "aiohttp.server", "aiohttp.web", "asyncio"])
def test_nothing_that_a_library_says_is_passed_on_but_that_it_spoke(
    libraries: io.StringIO, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    log = logging.getLogger(name)
    log.warning(f"in the message: {SECRET}")
    log.error("in the arguments: %s %r", SECRET, {"key": SECRET}, extra={"extra": SECRET})
    try:
        raise ValueError(f"in the exception: {SECRET}")
    except ValueError:
        log.exception("failed", stack_info=True)
    warning, error, failed = lines(libraries)
    assert SECRET not in libraries.getvalue() + "".join(capfd.readouterr())
    assert (warning["event"], warning["level"], warning["library"]) == ("library", "warning", name)
    assert error["level"] == "error"
    assert failed["error"] == "ValueError"
    assert all(line["at"].startswith("test_observe:") for line in (warning, error, failed))
    assert set(warning) == STAMP | {"library", "at"}


def test_arguments_that_cannot_be_formatted_do_no_harm(capfd: pytest.CaptureFixture[str]) -> None:
    # Straight to the handler: pytest has one of its own that would choke on them.
    stream = io.StringIO()
    broken = logging.makeLogRecord({"name": "aiohttp", "levelno": logging.ERROR, "msg": "%d", "args": (SECRET,)})
    LibraryLogs(logger(LogSettings(), stream)).handle(broken)
    assert [line["event"] for line in lines(stream)] == ["library"]
    assert SECRET not in stream.getvalue() + "".join(capfd.readouterr())


def test_what_libraries_say_below_a_warning_is_dropped(libraries: io.StringIO) -> None:
    log = logging.getLogger("aiohttp.access")
    log.setLevel(logging.DEBUG)
    try:
        log.info("chatter")
        log.debug("chatter")
    finally:
        log.setLevel(logging.NOTSET)
    assert libraries.getvalue() == ""


def test_the_level_applies_to_libraries_too() -> None:
    stream = io.StringIO()
    handler = LibraryLogs(logger(LogSettings(level="error"), stream))
    handler.handle(logging.makeLogRecord({"name": "aiohttp", "levelno": logging.WARNING, "levelname": "WARNING"}))
    handler.handle(logging.makeLogRecord({"name": "aiohttp", "levelno": logging.ERROR, "levelname": "ERROR"}))
    assert [line["level"] for line in lines(stream)] == ["error"]


@pytest.mark.parametrize(("own", "shown"), [(31, "warning"), (45, "error"), (99, "critical")])
def test_a_level_of_a_librarys_own_is_told_as_the_one_below_it(own: int, shown: str) -> None:
    stream = io.StringIO()
    handler = LibraryLogs(logger(LogSettings(), stream))
    handler.handle(logging.makeLogRecord({"name": "aiohttp", "levelno": own, "levelname": "ODD"}))
    assert [line["level"] for line in lines(stream)] == [shown]

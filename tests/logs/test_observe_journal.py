"""What goes to the journal: lines with priorities, readable or JSON, and never two out of one."""

import io
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from proxy.logs.observe import Logger, log_requests, logger
from proxy.settings.config import LogSettings
from tests.logs.test_observe import FIELDS, RECORD

Form = Literal["auto", "console", "json"]


class Journal:
    """A file that the environment says leads to the journal."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self._stream = path.open("w")
        status = os.fstat(self._stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")

    def log(self, form: Form = "auto") -> Logger:
        return logger(LogSettings(format=form, level="debug"), self._stream)

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    def close(self) -> None:
        self._stream.close()


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal", monkeypatch)
    yield made
    made.close()


@pytest.mark.parametrize("form", ["auto", "console", "json"])
@pytest.mark.parametrize(("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3)])
def test_each_line_has_the_priority_of_its_level(journal: Journal, form: Form, level: str, priority: int) -> None:
    getattr(journal.log(form), level)("event")
    assert journal.text.startswith(f"<{priority}>")
    assert journal.text.count("\n") == 1


@pytest.mark.parametrize("form", ["auto", "console"])
def test_lines_are_readable_without_colour_time_and_level(journal: Journal, form: Form) -> None:
    journal.log(form).warning("connection closed", reason="no whole head in time", bytes_in=7)
    assert journal.text == '<4>connection closed reason="no whole head in time" bytes_in=7\n'


def test_json_is_to_be_had_there_too(journal: Journal) -> None:
    journal.log("json").info("started", place="here")
    line = json.loads(journal.text.removeprefix("<6>"))
    assert (line["event"], line["level"], line["place"]) == ("started", "info", "here")


def test_another_stream_gets_no_priorities(journal: Journal) -> None:
    other = io.StringIO()
    logger(LogSettings(), other).info("started")
    assert json.loads(other.getvalue())["event"] == "started"
    assert journal.text == ""


def test_the_line_of_a_request_has_every_field(journal: Journal) -> None:
    log_requests(journal.log(), [RECORD])
    event, *fields = shlex.split(journal.text)
    assert event == "<4>request"
    pairs = dict(field.split("=", 1) for field in fields)
    assert set(pairs) == FIELDS
    assert (pairs["reason"], pairs["ms"], pairs["status"]) == ("declined: unsure", "1.23", "200")


@pytest.mark.parametrize("form", ["auto", "json"])
@pytest.mark.parametrize("text", ["two\nlines", "a\r\nb", "\x1b[31mred", "a\x00b", "\u202eb", "\u2028", '"', "\\", ""])
def test_no_text_can_make_a_second_line_or_field(journal: Journal, form: Form, text: str) -> None:
    journal.log(form).info("problem", text=text, behind=1)
    [line] = journal.text.splitlines() if form == "auto" else journal.text[:-1].split("\n")
    assert line.startswith("<6>")
    if form == "auto":
        assert line.isprintable()
        quoted = re.fullmatch(r'<6>problem text=(".*") behind=1', line)
        assert quoted
        assert json.loads(quoted[1]) == text
    else:
        assert json.loads(line[3:])["text"] == text


@pytest.mark.parametrize("text", ["a b", "a=b", " ", "日本 é"])
def test_text_with_blanks_or_equals_signs_is_in_quotation_marks(journal: Journal, text: str) -> None:
    journal.log().info("problem", text=text)
    assert journal.text == f'<6>problem text="{text}"\n'


@pytest.mark.parametrize("text", ["/v1/messages", "日本/é?", "claude-cli/2.1.330", "it's"])
def test_other_text_is_as_it_is(journal: Journal, text: str) -> None:
    journal.log().info("problem", text=text)
    assert journal.text == f"<6>problem text={text}\n"


def test_a_lone_surrogate_does_no_harm(journal: Journal) -> None:
    journal.log().info("problem", file="caf\udce9")
    assert journal.text == '<6>problem file="caf\\udce9"\n'

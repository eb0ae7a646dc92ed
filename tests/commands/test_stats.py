"""`stats`: figures that can be added up by hand, savings with their basis, and help where there are none."""

import io
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from proxy.journal.schema import VERSION
from proxy.record import Record
from proxy.replies.usage import Usage
from tests.commands.given import Program
from tests.journal.given import asked, entry, written

HOUR = 3600.0


def hour() -> float:
    """The beginning of the present hour."""
    return time.time() // HOUR * HOUR


def of_all_kinds() -> list[Record]:
    """What has happened in the present hour."""
    at = hour()
    titles: dict[str, Any] = {"rule": "session-title"}
    forwards = [
        entry(at, Usage(100, 10, 200, 0), duration=duration, verdict=verdict, **titles)
        for duration, verdict in ((1000.0, "same"), (1200.0, "same"), (2000.0, "different"))
    ]
    answers = [entry(at, None, outcome="answered", duration=1.0, overhead=1.0, **titles) for _ in range(4)]
    probe = entry(at, None, outcome="answered", rule="quota-probe", duration=1.0)
    failed = entry(at, None, outcome="failed", status=502, fault="refused", error="refused")
    talk = entry(at, Usage(1000, 500, 9000, 0), model="claude-opus-4-1")
    return [*forwards, *answers, probe, failed, talk, entry(at, None, outcome="local", path="/-/ready")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def run(program: Program, file: Path, *arguments: str) -> tuple[int, str, str]:
    return program.run("stats", "--set", f"journal.path={file}", *arguments)


def document(program: Program, file: Path, *arguments: str) -> Any:
    code, found = program.json("stats", "--set", f"journal.path={file}", *arguments)
    assert code == 0
    return found


def test_the_sums_are_right_and_savings_are_told_with_their_basis(program: Program, file: Path) -> None:
    found = document(program, written(file, of_all_kinds()))
    assert found["total"] == {
        "requests": 10,
        "answered": 5,
        "forwarded": 4,
        "failed": 1,
        "refused": 0,
        "upstream_errors": {},
        "agreement": {"same": 2, "different": 1},
        "input_tokens": 10_900,
        "cache_read_tokens": 9600,
        "cache_creation_tokens": 0,
        "output_tokens": 530,
        "requests_with_tokens": 4,
        "saved": {
            "answers": 5,
            "bytes": 5000,
            "with_time": 4,
            "time_ms": 4 * 1200.0 - 4 * 1.0,
            "with_tokens": 5,
            "measured": 4,
            "input_tokens": 1200 + 300,
            "cached_tokens": 800,
            "output_tokens": 40,
        },
        "added_ms_median": 0.2,
    }
    kinds = [(one["rule"], one["model"], one["answers"], one["forwards"], one["time_ms"]) for one in found["basis"]]
    assert kinds == [("quota-probe", "haiku", 1, 0, None), ("session-title", "haiku", 4, 3, 1200.0)]


def test_people_see_the_same_with_bars(program: Program, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run(program, written(file, of_all_kinds()))
    assert (code, err) == (0, "")
    assert out.split("\n")[2:4] == [
        "saved               5 requests: about 1.50k tokens in (800 cached), 40 out, 4.8 s of model time",
        "",
    ]
    for line in (
        "requests                   10",
        "  answered                  5  ████████████████████",
        "  forwarded                 4  ████████████████",
        "  failed                    1  ████",
        "agreement              2 of 3",
        "tokens upstream     10.9k in (88 % read from the cache), 530 out",
        "time added          0.20 ms (median, before the first byte)",
        "  quota-probe haiku: 1 answer, each about 300 tokens in (estimated from its size)",
        "  session-title haiku: 4 answers, each about 1.2 s, 300 + 10 tokens (median of 3 forwards)",
    ):
        assert line in out.split("\n")
    assert "refused" not in out
    assert max(map(len, out.split("\n")[1:])) <= 100


def test_the_last_audits_of_each_rule_are_told(program: Program, file: Path) -> None:
    audited: dict[str, Any] = {"reason": "audit", "rule": "topic"}
    entries = [entry(hour() + number, verdict="same", **audited) for number in range(60)]
    entries += [entry(hour() + 100, verdict=verdict, **audited) for verdict in ("different", "upstream error")]
    entries += [entry(hour(), verdict="different", rule="topic", reason="shadow")]
    written(file, [*entries, entry(hour(), verdict="same", reason="audit", rule="session-title")])
    assert "  last audits       1 of 1 session-title, 49 of 50 topic\n" in run(program, file)[1]
    assert document(program, file)["audits"] == [
        {"rule": "session-title", "same": 1, "compared": 1},
        {"rule": "topic", "same": 49, "compared": 50},
    ]


def test_without_any_forward_nothing_is_invented(program: Program, file: Path) -> None:
    answers = [entry(hour(), None, outcome="answered", rule="topic")]
    _, out, _ = run(program, written(file, answers))
    assert "saved               1 request, 1.00k bytes; what they would have cost, no reply has told yet\n" in out
    assert "  topic haiku: 1 answer; no reply of the model has told yet what one saves\n" in out
    found = document(program, file)["total"]["saved"]
    assert (found["time_ms"], found["input_tokens"], found["bytes"]) == (None, None, 1000)


def test_own_forwards_alone_tell_about_how_much_was_saved(program: Program, file: Path) -> None:
    entries = [
        entry(hour(), rule="topic", duration=100.0),
        entry(hour(), None, outcome="answered", rule="topic", duration=1.0),
    ]
    _, out, _ = run(program, written(file, entries))
    assert "saved               1 request: about 80 tokens in (30 cached), 20 out, 99 ms of model time\n" in out


def test_before_the_first_answer_nothing_is_said_to_be_saved(program: Program, file: Path) -> None:
    assert "\nsaved               nothing yet\n" in run(program, written(file, [entry(hour())]))[1]


def test_where_tokens_are_not_known_only_time_is_told(program: Program, file: Path) -> None:
    entries = [entry(hour(), None, rule="topic"), entry(hour(), None, outcome="answered", rule="topic", duration=0.0)]
    _, out, _ = run(program, written(file, entries))
    assert "saved               1 request: about 1.5 s of model time\n" in out
    assert "  topic haiku: 1 answer, each about 1.5 s (median of 1 forward)" in out
    assert "tokens upstream     not known" in out


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("rule", ["session-title", "no rule", "quota-probe"]),
        ("model", ["haiku", "opus"]),
        ("client", ["claude-cli/2.1.330"]),
    ],
)
def test_groups_come_by_how_much_there_is_of_them(program: Program, file: Path, by: str, names: list[str]) -> None:
    found = document(program, written(file, of_all_kinds()), "--by", by)
    assert (found["by"], [group["name"] for group in found["groups"]]) == (by, names)
    assert sum(group["requests"] for group in found["groups"]) == found["total"]["requests"]
    code, out, _ = run(program, file, "--by", by)
    assert code == 0
    assert all(f"\n{name} " in out for name in names)


def test_days_come_in_their_order(program: Program, file: Path) -> None:
    written(file, [entry(hour() - day * 86_400) for day in (0, 1, 1, 2)])
    found = document(program, file, "--by", "day")
    assert [group["requests"] for group in found["groups"]] == [1, 2, 1]


@pytest.mark.parametrize(("span", "requests"), [("1h", 2), ("7d", 2), ("2w", 3), ("all", 4)])
def test_only_what_came_since_counts(program: Program, file: Path, span: str, requests: int) -> None:
    ago = (0.0, HOUR, 10 * 86_400, 100 * 86_400)
    found = document(program, written(file, [entry(hour() - one) for one in ago]), "--since", span)
    assert found["total"]["requests"] == requests


def test_a_terminal_without_unicode_gets_plain_bars(
    program: Program, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(file, of_all_kinds())
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    run(program, file, "--by", "rule")
    stream.flush()
    assert b"  answered                  5  ####" in stream.buffer.getvalue()


def test_a_wide_terminal_gets_bars_beside_the_groups(
    program: Program, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(file, of_all_kinds())
    monkeypatch.setenv("COLUMNS", "150")
    _, out, _ = run(program, file, "--by", "rule")
    (line,) = (line for line in out.split("\n") if line.startswith("quota-probe  "))
    assert "█" in line
    assert max(map(len, out.split("\n"))) <= 150


@pytest.mark.parametrize("columns", [50, 80])
def test_a_narrow_terminal_gets_every_word_within_its_width(
    program: Program, file: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    _, whole, _ = run(program, written(file, of_all_kinds()))
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    _, out, _ = run(program, file)
    assert max(map(len, out.split("\n")[1:])) <= columns
    words = [re.sub("[▏▎▍▌▋▊▉█]", "", text.split("\n", 1)[1]).split() for text in (out, whole)]
    assert words[0] == words[1]


def test_an_empty_span_says_so(program: Program, file: Path) -> None:
    code, out, _ = run(program, written(file, [entry(hour() - 30 * 86_400)]))
    assert code == 0
    assert "no requests since" in out


def test_no_journal_yet_is_said_with_what_to_do(program: Program, file: Path) -> None:
    code, out, err = run(program, file)
    assert (code, out) == (1, "")
    assert err == f"{file}: there is no journal yet; it begins with the first request\n"


def test_a_journal_that_cannot_be_written_is_not_said_to_come_yet(program: Program, tmp_path: Path) -> None:
    """A file stands where its folder would have to be, which stops root too."""
    (tmp_path / "here").touch()
    code, out, err = run(program, tmp_path / "here" / "state" / "journal.sqlite")
    assert (code, out) == (1, "")
    assert err == f"there is no journal, and none can be written: {tmp_path / 'here'}: no folder\n"


def test_a_journal_that_is_switched_off_is_said_to_be(program: Program, file: Path) -> None:
    code, _, err = run(program, file, "--set", "journal.enabled=false")
    assert code == 1
    assert err.startswith("the journal is switched off (journal.enabled = false); ")


@pytest.mark.parametrize("arguments", [[], ["--since", "yesterday"]])
def test_machines_are_told_in_json_why_there_are_no_figures(program: Program, file: Path, arguments: list[str]) -> None:
    code, out, err = run(program, file, "--json", *arguments)
    assert code in (1, 2)
    assert json.loads(out) == {"problem": err.rstrip("\n")}


def test_a_newer_schema_is_said(program: Program, file: Path) -> None:
    asked(written(file, []), f"PRAGMA user_version = {VERSION + 1}")
    code, _, err = run(program, file)
    assert code == 1
    assert "written by a newer Sidestep" in err


def test_a_span_that_is_none_is_said(program: Program, file: Path) -> None:
    code, _, err = run(program, written(file, []), "--since", "yesterday")
    assert code == 2
    assert err.startswith("--since: found 'yesterday', expected hours, days or weeks")

"""The command: what it says when something is missing, and what it makes of rows that fail."""

import contextlib
from typing import Any

import pytest

from bench import __main__ as program
from bench.latency import WrongReplyError
from bench.processes import Running, Stack
from bench.results import Result
from bench.rows import ROWS, Bench, Turns

REACHED = Result("relay", "added median", "ms", 0.1, bound=0.4)
MISSED = Result("relay", "added median", "ms", 0.5, bound=0.4)
_NOBODY: Any = None
STACK = Stack(*(Running(name, 0, 0.0, _NOBODY) for name in ("upstream", "nginx", "Sidestep")))


def test_what_is_missing_is_told_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "which_nginx", lambda: None)
    monkeypatch.setattr(program, "which_wrk", lambda: None)
    assert program.main([]) == 2
    said = capsys.readouterr().err
    assert "apt install nginx-light" in said
    assert "apt install wrk" in said


@pytest.mark.parametrize("arguments", [["nothing"], ["--rounds", "0"], ["--seconds", "x"]])
def test_a_command_line_that_cannot_be_used_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(arguments)
    assert ended.value.code == 2


def run(monkeypatch: pytest.MonkeyPatch, *rows: Result | Exception) -> int:
    """The exit code of a run of one row that comes to these, after as many rounds."""

    def row(_bench: Bench) -> Turns:
        results = []
        for found in rows:
            if isinstance(found, Exception):
                raise found
            results.append(found)
            yield
        return results

    monkeypatch.setattr(program, "_missing", list)
    monkeypatch.setattr(program, "stack", lambda _folder: contextlib.nullcontext(STACK))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setitem(ROWS, "relay", row)
    return program.main(["relay"])


def test_a_run_whose_rows_are_reached_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, REACHED) == 0


def test_a_missed_row_ends_it_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, REACHED, MISSED) == 1
    assert capsys.readouterr().out.count("MISSED") == 1


def test_a_row_that_could_not_be_measured_ends_it_with_1_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, REACHED, WrongReplyError("HTTP/1.1 502 Bad Gateway")) == 1
    assert "relay could not be measured: WrongReplyError: HTTP/1.1 502" in capsys.readouterr().err


def test_a_run_of_some_rows_writes_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(program, "_write", lambda *_: pytest.fail("written"))
    run(monkeypatch, REACHED)
    assert "nothing written" in capsys.readouterr().err


def test_rows_take_turns_and_are_told_in_their_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that fails does not keep the others from their rounds."""
    turns = []

    def row_of(name: str, rounds: int) -> Turns:
        for number in range(rounds):
            turns.append(f"{name}{number}")
            yield
            if name == "b":
                raise WrongReplyError("no")
        return [Result(name, "added median", "ms", 0.1, bound=0.4)]

    monkeypatch.setattr(
        program, "ROWS", {"a": lambda _: row_of("a", 3), "b": lambda _: row_of("b", 3), "c": lambda _: row_of("c", 2)}
    )
    faults: list[str] = []
    bench: Any = None
    found = list(program._in_turns(["a", "b", "c"], bench, faults))
    assert turns == ["a0", "b0", "c0", "a1", "c1", "a2"]
    assert [result.row for result in found] == ["a", "c"]
    assert faults == ["b could not be measured: WrongReplyError: no"]
    assert "round 2 of a, b, c" in capsys.readouterr().err

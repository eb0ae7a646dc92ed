"""What counts as reached, the table, and results.json."""

import json
from pathlib import Path

import pytest

from bench.results import Result, shown, table, write
from tests.cases import every


def result(ours: float, nginx: float | None = 0.1, **bounds: float | bool) -> Result:
    return Result("relay", "added median", "ms", ours, 0.05, nginx, **bounds)  # type: ignore[arg-type]


@every(
    ("found", "limit", "reached"),
    [
        (result(0.4, bound=0.4), 0.4, True),
        (result(0.41, bound=0.4), 0.4, False),
        (result(0.8, factor=8), 0.8, True),
        (result(0.5, nginx=0.1, bound=0.4, factor=8), 0.4, False),
        (result(0.3, nginx=0.03, bound=0.4, factor=8), 0.24, False),
        (result(5000.0, nginx=None, bound=5000, at_least=True), 5000, True),
        (result(4999.0, nginx=None, bound=5000, at_least=True), 5000, False),
        (result(2000.0, nginx=10000.0, factor=0.2, at_least=True), 2000, True),
        (result(1999.0, nginx=10000.0, factor=0.2, at_least=True), 2000, False),
    ],
)
def test_a_row_is_reached_when_it_keeps_the_tighter_bound(found: Result, limit: float, reached: bool) -> None:
    assert found.limit == pytest.approx(limit)
    assert found.reached is reached


def test_nothing_is_a_multiple_of_what_could_not_be_measured() -> None:
    assert not result(0.1, nginx=-0.01, factor=8).reached


def test_the_ratio_is_that_of_ours_to_nginx() -> None:
    assert result(0.4, nginx=0.1, factor=8).ratio == pytest.approx(4)
    assert result(0.4, nginx=None, bound=1).ratio is None


@every(
    ("value", "text"),
    [
        (None, ""),
        (0, "0"),
        (0.0, "0.000"),
        (0.0564, "0.056"),
        (1.0, "1.00"),
        (12.34, "12.3"),
        (99.94, "99.9"),
        (123.4, "123"),
        (73727.2, "73,727"),
        (-0.51, "-0.510"),
        (-12.34, "-12.3"),
    ],
)
def test_figures_are_shown_with_the_digits_that_count(value: float | None, text: str) -> None:
    assert shown(value) == text


def test_the_table_has_a_line_for_every_result_with_figures_limits_and_verdict() -> None:
    found = [
        result(0.5, bound=0.4, factor=8),
        Result("answer", "quota probe", "a second", 6000.0, bound=5000, at_least=True, note="of one process"),
    ]
    heads, _, relay, answer, blank, note = table(found).splitlines()
    assert heads.split("  ")[0] == "row"
    assert relay.split() == [
        "relay",
        "added",
        "median,",
        "ms",
        "0.050",
        "0.100",
        "0.500",
        "5.00",
        "≤",
        "0.400,",
        "8",
        "×",
        "nginx",
        "MISSED",
    ]
    assert " ".join(answer.split()) == "answer quota probe, a second 6,000 ≥ 5,000 ok"
    assert (blank, note) == ("", "answer: of one process")
    assert heads.index("ours") == relay.index("0.500") == answer.index("6,000")


def test_results_are_written_with_limit_ratio_and_verdict(tmp_path: Path) -> None:
    write(tmp_path / "results.json", [result(0.123456, nginx=0.1, factor=8)], {"cpu": "some"})
    told = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert told["about"] == {"cpu": "some"}
    assert told["results"] == [
        {
            "row": "relay",
            "measured": "added median",
            "unit": "ms",
            "ours": 0.1235,
            "direct": 0.05,
            "nginx": 0.1,
            "factor": 8,
            "at_least": False,
            "limit": 0.8,
            "ratio": 1.235,
            "reached": True,
        }
    ]

"""Medians, percentiles and what one way adds to another."""

import pytest

from bench.figures import Rounds, growth, percentile
from tests.cases import every


@every(
    ("values", "share", "expected"),
    [
        ([7.0], 0.99, 7.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([float(number) for number in range(1, 101)], 0.99, 99.0),
        ([float(number) for number in range(1, 101)], 1.0, 100.0),
        ([1.0, 2.0], 0.0, 1.0),
    ],
)
def test_a_percentile_is_the_nearest_rank(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def rounds(**ways: list[float]) -> Rounds:
    found = Rounds()
    for way, values in ways.items():
        for value in values:
            found.add(way, value)
    return found


def test_a_figure_is_the_median_of_its_rounds() -> None:
    assert rounds(ours=[1.0, 50.0, 2.0]).median("ours") == 2.0


def test_what_a_way_adds_is_taken_within_each_round() -> None:
    """The medians of the ways differ by 1; but in the same round, ours is never less than 2 above."""
    found = rounds(direct=[1.0, 5.0, 9.0], ours=[3.0, 7.0, 6.0 + 20])
    assert found.added("ours") == 2.0
    assert found.added("direct") == 0.0


def test_a_round_that_lacks_a_way_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="longer"):
        rounds(direct=[1.0, 1.0], ours=[2.0]).added("ours")


def test_rounds_do_not_share_their_figures() -> None:
    rounds(ours=[1.0])
    assert rounds(ours=[2.0]).of["ours"] == [2.0]


def test_growth_is_one_when_the_time_grows_with_its_input() -> None:
    assert growth(2.0, 4.0, times=2) == 1.0
    assert growth(2.0, 8.0, times=2) == 2.0

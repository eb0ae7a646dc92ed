"""Numbers as people read them, and bars of text."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.commands.plots import bar, lasting, number, percent
from tests.cases import every


@every(
    ("part", "whole", "drawn", "plain"),
    [
        (10, 10, "████", "####"),
        (5, 10, "██", "##"),
        (4, 10, "█▋", "##"),
        (1, 1000, "▏", "#"),
        (0, 10, "", ""),
        (0, 0, "", ""),
        (99, 10, "████", "####"),
    ],
)
def test_a_bar_is_as_long_as_its_share(part: float, whole: float, drawn: str, plain: str) -> None:
    assert bar(part, whole, 4, ascii_only=False) == drawn
    assert bar(part, whole, 4, ascii_only=True) == plain


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.integers(1, 80), st.booleans())
def test_no_bar_is_longer_than_its_room(part: float, whole: float, width: int, ascii_only: bool) -> None:
    assert len(bar(part, whole, width, ascii_only=ascii_only)) <= width


@every(
    ("value", "shown"),
    [
        *((0, "0"), (7, "7"), (999, "999"), (999.6, "1.00k"), (1234, "1.23k"), (12_345, "12.3k")),
        *((999_600, "1.00M"), (123_456, "123k"), (4_560_000, "4.56M"), (7.5e9, "7.50G"), (1.5e12, "1,500G")),
    ],
)
def test_a_number_has_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


@every(
    ("milliseconds", "shown"),
    [
        *((0, "0.00 ms"), (0.312, "0.31 ms"), (42.4, "42 ms"), (1500, "1.5 s"), (59_999, "1 min 0 s")),
        *((725_000, "12 min 5 s"), (3_599_900, "1 h 0 min"), (12_000_000, "3 h 20 min"), (-1500, "-1.5 s")),
    ],
)
def test_a_time_is_told_in_its_unit(milliseconds: float, shown: str) -> None:
    assert lasting(milliseconds) == shown


@every(
    ("part", "shown"),
    [
        (0, "0 %"),
        (0.2, "<1 %"),
        (0.9, "<1 %"),
        (1, "1 %"),
        (87.4, "87 %"),
        (99, "99 %"),
        (99.4, ">99 %"),
        (100, "100 %"),
    ],
)
def test_a_share_is_neither_all_nor_nothing_where_it_is_not(part: float, shown: str) -> None:
    assert percent(part, 100) == shown
    assert percent(part, 0) == ""

"""Tables: whole where nobody sets a width, and within it where a terminal does."""

import pytest

from proxy.commands.tables import Column, cut, table, width
from tests.cases import every
from tests.terminal import screen

HEADS = ("name", Column("about", least=8), Column("note", rank=1), Column("place", rank=2))
ROWS = [("first", "a long text about it", "yes", "a/long/place:1"), ("b", "short", "", "b:2")]


def test_without_a_width_everything_is_there() -> None:
    assert table(HEADS, ROWS).splitlines() == [
        "name   about                 note  place",
        "first  a long text about it  yes   a/long/place:1",
        "b      short                       b:2",
    ]


def test_with_room_enough_nothing_is_cut() -> None:
    assert table(HEADS, ROWS, 49) == table(HEADS, ROWS)


def test_the_column_that_may_be_cut_is_cut_first() -> None:
    assert table(HEADS, ROWS, 40).splitlines() == [
        "name   about        note  place",
        "first  a long tex…  yes   a/long/place:1",
        "b      short              b:2",
    ]


def test_then_columns_leave_by_their_rank_and_are_named() -> None:
    assert table(HEADS, ROWS, 30).splitlines() == [
        "name   about              note",
        "first  a long text abou…  yes",
        "b      short",
        "(too narrow for: place)",
    ]


def test_an_empty_column_leaves_before_all_others_and_is_not_missed() -> None:
    rows = [(name, about, "", place) for name, about, _, place in ROWS]
    assert table(HEADS, rows, 35).splitlines() == [
        "name   about         place",
        "first  a long text…  a/long/place:1",
        "b      short         b:2",
    ]


@every("room", range(1, 60))
def test_no_line_is_ever_wider(room: int) -> None:
    assert max(map(width, table(HEADS, [*ROWS, ("宽" * 9, "字" * 30, "🙂", "é" * 9)], room).splitlines())) <= room


@every(
    ("text", "wide"),
    [("abc", 3), ("日本語", 6), ("é", 1), ("e\u0301", 1), ("🙂", 2), ("ﾊﾝｶｸ", 4), ("a\u200bb", 2), ("…", 1)],
)
def test_a_text_is_as_wide_as_a_terminal_shows_it(text: str, wide: int) -> None:
    assert width(text) == wide


@every(
    ("text", "room", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("e\u0301e\u0301e", 2, "e\u0301…"),
    ],
)
def test_wide_characters_are_never_halved(text: str, room: int, shown: str) -> None:
    assert cut(text, room) == shown


@pytest.mark.parametrize(("command", "columns"), [("rules", 80), ("rules", 50), ("demo", 50), ("doctor", 50)])
def test_what_is_printed_on_a_terminal_fits_it(command: str, columns: int) -> None:
    said, _ = screen(command, "--set", "upstream.url=http://127.0.0.1:9", columns=columns)
    lines = said.splitlines()
    assert len(lines) > 9
    assert [line for line in lines if width(line) > columns and " /" not in line] == []  # a path stays whole


def test_a_value_is_cut_on_a_terminal_and_whole_in_a_pipe() -> None:
    said, code = screen("explain", "--example", "rules/20-topic.toml:topic")
    facts = [line for line in said.splitlines() if line.startswith("  system ")]
    assert code == 0
    assert {len(line) for line in facts} == {80}

"""Marks: what is said not to stand in a body stands nowhere in it, however it is cut."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.rules.marks import Screen, marks_of
from tests.cases import every


@given(
    st.lists(st.text("ab<", min_size=1, max_size=6), min_size=1, max_size=100, unique=True),
    st.text("ab<", max_size=60),
    st.integers(0, 70),
    st.integers(1, 90),
)
def test_marks_are_found_wherever_they_stand_and_whatever_overlaps_or_cuts_them(
    marks: list[str], text: str, before: int, cut: int
) -> None:
    body = ("-" * (128 * 1024 - before) + text + "-" * before).encode()
    absent = Screen(marks).absent([body[:-cut], body[-cut:]])
    there = {mark for mark in marks if mark.encode() in body}
    assert absent in (frozenset(marks) - there, frozenset())


def test_of_few_marks_it_is_told_which_are_there_and_of_many_nothing() -> None:
    screen = Screen(["<block>", "<blocks", '"quota"'])
    assert screen.absent([b""]) == screen.marks
    assert screen.absent([b"- <block> -"]) == {"<blocks", '"quota"'}
    assert screen.absent([b'<blocks"quota"' * 3]) == {"<block>"}
    assert screen.absent([b"<block>" * 40_000]) == frozenset()
    assert screen.absent([rb"- \u0041 -"]) == frozenset()
    assert screen.absent([rb"- \u001b -"]) == screen.marks


@every(
    ("literals", "whole", "marks"),
    [
        (("<session>\n",), False, {"<session>"}),
        (("a/b", "quota"), False, set()),
        (("ok",), True, {'"ok"'}),
        (("o",), True, set()),
        (('say "please" twice',), True, {"please"}),
        (("ok", "a longer one"), True, {'"ok"', '"a longer one"'}),
        ((), True, set()),
        (None, False, set()),
    ],
)
def test_a_mark_is_what_json_writes_as_it_is(literals: tuple[str, ...] | None, whole: bool, marks: set[str]) -> None:
    assert marks_of(literals, whole=whole) == marks

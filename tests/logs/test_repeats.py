"""Repeats: what is written, what is left out, and that nothing is left out uncounted."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from proxy.logs.repeats import Repeats


def repeats(most: int = 10) -> Repeats[str]:
    return Repeats(span=60.0, most=most)


def test_the_first_of_a_kind_is_written_and_what_repeats_it_within_the_span_is_not() -> None:
    kinds = repeats()
    assert kinds.note("a", "1", 0.0) == 0
    assert kinds.note("a", "2", 0.0) is None
    assert kinds.note("a", "3", 59.9) is None
    assert kinds.note("b", "4", 59.9) == 0


def test_the_first_behind_the_span_is_written_and_stands_for_those_left_out() -> None:
    kinds = repeats()
    for at in (0.0, 1.0, 2.0):
        kinds.note("a", "x", at)
    assert kinds.note("a", "x", 60.0) == 2
    assert kinds.note("a", "x", 61.0) is None
    assert kinds.note("a", "x", 120.0) == 1


def test_a_line_that_nothing_came_after_is_due_behind_the_span_and_stands_for_the_others() -> None:
    kinds = repeats()
    for at, line in enumerate(("first", "second", "third")):
        kinds.note("a", line, float(at))
    assert kinds.overdue(59.9) == []
    assert kinds.overdue(60.0) == [("third", 1)]
    assert kinds.overdue(120.0) == []


def test_a_line_that_was_due_counts_as_written() -> None:
    kinds = repeats()
    kinds.note("a", "first", 0.0)
    kinds.note("a", "second", 1.0)
    kinds.overdue(70.0)
    assert kinds.note("a", "third", 129.0) is None
    assert kinds.note("a", "fourth", 130.0) == 1


def test_a_kind_that_rests_for_a_span_is_forgotten() -> None:
    kinds = repeats()
    kinds.note("a", "x", 0.0)
    kinds.overdue(59.0)
    assert len(kinds) == 1
    kinds.overdue(60.0)
    assert len(kinds) == 0


def test_at_the_end_all_that_is_held_back_is_given() -> None:
    kinds = repeats()
    for line in ("1", "2", "3"):
        kinds.note("a", line, 0.0)
        kinds.note("b", line, 0.0)
    kinds.note("c", "alone", 0.0)
    assert kinds.rest() == [("3", 1), ("3", 1)]
    assert kinds.rest() == []


def test_kinds_beyond_the_most_count_as_one() -> None:
    kinds = repeats(most=2)
    assert [kinds.note(kind, kind, 0.0) for kind in "abcdeab"] == [0, 0, 0, None, None, None, None]
    assert sorted(kinds.rest()) == [("a", 0), ("b", 0), ("e", 1)]


Steps = st.lists(
    st.one_of(
        st.tuples(st.just("note"), st.integers(0, 12), st.floats(0, 50)),
        st.tuples(st.just("overdue"), st.just(0), st.floats(0, 100)),
    ),
    max_size=200,
)


@given(Steps)
def test_whatever_comes_each_line_is_written_or_counted_no_kind_floods_and_memory_is_bounded(
    steps: list[tuple[str, int, float]],
) -> None:
    kinds, now, came, told = repeats(most=5), 0.0, 0, 0
    written: dict[str, list[float]] = defaultdict(list)
    for step, kind, pause in steps:
        now += pause
        if step == "note":
            came += 1
            left_out = kinds.note(kind, str(kind), now)
            told += 0 if left_out is None else 1 + left_out
            if left_out is not None:
                written[str(kind)].append(now)
        else:
            for line, left_out in kinds.overdue(now):
                told += 1 + left_out
                written[line].append(now)
        assert len(kinds) <= 6
    recent = sum(now - at < 60.0 for moments in written.values() for at in moments)
    assert recent <= 6
    told += sum(1 + left_out for _, left_out in kinds.rest())
    assert told == came


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 50)), max_size=200))
def test_no_two_lines_of_a_kind_are_written_within_the_span(steps: list[tuple[int, float]]) -> None:
    kinds, now = repeats(most=5), 0.0
    last: dict[str, float] = {}
    for kind, pause in steps:
        now += pause
        lines = [line for line, _ in kinds.overdue(now)]
        lines += [str(kind)] if kinds.note(kind, str(kind), now) is not None else []
        for line in lines:
            assert now - last.get(line, -60.0) >= 60.0
            last[line] = now

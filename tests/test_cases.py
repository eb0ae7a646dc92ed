"""Every case of a table is tried, and all that fail are named; its fixtures are pytest's to give."""

import inspect
from typing import Any

import pytest

from tests.cases import every


def _odd(number: int, seen: list[int]) -> None:
    seen.append(number)
    assert number % 2


def test_all_that_fail_are_told_and_those_behind_them_tried() -> None:
    seen: list[int] = []
    with pytest.raises(BaseExceptionGroup, match="2 of 4 cases") as failed:
        every("number", [1, 2, 4, 5])(_odd)(seen=seen)
    assert seen == [1, 2, 4, 5]
    assert [error.__notes__ for error in failed.value.exceptions] == [["in the case 2"], ["in the case 4"]]


def test_the_only_one_is_told_as_itself() -> None:
    with pytest.raises(AssertionError) as failed:
        every("number", [1, 2], ids=["one", "two"])(_odd)(seen=[])
    assert failed.value.__notes__ == ["in the case two"]


async def test_one_that_awaits_is_awaited() -> None:
    async def awaiting(number: int, seen: list[int]) -> None:
        _odd(number, seen)

    await every("number", [1])(awaiting)(seen=[])
    with pytest.raises(AssertionError):
        await every("number", [2])(awaiting)(seen=[])


def test_what_was_to_be_raised_and_was_not_is_a_failure_too() -> None:
    def raises(name: str) -> None:
        with pytest.raises(KeyError):
            raise KeyError(name) if name else ValueError

    def never(name: str) -> None:
        with pytest.raises(KeyError):
            len(name)

    every(["name"], ["a"])(raises)()
    with pytest.raises(pytest.fail.Exception):
        every(["name"], ["a"])(never)()


def test_tables_of_tables_and_fixtures() -> None:
    seen: list[Any] = []

    def both(first: int, second: str, *, fixture: str) -> None:
        seen.append((first, second, fixture))

    whole = every("first", [1, 2])(every(("second", "fixture"), [("a", "x"), ("b", "x")])(both))
    whole()
    assert seen == [(1, "a", "x"), (1, "b", "x"), (2, "a", "x"), (2, "b", "x")]
    assert list(inspect.signature(every("first", [1])(both)).parameters) == ["second", "fixture"]


def test_a_table_without_cases_proves_nothing() -> None:
    with pytest.raises(AssertionError, match="proves nothing"):
        every("number", [])

"""One statement on many cases that take microseconds, as one test: every case is tried, and all that fail are named."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

Test = Callable[..., Any]
Label = Callable[[int, tuple[Any, ...]], str]

_FAILURES = (Exception, pytest.fail.Exception)
_PARAM = type(pytest.param())


def every(
    names: str | Sequence[str], cases: Iterable[Any], ids: Iterable[Any] | Callable[[Any], Any] | None = None
) -> Callable[[Test], Test]:
    """As `pytest.mark.parametrize`, for a test that leaves nothing behind for its next case."""
    told = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    listed = list(cases)
    assert listed, "a table without cases proves nothing"
    if isinstance(listed[0], _PARAM):
        ids, listed = [case.id for case in listed], [case.values for case in listed]
    elif len(told) == 1:
        listed = [(case,) for case in listed]
    return lambda test: _whole(test, told, [tuple(case) for case in listed], _label(ids))


def _label(ids: Iterable[Any] | Callable[[Any], Any] | None) -> Label:
    if ids is None or callable(ids):
        of_each = ids or repr
        return lambda _, row: ", ".join(str(of_each(value)) for value in row)
    labels = list(ids)
    return lambda number, _: str(labels[number])


def _whole(test: Test, names: list[str], rows: list[tuple[Any, ...]], label: Label) -> Test:
    def fail(number: int, error: BaseException) -> BaseException:
        error.add_note(f"in the case {label(number, rows[number])}")
        return error

    @functools.wraps(test)
    def one_after_another(**fixtures: Any) -> None:
        failed = []
        for number, row in enumerate(rows):
            try:
                test(**fixtures, **dict(zip(names, row, strict=True)))
            except _FAILURES as error:
                failed.append(fail(number, error))
        _tell(failed, len(rows))

    @functools.wraps(test)
    async def awaited(**fixtures: Any) -> None:
        failed = []
        for number, row in enumerate(rows):
            try:
                await test(**fixtures, **dict(zip(names, row, strict=True)))
            except _FAILURES as error:
                failed.append(fail(number, error))
        _tell(failed, len(rows))

    wanted = [each for name, each in inspect.signature(test).parameters.items() if name not in names]
    whole: Test = awaited if inspect.iscoroutinefunction(test) else one_after_another
    vars(whole)["__signature__"] = inspect.Signature(wanted)  # what pytest is to give it
    return whole


def _tell(failed: list[BaseException], tried: int) -> None:
    if len(failed) == 1:
        raise failed[0]
    if failed:
        raise BaseExceptionGroup(f"{len(failed)} of {tried} cases", failed)

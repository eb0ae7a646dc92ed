"""How far back to look."""

import pytest

from proxy.commands.spans import since
from tests.cases import every

NOW = 1_700_000_000.0


@pytest.mark.parametrize(("text", "ago"), [("1h", 3600), ("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600)])
def test_a_span_ends_now(text: str, ago: float) -> None:
    assert since(text, NOW) == NOW - ago


def test_a_span_beyond_all_time_is_all_of_it() -> None:
    assert since("999999w", NOW) == since("all", NOW) == 0.0


def test_a_date_is_its_midnight_here() -> None:
    assert since("2023-11-15", NOW) - since("2023-11-14", NOW) == 86_400


@every("text", ["", "7", "d", "0d", "-1d", "1.5d", "7 d", "2023-02-30", "yesterday", "1m", "7D"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r'such as "12h", "7d" or "4w", a date'):
        since(text, NOW)

"""The soak: what counts as growth, and what is sent."""

import pytest

from bench.latency import complete
from bench.soak import growth, mix

MEBIBYTE = 1024 * 1024


def samples(*memory: float) -> list[tuple[float, int]]:
    """A sample a second, in MiB."""
    return [(float(at), round(size * MEBIBYTE)) for at, size in enumerate(memory)]


def test_memory_that_stands_still_has_not_grown() -> None:
    assert growth(samples(*[60.0] * 601), 600) == 0


def test_what_grows_before_a_fifth_of_the_run_does_not_count() -> None:
    assert growth(samples(*range(40, 141), *[140] * 500), 600) == 0


def test_growth_is_from_a_fifth_of_the_run_to_its_end() -> None:
    assert growth(samples(*[100 + at / 60 for at in range(601)]), 600) == pytest.approx(0.0767, abs=0.001)


def test_a_moments_peak_is_no_growth() -> None:
    memory = [60.0] * 601
    memory[590] = 90.0
    assert growth(samples(*memory), 600) == 0


def test_memory_that_is_given_back_is_less_than_nothing() -> None:
    assert growth(samples(*[100.0] * 300, *[90.0] * 301), 600) == pytest.approx(-0.1)


def test_the_mix_has_conversations_and_questions_that_rules_answer() -> None:
    requests = mix(8000)
    assert len(requests) == 20
    assert sum(request.answered for request in requests) == 7
    assert sum(len(request.data) > MEBIBYTE for request in requests) == 1
    assert all(complete(request.data) for request in requests)

"""Requests that have ended, as the page is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from proxy.record import Record, Step
from proxy.usage import Usage
from tests.records import FORWARDED

AT = 1_700_000_040.0
"""The beginning of a minute."""


@dataclass(frozen=True, slots=True)
class Told:
    """A trail that is known beforehand."""

    told: Sequence[Step]

    def steps(self) -> Sequence[Step]:
        return self.told


def entry(
    request_id: str = "req_1", usage: Usage | None = None, steps: Sequence[Step] | None = None, **more: Any
) -> Record:
    """A forward; `more` are fields of its record."""
    fields = {
        "at": AT,
        "duration": 20.0,
        "first_byte": 10.0,
        "overhead": 0.5,
        "bytes_in": 100,
        "bytes_out": 200,
        **more,
    }
    return replace(FORWARDED, id=request_id, usage=usage, trail=None if steps is None else Told(steps), **fields)

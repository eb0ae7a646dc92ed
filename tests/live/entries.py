"""Requests that have ended, as the page is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from proxy.record import Record, Step
from proxy.replies.usage import Usage
from tests.records import FORWARDED

AT = 1_700_000_040.0
"""The beginning of a minute."""

FIRST, SECOND = "1f0c5a", "9b77e2"
"""Sessions."""


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


def every_outcome() -> list[Record]:
    """Six requests of two sessions and of none."""
    return [
        entry("req_0", at=AT, session=FIRST, model="claude-opus-5-1", reason="no rule matched"),
        entry("req_1", at=AT + 1, session=FIRST, outcome="answered", rule="session-title"),
        entry("req_2", at=AT + 2, session=SECOND, outcome="answered", rule="quota-probe"),
        entry("req_3", at=AT + 3, session=FIRST, status=529, fault="529", error="the upstream was overloaded"),
        entry("req_4", at=AT + 4, session="", outcome="failed", status=502, error="the upstream cannot be reached"),
        entry("req_5", at=AT + 5, session=SECOND, outcome="refused", status=403, reason="host"),
    ]

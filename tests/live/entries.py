"""Requests that have ended, as the page is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proxy.entry import Entry
from proxy.exchange import Record, Step
from proxy.usage import Usage

AT = 1_700_000_040.0
"""The beginning of a minute."""


@dataclass(frozen=True, slots=True)
class Told:
    """A trail that is known beforehand."""

    told: Sequence[Step]

    def steps(self) -> Sequence[Step]:
        return self.told


def entry(own_id: str = "req_1", usage: Usage | None = None, steps: Sequence[Step] | None = None, **more: Any) -> Entry:
    """A forward; `more` are fields of its record."""
    fields: dict[str, Any] = {
        "at": AT,
        "method": "POST",
        "path": "/v1/messages",
        "outcome": "forwarded",
        "rule": "",
        "reason": "no rule matched",
        "error": "",
        "fault": "",
        "status": 200,
        "client": "claude-cli/2.1.330",
        "session": "",
        "model": "claude-sonnet-5-5",
        "verdict": "",
        "duration": 20.0,
        "first_byte": 10.0,
        "own": 0.5,
        "bytes_in": 100,
        "bytes_out": 200,
    }
    return Entry(Record(id=own_id, **{**fields, **more}), usage, None if steps is None else Told(steps))

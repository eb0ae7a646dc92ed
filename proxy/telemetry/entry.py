"""A request that has ended, with all that is told of it afterwards: what the journal keeps and the live page shows."""

from dataclasses import dataclass

from proxy.exchange import Record, Trail
from proxy.usage import Usage


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `usage` is None where the upstream said nothing of it, `trail` where nothing was decided."""

    record: Record
    usage: Usage | None
    trail: Trail | None
    earlier: bool = False
    """Whether it is remembered from before this process began."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What ended within one stretch of time, from `start` in seconds since the epoch.

    `outcomes` counts requests, and `errors` those of the forwarded ones to which the upstream replied with an error.
    `own` is the median time in milliseconds that forwarded ones spent here before their first byte, None if there were
    none; `usage` sums what the upstream counted.
    """

    start: float
    outcomes: dict[str, int]
    errors: int
    own: float | None
    usage: Usage

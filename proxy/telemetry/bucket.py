"""Sums over a stretch of time, as charts show them."""

from dataclasses import dataclass

from proxy.usage import Usage


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

"""Sums over a period, for charts."""

from dataclasses import dataclass

from proxy.replies.usage import Usage


@dataclass(frozen=True, slots=True)
class Bucket:
    """The requests that ended in one period, which begins at `start`, in seconds since the epoch.

    `outcomes` counts requests, and `errors` the forwarded ones to which the upstream replied with an error. `overhead`
    is the median of forwarded ones before their first byte, in milliseconds; None if there were none. `usage` sums up
    the upstream's counts.
    """

    start: float
    outcomes: dict[str, int]
    errors: int
    overhead: float | None
    usage: Usage

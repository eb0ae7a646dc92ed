"""A record as most tests want one; what a test is about, it changes by `dataclasses.replace`."""

from proxy.record import Record

FORWARDED = Record(
    id="req_1",
    at=1_700_000_000.0,
    method="POST",
    path="/v1/messages",
    outcome="forwarded",
    rule="",
    reason="no rule matched",
    error="",
    fault="",
    status=200,
    client="claude-cli/2.1.330",
    session="",
    model="claude-sonnet-5-5",
    verdict="",
    duration=2500.0,
    first_byte=500.0,
    overhead=0.25,
    bytes_in=10,
    bytes_out=20,
)
"""A conversation that was forwarded, with success."""

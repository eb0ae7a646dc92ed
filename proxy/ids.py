"""Ids of what Sidestep says itself: recognisable, and unlike any other.

Random once a process, counted within it: asking the system for randomness costs a call for every request.
"""

import itertools
import secrets

_PROCESS = secrets.token_hex(8)
_numbers = itertools.count(1)


def request_id() -> str:
    """The `request-id` of a reply that was made here."""
    return f"req_sidestep_{_PROCESS}{next(_numbers):08x}"


def message_id() -> str:
    """The id of a message that was made here."""
    return f"msg_sidestep_{_PROCESS}{next(_numbers):08x}"

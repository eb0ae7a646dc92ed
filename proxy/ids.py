"""Ids of replies made here: recognizable, and unique.

A random part per process and a counter: a random id per request would cost a system call each.
"""

import itertools
import secrets

_PROCESS = secrets.token_hex(8)
_numbers = itertools.count(1)


def request_id() -> str:
    """The `request-id` of a local reply."""
    return f"req_sidestep_{_PROCESS}{next(_numbers):08x}"


def message_id() -> str:
    """The id of a local message."""
    return f"msg_sidestep_{_PROCESS}{next(_numbers):08x}"

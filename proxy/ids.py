"""Ids of what Sidestep says itself: recognisable, and unlike any other."""

import secrets


def request_id() -> str:
    """The `request-id` of a reply that was made here."""
    return f"req_sidestep_{secrets.token_hex(12)}"


def message_id() -> str:
    """The id of a message that was made here."""
    return f"msg_sidestep_{secrets.token_hex(12)}"

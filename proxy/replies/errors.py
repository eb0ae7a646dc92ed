"""Errors that the upstream itself replies with: their kinds, and what they are called."""

ERROR_IN_STREAM, STREAM_WITHOUT_END = "error in stream", "stream without end"
EMPTY_REPLY, NOT_A_MESSAGE = "empty reply", "not a message"

UPSTREAM_ERRORS = {
    "4xx": "the upstream said no",
    "429": "the upstream said that there were too many requests",
    "5xx": "the upstream failed",
    "529": "the upstream was overloaded",
    ERROR_IN_STREAM: "the upstream's stream ended with an error",
    STREAM_WITHOUT_END: "the upstream's stream had no end",
    EMPTY_REPLY: "the upstream's reply was empty",
    NOT_A_MESSAGE: "the upstream's reply was no message",
}
"""Errors that the upstream itself replies with, by kind, in words. They are relayed as they come: nothing has failed.

The first four are told by the status; the others are found in replies to messages whose status is 200.
"""

FOUND_IN_REPLIES = frozenset({ERROR_IN_STREAM, STREAM_WITHOUT_END, EMPTY_REPLY, NOT_A_MESSAGE})


def error_of_status(status: int) -> str:
    """The kind of error that a status of 400 or more stands for."""
    return str(status) if status in (429, 529) else "4xx" if status < 500 else "5xx"

"""In which states a connection to the upstream can be, by the names that httpcore and h11 use."""

from enum import Enum


class State(Enum):
    """NEW, then ACTIVE and IDLE in turn, in the end CLOSED; SWITCHED_PROTOCOL comes of ACTIVE alone."""

    NEW = "new"
    """Open, and no request has gone by it."""
    ACTIVE = "active"
    """A request goes out, or its reply comes in."""
    IDLE = "idle"
    """The last reply is whole; another request may follow."""
    SWITCHED_PROTOCOL = "switched protocol"
    """It carries another protocol than HTTP: neither side has to answer the other."""
    CLOSED = "closed"
    """Nothing more will come, though some of what came may still be unread."""

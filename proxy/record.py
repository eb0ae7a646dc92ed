"""What remains of an exchange that has ended: its record, and the trail of its decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from proxy.replies.errors import UPSTREAM_ERRORS
from proxy.replies.usage import Usage


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that was asked, and the condition that decided: as its file has it, with nothing of the request.

    `matched`: all of its conditions held, and `condition` lists them; else `condition` is one that did not.
    """

    rule: str
    matched: bool
    condition: str


class Trail(Protocol):
    """How a decision came about; cheap to keep, and spelled out only when somebody wants to read it."""

    def steps(self) -> Sequence[Step]:
        """The rules in the order in which they were asked; the one that decided, if any did, is the last."""


Outcome = Literal["answered", "forwarded", "local", "refused", "failed"]


class Record(msgspec.Struct):
    """What is told of a request: no header value, no query, no body. Times in milliseconds, sizes in bytes.

    What the client has named (method, path, client, model, session) is as `names` lets it through: short, and no key.
    `at` is the time of day at which it came, in seconds since the epoch. `reason` says why a request was forwarded or
    refused, `error` what went wrong, and `fault` which kind of thing that was, where it was the upstream's: one of
    `upstream.faults` if the request failed, one of `UPSTREAM_ERRORS` if it was forwarded. `first_byte` is the time
    until the head of the reply was sent, None if none was; `overhead` is the part of it that was spent here, not in
    waiting for the client or the upstream. `status` is 499 when the client went away before the reply was complete
    (nginx's convention). `session` is a hash of what names the client's session, "" for none; `verdict` is what a
    comparison in shadow came to, "" for none; `usage` is None where nothing was said of tokens. Treat it as immutable:
    only its methods add to it, once the reply has been read.
    """

    id: str
    at: float
    method: str
    path: str
    outcome: Outcome
    rule: str
    reason: str
    error: str
    fault: str
    status: int
    client: str
    session: str
    model: str
    verdict: str
    duration: float
    first_byte: float | None
    overhead: float | None
    bytes_in: int
    bytes_out: int
    retried: bool = False  # sent to the upstream twice, the first time in vain
    trail: Trail | None = None
    usage: Usage | None = None
    earlier: bool = False  # remembered from before this process began

    def usage_read(self, usage: Usage | None) -> None:
        """The reply said so of tokens; None for nothing."""
        self.usage = usage

    def error_read(self, error: str) -> None:
        """The reply is or has an error, which counts if it is to a message and began as if all were well."""
        if self.fault or self.error or (self.outcome, self.status) != ("forwarded", 200):
            return  # what ended it otherwise, such as the end of this process, is no fault of the upstream's
        if (self.method, self.path) == ("POST", "/v1/messages"):
            self.fault, self.error = error, UPSTREAM_ERRORS[error]

"""A local reply that is not a message: the decision of a rule that responds, and what is sent."""

from dataclasses import dataclass, replace

import orjson


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate of a request's tokens: its body has `size` bytes, and a token has `bytes_per_token`."""

    model: str
    size: int
    bytes_per_token: float
    origin: str = "assumed"
    """The source of the ratio, in a few words."""

    @property
    def tokens(self) -> int:
        """At least one."""
        return max(1, round(self.size / self.bytes_per_token))

    def text(self) -> str:
        """How the number is estimated, in one line."""
        return f"{self.bytes_per_token:.2f} bytes a token, {self.origin}"


@dataclass(frozen=True, slots=True)
class Respond:
    """A request is answered locally with a status, headers, and JSON or no body."""

    rule: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    """JSON in UTF-8, or nothing."""
    estimate: Estimate | None = None
    """The estimate in `body`, if it is one."""

    def estimating(self, estimate: Estimate) -> "Respond":
        """The same reply with this estimate as its body (API reference, "Count tokens in a Message")."""
        return replace(self, estimate=estimate, body=orjson.dumps({"input_tokens": estimate.tokens}))

    def reserved_headers(self) -> tuple[tuple[str, str], ...]:
        """The reserved headers that it has beside those of every local reply."""
        return (("x-sidestep-estimate", self.estimate.text()),) if self.estimate else ()

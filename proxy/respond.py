"""A reply of Sidestep's own that is no message: what a rule that responds decides, and what is sent for it."""

from dataclasses import dataclass, replace

import orjson


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many tokens a request has, about: its body has `size` bytes, of which so many make a token."""

    model: str
    size: int
    bytes_per_token: float
    origin: str = "assumed"
    """Where the ratio comes from, in a few words."""

    @property
    def tokens(self) -> int:
        """At least one."""
        return max(1, round(self.size / self.bytes_per_token))

    def text(self) -> str:
        """How the number is estimated, in one line."""
        return f"{self.bytes_per_token:.2f} bytes a token, {self.origin}"


@dataclass(frozen=True, slots=True)
class Respond:
    """A request is answered here with a status, headers, and JSON or no body."""

    rule: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    """JSON in UTF-8, or nothing."""
    estimate: Estimate | None = None
    """What `body` tells, if that is an estimate."""

    def estimating(self, estimate: Estimate) -> "Respond":
        """The same with this estimate, in the form of the API reference, "Count tokens in a Message"."""
        return replace(self, estimate=estimate, body=orjson.dumps({"input_tokens": estimate.tokens}))

    def own_headers(self) -> tuple[tuple[str, str], ...]:
        """What Sidestep says of itself, besides the name of the rule."""
        return (("x-sidestep-estimate", self.estimate.text()),) if self.estimate else ()

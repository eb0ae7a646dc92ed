"""What travels along the chain: a request's head, the decision about it, and what each stage learned."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from proxy import names
from proxy.bodies import ReceivedBody
from proxy.record import Outcome, Record, Trail
from proxy.replies.errors import UPSTREAM_ERRORS, error_of_status
from proxy.replies.meter import Meter
from proxy.respond import Respond

Version = tuple[int, ...]
GONE, STOPPED = "the client went away", "Sidestep stopped before it was complete"

_AGENT = 128
"""Characters of `User-Agent` that are looked at, and kept in mind: more than its first product has."""

# `claude-cli/2.1.330 (external, cli)`, so since 0.2.64; bounded, since it is the one header text that is logged.
_PRODUCT = re.compile(r"([A-Za-z][\w.-]{0,39})/([0-9]{1,6}(?:\.[0-9]{1,6}){0,3})(?![\w.+-])")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")


class Head(msgspec.Struct, frozen=True):
    """What is known of a request before its body: method, raw path without the query, and its headers.

    `headers` gives values by lower-case names; of a repeated header the first value stands.
    """

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def client(self) -> tuple[str, Version] | None:
        """Name, which is no key, and version of the client, from the first product of `User-Agent`; None for none."""
        return client_of(self.headers.get("user-agent", ""))

    @property
    def product(self) -> str:
        """The client as it names itself, `claude-cli/2.1.330`; "" if it names none."""
        return _product(self.headers.get("user-agent", "")[:_AGENT])


def client_of(user_agent: str) -> tuple[str, Version] | None:
    """Name and version from the first product of a `User-Agent`; None for none."""
    return _client(user_agent[:_AGENT])


@lru_cache(256)
def _client(user_agent: str) -> tuple[str, Version] | None:
    product = _PRODUCT.match(user_agent)
    return (product[1], parse_version(product[2])) if product and names.is_name(product[1]) else None


@lru_cache(256)
def _product(user_agent: str) -> str:
    client = _client(user_agent)
    return f"{client[0]}/{version_text(client[1])}" if client else ""


@lru_cache(256)
def version_text(version: Version) -> str:
    """`(2, 1, 330)` to `"2.1.330"`."""
    return ".".join(map(str, version))


def parse_version(text: str) -> Version:
    """`"2.1.330"` to `(2, 1, 330)`. Raises ValueError for anything but numbers with dots between them."""
    if not _VERSION.fullmatch(text):
        raise ValueError(f"invalid literal for a version: {text!r}")
    return tuple(int(part) for part in text.split("."))


class Answer(msgspec.Struct, frozen=True):
    """A request is answered here, with one text block.

    `text` follows the assistant prefill, if the request has one; `stream` tells which form of a reply is asked for.
    """

    rule: str
    text: str
    stop_reason: str
    model: str
    stream: bool
    output_tokens: int = 0
    """What the reply's `usage` says; clients charge for it at the model's price."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further headers of the reply."""
    replay: "Replay | None" = None
    """Headers to repeat from an earlier reply, before the answer may be given."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Which headers of the last forwarded reply to repeat: those whose name starts with `prefix`, in lower case.

    Not when they are older than `max_age` seconds; then, and when there are none, the answer is `required` to decline.
    """

    prefix: str
    max_age: float
    required: bool


class Forward(msgspec.Struct, frozen=True):
    """A request goes to the upstream. `reason` is a short phrase for the log; `rule` the rule that matched, or ""."""

    reason: str
    rule: str = ""
    shadow_answer: Answer | None = None
    """What a rule in shadow, or audited, would have answered."""


Decision = Answer | Respond | Forward


class Exchange:
    """One request on its way through the chain: what each stage learned, for the stages behind it and for `record`.

    Anybody may read its fields. Only its methods write them: each says what happened, and sets all that belongs to it.
    """

    decision: Decision = Forward("not decided")
    outcome: Outcome | None = None
    """None until it is known what becomes of the request."""
    trail: Trail | None = None
    model = ""
    """As it may be told (`names`)."""
    session = ""
    """A hash of what names the client's session; "" for none."""
    status = 0
    error = ""
    """What went wrong, as a short phrase; empty if nothing did."""
    fault = ""
    """What kind of thing went wrong with the upstream."""
    verdict = ""
    meter: Meter | None = None
    """Of the reply's tokens, where it can have any."""
    waited = 0.0
    """Seconds until `first_byte` in which the client or the upstream was waited for."""
    first_byte: float | None = None
    bytes_out = 0
    retried = False
    """Whether it was sent to the upstream twice, the first time in vain."""

    def __init__(self, id_: str, head: Head, at: float, started: float, body: ReceivedBody | None = None) -> None:
        """`at` in seconds since the epoch; `started` on a steady clock, as all other times here."""
        self.id, self.head, self.at, self.started = id_, head, at, started
        self.body = body or ReceivedBody()

    def belongs_to(self, session: str, model: str = "") -> None:
        """Whose request it is, and which model it asks, as far as it is known."""
        self.session, self.model = names.session(session), names.model(model)

    def decided(self, decision: Decision, trail: Trail | None = None) -> None:
        """It is to be answered here, with a message or with something else, or forwarded."""
        self.decision, self.trail = decision, trail
        self.outcome = "forwarded" if isinstance(decision, Forward) else "answered"

    def refused(self, reason: str) -> None:
        """It is not served at all."""
        self.decision, self.outcome = Forward(reason), "refused"

    def served_locally(self) -> None:
        """It is for one of Sidestep's own pages: nothing is forwarded, so that there is no reason to tell."""
        self.decision, self.outcome, self.status = Forward(""), "local", 200

    def waited_for(self, seconds: float, *, sent_twice: bool = False) -> None:
        """Somebody else was waited for. `sent_twice`: the upstream got the request again, on another connection."""
        self.waited += seconds
        self.retried = self.retried or sent_twice

    def upstream_replied(self, status: int, meter: Meter | None) -> None:
        """The upstream's status, an error or not; to a HEAD, any says that it is there."""
        self.status, self.meter = status, meter
        if status >= 400 and self.head.method != "HEAD":
            self.fault = error_of_status(status)
            self.error = UPSTREAM_ERRORS[self.fault]

    def reply_begun(self, status: int, now: float) -> None:
        """The head of the reply is out."""
        self.status, self.first_byte = status, now

    def sent(self, size: int) -> None:
        """So many bytes of a body went to the client."""
        self.bytes_out += size

    def upstream_failed(self, error: str, fault: str) -> None:
        """No reply, or half of one, came from the upstream; `fault` is one of `upstream.faults.NAMES`."""
        self.outcome, self.error, self.fault = "failed", error, fault

    def client_failed(self, error: str) -> None:
        """The client spoiled its own request."""
        self.outcome, self.error = "failed", error

    def client_gone(self) -> None:
        """The client went away before the reply was complete."""
        self.status, self.error = 499, GONE

    def stopped(self) -> None:
        """The process ends, and does not wait for this one."""
        self.status, self.error = self.status or 503, STOPPED

    def crashed(self) -> None:
        """An internal error ended it."""
        self.outcome, self.status, self.error = "failed", 500, "an internal error"

    def compared(self, verdict: str) -> None:
        """What a rule in shadow, or audited, would have said is held against the reply."""
        self.verdict = verdict

    def record(self, now: float) -> Record:
        """The exchange as it ended; `now` on the clock of `started`, in seconds."""
        sent = self.first_byte
        return Record(
            id=self.id,
            at=self.at,
            method=names.method(self.head.method),
            path=names.path(self.head.path),
            outcome=self.outcome or "failed",
            rule=self.decision.rule,
            reason=self.decision.reason if isinstance(self.decision, Forward) else "",
            error=self.error,
            fault=self.fault,
            status=self.status,
            client=self.head.product,
            session=self.session,
            model=self.model,
            verdict=self.verdict,
            duration=(now - self.started) * 1000,
            first_byte=None if sent is None else (sent - self.started) * 1000,
            overhead=None if sent is None else (sent - self.started - self.waited) * 1000,
            bytes_in=self.body.size,
            bytes_out=self.bytes_out,
            retried=self.retried,
            trail=self.trail,
        )

"""What a rule file may hold: the shape of it, before its conditions and templates are compiled."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from proxy.headers import covers_reserved, is_reserved

VERSION_PATTERN = r"^[0-9]+(\.[0-9]+)*$"


def _not_reserved(name: str) -> str:
    if is_reserved(name.lower().encode()):
        raise ValueError("expected a header that Sidestep does not set itself: this one is framing, or its own")
    return name


def _covers_none(prefix: str) -> str:
    if covers_reserved(prefix.lower().encode()):
        raise ValueError("expected a beginning of no header that Sidestep sets itself, such as content-length")
    return prefix


# RFC 9110, sections 5.1 and 5.5, without the bytes beyond ASCII.
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"), AfterValidator(_not_reserved)]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e\t]*$")]

# What the API gives as a reason for a reply of text alone (API reference, "Handling stop reasons").
StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "refusal"]


# On: answers. Shadow: forwards, and holds its own answer against the reply. Off: is not asked.
Status = Literal["on", "shadow", "off"]

# When two answers count as the same: the same text, the same JSON value, the same set of paths, titles that name the
# same. "any" compares nothing: any reply would do. It was called "form".
Comparison = Literal["text", "json", "paths", "title", "any"]


def _renamed(value: Any) -> Any:
    return "any" if value == "form" else value


class Table(BaseModel):
    # The texts below the fields are their descriptions in the schema for editors (`commands.rule_schema`).
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class RequestModel(Table):
    """A request, or the part of one that differs from its base. A table is merged, anything else replaced."""

    method: str | None = None
    """The request's method; POST if no layer says one."""
    path: str | None = None
    """Its path, without the query; /v1/messages if no layer says one."""
    headers: dict[str, str] = {}
    """Its headers, by name in any case."""
    body: dict[str, Any] = {}
    """Its JSON body."""
    without: list[str] = []
    """Fields of the base's body that this request does not have: TOML has no null."""


class Example(RequestModel):
    about: str = Field(min_length=1)
    """What the example shows, in a few words."""


class Match(Example):
    """A request that the rule must match; `answer` is the exact text, None for a guard or a rule that declines."""

    answer: str | None = None
    """The exact text that is answered; of a rule that responds, the exact body."""
    declines: str | None = None
    """The reason for which the rule declines this request."""


class ReplayModel(Table):
    """Response headers to repeat from the last forwarded reply to the same credential."""

    headers: Annotated[str, Field(min_length=1), AfterValidator(_covers_none)]
    """What their names start with; none that Sidestep sets itself, such as `content-length`, may start so."""
    max_age: float = Field(300.0, gt=0, allow_inf_nan=False)
    """Seconds after which they are too old to be repeated."""
    without: Literal["decline", "answer"] = "decline"
    """What to do when there are none, or none young enough."""


class TestedModel(Table):
    """The client versions that the rule was tried with, as text: the first and the last of them."""

    first: str = Field(pattern=VERSION_PATTERN)
    """The first of them, such as "1.0.88"."""
    last: str = Field(pattern=VERSION_PATTERN)
    """The last of them; a client beyond it is reported as drift."""


class AnswerModel(Table):
    """What is answered: one text."""

    text: str
    """The text: a Jinja template over facts and captured groups, with filters."""
    stop_reason: StopReason = "end_turn"
    """Why the reply ends, as the client is to see it."""
    output_tokens: int = Field(0, ge=0)
    """The output tokens to report, for which clients charge: none, since no model was asked."""
    headers: dict[HeaderName, HeaderValue] = {}
    """Further headers of the reply; none that Sidestep sets itself."""
    replay: ReplayModel | None = None
    """Response headers to repeat from an earlier reply of the upstream."""


class EstimateModel(Table):
    """How many tokens a request has, about, by its size."""

    bytes_per_token: float = Field(4.0, ge=0.5, le=100)
    """Bytes that make a token, until replies of the upstream have told how many do."""


class RespondModel(Table):
    """What is sent: a status, headers, and one kind of body or none."""

    status: int = Field(200, ge=200, le=599)
    """The reply's status: a final one."""
    headers: dict[HeaderName, HeaderValue] = {}
    """Further headers of the reply; none that Sidestep sets itself."""
    body: dict[str, Any] | list[Any] | None = None
    """Its JSON body, written as it is here."""
    estimate: EstimateModel | None = None
    """In place of a body: the number of tokens of the request, as an estimate."""
    models: list[Annotated[str, Field(min_length=1)]] | None = None
    """In place of a body: models by their ids, as the API lists them; with none, the rule declines."""


class RuleModel(Table):
    """One rule: what it matches, what it answers, and the examples that hold it to both."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    """Its name: small letters, digits and hyphens. No two rules share one."""
    about: str = Field(min_length=1)
    """The question that it answers, in a few words."""
    action: Literal["answer", "respond", "forward"]
    """To answer here in the model's place; to respond here with what is no message; or, as a guard, to forward before
    any other rule is asked."""
    status: Status = "on"
    """On: it is in force. Shadow: it forwards, and its answer is held against the model's. Off: it is not asked."""
    on_for: Literal["local"] | None = None
    """The kind of upstream (`upstream.kind` in config.toml) for which it is on, though its status is off."""
    compare: Annotated[Comparison, BeforeValidator(_renamed)] = "text"
    """When its answer counts as the model's: same text, JSON value, or set of paths; a title that names the same; or,
    where any reply would do, never: it is not compared."""
    audit: float | None = Field(None, ge=0, le=1)
    """The share of the questions it would answer that goes to the model, to compare both; as for all if absent."""
    tested: TestedModel | None = None
    """The client versions that it was tried with."""
    when: dict[str, Any] = Field(min_length=1)
    """The conditions, all of which must hold."""
    answer: AnswerModel | None = None
    """What it answers, for a rule that answers."""
    respond: RespondModel | None = None
    """What it sends, for a rule that responds."""
    base: RequestModel = RequestModel()
    """What its examples start from, on top of the file's base."""
    matches: list[Match] = Field(min_length=1)
    """Requests that it must match."""
    misses: list[Example] = Field(min_length=1)
    """Requests that it must not match."""


class RuleFile(Table):
    """A file of rules. Files are read in the order of their names; the first rule that matches decides."""

    base: RequestModel = RequestModel()
    """What the examples of all rules in this file start from."""
    rules: list[RuleModel] = Field(min_length=1)
    """The rules, in the order in which they are asked; guards are asked before all others."""

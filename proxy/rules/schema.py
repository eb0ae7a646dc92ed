"""What a rule file may hold: the shape of it, before its conditions and templates are compiled."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# What the API gives as a reason for a reply of text alone (API reference, "Handling stop reasons").
StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "refusal"]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RequestModel(Table):
    """A request, or the part of one that differs from its base. A table is merged, anything else replaced."""

    method: str | None = None
    path: str | None = None
    headers: dict[str, str] = {}
    body: dict[str, Any] = {}
    without: list[str] = []
    """Fields of the base's body that this request does not have: TOML has no null."""


class Example(RequestModel):
    about: str = Field(min_length=1)


class Match(Example):
    """A request that the rule must match; `answer` is the exact text, None for a guard or a rule that declines."""

    answer: str | None = None
    declines: str | None = None


class AnswerModel(Table):
    text: str
    stop_reason: StopReason = "end_turn"
    output_tokens: int | None = Field(None, ge=0)


class RuleModel(Table):
    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    about: str = Field(min_length=1)
    action: Literal["answer", "forward"]
    when: dict[str, Any] = Field(min_length=1)
    answer: AnswerModel | None = None
    base: RequestModel = RequestModel()
    matches: list[Match] = Field(min_length=1)
    misses: list[Example] = Field(min_length=1)


class RuleFile(Table):
    base: RequestModel = RequestModel()
    rules: list[RuleModel] = Field(min_length=1)

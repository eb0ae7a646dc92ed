"""The facts of a request that a rule can test: one table from names to kinds and readers."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from proxy.exchange import Head
from proxy.question.messages import MessagesRequest

OF_A_SCHEMA = '"json_schema"'
"""Stands in every request whose reply is to follow a schema."""

FactKind = Literal["text", "integer", "flag", "version", "texts"]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a condition can test. `read` returns None if the request does not have it."""

    kind: FactKind
    meaning: str


@dataclass(frozen=True, slots=True)
class HeadFact(Fact):
    """A fact of the head: rules that fail here need no body."""

    read: Callable[[Head], Any]


@dataclass(frozen=True, slots=True)
class BodyFact(Fact):
    """A fact of the body. `whole`: reading it parses the whole body.

    `searched`: its texts, which are in the body as JSON writes them, can be searched there without decoding.
    `mark` is in every body that has the fact; "" if there is no such mark.
    """

    read: Callable[[MessagesRequest], Any]
    whole: bool = False
    searched: bool = False
    mark: str = ""


def _stream(request: MessagesRequest) -> bool | None:
    value = request.inspection.get("stream")
    return value if isinstance(value, bool) else None


def _client_name(head: Head) -> str | None:
    return head.client[0] if head.client else None


def _client_version(head: Head) -> tuple[int, ...] | None:
    return head.client[1] if head.client else None


FACTS: dict[str, HeadFact | BodyFact] = {
    "method": HeadFact("text", "the request's method", attrgetter("method")),
    "path": HeadFact("text", "its path as sent, without the query", attrgetter("path")),
    "client": HeadFact("text", 'the first product of User-Agent: Claude Code says "claude-cli"', _client_name),
    "client_version": HeadFact("version", "the version of that product", _client_version),
    "size": BodyFact("integer", "the number of bytes of the body", attrgetter("size")),
    "model": BodyFact("text", "the model asked for", lambda request: request.model or None),
    "max_tokens": BodyFact("integer", "the most tokens the reply may have", attrgetter("max_tokens")),
    "stream": BodyFact("flag", "the `stream` field", _stream),
    "fields": BodyFact("texts", "names of the body's fields, sorted", attrgetter("fields"), whole=True),
    "system": BodyFact("texts", "the system prompt's text blocks", attrgetter("system"), searched=True),
    "tools": BodyFact("texts", "names of the tools on offer", attrgetter("tools"), searched=True),
    "message_count": BodyFact("integer", "number of messages, a prefill included", attrgetter("count")),
    "roles": BodyFact("texts", "the messages' roles, in order", attrgetter("roles"), whole=True),
    "user_text": BodyFact(
        "text", "the last user message's text blocks, joined by newlines", attrgetter("user_text"), searched=True
    ),
    "user_texts": BodyFact("texts", "the last user message's text blocks", attrgetter("user_texts"), searched=True),
    "user_blocks": BodyFact("texts", "the types of all its blocks", attrgetter("user_blocks")),
    "prefill": BodyFact("text", "the closing assistant message, which the reply continues", attrgetter("prefill")),
    "schema_properties": BodyFact(
        "texts", "property names of the requested output schema", attrgetter("schema_properties"), mark=OF_A_SCHEMA
    ),
}

HEADER_PREFIX = "header."
"""`header.NAME` is the fact of one request header, by its lower-case name."""


def fact(name: str) -> HeadFact | BodyFact | None:
    """The fact of that name, or None."""
    if name.startswith(HEADER_PREFIX):
        header = name.removeprefix(HEADER_PREFIX).lower()
        return HeadFact("text", "a request header", lambda head: head.headers.get(header))
    return FACTS.get(name)


def value_of(subject: HeadFact | BodyFact, request: MessagesRequest) -> Any:
    """The value of a fact in a request; None if the request does not have it."""
    return subject.read(request.head) if isinstance(subject, HeadFact) else subject.read(request)

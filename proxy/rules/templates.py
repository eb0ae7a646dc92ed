"""Answer texts: Jinja2 templates over captured groups and facts, sandboxed and strict about undefined names."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from proxy.filters import FILTERS
from proxy.filters.decline import Decline
from proxy.messages import MessagesRequest
from proxy.rules.facts import FACTS, BodyFact


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _environment() -> ImmutableSandboxedEnvironment:
    """No loops over made-up ranges, no filters but the plain ones and our own: an answer is a text, not a program."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    plain = {name: environment.filters[name] for name in ("lower", "upper", "trim", "replace", "first", "last", "join")}
    filters: Mapping[str, Callable[..., Any]] = {**plain, **FILTERS, "json": _json}
    environment.filters.clear()
    environment.filters.update(filters)
    return environment


_ENVIRONMENT = _environment()


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """A compiled template and the facts it names; `constant` is its text, if it is always the same."""

    template: Template
    facts: tuple[str, ...]
    constant: str | None = None

    def render(self, request: MessagesRequest, groups: Mapping[str, str]) -> str:
        """The text. Raises Decline when a filter does, or when the request does not say a fact that is named."""
        if self.constant is not None:
            return self.constant
        values: dict[str, Any] = dict(groups)
        for name in self.facts:
            subject = FACTS[name]
            values[name] = subject.read(request) if isinstance(subject, BodyFact) else subject.read(request.head)
            if values[name] is None:
                raise Decline(f"the request has no {name}")
        try:
            return self.template.render(values)
        except TemplateError as error:
            raise Decline(f"template: {type(error).__name__}") from error


def compile_template(text: str, groups: Collection[str]) -> TextTemplate:
    """Compile `text`; raises ValueError with what is wrong: syntax, an unknown filter, or an unknown name."""
    try:
        tree = _ENVIRONMENT.parse(text)
        names = meta.find_undeclared_variables(tree)
        template = _ENVIRONMENT.from_string(text)
    except (TemplateSyntaxError, SyntaxError, RecursionError) as error:
        raise ValueError(f"not a template: {error}") from None
    for used in tree.find_all(nodes.Filter):
        # Inside an `if`, Jinja itself would find out only when the rule runs.
        if used.name not in _ENVIRONMENT.filters:
            raise ValueError(f"unknown filter {used.name!r}: known are {', '.join(sorted(_ENVIRONMENT.filters))}")
    unknown = sorted(names - set(groups) - set(FACTS))
    if unknown:
        captured = ", ".join(sorted(groups)) or "none"
        raise ValueError(f"unknown name {unknown[0]!r}: neither a fact nor a captured group (captured: {captured})")
    constant = template.render() if not any(mark in text for mark in ("{{", "{%", "{#")) else None
    return TextTemplate(template, tuple(sorted(names - set(groups))), constant)

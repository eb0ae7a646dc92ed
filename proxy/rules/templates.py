"""Answer texts: Jinja2 templates over captured groups and facts, sandboxed and strict about undefined names."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from jinja2 import StrictUndefined, Template, meta, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from proxy.filters import FILTERS
from proxy.filters.decline import Decline
from proxy.question.messages import MessagesRequest
from proxy.rules.facts import FACTS, BodyFact

LONGEST = 1024 * 1024
"""Characters of an answer, and of any intermediate text."""

LONGEST_SOURCE = 8 * 1024
"""Characters of a template. Compiling 50 takes a millisecond; a reload does it on the event loop."""

# Text, values, filters and conditions: no loops, and nothing that makes a long text from a short one.
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Filter, nodes.Keyword),
    *(nodes.Dict, nodes.Pair, nodes.List, nodes.Tuple, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Test),
)
_WANTED = "a template is of text, names, literals, filters, comparisons and {% if %}"


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise Decline("template: too long")
    return text


def _json(value: Any) -> str:
    return _bounded(orjson.dumps(value).decode())


def _replace(text: str, old: str, new: str) -> str:
    text, old, new = str(text), str(old), str(new)
    # The length is computed before the text is made.
    if len(text) + text.count(old) * (len(new) - len(old)) > LONGEST:
        raise Decline("template: too long")
    return text.replace(old, new)


def _unwrapped(text: str, start: str, end: str) -> str:
    """What stands between `start`, if the text begins with it, and the last `end`; any other text as it is."""
    text, start, end = str(text), str(start), str(end)
    if not text.startswith(start):
        return text
    inner = text[len(start) :]
    behind = inner[::-1].find(end[::-1])  # not `rfind`, which may take as long as one length times the other
    if behind < 0:
        raise Decline("template: not wrapped to its end")
    return inner[: len(inner) - behind - len(end)]


def _join(values: Sequence[Any], between: str = "") -> str:
    texts = [str(value) for value in values]
    if sum(map(len, texts)) + len(between) * len(texts) > LONGEST:
        raise Decline("template: too long")
    return between.join(texts)


def _environment() -> ImmutableSandboxedEnvironment:
    """Without functions, and with few filters: an answer is a text, not a program."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    plain = {name: environment.filters[name] for name in ("lower", "upper", "trim", "first", "last")}
    made: dict[str, Callable[..., Any]] = {"json": _json, "unwrapped": _unwrapped, "replace": _replace, "join": _join}
    filters: Mapping[str, Callable[..., Any]] = {**plain, **FILTERS, **made}
    environment.filters.clear()
    environment.filters.update(filters)
    environment.tests = {"defined": environment.tests["defined"]}
    return environment


_ENVIRONMENT = _environment()


@dataclass(slots=True)
class _Values:
    """In place of Jinja's context: all that the code of a template which is no more than `_ALLOWED` asks of one."""

    values: Mapping[str, Any]

    def resolve_or_missing(self, name: str) -> Any:
        return self.values.get(name, missing)


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """A compiled template and the facts that it uses; `constant` is its text, if it uses nothing."""

    template: Template
    facts: tuple[str, ...]
    constant: str | None = None

    def render(self, request: MessagesRequest, groups: Mapping[str, str]) -> str:
        """The text. Raises Decline if a filter does, or if the request does not have a fact that is used.

        Not by `Template.render`: around a filter that takes 190 µs, this adds 8 µs and that adds 18, most of them for
        its context. To show lines of templates, it would also make tracebacks and frames that refer to each other. They
        would keep a request and its body in memory until the next full collection, and declining is common.
        """
        if self.constant is not None:
            return self.constant
        values: dict[str, Any] = dict(groups)
        for name in self.facts:
            subject = FACTS[name]
            values[name] = subject.read(request) if isinstance(subject, BodyFact) else subject.read(request.head)
            if values[name] is None:
                raise Decline(f"the request has no {name}")
        try:
            return _bounded("".join(self.template.root_render_func(_Values(values))))  # type: ignore[arg-type]
        except TemplateError as error:
            raise Decline(f"template: {type(error).__name__}") from error


class UnknownNameError(ValueError):
    """A template uses a name that is neither a fact nor a captured group."""


class _UnknownFilterError(ValueError):
    """A template uses a filter that does not exist."""


def compile_template(text: str, groups: Collection[str]) -> TextTemplate:
    """Compile `text`; raises ValueError with what is wrong: syntax, a forbidden construct, an unknown filter or name.

    Forbidden constructs are refused before compiling, since Jinja evaluates constant expressions when it compiles.
    """
    if len(text) > LONGEST_SOURCE:
        raise ValueError(f"longer than {LONGEST_SOURCE} characters")
    try:
        tree = _ENVIRONMENT.parse(text)
        _check_bounded(tree)
        _check_filters(tree)
        names = meta.find_undeclared_variables(tree)
        template = _ENVIRONMENT.from_string(tree)
    except _UnknownFilterError:
        raise
    except Exception as error:  # evaluating constant expressions may raise anything
        raise ValueError(f"not a template: {error}") from None
    unknown = sorted(names - set(groups) - set(FACTS))
    if unknown:
        captured = ", ".join(sorted(groups)) or "none"
        raise UnknownNameError(
            f"unknown name {unknown[0]!r}: neither a fact nor a captured group (captured: {captured})"
        )
    constant = template.render() if not any(mark in text for mark in ("{{", "{%", "{#")) else None
    return TextTemplate(template, tuple(sorted(names - set(groups))), constant)


def _check_bounded(tree: nodes.Node) -> None:
    """Raise ValueError at the first construct that may run for ever, or make a text of any length."""
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            raise ValueError(f"found {type(node).__name__.lower()!r} in line {node.lineno} of the template: {_WANTED}")


def _check_filters(tree: nodes.Node) -> None:
    """Jinja says less of what is wrong, and of filters within an `if` only when the rule runs."""
    for used in tree.find_all(nodes.Filter):
        if used.name not in _ENVIRONMENT.filters:
            known = ", ".join(sorted(_ENVIRONMENT.filters))
            raise _UnknownFilterError(f"unknown filter {used.name!r}: known are {known}")

"""A rule's examples: they are built into requests, and the rule must pass them before it may run."""

from collections.abc import Iterator, Mapping
from typing import Any

from proxy.exchange import Answer, Forward, Head
from proxy.question.messages import MessagesRequest, NotUnderstood, seen
from proxy.respond import Respond
from proxy.rules.misses import miss_of
from proxy.rules.responses import json_of
from proxy.rules.ruleset import Rule
from proxy.rules.schema import Example, Match, RequestModel, RuleModel
from proxy.settings.toml import KeyPath


def request_of(*layers: RequestModel) -> tuple[Head, bytes]:
    """A request from layers, the base first: its head and its body, which is empty if no layer has one."""
    method, path, headers, body = "POST", "/v1/messages", dict[str, str](), dict[str, Any]()
    for layer in layers:
        method, path = layer.method or method, layer.path or path
        headers |= {name.lower(): value for name, value in layer.headers.items()}
        body = _merged({key: value for key, value in body.items() if key not in layer.without}, layer.body)
    return Head(method, path, headers), json_of(body) if body else b""


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def failures(rule: Rule, model: RuleModel, base: RequestModel) -> Iterator[tuple[KeyPath, str]]:
    """The examples that the rule fails: the example's path below the rule, and the fault."""
    examples: list[tuple[str, int, Example]] = [("matches", *numbered) for numbered in enumerate(model.matches)]
    examples += [("misses", *numbered) for numbered in enumerate(model.misses)]
    for key, index, example in examples:
        try:
            request = seen(*request_of(base, model.base, example), opaquely=rule.respond is not None)
            fault = _fault(rule, example, request) if isinstance(example, Match) else _claim(rule, request)
        except Exception as error:  # a template, or a value that JSON cannot represent: only this rule must fail
            fault = f"the rule failed: {type(error).__name__}: {error}"
        if fault:
            yield (key, index), f"{example.about!r}: {fault}"


def _claim(rule: Rule, request: MessagesRequest | NotUnderstood) -> str | None:
    claimed = isinstance(request, MessagesRequest) and rule.match(request) is not None
    return "the rule matches it, and must not" if claimed else None


def _fault(rule: Rule, match: Match, request: MessagesRequest | NotUnderstood) -> str | None:
    if match.answer is not None and match.declines:
        return "has both `answer` and `declines`, expected one of them"
    if isinstance(request, NotUnderstood):
        return f"not understood: {request.reason}"
    groups = rule.match(request)
    if groups is None:
        miss = miss_of(rule, request)
        return "the rule does not match it" + (f"; the first condition that fails is {miss.text()}" if miss else "")
    match rule.outcome(request, groups):
        case Answer(text=text) | Forward(shadow_answer=Answer(text=text)):
            return None if text == match.answer else f"answered {text!r}, expected {_wanted(match)}"
        case Respond(body=body):
            return None if body.decode() == match.answer else f"sent {body.decode()!r}, expected {_wanted(match)}"
        case Forward(reason=reason):
            wanted = f"declined: {match.declines}" if match.declines else None if match.answer is None else ""
            return None if wanted in (None, reason) else f"{reason}, expected {_wanted(match)}"


def _wanted(match: Match) -> str:
    """What an example expects, as its file has it."""
    if match.declines:
        return f"declines = {match.declines!r}"
    return repr(match.answer) if match.answer is not None else "the example to say so, by `answer` or `declines`"

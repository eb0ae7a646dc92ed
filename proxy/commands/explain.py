"""`explain`: how each request in some files is decided, why, and the exact bytes of the answer."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from proxy import synthesis
from proxy.commands.reasons import Explanation, explain, explain_example
from proxy.commands.requests import Given, read
from proxy.commands.rule_examples import examples
from proxy.commands.tables import Column, json_text, place, problem_json, problem_line, table
from proxy.exchange import Answer, Forward, Version, version_text
from proxy.machine.terminal import columns
from proxy.respond import Respond
from proxy.rules.load import Loaded, LoadedRule
from proxy.rules.misses import Miss
from proxy.rules.ruleset import Rule, RuleSet
from proxy.settings.toml import Problem

MESSAGE_ID = "msg_sidestep_explained"
"""Replaces the random id of a real answer."""

_NOT_SAID = "(not said)"

_KINDS = {Answer: "answer", Respond: "respond", Forward: "forward"}

NEAREST_HEADS = (
    *("nearest rule", "held", Column("first condition that failed", least=20)),
    Column("the request's value", least=16, rank=1),
)


def run(
    loaded: Loaded,
    files: Sequence[str],
    named: Sequence[str],
    version: Version | None,
    max_body: int,
    *,
    as_json: bool,
) -> int:
    """Explain the requests in `files` ("-" is standard input) and the examples that are `named`.

    1 if a file, a line or a rule could not be read.
    """
    user_agent = f"claude-cli/{version_text(version or newest_tested(loaded.entries))} (external, cli)"
    found = [*loaded.problems, *_explained(loaded.rules, files, named, user_agent, max_body)]
    explained = [one for one in found if isinstance(one, Explanation)]
    problems = [one for one in found if isinstance(one, Problem)]
    if as_json:
        requests = [as_fields(explanation) for explanation in explained]
        print(json_text({"requests": requests, "problems": [problem_json(problem) for problem in problems]}))
    elif explained:
        print("\n\n".join(as_text(explanation) for explanation in explained))
    for problem in problems:
        print(problem_line(problem), file=sys.stderr)
    return 1 if problems else 0


def _explained(
    rules: RuleSet, files: Sequence[str], named: Sequence[str], user_agent: str, max_body: int
) -> Iterator[Explanation | Problem]:
    for given in _requests(files, user_agent):
        yield given if isinstance(given, Problem) else explain(rules, given, max_body)
    for example in (one for name in named for one in examples(name)):
        yield example if isinstance(example, Problem) else explain_example(rules, example, max_body)


def newest_tested(entries: Iterable[LoadedRule]) -> Version:
    """The newest client version that any rule was tested with; 0 if none is named."""
    return max((entry.rule.tested[1] for entry in entries if entry.rule.tested), default=(0,))


def _requests(files: Sequence[str], user_agent: str) -> Iterable[Given | Problem]:
    for name in files:
        source = "stdin" if name == "-" else name
        try:
            raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            yield Problem(source, 0, "", f"cannot be read: {error.strerror}")
        else:
            yield from read(raw, source, user_agent)


def reply_body(answer: Answer | Respond) -> bytes:
    """The exact body of the reply, except for the message's id."""
    if isinstance(answer, Respond):
        return answer.body
    if answer.stream:
        return b"".join(synthesis.events(answer, MESSAGE_ID))
    return synthesis.message(answer, MESSAGE_ID)


def as_fields(explanation: Explanation) -> dict[str, Any]:
    """For machines: all values in full."""
    given, decision, rule, reply = explanation.given, explanation.decision, explanation.rule, explanation.reply
    return {
        "file": given.source,
        "line": given.line,
        "about": explanation.about or None,
        "method": given.head.method,
        "path": given.head.path,
        "client": given.head.product,
        "decision": _KINDS[type(decision)],
        "reason": decision.reason if isinstance(decision, Forward) else None,
        "rule": _rule_fields(rule) if rule else None,
        "facts": {name: plain(value) for name, value in explanation.facts},
        "reply": _reply_fields(reply) if reply else None,
        "nearest": [_miss_fields(miss) for miss in explanation.nearest],
    }


def _rule_fields(rule: Rule) -> dict[str, Any]:
    return {"name": rule.name, "file": rule.source, "line": rule.line}


def _reply_fields(answer: Answer | Respond) -> dict[str, Any]:
    replay = answer.replay if isinstance(answer, Answer) else None
    return {
        "status": 200 if isinstance(answer, Answer) else answer.status,
        "content_type": _content_type(answer),
        "headers": _headers(answer),
        "repeats": replay.prefix if replay else None,
        "body": reply_body(answer).decode(),
    }


def _miss_fields(miss: Miss) -> dict[str, Any]:
    failed = miss.condition
    return {
        "rule": _rule_fields(miss.rule),
        "held": miss.held,
        "of": miss.total,
        "within": miss.within,
        "fact": failed.name,
        "operator": failed.operator,
        "operand": failed.operand,
        "value": plain(miss.value),
    }


def as_text(explanation: Explanation) -> str:
    """For people: values cut to the terminal's width, the reply in full."""
    given, decision, rule = explanation.given, explanation.decision, explanation.rule
    what = f"forwarded: {decision.reason}" if isinstance(decision, Forward) else "answered"
    by = f", by {rule.name} ({place(rule.source, rule.line)})" if rule else ""
    client = given.head.product or "an unknown client"
    asked = f"{given.head.method} {given.head.path}"
    asked = asked if asked.isprintable() else ascii(asked)
    about = f" ({explanation.about})" if explanation.about else ""
    parts = [f"{place(given.source, given.line)}: {asked} from {client}{about}\n{what}{by}"]
    if explanation.facts:
        rows = [(name, _shown(value)) for name, value in explanation.facts]
        parts.append(_indented(table(("fact", Column("value", least=20)), rows, _room())))
    if explanation.nearest:
        parts.append(_indented(table(NEAREST_HEADS, map(_miss_cells, explanation.nearest), _room())))
    if explanation.reply:
        parts.append(_reply_text(explanation.reply, "would send" if isinstance(decision, Forward) else "sends"))
    return "\n\n".join(parts)


def _miss_cells(miss: Miss) -> tuple[str, ...]:
    failed = miss.condition
    operand = json_text(failed.operand, indent=False)
    condition = " ".join(filter(None, (miss.within, failed.name, failed.operator, operand)))
    return (miss.rule.name, f"{miss.held} of {miss.total}", condition, _shown(_looked_at(miss)))


def _looked_at(miss: Miss) -> Any:
    """The value; of a list only the tested element, which could be cut off otherwise."""
    if isinstance(miss.value, tuple) and miss.condition.operator in ("first", "last"):
        return miss.value[:1] if miss.condition.operator == "first" else miss.value[-1:]
    return miss.value


def _reply_text(answer: Answer | Respond, verb: str) -> str:
    raw = reply_body(answer)
    body = f"{len(raw)} bytes of {_content_type(answer)}" if raw else "no body"
    status = "" if isinstance(answer, Answer) else f"{answer.status}, "
    lines = [f"{verb} {status}{body}:", *(f"  {name}: {value}" for name, value in _headers(answer))]
    if isinstance(answer, Answer) and answer.replay:
        without = "; declines without them" if answer.replay.required else ""
        lines.append(f"  {answer.replay.prefix}*: as in the last forwarded reply{without}")
    return "\n".join([*lines, "", _indented(raw.decode().rstrip("\n"))] if raw else lines)


def _headers(answer: Answer | Respond) -> Sequence[tuple[str, str]]:
    return answer.headers if isinstance(answer, Answer) else (*answer.headers, *answer.reserved_headers())


def _content_type(answer: Answer | Respond) -> str:
    return "text/event-stream" if isinstance(answer, Answer) and answer.stream else "application/json"


def plain(value: Any) -> Any:
    """A fact's value for JSON: versions with dots, lists of texts as arrays."""
    if isinstance(value, tuple) and value and isinstance(value[0], int):
        return version_text(value)
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    """A fact's value on one line."""
    return _NOT_SAID if value is None else json_text(plain(value), indent=False)


def _room() -> int | None:
    """The terminal's width without the indentation."""
    wide = columns()
    return None if wide is None else wide - 2


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.split("\n"))

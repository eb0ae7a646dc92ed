"""The marks of rules: texts that a client's prompt has to hold, and whether it can hold them at all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from proxy.exchange import Head
from proxy.rules.ruleset import Rule
from tests.e2e.clients import CACHE

_FACTS = {"system", "user_text", "user_texts", "tools", "schema_properties"}
_SHORTEST = 5
"""Characters of a mark that is looked for: shorter ones stand in any program."""


@dataclass(frozen=True, slots=True)
class Mark:
    """`text` is what `rule` looks for."""

    rule: str
    text: str


def marks(rules: Iterable[Rule]) -> Iterator[Mark]:
    """Every mark of every rule, each once: paragraph by paragraph, since clients put those together when they ask."""
    for rule in rules:
        tests = [test for test in rule.when.tests() if test.name in _FACTS]
        whole = [text for test in tests for text in _texts(test.operator, test.operand)]
        texts = [paragraph.strip("\n") for text in whole for paragraph in text.split("\n\n")]
        yield from (Mark(rule.name, text) for text in dict.fromkeys(texts) if len(text) >= _SHORTEST)


def _texts(operator: str, operand: Any) -> Iterator[str]:
    match operand:
        case str() if operator == "pattern":
            yield from _literals(_parser.parse(operand.replace("\\z", "\\Z")))
        case str():
            yield operand
        case list():
            yield from (text for text in operand if isinstance(text, str))
        case dict():
            for inner, value in operand.items():
                yield from _texts(inner, value)


def _literals(items: Iterable[Any]) -> Iterator[str]:
    """The texts that a parsed pattern asks for, in one of its choices at least."""
    text = ""
    for operator, value in items:
        if operator is _constants.LITERAL:
            text += chr(value)
            continue
        yield text
        text = ""
        choices = (
            value[1] if operator is _constants.BRANCH else [value[-1]] if operator is _constants.SUBPATTERN else []
        )
        for choice in choices:
            yield from _literals(choice)
    yield text


def possible(rule: Rule, version: str) -> bool:
    """Whether the rule could fire for a client of that version."""
    return rule.when.possible(Head("POST", "/v1/messages", {"user-agent": f"claude-cli/{version} (external, cli)"}))


def found(wanted: Iterable[Mark], version: str) -> set[Mark]:
    """The marks that the client's script or program holds."""
    return held(wanted, bundle(version).read_bytes())


def held(wanted: Iterable[Mark], program: bytes) -> set[Mark]:
    return {mark for mark in wanted if any(spelling in program for spelling in _spellings(mark.text))}


def bundle(version: str) -> Path:
    """The file that holds a client's prompts: a script up to 2.1.118, a program with one inside since."""
    modules = CACHE / version / "node_modules/@anthropic-ai"
    script = modules / "claude-code/cli.js"
    return script if script.exists() else next(iter(sorted(modules.glob("claude-code-*/claude"))))


def _spellings(text: str) -> list[bytes]:
    """As a text may stand in a script: as it is, or with its quotes, its line ends and what is not ASCII escaped."""
    plain = text.replace("\n", "\\n")
    escaped = "".join(sign if sign.isascii() else f"\\u{ord(sign):04x}" for sign in text)
    forms = [text, plain, escaped, escaped.replace("\n", "\\n"), plain.replace('"', '\\"'), plain.replace("'", "\\'")]
    forms.append(plain.replace("</", "<\\/"))
    return [form.encode() for form in dict.fromkeys(forms)]


def lost(rules: Iterable[Rule], versions: Mapping[str, set[Mark]], known: set[Mark]) -> Iterator[Mark]:
    """Marks that none of these versions holds, of a rule that could fire for one of them, and none before held.

    `versions` is what each was found to hold, `known` what the page says of earlier runs.
    """
    for rule in rules:
        if any(possible(rule, version) for version in versions):
            held_by_any = known.union(*versions.values())
            yield from (mark for mark in marks([rule]) if mark not in held_by_any)

"""Splits the words of a command into options and operands (POSIX, "Utility Syntax Guidelines"; getopt_long(3))."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from proxy.filters.decline import Decline
from proxy.filters.shell.grammar import Word

_COUNT = re.compile(r"[-+]?0*[1-9][0-9]*")
_SHORT_COUNT = re.compile(r"-0*[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Syntax:
    """The options of a command: letters without and with a value, and long names of both.

    `counts` says that the values are counts of lines or bytes; `short_counts` that `-5` is an option, which is noted
    as `#`; `anywhere` that options may stand after operands.
    """

    flags: str
    valued: str = ""
    long_flags: frozenset[str] = frozenset()
    long_valued: frozenset[str] = frozenset()
    counts: bool = False
    short_counts: bool = False
    anywhere: bool = False


@dataclass(slots=True)
class Parsed:
    """Options by their letters or long names, operands, and the values of options."""

    options: set[str] = field(default_factory=set)
    operands: list[Word] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


def parse(syntax: Syntax, words: Sequence[Word]) -> Parsed:
    """Split the words after a command's name; raise Decline at an option that `syntax` does not have."""
    parsed = Parsed()
    position = 0
    while position < len(words):
        text = words[position].value
        if text == "--" and (syntax.anywhere or not parsed.operands):
            parsed.operands.extend(words[position + 1 :])
            return parsed
        if text == "-" or not text.startswith("-"):
            parsed.operands.append(words[position])
            position += 1
        elif parsed.operands and not syntax.anywhere:
            # BSD reads no option after an operand, GNU does.
            raise Decline("option after operand")
        else:
            position += _option(syntax, words[position:], parsed)
    return parsed


def _option(syntax: Syntax, words: Sequence[Word], parsed: Parsed) -> int:
    """Note one word of options and return how many words it takes."""
    if words[0].kind == "expansion":
        raise Decline("unknown option")
    text = words[0].value
    if syntax.short_counts and _SHORT_COUNT.fullmatch(text):
        parsed.options.add("#")
        return 1
    name, equals, value = text.partition("=")
    if text.startswith("--"):
        parsed.options.add(name)
        if text in syntax.long_flags:
            return 1
        if name in syntax.long_valued:
            return _value_width(syntax, value if equals else None, words, parsed)
        raise Decline("unknown option")
    letters = text[1:].lstrip(syntax.flags)
    parsed.options.update(text[1 : len(text) - len(letters)])
    if not letters:
        return 1
    parsed.options.add(letters[0])
    if letters[0] not in syntax.valued:
        raise Decline("unknown option")
    return _value_width(syntax, letters[1:] or None, words, parsed)


def _value_width(syntax: Syntax, attached: str | None, words: Sequence[Word], parsed: Parsed) -> int:
    # A pattern may expand to several words.
    if attached is None and (len(words) < 2 or words[1].kind not in ("bare", "quoted")):
        raise Decline("unknown option")
    value = words[1].value if attached is None else attached
    if not value or (syntax.counts and not _COUNT.fullmatch(value)):
        raise Decline("unknown option")
    parsed.values.append(value)
    return 2 if attached is None else 1

"""Programs for sed, awk and jq: recognizes those that only print.

Sources: sed(1) of GNU and BSD, POSIX awk, jq's manual. The grammar here is a small part of theirs, without anything
that runs a command, or writes or reads a file (sed's `e`, `w` and `r`; awk's `system`, `getline`, `|`, `>`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from proxy.filters.decline import Decline
from proxy.filters.shell.grammar import Word

# GNU and BSD disagree about a delimiter inside brackets, and `\c` takes the next character with it.
_CLASS = r"\[\^?\]?(?:\[:[a-z]+:\]|[^\]\[/|#\\\n])*\]"
_REGEX = rf"/(?:[^/\\\[\n]|\\[^c\n]|{_CLASS})+/"
_ADDRESS = rf"(?:[0-9]+|\$|{_REGEX}I?)"
_ADDRESSES = rf"(?:{_ADDRESS}(?:,(?:\+[0-9]+|{_ADDRESS}))?[ ]*+!?)?"


def _substitution(mark: str) -> str:
    mark = re.escape(mark)
    body = rf"(?:[^{mark}\\\[\n]|\\[^c\n]|{_CLASS})"
    return rf"s{mark}{body}+{mark}(?:[^{mark}\\\n]|\\[^c\n])*{mark}[gpI0-9]*"


_SUBSTITUTIONS = "|".join(_substitution(mark) for mark in "/|#")
_SED_COMMAND = rf"{_ADDRESSES}[ ]*+(?:[pdq]|{_SUBSTITUTIONS})"
_SED = re.compile(rf"{_SED_COMMAND}(?:[ ]*+;[ ]*+{_SED_COMMAND})*;?")
_PRINTS = re.compile(r"p(?:[ ]*;|\Z)|[/|#][gI0-9]*p[gpI0-9]*(?:[ ]*;|\Z)")
_FROM_THE_FIRST_LINE = re.compile(r"1(?:,[0-9]+|,\$)?p")
_ALL_LINES = re.compile(rf"(?:{_SUBSTITUTIONS})(?:;(?:{_SUBSTITUTIONS}))*")
_SED_FLAGS = re.compile(r"-[nErs]+|--quiet|--silent|--regexp-extended")
_SED_IN_PLACE = re.compile(r"-i(?:\.[A-Za-z]+)?|--in-place(?:=\.[A-Za-z]+)?")

_AWK_VALUE = r"(?:\$(?:[0-9]+|NF)|NR|FNR|NF)"
_AWK_TEXT = r'"[^"\\\n]*"'
_AWK_COMPARISON = rf"(?:(?:[=!]=|[<>]=?)[ ]*+(?:[0-9]+|{_AWK_TEXT})|!?~[ ]*+{_REGEX})"
_AWK_TEST = rf"(?:{_REGEX}|{_AWK_VALUE}[ ]*+{_AWK_COMPARISON})"
_AWK_TESTS = rf"!?{_AWK_TEST}(?>(?:[ ]*+(?:&&|\|\||,)[ ]*+{_AWK_TEST})*)"
_AWK_PRINT = rf"\{{[ ]*+print[ ]*+(?>(?:(?:{_AWK_VALUE}|{_AWK_TEXT})[ ]*+(?:,[ ]*+)?)*);?[ ]*+\}}"
_AWK = re.compile(rf"(?:{_AWK_TESTS})?[ ]*+(?P<action>{_AWK_PRINT})?")
_AWK_WHOLE_LINE = re.compile(r"\{[ ]*+print[ ]*+;?[ ]*+\}")

_JQ = re.compile(r"\.|(?:\.[A-Za-z_][A-Za-z0-9_]*(?:\[(?:[0-9]+)?\])?)+")


@dataclass(frozen=True, slots=True)
class Sed:
    """A sed that does nothing but print: `surely` says that it prints of any file that is not empty."""

    operands: tuple[Word, ...]
    quiet: bool
    in_place: bool
    surely: bool


def read_sed(words: Sequence[Word]) -> Sed:
    """Read the words after `sed`; raise Decline unless its script is plain and every option known."""
    rest = list(words)
    options: list[str] = []
    scripts: list[str] = []
    while rest and rest[0].value.startswith("-"):
        options.append(_option(rest))
        if options[-1] == "-e":
            scripts.append(_script(rest))
    scripts = scripts or [_script(rest)]
    # GNU reads options after operands too, and a pattern or a variable may turn out to be one.
    if any(word.value.startswith("-") or word.kind in ("expansion", "glob") for word in rest):
        raise Decline("option after operand")
    quiet = any(option in ("--quiet", "--silent") or re.match(r"-[Ers]*n", option) for option in options)
    if quiet and not any(_PRINTS.search(script) for script in scripts):
        raise Decline("script not plain")
    # Lines are counted through all of the files.
    surely_prints = _FROM_THE_FIRST_LINE if quiet else _ALL_LINES
    is_one = len(scripts) == 1 and (len(rest) <= 1 or not quiet)
    surely = is_one and surely_prints.fullmatch(scripts[0]) is not None
    in_place = any(option.startswith(("-i", "--in-place")) for option in options)
    return Sed(tuple(rest), quiet, in_place, surely)


def _option(rest: list[Word]) -> str:
    option = rest.pop(0).value
    if _SED_IN_PLACE.fullmatch(option):
        # BSD takes the suffix of its backups as a word, which GNU would take for the script.
        if rest and rest[0].text in ("''", '""'):
            rest.pop(0)
    elif option != "-e" and not _SED_FLAGS.fullmatch(option):
        raise Decline("unknown option")
    return option


def _script(rest: list[Word]) -> str:
    if not rest or rest[0].kind not in ("bare", "quoted") or not _SED.fullmatch(rest[0].value):
        raise Decline("script not plain")
    return rest.pop(0).value


def awk_prints_fields(program: Word) -> bool:
    """Tell whether an awk program prints lines of its input, or fields of them, and does nothing else."""
    is_literal = program.kind in ("bare", "quoted") and program.value.strip() != ""
    match = _AWK.fullmatch(program.value) if is_literal else None
    if match is None:
        return False
    action = match["action"]
    return action is None or "$" in re.sub(_AWK_TEXT, "", action) or bool(_AWK_WHOLE_LINE.fullmatch(action))


def jq_selects(program: Word) -> bool:
    """Tell whether a jq program is a plain path, so that it prints a part of its input."""
    return program.kind in ("bare", "quoted") and _JQ.fullmatch(program.value) is not None

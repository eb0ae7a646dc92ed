"""Commands that print the lines of their operands: how each is read, and what its operands are.

Sources: the manuals of GNU coreutils and of BSD, POSIX, jq's manual, git-blame(1).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from proxy.filters.decline import Decline
from proxy.filters.shell.commands import names
from proxy.filters.shell.grammar import Word
from proxy.filters.shell.options import Parsed, Syntax, parse
from proxy.filters.shell.paths import literal
from proxy.filters.shell.programs import awk_prints_fields, jq_selects, read_sed

_CAT_LONG = names("--show-all --number-nonblank --show-ends --number --squeeze-blank --show-tabs --show-nonprinting")
_HEAD_LONG = names("--quiet --silent --verbose --zero-terminated")
_HEAD = Syntax("qvz", "nc", _HEAD_LONG, names("--lines --bytes"), counts=True, short_counts=True)
_PLAIN: Mapping[str, Syntax] = {
    "cat": Syntax("AbeEnstTuv", long_flags=_CAT_LONG),
    "head": _HEAD,
    "tail": _HEAD,
    "nl": Syntax("p", "bdfhilnsvw"),
    "tac": Syntax("br", "s"),
    "less": Syntax(""),
    "more": Syntax(""),
    "sort": Syntax("bdfghiMnRrsuVz", "kt"),
    "uniq": Syntax("cdiu", "fsw"),
    "cut": Syntax("ns", "bcdf", long_valued=names("--delimiter --fields --characters --bytes")),
    "tr": Syntax("cCdst"),
}
# These may print nothing even for a non-empty file.
_MAY_PRINT_NOTHING = frozenset({"uniq", "cut", "tr"})
# Not -y: nothing in two columns tells that they are no message.
_DIFF = Syntax("abBituw", "U", long_flags=names("--unified --ignore-all-space --color=never"))
_BLAME = Syntax("bcefklnpstw", "L")
_AWK = Syntax("", "F")
_JQ = Syntax("CMcrSa", long_flags=names("--raw-output --compact-output --sort-keys"))
# Filters that print lines of their input unchanged or not at all, if they have only these options.
_KEEPS_LINES: Mapping[str, frozenset[str]] = {
    "cat": frozenset(),
    "head": frozenset({"n", "#", "--lines"}),
    "tail": frozenset({"n", "#", "--lines"}),
    "sort": frozenset("nrufkt"),
    "uniq": frozenset(),
    "tac": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a command prints: the lines of `paths`, or of its input if there are none.

    `surely` says that it prints something of each that is not empty; `whole_lines` that it changes no line.
    """

    paths: tuple[str, ...]
    surely: bool = True
    whole_lines: bool = False


def reading(words: Sequence[Word]) -> Reading | None:
    """Return what a known reader prints, and None for every other command; raise Decline where it is not certain."""
    name = words[0].value
    if words[0].kind != "bare":
        return None
    if name in _PLAIN:
        return _plain(name, words[1:])
    if name == "git":
        return _blame(words[2:]) if len(words) > 1 and words[1].value == "blame" else None
    special = _SPECIAL.get(name)
    return special(words[1:]) if special else None


def _plain(name: str, words: Sequence[Word]) -> Reading:
    if any(word.kind == "expansion" for word in words):
        raise Decline("value not known")
    parsed = parse(_PLAIN[name], words)
    keeps = name in _KEEPS_LINES and parsed.options <= _KEEPS_LINES[name]
    if name == "tr":
        return Reading((), surely=False)
    # The second operand of uniq is a file that it writes; less and more show one file after another.
    if name in ("uniq", "less", "more") and len(parsed.operands) > 1:
        raise Decline("several operands")
    if _PLAIN[name].counts and any(word.value.startswith("+") for word in parsed.operands):
        raise Decline("operand not literal")
    # `tail -n +500` and `head -n -5` print nothing of a file that is shorter.
    is_short = _PLAIN[name].counts and any(value[0] in "+-" for value in parsed.values)
    # sort prints nothing at all if it cannot read one of several.
    is_whole = name != "sort" or len(parsed.operands) < 2
    return Reading(
        _paths(parsed), surely=is_whole and name not in _MAY_PRINT_NOTHING and not is_short, whole_lines=keeps
    )


def _paths(parsed: Parsed, skipped: int = 0) -> tuple[str, ...]:
    return tuple(literal(word) for word in parsed.operands[skipped:] if word.value != "-")


def _sed(words: Sequence[Word]) -> Reading | None:
    sed = read_sed(words)
    return None if sed.in_place else Reading(tuple(literal(word) for word in sed.operands), sed.surely)


def _awk(words: Sequence[Word]) -> Reading:
    parsed = parse(_AWK, words)
    if not parsed.operands or not awk_prints_fields(parsed.operands[0]):
        raise Decline("script not plain")
    # awk takes `a=b` for an assignment.
    if len(parsed.operands) > 2 or any("=" in word.value for word in parsed.operands[1:]):
        raise Decline("several operands")
    return Reading(_paths(parsed, skipped=1), surely=False)


def _jq(words: Sequence[Word]) -> Reading:
    parsed = parse(_JQ, words)
    if not 0 < len(parsed.operands) < 3 or not jq_selects(parsed.operands[0]):
        raise Decline("script not plain")
    return Reading(_paths(parsed, skipped=1), surely=False)


def _diff(words: Sequence[Word]) -> Reading:
    parsed = parse(_DIFF, words)
    paths = _paths(parsed)
    # A directory stands for a file in it, or for all of them.
    if len(paths) != 2 or any(path.rsplit("/", 1)[-1] in ("", ".", "..") for path in paths):
        raise Decline("no two files")
    return Reading(paths, surely=False)


def _blame(words: Sequence[Word]) -> Reading:
    parsed = parse(_BLAME, words)
    # One of two would be a commit, whose file may be another than that of today.
    if len(parsed.operands) != 1:
        raise Decline("several operands")
    return Reading(_paths(parsed), surely=False)


_SPECIAL: Mapping[str, Callable[[Sequence[Word]], Reading | None]] = {
    "awk": _awk,
    "diff": _diff,
    "jq": _jq,
    "sed": _sed,
}

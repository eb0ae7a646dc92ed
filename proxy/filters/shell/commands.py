"""Tables of commands: how a key matches the words of a command, and which words may follow."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal

from proxy.filters.decline import Decline
from proxy.filters.shell.grammar import Word

Style = Literal["getopt", "long", "either"]
Key = tuple[str, ...]

SCRIPT_NAME = "*"
_SCRIPT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.-]*")
_LONGEST_KEY = 4
# A pattern that begins like this expands to the same option, or to no option.
_LITERAL_START = re.compile(r"--[a-z][a-z-]*=|[^-*?\"'=]")


def names(text: str) -> frozenset[str]:
    """The words of a text, for a table."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the words after a prefix may be.

    `denied` holds options as the manual writes them (`-o`, `--output`, or find's `-exec`); `forbidden` is a pattern
    that no word may contain; `allowed` one that every word must match as a whole, where the options are too many to
    deny; `first` one that the first word must match as a whole, after which the rest belongs to a script and is free.
    `style` is how the command reads a single dash: `-ab` as `-a -b` (getopt), as the option
    `-ab` and nothing else (long), or as either (npm's nopt).
    """

    denied: frozenset[str] = frozenset()
    forbidden: str = ""
    allowed: str = ""
    first: str = ""
    style: Style = "getopt"


FREE = Arguments()


def under(head: str, tails: str, arguments: Arguments = FREE) -> dict[Key, Arguments]:
    """The entries of a table for several subcommands of one command."""
    return {(*head.split(), tail): arguments for tail in tails.split()}


def prefix_key(table: Container[Key], words: Sequence[Word]) -> Key | None:
    """Return the longest key of `table` that the first words spell, each of them bare and as it stands."""
    spelled = tuple(word.value if word.kind == "bare" else "" for word in words[:_LONGEST_KEY])
    for length in range(len(spelled), 0, -1):
        for key in (spelled[:length], (*spelled[: length - 1], SCRIPT_NAME)):
            if key in table and (key[-1] != SCRIPT_NAME or _SCRIPT_NAME.fullmatch(spelled[length - 1])):
                return key
    return None


def check_arguments(arguments: Arguments, words: Sequence[Word]) -> None:
    """Raise Decline if a word is, or may expand to, an argument that is not allowed."""
    if arguments.first:
        if not words or not _is_literal(words[0]) or not re.fullmatch(arguments.first, words[0].value):
            raise Decline("not a script")
        return
    for word in words:
        _check_word(arguments, word)


def _is_literal(word: Word) -> bool:
    return word.kind in ("bare", "quoted")


def _check_word(arguments: Arguments, word: Word) -> None:
    if arguments.allowed and not (_is_literal(word) and re.fullmatch(arguments.allowed, word.value)):
        raise Decline("unknown argument")
    if not arguments.denied and not arguments.forbidden:
        return
    # ugrep, which may stand in for grep, reads a file of options by `---name`.
    if word.value.startswith("---"):
        raise Decline("odd option")
    # A file name may look like an option, and a variable may contain one.
    if word.kind == "expansion" or (word.kind == "glob" and not _LITERAL_START.match(word.text)):
        raise Decline("unknown argument")
    if _is_denied(arguments, word.value) or (arguments.forbidden and re.search(arguments.forbidden, word.value)):
        raise Decline("denied option")


def _is_denied(arguments: Arguments, value: str) -> bool:
    name = value.partition("=")[0]
    bare = name.lstrip("-")
    if not name.startswith("-") or not bare:
        return False
    # Go takes `--exec` for `-exec`.
    if name in arguments.denied or name[1:] in arguments.denied:
        return True
    is_long = name.startswith("--") or (arguments.style == "either" and len(bare) > 1)
    # getopt_long, git, argparse and nopt take any unambiguous beginning of a long option.
    if is_long and any(denied.startswith("--" + bare) for denied in arguments.denied):
        return True
    letters = {denied[1] for denied in arguments.denied if len(denied) == 2}
    return arguments.style != "long" and not name.startswith("--") and not letters.isdisjoint(value)

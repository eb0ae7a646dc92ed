"""The prefix of a shell command, which the client asks for before it offers "don't ask again for ..."."""

import re
from itertools import pairwise

from proxy.filters.decline import Decline
from proxy.filters.shell.commands import check_arguments, prefix_key
from proxy.filters.shell.grammar import Assignment, ParseFailure, SimpleCommand, Word, read
from proxy.filters.shell.known_commands import BARE, BARE_WITH_ASSIGNMENTS, PREFIXES, WRAPPERS
from proxy.filters.shell.programs import read_sed
from proxy.filters.shell.variables import check_assignments

NONE = "none"
INJECTION = "command_injection_detected"

# Redirections that neither write a file nor run a command, so that they do not change the prefix.
_DROPS_OUTPUT = re.compile(r"2>&1|[12]?>>?[ ]?/dev/null")
_SED = ("sed",)


def command_prefix(command: str) -> str:
    """Return the prefix of `command`, which is always a literal beginning of it, or `none`, or the injection mark.

    Raises Decline whenever the answer is not certain. The rules are those of the policy in the client's own request:
    the prefix ends before the first word that varies, assignments belong to it, and a command of fixed words only
    has none.
    """
    script = read(command)
    if isinstance(script, ParseFailure):
        if script.injection:
            return INJECTION
        raise Decline(script.reason)
    # Other separators are visible, and the client asks for each part separately.
    if "\n" in script.separators:
        return INJECTION
    if len(script.commands) > 1:
        raise Decline("several commands")
    return _prefix(command, script.commands[0])


def _prefix(command: str, parts: SimpleCommand) -> str:
    if not all(_DROPS_OUTPUT.fullmatch(redirection) for redirection in parts.redirections):
        raise Decline("redirection")
    check_assignments(parts.assignments, parts.words[0].value)
    key = _key(parts)
    head, rest = parts.words[: len(key)], parts.words[len(key) :]
    _check_blanks(command, [*parts.assignments, *head])
    if not rest:
        return _bare(command[: head[-1].end], key, parts)
    if key == _SED:
        _check_sed(rest)
    elif key in PREFIXES:
        check_arguments(PREFIXES[key], rest)
    else:
        raise Decline("unknown arguments")
    return command[: head[-1].end]


def _bare(head: str, key: tuple[str, ...], parts: SimpleCommand) -> str:
    known = BARE_WITH_ASSIGNMENTS if parts.assignments else BARE
    # A redirection varies but is not an argument: the policy does not say whether fixed words then have a prefix.
    if key not in known or parts.redirections:
        raise Decline("bare command")
    return NONE if known[key] == "none" else head


def _check_sed(words: tuple[Word, ...]) -> None:
    """Allow only scripts that print lines: others may run commands (`e`) and write files (`w`, `-i`)."""
    sed = read_sed(words)
    if sed.in_place or not sed.quiet:
        raise Decline("denied option")


def _key(parts: SimpleCommand) -> tuple[str, ...]:
    name = parts.words[0].value
    if name in WRAPPERS:
        raise Decline("wrapper")
    if name == "sed" and parts.words[0].kind == "bare":
        return _SED
    key = prefix_key(PREFIXES, parts.words) or prefix_key(BARE, parts.words)
    if key is None:
        raise Decline("unknown command")
    return key


def _check_blanks(command: str, head: list[Assignment | Word]) -> None:
    # The client compares later commands with the prefix as text, so blanks must be single spaces.
    if any(command[left.end : right.start] != " " for left, right in pairwise(head)):
        raise Decline("unusual blanks")

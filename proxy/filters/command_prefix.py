"""The prefix of a shell command, which the client asks for before it offers "don't ask again for ..."."""

from itertools import pairwise

from proxy.filters.commands import (
    BARE,
    BARE_WITH_ASSIGNMENTS,
    PREFIXES,
    RISKY_VARIABLE,
    SAFE_VARIABLES,
    WRAPPERS,
    check_arguments,
    prefix_key,
)
from proxy.filters.decline import Decline
from proxy.filters.shell import Assignment, Refusal, SimpleCommand, Word, read

NONE = "none"
INJECTION = "command_injection_detected"


def command_prefix(command: str) -> str:
    """Return the prefix of `command`, which is always a literal beginning of it, or `none`, or the injection mark.

    Raises Decline whenever the answer is not certain. The rules are those of the policy in the client's own request:
    the prefix ends before the first word that varies, assignments belong to it, and a command of fixed words only
    has none.
    """
    script = read(command)
    if isinstance(script, Refusal):
        if script.injection:
            return INJECTION
        raise Decline(script.reason)
    # Other separators are plain to see, and the client asks for each part by itself.
    if "\n" in script.separators:
        return INJECTION
    if len(script.commands) > 1:
        raise Decline("several commands")
    return _prefix(command, script.commands[0])


def _prefix(command: str, parts: SimpleCommand) -> str:
    if parts.redirections:
        raise Decline("redirection")
    for assignment in parts.assignments:
        _check_assignment(assignment)
    key = _key(parts)
    head, rest = parts.words[: len(key)], parts.words[len(key) :]
    _check_blanks(command, [*parts.assignments, *head])
    if not rest:
        bare = BARE_WITH_ASSIGNMENTS if parts.assignments else BARE
        if key not in bare:
            raise Decline("bare command")
        return NONE if bare[key] == "none" else command[: head[-1].end]
    if key not in PREFIXES:
        raise Decline("unknown arguments")
    check_arguments(PREFIXES[key], rest)
    return command[: head[-1].end]


def _check_assignment(assignment: Assignment) -> None:
    if assignment.name not in SAFE_VARIABLES and RISKY_VARIABLE.match(assignment.name):
        raise Decline("variable changes what runs")


def _key(parts: SimpleCommand) -> tuple[str, ...]:
    name = parts.words[0].value
    if name in WRAPPERS:
        raise Decline("wrapper")
    key = prefix_key(PREFIXES, parts.words) or prefix_key(BARE, parts.words)
    if key is None:
        raise Decline("unknown command")
    return key


def _check_blanks(command: str, head: list[Assignment | Word]) -> None:
    # The client compares a later command with the prefix as text, so its blanks must be the usual ones.
    if any(command[left.end : right.start] != " " for left, right in pairwise(head)):
        raise Decline("unusual blanks")

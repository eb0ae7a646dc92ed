"""What one pipeline displays: the lines of files, other output, or nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from proxy.filters.decline import Decline
from proxy.filters.shell.commands import names
from proxy.filters.shell.evidence import Output
from proxy.filters.shell.grammar import SimpleCommand, Word
from proxy.filters.shell.no_contents import check_shows_no_contents
from proxy.filters.shell.patches import patch_paths, prints_patch, prints_summary
from proxy.filters.shell.programs import read_sed
from proxy.filters.shell.readers import Reading, reading
from proxy.filters.shell.searches import SearchCommand, search, search_paths
from proxy.filters.shell.variables import check_assignments

_HIDES_ERRORS = re.compile(r"2>>?[ ]?.+")
_TO_FILE = re.compile(r"1?>>?[ ]?[^&].*")
_DEVICE = re.compile(r"[<12]?>*[ ]?/(?:dev/(?!null$)|proc/)")
_SILENT = names("cd chgrp chmod chown cp false ln mkdir mv rm rmdir sleep test touch true")
_SAYS_NO_HEADER = (["git", "add"], ["git", "status"], ["git", "branch"], ["git", "diff"])
# Filters that print none of the lines that they read.
_HIDES_LINES = names("cksum md5 md5sum sha1sum sha256sum shasum wc")


@dataclass(frozen=True, slots=True)
class Display:
    """What a pipeline displays if it runs.

    `paths` are the files whose lines it shows: `surely`, or else only if no other command displays anything.
    `in_output`: the paths were found in the output. `proof` must be found in it. `speaks`: it displays other output,
    which, if `without_headers`, cannot be confused with a patch.
    """

    paths: tuple[str, ...] = ()
    surely: bool = False
    in_output: bool = False
    is_patch: bool = False
    speaks: bool = False
    proof: re.Pattern[str] | None = None
    without_headers: bool = False


_JSON_TOOL = ["-m", "json.tool"]
# What shows that a program did its work: in place of a difference or of JSON, it may print a message in any language.
_DIFFERENCE = re.compile(r"^(?:[<>] |@@ -)", re.MULTILINE)
_JSON = re.compile(r"\A\s*+[\[\]{}\"]")

_NOTHING = Display()
_OTHER_OUTPUT = Display(speaks=True)


def name(command: SimpleCommand) -> str:
    """The command's name."""
    return command.words[0].value


def display(commands: Sequence[SimpleCommand], output: Output) -> Display:
    """Return what a pipeline displays; `output` is searched for the names of files that a search or patch printed."""
    first, rest = _plain_git(commands[0]), commands[1:]
    if any(_is_hidden(command) for command in commands[:-1]):
        # zsh writes to the file and to the pipe as well.
        raise Decline("redirection")
    if any(command.assignments for command in commands):
        return _without_contents(commands)
    if prints_patch(first.words):
        return _patch(first, rest, output)
    found = search(first.words)
    if found and found.prints_lines:
        return _search(first, found, rest, output)
    shown = None if found else reading(first.words)
    return _without_contents(commands) if shown is None else _reading(first, shown, rest)


def _plain_git(command: SimpleCommand) -> SimpleCommand:
    values = [word.value for word in command.words[:2]]
    if values != ["git", "--no-pager"] or any(word.kind != "bare" for word in command.words[:2]):
        return command
    return replace(command, words=(command.words[0], *command.words[2:]))


def _without_contents(commands: Sequence[SimpleCommand]) -> Display:
    """Return the display of a pipeline whose first command shows no file content."""
    for place, command in enumerate(commands):
        check_assignments(command.assignments, name(command))
        _check_devices(command)
        if place:
            _check_input(command)
        if not place or not _is_filter(command):
            _check_shows_nothing(_plain_git(command).words)
    last = commands[-1]
    if _is_hidden(last) or (name(last) in _SILENT and not any(_is_talkative(word) for word in last.words[1:])):
        return _NOTHING
    values = [word.value for word in _plain_git(last).words[:2]]
    return replace(_OTHER_OUTPUT, without_headers=len(commands) == 1 and values in _SAYS_NO_HEADER)


def _is_talkative(word: Word) -> bool:
    return word.value.startswith("-") and ("v" in word.value or word.value == "-")


def _check_shows_nothing(words: Sequence[Word]) -> None:
    found = search(words)
    is_names_only = found is not None and not found.prints_lines
    is_in_place = words[0].value == "sed" and words[0].kind == "bare" and read_sed(words[1:]).in_place
    if not is_names_only and not is_in_place and not prints_summary(words):
        check_shows_no_contents(words)


def _is_filter(command: SimpleCommand) -> bool:
    """Tell whether a command reads its input only, and so cannot show a file."""
    words = command.words
    if words[0].kind != "bare" or any(word.kind == "expansion" for word in words):
        return False
    if name(command) == "tee":
        return all(word.kind in ("bare", "quoted") for word in words[1:])
    if _is_json_tool(command):
        return True
    found = search(words)
    if found:
        return found.is_filter
    shown = reading(words)
    if shown and shown.paths:
        raise Decline("reads its input")
    return shown is not None


def _is_json_tool(command: SimpleCommand) -> bool:
    return name(command) in ("python", "python3") and [word.value for word in command.words[1:]] == _JSON_TOOL


def _check_devices(command: SimpleCommand) -> None:
    if any(_DEVICE.match(redirection) for redirection in command.redirections):
        raise Decline("redirection")


def _is_hidden(command: SimpleCommand) -> bool:
    """Tell whether the command's output goes to a file."""
    _check_devices(command)
    files = [redirection for redirection in command.redirections if _TO_FILE.fullmatch(redirection)]
    others = [redirection for redirection in command.redirections if redirection in (">&1", "1>&1", "1>&2", ">&2")]
    if len(files) > 1 or others:
        # Bash uses the last one, zsh all of them.
        raise Decline("redirection")
    return bool(files)


def _check_input(command: SimpleCommand) -> bool:
    """Tell whether the errors of a reader are hidden; raise Decline if its input is a file."""
    if any(redirection.startswith("<") for redirection in command.redirections):
        raise Decline("redirection")
    return any(_HIDES_ERRORS.fullmatch(one) and one != "2>&1" for one in command.redirections)


def _reading(first: SimpleCommand, shown: Reading, rest: Sequence[SimpleCommand]) -> Display:
    if _is_hidden(rest[-1] if rest else first):
        return _NOTHING
    hides_errors = _check_input(first)
    if not shown.paths:
        raise Decline("reads its input")
    passed = _through(rest)
    if passed is None:
        return _OTHER_OUTPUT
    if rest and name(first) == "diff":
        raise Decline("pipeline")
    # With several files, a script, a filter or a hidden error may leave one out.
    if len(shown.paths) > 1 and name(first) != "diff" and (rest or hides_errors or not shown.surely):
        raise Decline("pipeline")
    proof = _DIFFERENCE if name(first) == "diff" else _JSON if any(map(_is_json_tool, rest)) else None
    return Display(shown.paths, surely=shown.surely and passed and not hides_errors, proof=proof)


def _search(first: SimpleCommand, found: SearchCommand, rest: Sequence[SimpleCommand], output: Output) -> Display:
    if _is_hidden(rest[-1] if rest else first):
        return _NOTHING
    _check_input(first)
    if found.is_filter and not found.is_recursive:
        raise Decline("reads its input")
    passed = _through(rest)
    if passed is None:
        return _OTHER_OUTPUT
    if found.only:
        return Display((found.only,))
    if not _keep_lines(rest):
        raise Decline("pipeline")
    if not output.text.strip():
        return _NOTHING
    return Display(tuple(search_paths(found, output)), in_output=True)


def _patch(first: SimpleCommand, rest: Sequence[SimpleCommand], output: Output) -> Display:
    if _is_hidden(rest[-1] if rest else first):
        return _NOTHING
    _check_input(first)
    passed = _through(rest)
    if passed is None:
        return _OTHER_OUTPUT
    if any(name(command) not in ("cat", "head") for command in rest) or not _keep_lines(rest):
        raise Decline("pipeline")
    return Display(tuple(patch_paths(first.words, output)), in_output=True, is_patch=True)


def _through(filters: Sequence[SimpleCommand]) -> bool | None:
    """Tell whether the filters surely print something; return None if they can print no line of a file."""
    surely = True
    for command in filters:
        _check_input(command)
        if name(command) in _HIDES_LINES and all(word.value.startswith("-") for word in command.words[1:]):
            return None
        found = search(command.words)
        if found and found.is_filter and not found.prints_lines:
            return None
        if name(command) == "tee" or not _is_filter(command):
            raise Decline("pipeline")
        shown = None if found else reading(command.words)
        surely = surely and shown is not None and shown.surely
    return surely


def _keep_lines(filters: Sequence[SimpleCommand]) -> bool:
    for command in filters:
        found = search(command.words)
        shown = None if found else reading(command.words)
        if not (found and found.keeps_lines) and not (shown and shown.whole_lines):
            return False
    return True

"""What grep, rg and `git grep` print: lines of the files that match, after the name of each if there may be several.

Sources: grep(1) of GNU and BSD, rg(1), git-grep(1).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from proxy.filters.decline import Decline
from proxy.filters.shell.commands import names
from proxy.filters.shell.grammar import Word
from proxy.filters.shell.options import Parsed, Syntax, parse
from proxy.filters.shell.paths import TRUNCATED, literal, usual

_LONG = names("--color=never --color=auto --ignore-case --line-number --invert-match --word-regexp --fixed-strings")
_LONG |= names("--files-with-matches --files-without-match --count --quiet --with-filename --no-filename --text")
_LONG |= names("--extended-regexp --perl-regexp --recursive --no-messages --hidden --no-ignore --no-heading --follow")
_LONG |= names("--smart-case --multiline --silent --count-matches --files")
_VALUED = names("--include --exclude --exclude-dir --context --after-context --before-context --max-count --regexp")
_VALUED |= names("--type --type-not --glob --iglob --max-depth --sort")
_GREP = Syntax("EFGPivwxsnHhrRIacqlL", "eABCm", _LONG, _VALUED, short_counts=True, anywhere=True)
_RG = Syntax("iSsvwxFnNHIPLUuacql", "eABCgtTmdj", _LONG, _VALUED, anywhere=True)
_GIT_GREP = Syntax("EFGPivwnIaclqL", "eABC", _LONG, short_counts=True)
_SYNTAXES: Mapping[str, Syntax] = {**dict.fromkeys(("grep", "egrep", "fgrep"), _GREP), "rg": _RG}

_NAMES_ONLY = names("c l q --files-with-matches --files-without-match --count --count-matches --files --quiet --silent")
_CONTEXT = names("A B C # --context --after-context --before-context")
_PATTERN_GIVEN = names("e --regexp")
_NUMBERED = re.compile(r"([^:\n]+):[0-9]+:")
_NAMED = re.compile(r"([^:\n]+):")
# Context lines use dashes as separators, so such a name may include a line number.
_LIKE_CONTEXT = re.compile(r"-[0-9]+-")


@dataclass(frozen=True, slots=True)
class SearchCommand:
    """A command that searches: where, and what it prints.

    `is_filter` says that it reads its input if that is a pipe, `keeps_lines` that it then adds nothing to a line.
    """

    operands: tuple[Word, ...]
    is_recursive: bool
    is_numbered: bool
    has_context: bool
    has_names: bool
    prints_lines: bool
    is_filter: bool

    @property
    def keeps_lines(self) -> bool:
        return self.is_filter and not self.is_numbered and not self.has_context

    @property
    def only(self) -> str:
        """The one file whose lines can have been printed, without its name; empty if there may be others."""
        is_one = len(self.operands) == 1 and not self.is_recursive and self.operands[0].kind in ("bare", "quoted")
        return literal(self.operands[0]) if is_one else ""


def search(words: Sequence[Word]) -> SearchCommand | None:
    """Return what a searching command does, and None for every other command."""
    if words[0].kind != "bare":
        return None
    name, rest = words[0].value, words[1:]
    is_git = name == "git" and rest[:1] != () and rest[0].value == "grep"
    if not is_git and name not in _SYNTAXES:
        return None
    if any(word.kind == "expansion" for word in rest):
        raise Decline("value not known")
    parsed = parse(_GIT_GREP, rest[1:]) if is_git else parse(_SYNTAXES[name], rest)
    if name != "rg" and "L" in parsed.options:
        parsed.options.add("l")
    operands = _operands(parsed, is_git)
    descends = is_git or bool(parsed.options & names("r R --recursive"))
    return SearchCommand(
        operands,
        is_recursive=descends or name == "rg",
        is_numbered=bool(parsed.options & names("n --line-number")),
        has_context=bool(parsed.options & _CONTEXT),
        has_names=not parsed.options & (names("--no-filename I") if name == "rg" else names("--no-filename h")),
        prints_lines=not parsed.options & _NAMES_ONLY,
        is_filter=not operands and not descends,
    )


def _operands(parsed: Parsed, is_git: bool) -> tuple[Word, ...]:
    """The files to search, without the pattern."""
    operands = parsed.operands
    if not parsed.options & _PATTERN_GIVEN:
        if operands and operands[0].kind == "glob":
            raise Decline("value not known")
        operands = operands[1:]
    # What follows the pattern of `git grep` may be a commit.
    if is_git and operands:
        raise Decline("several operands")
    return tuple(word for word in operands if word.value != "-")


def search_paths(found: SearchCommand, output: str) -> list[str]:
    """Return the files whose lines stand in the output, each after the name of its file."""
    if not found.has_names or TRUNCATED.search(output):
        raise Decline("names not certain")
    lines = [line for line in output.split("\n") if line.strip() and line != "--"]
    paths = [path for line in lines if (path := _path(found, line))]
    if not paths and len(found.operands) == 1 and found.operands[0].kind in ("bare", "quoted"):
        return _single(literal(found.operands[0]), lines)
    if not paths:
        raise Decline("names not certain")
    return paths


def _path(found: SearchCommand, line: str) -> str:
    """Return the name at the beginning of a line, or nothing if there is none that the operands allow."""
    match = (_NUMBERED if found.is_numbered else _NAMED).match(line)
    if match is None:
        return ""
    path = match[1]
    if path in [word.value for word in found.operands]:
        return usual(path)
    if found.has_context and _LIKE_CONTEXT.search(path):
        return ""
    return usual(path) if _is_below(found, path) else ""


def _is_below(found: SearchCommand, path: str) -> bool:
    # Without operands, or with a pattern, almost any line could begin with a name; a line number confirms it.
    is_guess = found.is_numbered and not path.isdecimal() and path.strip() == path
    if not found.operands:
        return is_guess
    for word in found.operands:
        if word.kind == "glob" and is_guess and _matches(path, word.value, found.is_recursive):
            return True
        if word.kind != "glob" and found.is_recursive and path.startswith(word.value.rstrip("/") + "/"):
            return True
    return False


def _matches(path: str, pattern: str, is_recursive: bool) -> bool:
    parts, wanted = path.split("/"), pattern.rstrip("/").split("/")
    if len(parts) < len(wanted) or (len(parts) > len(wanted) and not is_recursive):
        return False
    return all(fnmatchcase(part, want) for part, want in zip(parts, wanted, strict=False))


def _single(path: str, lines: Sequence[str]) -> list[str]:
    """Return the one operand of a recursive search, if it is a file: the lines of a directory would have names."""
    is_file = "." in path.rsplit("/", 1)[-1].strip(".") and not path.endswith("/")
    if not lines or not is_file or any(line.startswith(f"{path}/") for line in lines):
        raise Decline("names not certain")
    return [path]

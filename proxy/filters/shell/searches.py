"""What grep, rg and `git grep` print: lines of the files that match, after the name of each if there may be several.

Sources: grep(1) of GNU and BSD, rg(1), git-grep(1).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.filters.decline import Decline
from proxy.filters.shell.commands import names
from proxy.filters.shell.evidence import Output
from proxy.filters.shell.grammar import Word
from proxy.filters.shell.options import Parsed, Syntax, parse
from proxy.filters.shell.paths import literal, usual

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
_NUMBERED = re.compile(r"^([^:\n]+):[0-9]+:", re.MULTILINE)
_NAMED = re.compile(r"^([^:\n]+):", re.MULTILINE)
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


def search_paths(found: SearchCommand, output: Output) -> list[str]:
    """Return the files whose lines stand in the output, each after the name of its file."""
    output.spend(len(output.text))
    if not found.has_names or output.is_truncated:
        raise Decline("names not certain")
    named = dict.fromkeys((_NUMBERED if found.is_numbered else _NAMED).findall(output.text))
    paths = [usual(path) for path in _searched(found, list(named), output)]
    if not paths and len(found.operands) == 1 and found.operands[0].kind in ("bare", "quoted"):
        return _single(literal(found.operands[0]), output.text)
    if not paths:
        raise Decline("names not certain")
    return paths


def _searched(found: SearchCommand, named: Sequence[str], output: Output) -> list[str]:
    """Return those of the names before lines that the operands allow."""
    operands = {word.value for word in found.operands}
    patterns = list({word.value for word in found.operands if word.kind == "glob"})
    folders = tuple({word.value.rstrip("/") + "/" for word in found.operands if word.kind != "glob"})
    if any("?" in pattern for pattern in patterns):
        raise Decline("value not known")
    output.spend(len(named) * len(folders) + 4 * len("\n".join(named)) * len("\n".join(patterns)))
    paths = []
    for path in named:
        is_context = found.has_context and _LIKE_CONTEXT.search(path)
        # Without operands, or with a pattern, almost any line could begin with a name; a line number confirms it.
        is_guess = found.is_numbered and not path.isdecimal() and path.strip() == path
        if (
            path in operands
            or (not is_context and found.is_recursive and path.startswith(folders))
            or (not is_context and is_guess and _is_guessed(path, patterns, found))
        ):
            paths.append(path)
    return paths


def _is_guessed(path: str, patterns: Sequence[str], found: SearchCommand) -> bool:
    return not found.operands or any(_matches(path, pattern, found.is_recursive) for pattern in patterns)


def _matches(path: str, pattern: str, is_recursive: bool) -> bool:
    parts, wanted = path.split("/"), pattern.rstrip("/").split("/")
    if len(parts) < len(wanted) or (len(parts) > len(wanted) and not is_recursive):
        return False
    return all(_fits(part, want) for part, want in zip(parts, wanted, strict=False))


def _fits(part: str, want: str) -> bool:
    """Tell whether `*` can stand for something; unlike a regular expression, this never tries a place twice."""
    first, *middle = want.split("*")
    if not middle:
        return part == want
    last = middle.pop()
    place, end = len(first), len(part) - len(last)
    if place > end or not part.startswith(first) or not part.endswith(last):
        return False
    for piece in middle:
        place = part.find(piece, place, end)
        if place < 0:
            return False
        place += len(piece)
    return True


def _single(path: str, output: str) -> list[str]:
    """Return the one operand of a recursive search, if it is a file: the lines of a directory would have names."""
    is_file = "." in path.rsplit("/", 1)[-1].strip(".") and not path.endswith("/")
    if not is_file or f"\n{path}/" in f"\n{output}":
        raise Decline("names not certain")
    return [path]

"""The output of a command, as evidence of what was displayed: failures, truncation, and how much of it is looked at."""

import re
from dataclasses import dataclass

from proxy.filters.decline import Decline
from proxy.filters.shell.commands import names

MAX_LENGTH = 64 * 1024
"""Characters of a command or of its output; Claude Code cuts outputs at 30,000 by default."""
_MOST_WORK = 2 * MAX_LENGTH

# Messages of bash, zsh, GNU and BSD tools after which it is uncertain which operands were shown, and of the client.
_MESSAGES = (
    *("no such file", "no such path", "permission denied", "is a directory", "not a directory", "command not found"),
    *("no matches found", "input/output error", "operation not permitted", "cannot open", "illegal option"),
    *("invalid option", "unrecognized option", "command timed out", "command was aborted", "request interrupted by"),
    *("shell cwd was reset to ", ": directory ***", ": not a text file ***"),
    # At the beginning of a line.
    *("\nparse error:", "\nregex parse error:", "\nbinary file", "\nonly in ", "\ncommon subdirectories", "\ndiff -"),
)
_READERS = names("awk bash bat cat cut diff error fatal grep head jq less more nl rg sed sh sort tac tail tr uniq zsh")
_SILENT = names("bash cd chgrp chmod chown cp ln mkdir mv rm rmdir sed sh sleep test touch usage zsh")
# Names that a file too may have at the beginning of a line, but hardly as its only one.
_OTHERS = names("ash busybox dash env fish git ksh original-awk python python3 sudo timeout")
_BINARY = re.compile(r"/\S{0,200}bin/[\w.+-]{1,99}:")
# What stands before the first colon of a line; a program may give its path.
_HEAD = re.compile(r"^(?:[^\s:]{0,200}/)?-?([a-z][a-z-]{1,15}[0-9.]{0,5}):", re.MULTILINE)
_TRUNCATED = ("lines truncated", "characters truncated", "output truncated")
# head and tail name a file of which they then print nothing.
_SHOWN_LINE = re.compile(r"^(?!==> [^\n]* <==$)[^\S\n]*+\S", re.MULTILINE)


@dataclass(slots=True)
class Output:
    """The output, and how much work may still be spent on it: each of many commands may ask for what it printed."""

    text: str
    left: int = _MOST_WORK
    lowered: str = ""

    def __post_init__(self) -> None:
        self.lowered = self.text.lower()

    def spend(self, work: int) -> None:
        """Take the work for looking at so many characters; raise Decline if it would be too much."""
        self.left -= work
        if self.left < 0:
            raise Decline("too long")

    @property
    def is_truncated(self) -> bool:
        """Whether lines are missing."""
        return any(mark in self.lowered for mark in _TRUNCATED)

    def _named(self, programs: frozenset[str]) -> bool:
        """Tell whether a line begins as a message of one of these programs does."""
        heads = set(_HEAD.findall(self.lowered))
        # gcat, nawk and egrep are others of the same name.
        return not programs.isdisjoint(heads) or not programs.isdisjoint([head[1:] for head in heads])

    @property
    def is_failure(self) -> bool:
        """Whether a message says that a file was not shown, or perhaps not."""
        said = f"\n{self.lowered}"
        if any(message in said for message in _MESSAGES) or self._named(_READERS):
            return True
        only = self.lowered.strip()
        # What a program says in one line is a message, whatever its words are in the user's language.
        is_message = "\n" not in only and (self._named(_OTHERS) or _BINARY.match(only) is not None)
        return is_message or only in ("(no content)", "(no output)") or not only.replace("null", "").strip()

    @property
    def is_complaint(self) -> bool:
        """Whether a command that normally displays nothing, or the shell, says something."""
        return self._named(_SILENT)

    @property
    def has_lines(self) -> bool:
        """Whether there is more than names of files."""
        return _SHOWN_LINE.search(self.text) is not None

"""Shared by all readers of a command's output: usual paths, failures, truncation."""

import re

from proxy.filters.decline import Decline
from proxy.filters.shell.grammar import Word

# Messages of bash, zsh, GNU and BSD tools after which it is uncertain which operands were shown.
FAILURE = re.compile(
    r"no such (?:file|path)|permission denied|is a directory|not a directory|command not found|no matches found"
    r"|input/output error|operation not permitted|cannot open|(?:illegal|invalid|unrecognized) option"
    r"|command timed out|^(?:fatal|\S*/(?:sed|grep)|(?:jq: )?error|(?:regex )?parse error):"
    r"|^(?:[gm]?awk|[ef]?grep|cat|cut|diff|head|jq|less|more|nl|rg|sed|sort|tac|tail|tr|uniq):"
    r"|binary file .{1,999}match"
    r"|^(?:only in |common subdirectories|diff -)|\A\s*null\s*\Z",
    re.IGNORECASE | re.MULTILINE,
)
TRUNCATED = re.compile(r"(?:lines|characters) truncated|output truncated", re.IGNORECASE)
_USUAL_PATH = re.compile(r"(?!\s)[^\x00-\x1f\x7f-\x9f<>]+(?<!\s)")
_SPECIAL_PATH = re.compile(r"/(?:dev|proc)(?:/|$)")


def usual(path: str) -> str:
    """Return the path if the reply can contain it and it is a regular path; else raise Decline."""
    if not _USUAL_PATH.fullmatch(path) or _SPECIAL_PATH.match(path):
        raise Decline("unusual path")
    return path


def literal(word: Word) -> str:
    """Return the path that a word is for certain."""
    if word.kind in ("glob", "expansion") or word.text.startswith("~"):
        raise Decline("operand not literal")
    return usual(word.value)

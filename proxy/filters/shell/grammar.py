"""Parses shell command lines so strictly that every result is certain.

Two independent parsers must agree on every byte: a lexer for a small literal subset of the shell grammar, and the
tree-sitter-bash grammar with an allowlist of node kinds. The subset means the same to bash (POSIX and GNU manuals,
"Quoting" and "Simple Commands") and to zsh (zshexpn(1)); everything else is a `ParseFailure`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

MAX_LENGTH = 8192
MAX_COMMANDS = 64
MAX_MARKS = 256
"""Words and operators, or quotes, backslashes and lines: reading costs microseconds for each."""
MAX_VARIABLES = 32
MAX_UNQUOTED = 1024
"""Characters outside of quotes. tree-sitter repairs what it does not understand, in quadratic time."""

WordKind = Literal["bare", "quoted", "expansion", "glob"]
Separator = Literal[";", "&&", "||", "|", "\n"]


@dataclass(frozen=True, slots=True)
class Word:
    """One word: `text` is `command[start:end]`, `value` is that without its quotes (`$NAME` stays as written)."""

    text: str
    value: str
    start: int
    end: int
    kind: WordKind


@dataclass(frozen=True, slots=True)
class Assignment:
    """One leading `NAME=value` whose value is bare and literal."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """Assignments, then at least one word, then redirections: `2>&1`, or of 0, 1 or 2 to a file that is named in full.

    A redirection is kept as it is written.
    """

    assignments: tuple[Assignment, ...]
    words: tuple[Word, ...]
    redirections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommandList:
    """At least one simple command; `separators[i]` stands between commands `i` and `i + 1`."""

    commands: tuple[SimpleCommand, ...]
    separators: tuple[Separator, ...]


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """The text is not understood; `injection`: it certainly contains a command that a person may overlook."""

    reason: str
    injection: bool = False


# zsh reads `$NAME[...]` as an arithmetic subscript, even inside double quotes.
_EXPANSION = r"\$(?:[A-Za-z_][A-Za-z0-9_]*+|\?)(?!\[)"
_BARE = r"[A-Za-z0-9_./:=@%+,^~*?-]++"
_RAW = r"'[^']*+'"
# `\$(` and `\${` are literal for a shell, but anything that resembles a substitution is refused.
_DOUBLE = rf'"(?>(?:[^"\\$`!]|\\[^`!\n$]|\\\$(?![({{])|{_EXPANSION})*)"'
# The end of find's -exec; both are literal only as separate words.
_FIND_MARK = r"(?<=[ \t])(?:\{\}|\\;)(?=[ \t\n]|\Z)"
_PIECE = re.compile(rf"{_BARE}|{_RAW}|{_DOUBLE}|{_EXPANSION}|\{{\}}|\\;", re.DOTALL)
# Without a digit at the start: zsh reads `<1-9>` as a pattern.
_TARGET = r"[A-Za-z_./][A-Za-z0-9_./@%+,:-]*+"
# zsh expands a word that begins with `=` to the path of a command.
_TOKEN = re.compile(
    r"(?P<blank>[ \t]++)"
    rf"|(?P<redirection>(?:[12]?>>?[ ]?{_TARGET}|<[ ]?{_TARGET}|[12]?>&[12])(?=[ \t\n;|&]|\Z))"
    r"|(?P<operator>;|&&|\|\||\||\n)"
    rf"|(?P<word>{_FIND_MARK}|(?!=)(?>(?:{_BARE}|{_RAW}|{_DOUBLE}|{_EXPANSION})+))",
    re.DOTALL,
)
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>(?!=)[A-Za-z0-9_./:@%+,=-]*)")

_SKIPPED = re.compile(r"\\.|'[^']*+'|\"(?>(?:[^\"\\]|\\.)*)\"", re.DOTALL)
_HIDDEN_COMMAND = re.compile(r"`|\$\((?!\()|\$\{[ \t\n|]|[<>]\(")
_SUBSTITUTION = re.compile(r"`|\$\(|\$\{|[<>]\(")
_MARK = re.compile(r"['\"\\\n]")
# Lines after the mark of a here-document are data, and a comment is not a command.
_LINES_ARE_DOUBTFUL = re.compile(r"<<|#")

_NODES = frozenset(
    {"program", "list", "pipeline", "redirected_statement", "command", "command_name", "variable_assignment"}
    | {"word", "number", "raw_string", "string", "string_content", "simple_expansion", "variable_name"}
    | {"concatenation", "file_redirect", "file_descriptor", "special_variable_name"}
    | {'"', "$", "?", "=", ";", "&&", "||", "|", "<", ">", ">>", ">&", "\n"}
)
_SEPARATORS: dict[str, Separator] = {";": ";", "&&": "&&", "||": "||", "|": "|", "\n": "\n"}


def read(command: str) -> CommandList | ParseFailure:
    """Return the simple commands of `command`, or why it is refused.

    One newline at the end is allowed, since the client's request template may append it.
    """
    if len(command) > MAX_LENGTH:
        return ParseFailure("too long")
    if len(_MARK.findall(command)) > MAX_MARKS or command.count("$") > MAX_VARIABLES:
        return ParseFailure("too many marks")
    text = command.removesuffix("\n")
    skeleton = _SKIPPED.sub(_without_literals, text)
    if _HIDDEN_COMMAND.search(skeleton):
        return ParseFailure("hidden command", injection=True)
    script = _read_plain(text)
    if isinstance(script, CommandList):
        return script
    if _has_second_line(skeleton) and not _LINES_ARE_DOUBTFUL.search(skeleton):
        return ParseFailure("second line", injection=True)
    return script


def _without_literals(match: re.Match[str]) -> str:
    """Keep of a quoted piece only the substitutions that the shell performs within it."""
    piece = match[0]
    if not piece.startswith('"'):
        return "x"
    return '"' + re.sub(r"[^`$({| ]", "x", re.sub(r"\\.", "x", piece[1:-1], flags=re.DOTALL)) + '"'


def _has_second_line(skeleton: str) -> bool:
    first = skeleton.rstrip(" \t\r\n")
    return "\n" in first or "\r" in first


def _read_plain(text: str) -> CommandList | ParseFailure:
    if len(_SKIPPED.sub("", text)) > MAX_UNQUOTED:
        return ParseFailure("too long")
    if any(_is_odd(character) for character in set(text)):
        return ParseFailure("odd character")
    if _SUBSTITUTION.search(text):
        return ParseFailure("quoted substitution")
    if not text or text[0] in " \t\n" or text[-1] in " \t\n":
        return ParseFailure("blank at an end")
    tokens = _tokens(text)
    script = _script(tokens) if tokens else None
    if script is None:
        return ParseFailure("syntax not understood")
    return script if _parsed(text) == _expected(script, tokens) else ParseFailure("readers disagree")


def _is_odd(character: str) -> bool:
    """Tell whether a character is invisible, or a blank or line end to some shell, terminal or locale."""
    if " " <= character <= "~" or character in "\t\n":
        return False
    return unicodedata.category(character)[0] in "CZ"


def _tokens(text: str) -> list[re.Match[str]]:
    """Split all of the text into tokens; return none if a byte does not belong to any, or if there are too many."""
    found: list[re.Match[str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or len(found) > MAX_MARKS:
            return []
        if match.lastgroup != "blank":
            found.append(match)
        position = match.end()
    return found


def _script(tokens: list[re.Match[str]]) -> CommandList | None:
    groups: list[list[re.Match[str]]] = [[]]
    separators: list[Separator] = []
    for token in tokens:
        if token.lastgroup != "operator":
            groups[-1].append(token)
        elif groups[-1]:
            separators.append(_SEPARATORS[token[0]])
            groups.append([])
        elif token[0] != "\n":
            return None
    if len(groups) > MAX_COMMANDS:
        return None
    commands = tuple(command for group in groups if (command := _simple_command(group)))
    return CommandList(commands, tuple(separators)) if len(commands) == len(groups) else None


def _simple_command(tokens: list[re.Match[str]]) -> SimpleCommand | None:
    kinds = [token.lastgroup for token in tokens]
    if kinds != sorted(kinds, key=lambda kind: kind == "redirection"):
        return None
    assignments: list[Assignment] = []
    words: list[Word] = []
    for token in tokens[: kinds.count("word")]:
        assigned = None if words else _ASSIGNMENT.fullmatch(token[0])
        if assigned:
            assignments.append(Assignment(assigned["name"], assigned["value"], token.start(), token.end()))
        else:
            words.append(_word(token))
    if not words or words[0].text in ("{}", "\\;"):
        return None
    redirections = tuple(token[0] for token in tokens[kinds.count("word") :])
    return SimpleCommand(tuple(assignments), tuple(words), redirections)


def _word(token: re.Match[str]) -> Word:
    pieces = _PIECE.findall(token[0])
    value = "".join(_unquoted(piece) for piece in pieces)
    return Word(token[0], value, token.start(), token.end(), _kind(pieces))


def _unquoted(piece: str) -> str:
    if piece[0] == "'":
        return piece[1:-1]
    if piece[0] == '"':
        return re.sub(r'\\([$"\\])', r"\1", piece[1:-1])
    return piece.removeprefix("\\")


def _kind(pieces: list[str]) -> WordKind:
    literal = [piece for piece in pieces if piece[0] != "'"]
    if any("$" in re.sub(r"\\.", "", piece, flags=re.DOTALL) for piece in literal):
        return "expansion"
    bare = [piece for piece in literal if piece[0] not in '"\\']
    if any("*" in piece or "?" in piece for piece in bare):
        return "glob"
    return "bare" if len(bare) == len(pieces) else "quoted"


def _expected(script: CommandList, tokens: list[re.Match[str]]) -> list[tuple[str, int, int]]:
    """List the nodes that the tree must have if it agrees with the lexer, in the order of the text."""
    spans: list[tuple[str, int, int]] = []
    for command in script.commands:
        spans.append(("command", (command.assignments or command.words)[0].start, command.words[-1].end))
        spans += [("variable_assignment", item.start, item.end) for item in command.assignments]
        spans.append(("command_name", command.words[0].start, command.words[0].end))
        spans += [("word", word.start, word.end) for word in command.words[1:]]
    spans += [("file_redirect", *token.span()) for token in tokens if token.lastgroup == "redirection"]
    return sorted(spans, key=lambda span: (span[1], -span[2], span[0]))


def _parsed(text: str) -> list[tuple[str, int, int]] | None:
    """List these nodes of the tree, or return None if it has an error or a node of another kind."""
    # Only quoted text may hold characters beyond ASCII; one byte for each keeps the offsets equal.
    source = re.sub(r"[^\x00-\x7f]", "x", text).encode("ascii")
    spans: list[tuple[str, int, int]] = []
    for node in _walk(_parser().parse(source).root_node):
        if node.is_error or node.is_missing or node.type not in _NODES:
            return None
        if node.type in ("command", "file_redirect"):
            spans.append((node.type, node.start_byte, node.end_byte))
        if node.type == "command":
            spans += [_part(child) for child in node.children]
    return sorted(spans, key=lambda span: (span[1], -span[2], span[0]))


def _part(node: Node) -> tuple[str, int, int]:
    kind = node.type if node.type in ("variable_assignment", "command_name") else "word"
    return (kind, node.start_byte, node.end_byte)


def _walk(root: Node) -> Iterator[Node]:
    # A long list nests one level per command, so recursion could run out of stack.
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))

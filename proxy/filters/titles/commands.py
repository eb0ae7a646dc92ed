"""A slash command that opens a session, and what it is given."""

import re

from proxy.filters.decline import Decline
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.words import PREPOSITIONS, TURNING
from proxy.filters.titles.grammar.clause import Clause
from proxy.filters.titles.grammar.fitting import fitted
from proxy.filters.titles.grammar.requests import asked_in
from proxy.filters.titles.grammar.sentences import title_of, whole
from proxy.filters.titles.grammar.shape import Shape, flat, size_of
from proxy.filters.titles.reasons import TURNED
from proxy.filters.titles.text.lexer import Text, Token, lexed, word_of
from proxy.filters.titles.text.prose import plain, require_english

_COMMAND_TAG = re.compile(r"<command-name>\s{0,9}/?([\w:.-]{1,48})\s{0,9}</command-name>")
_COMMAND_ARGUMENTS = re.compile(r"<command-args>([^<]{1,400})")
_COMMAND_LINE = re.compile(r"/([a-z][\w:-]{0,47})(?:[ \t]+([^\n]{1,400}))?[ \t]*$", re.MULTILINE)
_OF_THE_CLIENT = word_set(
    """clear compact config cost context doctor exit export help hooks ide login logout mcp memory model permissions
    plugin quit resume rewind status statusline tasks terminal-setup theme upgrade usage vim continue rename agents
    add-dir fast"""
)


def command_title(text: str, most: int) -> list[Token]:
    """A slash command and what it is given; nothing if the message is none."""
    if text.lstrip()[:1] not in ("/", "<"):
        return []
    head = plain(text)
    if tag := _COMMAND_TAG.search(head):
        arguments = _COMMAND_ARGUMENTS.search(head)
        name, given = tag[1], arguments[1].strip() if arguments else ""
    elif line := _COMMAND_LINE.match(head):
        name, given = line[1], line[2] or ""
    else:
        return []
    name = name.rpartition(":")[2]
    if name in _OF_THE_CLIENT:
        raise Decline("a command of the client's own names nothing")
    command = Token(f"/{name}", "name")
    return _given(command, given, most) if given else [command, word_of("command")]


def _given(command: Token, given: str, most: int) -> list[Token]:
    """The command and what it is given: as it is, if that is short and plain, else what it asks for."""
    require_english(given)
    sentences, names = lexed(given)
    tokens = [*flat(sentences)]
    if any(token.key in TURNING for token in tokens):
        raise Decline(TURNED)
    if size_of(tokens) < most and all(
        token.kind in ("name", "number") or token.key in PREPOSITIONS for token in tokens
    ):
        return [command, *tokens]
    clause = Clause(tokens)
    phrase = clause.phrase(0)
    if phrase and not clause.asks_at(0) and phrase.end == len(tokens) and not phrase.points and len(tokens) > 1:
        words = whole(fitted(Shape(phrase.core, phrase.places), most), names, clause)
    else:
        words = title_of(asked_in, Text([tokens], names), most)
    return [command, *words] if size_of(words) < most else words

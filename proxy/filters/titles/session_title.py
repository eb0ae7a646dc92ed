"""The title of a session, made from the user's own first message without a model."""

import re

from proxy.filters.decline import Decline
from proxy.filters.titles.languages import language_of
from proxy.filters.titles.prose import Message, read, unquoted, unwrapped
from proxy.filters.titles.spaced import AIM, LONGEST, any_title_words, first_words, fitted, length, title_words
from proxy.filters.titles.tickets import ticket_of, under
from proxy.filters.titles.traces import pasted_title
from proxy.filters.titles.unspaced import is_unspaced, unspaced_title
from proxy.filters.titles.words import Word, bare, sentence_case, unbracketed, words_of

_MOST = 7

_COMMAND_TAG = re.compile(r"<command-name>\s{0,9}/?([\w:.-]{1,48})\s{0,9}</command-name>")
_COMMAND_ARGUMENTS = re.compile(r"<command-args>([^<]{1,400})")
_COMMAND_LINE = re.compile(r"/([a-z][\w:-]{0,47})(?:[ \t]+([^\n]{1,400}))?[ \t]*$", re.MULTILINE)
_LONGEST_SYMBOL = 8


def session_title(text: str) -> str:
    """The title of the session that begins with `text`, in the user's own words.

    Two to seven words, at most 80 characters, one line, no quotation marks and no punctuation at its end. Clients up
    to 2.1.212 ask for "a concise, sentence-case title (3-7 words)", those from 2.1.250 for a noun phrase of two to five
    words without the verb of the request; three to five words without that verb satisfy both.

    Raises `Decline("too little text")` if the text has fewer than two words to make a title of.
    """
    return name_of(text, _MOST)


def name_of(text: str, most: int) -> str:
    """What `text` is about in at most `most` words; raises `Decline` as `session_title` does."""
    message = read(text)
    words = _command(unwrapped(text), most) or _with_ticket(message, most)
    line = sentence_case(words, turkish=language_of(words_of(message.prose)).name == "tr")
    title = unquoted(line).strip(" \u200c\u200d").rstrip(" -–—/\\&,.;:!?'")
    if not title:
        raise Decline("too little text")
    return title


def _command(head: str, most: int) -> list[Word]:
    """A slash command and what it is given; nothing if the message is none."""
    if tag := _COMMAND_TAG.search(head):
        name, arguments = tag[1], _COMMAND_ARGUMENTS.search(head)
        given = arguments[1] if arguments else ""
    elif line := _COMMAND_LINE.match(head):
        name, given = line[1], line[2] or ""
    else:
        return []
    return [Word(f"/{name}", code=True), *(_given(read(given).prose, most - 1) or [Word("command")])]


def _given(prose: str, most: int) -> list[Word]:
    return [] if is_unspaced(prose) else title_words(prose, most) or first_words(prose, min(most, AIM))


def _with_ticket(message: Message, most: int) -> list[Word]:
    """The message's title, with the ticket that it names."""
    title = _title(message, most)
    ticket = ticket_of(message.prose)
    if not title or not ticket or ticket[-1].text in [word.text for word in title]:
        return title
    # A topic of three words has no room for the noun.
    ticket = ticket if most > AIM else ticket[-1:]
    headed = under(ticket, _title(message, most - len(ticket)))
    return headed if length(headed) <= LONGEST else fitted(headed)


def _title(message: Message, most: int) -> list[Word]:
    """A title of the first kind that the message has enough words for."""
    prose, pasted = message.prose, message.pasted
    if is_unspaced(prose):
        title = unspaced_title(prose, most, is_topic=most < AIM)
        return [Word(title, code=True)] if title else pasted_title(pasted, most)
    return (
        title_words(prose, most)
        or pasted_title(pasted, most)
        or any_title_words(prose, most)
        or _at_least_two(first_words(prose, most))
        or _at_least_two(first_words(pasted, most))
        or _symbols(message, most)
    )


def _at_least_two(words: list[Word]) -> list[Word]:
    return words if len(words) > 1 else []


def _symbols(message: Message, most: int) -> list[Word]:
    """The emoji of a message that has nothing else."""
    if any(sign.isalnum() for sign in message.prose + message.pasted):
        return []
    runs = [run for run in message.prose.split() if len(run) <= _LONGEST_SYMBOL and run.isprintable()]
    symbols = [run for run in runs if bare(run) != run and unbracketed(run) == run]
    return [Word(run, code=True) for run in symbols[:most]] if len("".join(symbols)) > 1 else []

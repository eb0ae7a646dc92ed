"""The title of a session, made from the user's own first message without a model; the package says what is certain."""

import re
from contextlib import suppress

from proxy.filters.decline import Decline
from proxy.filters.titles.commands import command_title
from proxy.filters.titles.english.leads import LEADS
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.verbs import NOUN_FIRST, VERB_STARTS
from proxy.filters.titles.english.words import ASKING_ABROAD, DETERMINERS
from proxy.filters.titles.errors import error_title
from proxy.filters.titles.grammar.clause import Clause
from proxy.filters.titles.grammar.fitting import LONGEST, fitted
from proxy.filters.titles.grammar.requests import asked_in
from proxy.filters.titles.grammar.sentences import reference_of, title_of
from proxy.filters.titles.grammar.shape import Shape, shown
from proxy.filters.titles.grammar.things import thing_in
from proxy.filters.titles.grammar.turning import require_turned
from proxy.filters.titles.reasons import LOST, NOT_SEEN, NOTHING, SEVERAL, TOO_LONG, TURNED, UNCLEAR
from proxy.filters.titles.text.lexer import Token, lexed, place_of
from proxy.filters.titles.text.prose import LINES, LOOKED_AT, MIXED, Message, read, require_english
from proxy.filters.titles.text.retracted import is_retracted

MOST = 5
LIMIT = LOOKED_AT
"""Characters of a message: a longer one is a document, and what it asks for may stand anywhere in it."""

_READ = 400
_TELLING = 3
_FINAL = (MIXED, SEVERAL, TURNED, LOST)
_FORM = word_set(
    """environment info information context description describe steps step reproduce reproduction expected actual
    behavior behaviour summary overview background goal goals motivation requirements checklist version versions system
    additional details rules instructions introduction role tone output input task title question problem issue bug
    report what why how who acceptance criteria scope notes current proposal solution prerequisites table contents
    readme changelog story stories epic usage installation license contributing example examples todo agenda minutes
    plan spec"""
)
"""Words of the headings that templates and documents have anyway."""

_TEMPLATE = re.compile(
    r"you are |you're |you act |act as |this session is being|\[request|base directory|caveat:|<|\[system|<!--|"
    r"as an? \w+ (?:engineer|expert)",
    re.IGNORECASE,
)
_TROUBLE = re.compile(r"(?:[\w.-]{1,30}: )?(?:warning|error|fatal|exception)\b", re.IGNORECASE)
_ROLE = re.compile(
    r"(?:you are |you're |you act |you (?:have|write|think|always|never|can) |act as )[^.\n!]{0,300}[.!\n]\s*(?=\S)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:(?:severity|priority|component|version|report(?:er|ed by)|type|env\w*|platform|os|status|date|browser|area)\b"
    r"[^\n:]{0,12}:[^\n]{0,60}\n\s*){0,6}"
    r"(?:(?:your |the )?(?:bug|feature|support|incident|issue|question|enhancement|regression|crash|task|title"
    r"|summary|subject|goal|request|job|objective)(?: report| request| title)?:\s{0,3}|\[\w[\w ]{0,20}\]:? )?",
    re.IGNORECASE,
)
"""What an issue form puts before its first sentence."""
_LONG = {"incl": "including", "excl": "excluding", "approx": "about", "vs": "vs", "e.g": "like"}
_LONG |= {"resp": "and", "etc": ""}
_SHORT = re.compile(rf"\b({'|'.join(map(re.escape, _LONG))})\.(?= )", re.IGNORECASE)
_TICKET = re.compile(r"\[([A-Z][A-Z0-9]+-\d+)\]:? ")
_LINE_BEHIND = re.compile(r"(\.[A-Za-z]\w{0,5}),? (?:at |on )?lines? \d+(?:-\d+)?\b")
_ASIDE = re.compile(r" \((?!not|only|no |without|except)[^()\n#\d]{1,40}\)(?= [a-z])")
_HEADED = re.compile(
    r"(?:please )?(?:implement|execute|work through|carry out|follow|build|do|start)\b[^\n]{0,40}"
    r"\b(?:plan|spec|task|ticket|design|feature)",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(r"(?:@(?!(?i:makefile|dockerfile|readme|license|changelog|justfile)\b)[A-Za-z][\w-]*[,:]?\s+)+")
"""Whom a message is for: an agent, and no file, which has a folder or an extension."""
_BEGINNING = (VERB_STARTS, LEADS.firsts, DETERMINERS)
_ASKING = word_set("why what where how which who is are does do make let there there's theres")
_LONGEST_FORM_NAME = 30
_FORM_NAME = re.compile(
    r"(?:new |a )?(?:bug|feature|crash|support|incident|issue|help|change) (?:report|request|issue|ticket)s?[:.]?\s*",
    re.IGNORECASE,
)
"""The name of a form, which says nothing of what is in it."""
_ARTICLES = ("A ", "An ", "The ")
"""What no title begins with: it was cut out of a longer one, as "A implementation" of "A* pathfinding"."""


def session_title(text: str, most: int = MOST) -> str:
    """The title of the session that begins with `text`: a noun phrase of two to `most` words.

    Clients from 2.1.250 ask for a noun phrase of two to five words without the verb of the request, those up to 2.1.212
    for "a concise, sentence-case title (3-7 words)".

    Raises `Decline` with what speaks against a title.
    """
    if len(text) > LIMIT or text.count("\n") >= LINES:
        raise Decline("it is too long to be read here")
    words = command_title(text, most) or _of_message(read(text), most)
    title = shown(words)
    if not 1 <= title.count(" ") < most or len(title) > LONGEST:
        raise Decline(TOO_LONG)
    if len(title) < _LONGEST_FORM_NAME and _FORM_NAME.fullmatch(title):
        raise Decline(NOTHING)
    if title.startswith(_ARTICLES) or ("problem to " in title and re.search(r"\bproblem to ", title)):
        raise Decline(UNCLEAR)
    return title


def _of_message(message: Message, most: int) -> list[Token]:
    prose = message.prose
    while role := _ROLE.match(prose):
        prose = prose[role.end() :]
    if prose.startswith("@"):
        prose = _unaddressed(prose)
    if len(prose) < _LONGEST_FORM_NAME and _FORM_NAME.fullmatch(prose):
        raise Decline(NOTHING)
    text, bare = None, prose[:_READ]
    if _TEMPLATE.match(prose):
        raise Decline("it begins with a template or another program's words")
    if not message.prose and not message.pasted and not message.heading:
        raise Decline("there is too little text")
    try:
        require_english(message.prose)
        if message.is_list:
            raise Decline(SEVERAL)
        if message.heading and not (message.is_led or message.pasted):
            with suppress(Decline):
                return _of_heading(message.heading, most, Decline(NOT_SEEN))
        bare = _bare(prose)
        text = lexed(bare)
        if text.sentences and text.sentences[0][0].key in ASKING_ABROAD:
            raise Decline(MIXED)
        return _standing(title_of(asked_in, text, most), bare, prose)
    except Decline as decline:
        if error := error_title(message, most, is_english=decline.reason != MIXED):
            return error
        if message.heading and (not message.is_led or _HEADED.match(message.prose)):
            with suppress(Decline):
                return _of_heading(message.heading, most, decline)
        text = text or lexed(bare)
        is_led = message.is_led or not message.pasted
        if decline.reason == SEVERAL:
            raise
        if len(prose) < len(message.prose) or _TROUBLE.match(prose) or decline.reason in _FINAL or not is_led:
            if reference := reference_of(text, most):
                return _standing(reference, bare, prose)
            raise
        with suppress(Decline):
            return _standing(title_of(thing_in, text, most), bare, prose)
        if reference := reference_of(text, most):
            return _standing(reference, bare, prose)
        raise


def _standing(words: list[Token], bare: str, prose: str) -> list[Token]:
    """The title, if nothing behind it takes it back: in what was read of the prose, or in the rest of it."""
    if is_retracted(bare, max(map(place_of, words))) or (len(prose) > _READ and is_retracted(prose, _READ)):
        raise Decline(TURNED)
    return words


def _unaddressed(prose: str) -> str:
    """The prose without the agent that it is for; raises `Decline` if that may be a name that it is about."""
    found = _ADDRESSED.match(prose)
    if found is None:
        return prose
    rest = prose[found.end() :]
    first, second = [*(word.rstrip(",").casefold() for word in rest[:_READ].split()[:2]), "", ""][:2]
    is_beginning = first in _ASKING or any(first in table for table in _BEGINNING)
    if not is_beginning or (first in NOUN_FIRST and second not in DETERMINERS):
        raise Decline(UNCLEAR)  # "@Transactional methods never roll back"
    return rest


def _bare(prose: str) -> str:
    """The beginning of the prose without what stands before its first sentence, and without asides."""
    if ":" in prose or prose.startswith("["):
        prose = _TICKET.sub(r"\1: ", _LABEL.sub("", prose, count=1)[:_READ], count=1)
    prose = prose[:_READ]
    if ". " in prose:
        prose = _SHORT.sub(lambda found: _LONG[found[1].casefold()], prose)
    if " line" in prose:
        prose = _LINE_BEHIND.sub(r"\1", prose)
    return _ASIDE.sub("", prose) if " (" in prose else prose


def _of_heading(heading: str, most: int, otherwise: Decline) -> list[Token]:
    """A document's own title, if it is one; raises `otherwise` if not."""
    if not _FORM.isdisjoint(heading.casefold().split()):
        raise otherwise
    before, colon, behind = heading.partition(": ")
    heading = behind if colon and len(before.split()) < _TELLING else heading
    try:
        require_english(heading)
        sentences = lexed(heading).sentences
        clause = Clause(sentences[0] if len(sentences) == 1 else [])
        phrase = clause.phrase(0)
        is_asked = clause.asks_at(0) or not phrase or phrase.end < len(clause)
        words = fitted(asked_in(clause) if is_asked or not phrase else Shape(phrase.core, phrase.places), most)
        require_turned(words, clause)
        return words
    except Decline:
        raise otherwise from None

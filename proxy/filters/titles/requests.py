"""One clause of a message without its request: "could you please fix the login page" is about "login page"."""

import re
from dataclasses import dataclass, replace

from proxy.filters.titles.languages import FILLERS, Language, telling
from proxy.filters.titles.phrases import (
    AND,
    DUTCH_PARTICLES,
    GERMAN_PARTICLES,
    HOW,
    KOREAN_TAIL,
    LINKS,
    NOUN_OR_VERB,
    OPENERS,
    TAILS,
    VERB_FORM,
    VERBS,
    WHY,
    WORK_NOUNS,
    WORKS,
)
from proxy.filters.titles.tables import matched, word_set
from proxy.filters.titles.words import Word

ENGLISH_ARTICLES = word_set("a an the")
COPULAS = word_set("is are was were")
_ARTICLES_AND_COPULAS = ENGLISH_ARTICLES | COPULAS
_LINKS_AND_FILLERS = LINKS | FILLERS
_PARTICLES = GERMAN_PARTICLES | DUTCH_PARTICLES
# "test is …" and "cache of …" begin with a noun; before any other article or pronoun the word is a verb.
_BEHIND_NOUNS = COPULAS | {"of"}
# The article that French and Italian write in one with its noun.
_ELISION = re.compile(r"(?:l|d|un|dell|all|nell|dall|qu)'(?=\w)", re.IGNORECASE)
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Request:
    """A clause taken apart: what it is about, and its words from its last verb on, for when that is too little."""

    body: list[Word]
    spoken: list[Word]


@dataclass(frozen=True, slots=True)
class _Lead:
    """How far the request reaches into its clause: to `end`, its last verb beginning at `spoken`."""

    end: int = 0
    spoken: int = 0
    verb: str = ""
    is_asked: bool = False
    asks_how: bool = False
    is_open: bool = True


def taken_apart(clause: list[Word], language: Language) -> Request:
    """The clause without openers, request verbs and the small words behind them."""
    lead = _lead(clause, language)
    body = [word for word in clause[lead.end :] if not (lead.asks_how and word.key in WORKS)]
    infinitive = "" if language.is_english or not body else _infinitive(lead.verb, body[-1].key)
    body = _one_request(trimmed(body, language), language)
    if not language.is_english and (lead.verb or infinitive):
        body = _newest_thing(body, language)
    if telling(body, language) >= _ENOUGH:
        body = _with_work_noun(body, lead.verb, language)
    elif body and infinitive:
        body = [*body, Word(infinitive)]
    return Request(body, clause[lead.spoken :])


def trimmed(words: list[Word], language: Language) -> list[Word]:
    """The words without a request's tail, small words at the end, and English articles and copulas anywhere."""
    if language.is_english:
        words = [word for word in words if word.code or word.key not in _ARTICLES_AND_COPULAS]
    words = _without_korean_tail(words)
    while words and not words[-1].code and _is_tail(words[-1].key, language):
        words = words[:-1]
    elided = _ELISION.match(words[0].text) if words else None
    return [replace(words[0], text=words[0].text[elided.end() :]), *words[1:]] if elided else words


def verb_size(clause: list[Word], at: int, language: Language, is_asked: bool = False) -> int:
    """How many words the request verb at `at` has, 0 if none stands there; `is_asked` if a verb is expected."""
    word = clause[at]
    if word.code:
        return 0
    size = matched([word.key for word in clause[at : at + 8]], 0, VERBS) if word.key in VERBS else 0
    if size == 1 and word.key in NOUN_OR_VERB and not is_asked:
        following = clause[at + 1].key if at + 1 < len(clause) else ""
        is_small = following in language.small and following not in language.breaks
        return int((is_small and following not in _BEHIND_NOUNS) or following in LINKS)
    # In an English sentence a word like "configs" only looks like another language's stem.
    is_foreign = not language.is_english or not (word.key.isascii() and word.key.isalpha())
    return size or int(is_foreign and VERB_FORM.fullmatch(word.key) is not None)


def _lead(clause: list[Word], language: Language) -> _Lead:
    keys = [word.key for word in clause]
    lead = _Lead()
    while lead.end < len(clause) and (longer := _longer(lead, clause, keys, language)):
        lead = longer
    return lead


def _longer(lead: _Lead, clause: list[Word], keys: list[str], language: Language) -> _Lead | None:
    """The lead and the opener, verb or small word behind it, None if what is asked for begins there."""
    at, word = lead.end, clause[lead.end]
    is_how = word.key in HOW
    if lead.is_open and (size := matched(keys, at, OPENERS)):
        spoken = at if is_how or not lead.verb else lead.spoken
        return _Lead(at + size, spoken, lead.verb, True, lead.asks_how or is_how, lead.is_open)
    # Behind a verb comes a noun: "add support" and "fix build" are about support and the build.
    if lead.is_open and (size := verb_size(clause, at, language, lead.is_asked and not lead.verb)):
        return _Lead(at + size, at, " ".join(keys[at : at + size]), lead.is_asked, lead.asks_how)
    is_empty = word.key in language.small or word.key in FILLERS or (lead.asks_how and word.key in WORKS)
    if word.code or word.key in WHY or not is_empty:
        return None
    is_open = lead.is_open and word.key in _LINKS_AND_FILLERS
    return _Lead(at + 1, lead.spoken, lead.verb, lead.is_asked, lead.asks_how, is_open)


def _is_tail(key: str, language: Language) -> bool:
    return key in language.small or key in FILLERS or key in TAILS or (not language.is_english and key in _PARTICLES)


def _one_request(body: list[Word], language: Language) -> list[Word]:
    """The body up to a second request ("… and add a test"), or the second if that says more; both if neither does."""
    for at in range(1, len(body) - 1):
        if body[at].key not in AND or body[at + 1].key in NOUN_OR_VERB:
            continue
        if size := verb_size(body, at + 1, language, is_asked=True):
            requests = (body[:at], body[at + 1 + size :])
            return next((request for request in requests if telling(request, language) >= _ENOUGH), body)
    return body


def _newest_thing(body: list[Word], language: Language) -> list[Word]:
    """The body from "a dark mode" on, where it follows "the page" bare: what is asked for, not what it is added to."""
    for at in range(1, len(body) - 1):
        if body[at].key in language.indefinite and body[at - 1].key not in language.small:
            return body[at + 1 :]
    return body


def _infinitive(verb: str, last: str) -> str:
    """The verb that a German or Dutch request ends with, put together if it is in halves: "füge … hinzu"."""
    if last in TAILS and last.endswith("en"):
        return last
    return f"{last}{verb}n" if last in GERMAN_PARTICLES and verb.endswith("e") else ""


def _with_work_noun(body: list[Word], verb: str, language: Language) -> list[Word]:
    """The body with a noun for the verb behind its first part: "migrate x to y" is "x migration to y"."""
    noun = WORK_NOUNS.get(verb)
    if not noun:
        return body
    end = next((at for at, word in enumerate(body) if at and word.key in language.breaks), len(body))
    return [*body[:end], Word(noun), *body[end:]]


def _without_korean_tail(words: list[Word]) -> list[Word]:
    if not words or not "\uac00" <= words[-1].text[-1] <= "\ud7a3":
        return words
    while len(words) > 1 and KOREAN_TAIL.fullmatch(words[-1].text):
        words = words[:-1]
    # The particle of an object means nothing without its verb.
    last = words[-1].text
    return [*words[:-1], replace(words[-1], text=last[:-1] if len(last) > 1 and last[-1] in "을를" else last)]

"""A title from prose in a script with spaces: the beginning of the clause that says what is wanted.

Three to five words, up to seven where these keep a name, a number or the place that tells one session from another.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import takewhile

from proxy.filters.titles.clauses import Clause, clauses_of
from proxy.filters.titles.languages import ENGLISH, FILLERS, Language, distinctive, language_of, telling
from proxy.filters.titles.phrases import AND, WHY
from proxy.filters.titles.requests import ENGLISH_ARTICLES, taken_apart, trimmed
from proxy.filters.titles.tables import word_set
from proxy.filters.titles.words import Word, calmed, words_of

LONGEST = 80
AIM = 5
_SHORTEST = 3

_FILE = re.compile(r"\w\.[a-z]\w{0,5}$")
_INSIDE = word_set("in dans en em в w nel nella")
# These say when or by what means, not where.
_NO_PLACES = word_set("to into about after before during using across between over under")
# "What this regex does" needs its verb.
_CLOSING_VERBS = frozenset({"does"})
# "Hello there" and "fix this" have no better end.
_CLOSING_PRONOUNS = word_set("there here it this that them me us")
# Never cut before the second half of "from 17 to 18" and "between let and const".
_SECOND_HALVES = {
    "to": "from",
    "into": "from",
    "and": "between",
    "und": "zwischen",
    "et": "entre",
    "y": "entre",
    "e": "entre",
}


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a title is fitted into: the language it is cut by, the words it may have and the words it should have."""

    language: Language
    most: int
    aim: int


def title_words(prose: str, most: int) -> list[Word]:
    """A title from the first clause that names something distinctive; nothing if none does."""
    return _title(prose, most, _distinctive_body)


def any_title_words(prose: str, most: int) -> list[Word]:
    """A title from the first clause that names anything, if need be with its verb; nothing if none does."""
    return _title(prose, most, _any_body)


def first_words(prose: str, most: int) -> list[Word]:
    """The first words of the prose as they stand."""
    words = calmed(words_of(prose))[:most]
    kept = fitted(words, language_of(words))
    stands_alone = words and words[-1].key in _CLOSING_PRONOUNS and length(words) <= LONGEST
    return words if len(kept) < 2 and stands_alone else kept


def fitted(words: list[Word], language: Language = ENGLISH) -> list[Word]:
    """The words as far as they fit in `LONGEST` characters, without a small word at the end."""
    while len(words) > 1 and length(words) > LONGEST:
        words = words[:-1]
    while len(words) > 1 and not words[-1].code and _is_loose(words[-1].key, language):
        words = words[:-1]
    return words


def _is_loose(key: str, language: Language) -> bool:
    """Whether no title can end with this word."""
    return key in language.small and key not in _CLOSING_VERBS


def length(words: list[Word]) -> int:
    """Characters of the words on one line."""
    return len(" ".join(word.text for word in words))


def _title(prose: str, most: int, body_of: Callable[[Clause, Language], list[Word]]) -> list[Word]:
    words = calmed(words_of(prose))
    language = language_of(words)
    clauses = clauses_of(words, language)
    for clause in clauses:
        if len(body := body_of(clause, language)) > 1:
            elsewhere = [word for other in clauses if other is not clause for word in other]
            # A question for a reason is no longer one without its end.
            aim = most if body[0].key in WHY else min(AIM, most)
            if len(title := _composed(body, elsewhere, _Frame(language, most, aim))) > 1:
                return title
    return []


def _distinctive_body(clause: Clause, language: Language) -> list[Word]:
    body = taken_apart(clause, language).body
    return body if distinctive(body, language) > 1 else []


def _any_body(clause: Clause, language: Language) -> list[Word]:
    request = taken_apart(clause, language)
    if telling(request.body, language) > 1:
        return request.body
    # "What's wrong with my regex" is no question any more without its small words.
    is_what = {word.key for word in request.spoken[:2]} & {"what", "what's"}
    spoken = request.spoken if is_what else trimmed(request.spoken, language)
    return spoken if telling(spoken, language) else []


def _composed(body: list[Word], elsewhere: list[Word], frame: _Frame) -> list[Word]:
    """The body cut to size, with the place it speaks of, its own or else one that the rest of the message names."""
    if len(body) > frame.aim:
        body = [word for word in body if word.code or word.key not in FILLERS]
    end = _end(body, frame)
    if frame.most < AIM:
        body = _without_loose_ends(body, end, frame)
    title = fitted(body[:end], frame.language)
    # Behind an "and" another statement begins, with places of its own.
    behind = list(takewhile(lambda word: word.key not in AND, body[end:]))
    title = _with_place(title, _place(behind, frame.language, _names_in(frame.language)), frame)
    if not any(word.code for word in title):
        frame = replace(frame, most=min(frame.most, AIM + 1))
        title = _with_place(title, _place(elsewhere, frame.language, _is_code), frame)
    return fitted(title, frame.language)


def _end(body: list[Word], frame: _Frame) -> int:
    """Where a title of this body ends: at its end or before a preposition or conjunction, if there is one."""
    if len(body) <= frame.aim:
        return len(body)
    keys = [word.key for word in body]
    ends = [at for at in range(2, min(len(body), frame.most + 1)) if _may_end(keys, at, frame.language)]
    ends = [at for at in ends if telling(body[:at], frame.language) > 1]
    good = [at for at in ends if min(_SHORTEST, frame.aim - 1) <= at <= frame.aim]
    fits = len(body) <= frame.most
    if good and not (fits and any(map(_names_in(frame.language), body[good[-1] :]))):
        return good[-1]
    return len(body) if fits else max(ends, default=min(AIM + 1, frame.most))


def _without_loose_ends(body: list[Word], end: int, frame: _Frame) -> list[Word]:
    """A topic's body without its small words, if with them it would end in the middle of something."""
    language, keys = frame.language, [word.key for word in body]
    tears_pair = any(_SECOND_HALVES.get(key, "") in keys[:end] for key in keys[end:])
    tears_phrase = language.is_english and telling(body[end - 1 : end + 1], language) > 1
    if telling(body[:end], language) > 1 and not tears_pair and not tears_phrase:
        return body
    telling_words = [word for word in body if word.code or word.key not in language.small]
    return telling_words if len(telling_words) > 1 else body


def _may_end(keys: list[str], at: int, language: Language) -> bool:
    is_second_half = _SECOND_HALVES.get(keys[at], "") in keys[:at]
    return keys[at] in language.breaks and keys[at - 1] != "able" and not is_second_half


def _place(rest: list[Word], language: Language, is_name: Callable[[Word], bool]) -> list[Word]:
    """The first "in app.py" or "on Safari 17" of what did not get into the title; nothing if there is none."""
    at = next((at for at, word in enumerate(rest) if is_name(word)), None)
    if at is None:
        return []
    start = next((back for back in range(at, max(at - 4, -1), -1) if rest[back].key in language.places), at)
    place = [word for word in rest[start:at] if word.key not in ENGLISH_ARTICLES and word.key not in FILLERS]
    if len(rest) == 1 and language.is_english and _FILE.search(rest[at].text):
        place = [Word("in")]
    if not place or place[0].key in _NO_PLACES or any(word.stop for word in place):
        return []
    return [replace(place[0], text=place[0].key), *place[1:], *_name(rest[at:])]


def _name(words: list[Word]) -> list[Word]:
    """The name that the words begin with, its second part too: "GitHub Actions", "Safari 17"."""
    behind = words[1:2] if not words[0].stop else []
    return [words[0], *(word for word in behind if word.text[0].isupper() or word.text[0].isdecimal())]


def _with_place(title: list[Word], place: list[Word], frame: _Frame) -> list[Word]:
    """The title with the place if there is room, unless it holds a name already: a name says most."""
    is_said = {word.text for word in place[1:]} & {word.text for word in title}
    if not place or is_said or len(title) + len(place) > frame.most:
        return title
    says_enough = any(word.code for word in title) and place[0].key not in _INSIDE
    return title if says_enough else [*title, *place]


def _names_in(language: Language) -> Callable[[Word], bool]:
    """How names look in a language: every German noun has a capital letter, so there it marks none."""
    return _is_code if language.name == "de" else _is_name


def _is_code(word: Word) -> bool:
    return word.code


def _is_name(word: Word) -> bool:
    return word.code or word.text[0].isupper() or word.text[0].isdecimal()

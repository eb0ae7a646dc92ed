"""Noun phrases: "the failing login test in auth.spec.ts", read word by word until something ends them.

A phrase is a run of names and of words that are in no list of small words or verbs, with the prepositional phrases
behind it. What may end it is known as well: the end of the sentence, punctuation, or a word that begins another clause.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from proxy.filters.decline import Decline
from proxy.filters.titles import lexicon
from proxy.filters.titles.lexer import Token
from proxy.filters.titles.prose import MIXED
from proxy.filters.titles.tables import matched, word_set
from proxy.filters.titles.verbs import DOES, INFINITIVES, VERBS

Words = list[Token]
_TIMES = word_set("second minute hour day week month year while moment")
_PURPOSE = "to do"
_NO_CLAUSE = ("since", "as", "before", "after")
_OBJECTS = lexicon.PRONOUNS | lexicon.DETERMINERS
_NO_SUBJECT = lexicon.NO_NAME - lexicon.DETERMINERS


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase without articles: `core` is the thing, each of `places` a preposition and what stands behind it.

    `end` is where in the sentence it ends; `points` tells that it means something only to who sees it ("this");
    `tied` of its places may not be dropped.
    """

    core: Words
    places: tuple[Words, ...]
    end: int = 0
    points: bool = False
    tied: int = 0

    @property
    def words(self) -> Words:
        return [*self.core, *(word for place in self.places for word in place)]


def phrase_at(
    sentence: Sequence[Token], at: int, stops: Collection[str] = (), *, to_thing: bool = False
) -> Phrase | None:
    """The noun phrase that begins at `at`, None if none does; a word of `stops` ends it like a small word."""
    core, end, points = _core(sentence, at, stops)
    places: list[Words] = []
    while core and end < len(sentence) and _is_adverb(sentence[end].key):
        end += 1
    while core and (place := _place(sentence, end, stops, to_thing)):
        words, end, is_pointing = place
        points = points or (is_pointing and words[-1].key not in lexicon.ANYWHERE)
        places += [] if is_pointing else [words]
    return Phrase(core, tuple(places), end, points) if core else None


def is_purpose(place: Words) -> bool:
    """Whether a place says what a thing is for or does: "to rotate logs", "that matches numbers"."""
    return place[0].key == _PURPOSE


def _core(sentence: Sequence[Token], at: int, stops: Collection[str]) -> tuple[Words, int, bool]:
    """Names and words up to what is none, "and" between two of them too."""
    words: Words = []
    points = False
    while at < len(sentence):
        token = sentence[at]
        if token.key in ("every", "each"):
            break
        if token.key in lexicon.DETERMINERS and not words:
            points = points or token.key in lexicon.POINTING
        elif _is_named(token, stops if words else ()):
            words.append(token)
        elif words and _joins(sentence, at, stops):
            words.append(token)
            at += sentence[at + 1].key in lexicon.ARTICLES
        else:
            break
        at += 1
    return words, at, points


def _is_named(token: Token, stops: Collection[str]) -> bool:
    key = token.key
    if key in lexicon.FOREIGN:
        raise Decline(MIXED)
    if token.kind != "word":
        return token.kind in ("name", "number", "quote")
    is_contraction = "'" in key and not key.endswith(("'s", "s'"))
    return key not in lexicon.NO_NAME and key not in stops and not _is_adverb(key) and not is_contraction


def _is_adverb(key: str) -> bool:
    """Whether it is an adverb that may be left out: "only" may not."""
    return key.endswith("ly") and key not in lexicon.NO_ADVERBS and key not in lexicon.TURNING


def _joins(sentence: Sequence[Token], at: int, stops: Collection[str]) -> bool:
    """Whether the word at `at` joins two things, and does not go on with another request."""
    keys = [token.key for token in sentence[at + 1 : at + 5]]
    if sentence[at].key not in ("and", "or") or not keys:
        return False
    is_deed = keys[0] in DOES and (len(keys) == 1 or keys[1] in lexicon.DETERMINERS or sentence[at + 2].is_fixed)
    behind = sentence[at + 1 + (keys[0] in lexicon.ARTICLES) :]
    return not is_deed and not matched(keys, 0, VERBS) and len(behind) > 0 and _is_named(behind[0], stops)


def _place(
    sentence: Sequence[Token], at: int, stops: Collection[str], to_thing: bool
) -> tuple[Words, int, bool] | None:
    """A preposition and the thing behind it, if one stands at `at`, and whether it only points."""
    if at >= len(sentence):
        return None
    first, following = sentence[at], sentence[at + 1].key if at + 1 < len(sentence) else ""
    head: Words = [first]
    match first.key:
        case "when" | "while" | "instead":
            if not (following == "of" if first.key == "instead" else following.endswith("ing")):
                return None
            head = [first, sentence[at + 1]]
            if at + 2 < len(sentence) and sentence[at + 2].key in lexicon.PREPOSITIONS:
                head.append(sentence[at + 2])
        case "out" if following == "of":
            head, at = [replace(first, text="from")], at + 1
        case "to" if following and _is_verb(sentence, at + 1, to_thing):
            head = _purpose(sentence, at) if following in INFINITIVES else []
        case "using":
            head = [replace(first, text="with")]
        case key if key not in lexicon.PREPOSITIONS or (key in _NO_CLAUSE and following in _NO_SUBJECT):
            return None
    at += len(head) if len(head) > 1 else 2 if head and head[0].text == "with" and first.key == "to" else 1
    words, end, points = _core(sentence, at, stops)
    if first.key in _NO_CLAUSE and len(words) > 1 and words[0].key and words[-1].key.endswith("s"):
        return None  # "before the session expires" is a clause.
    if len(words) == 1 and words[0].key in _TIMES and sentence[at].key in ("a", "an"):
        return None
    # "without loading it": what is done goes on behind the phrase.
    goes_on = (
        len(head) == 1
        and words
        and words[-1].key.endswith("ing")
        and end < len(sentence)
        and sentence[end].key in _OBJECTS
    )
    return ([*head, *words], end, points and len(words) < 3) if words and head and not goes_on else None


def _purpose(sentence: Sequence[Token], at: int) -> Words:
    """ "to rotate", "that matches"; "to use" is "with"."""
    if sentence[at + 1].key == "use":
        return [replace(sentence[at], text="with")]
    marked = replace(sentence[at])
    marked.key = _PURPOSE
    return [marked, sentence[at + 1]]


def _is_verb(sentence: Sequence[Token], at: int, to_thing: bool) -> bool:
    """Whether the word behind "to" is a verb: one that is known, or one that nothing shows to be a thing."""
    token, following = sentence[at], sentence[at + 1 : at + 2]
    if token.kind != "word" or token.key in lexicon.DETERMINERS or (token.text.isupper() and len(token.text) > 1):
        return False
    is_last = not following or following[0].kind in ("stop", "comma", "cut") or following[0].key in lexicon.NO_NAME
    return token.key in INFINITIVES or token.key in VERBS or not (to_thing or is_last or token.text[:1].isupper())

"""The noun phrases of a sentence: "the failing login test in auth.spec.ts".

A phrase is a run of names and of words that are in no list of small words or verbs, with the prepositional phrases
behind it. What may end it is known as well: the end of the sentence, punctuation, or a word that begins another clause.
"""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.verbs import DOES, INFINITIVES, NOUNS_TOO
from proxy.filters.titles.text.lexer import Token
from proxy.filters.titles.text.line import CLOSING, NO_CLAUSE, Line, is_adverb
from proxy.filters.titles.text.prose import MIXED

Words = list[Token]
Stop = Callable[[int], bool]
PURPOSE = "to do"
_TIMES = word_set("second minute hour day week month year while moment")
_RELATING = word_set("according due based related compared depending thanks")
_OBJECTS = known.PRONOUNS | known.DETERMINERS
_JOINTS = ("and", "or")
_APPOSED = ("called", "named", "one", "ones")
_ENDING = (known.NO_NAME | {"", ",", ":", "?", "."}) - {"about", *_JOINTS}
"""What no name goes on with, among the keys of a line."""
_UNSURE = known.FOREIGN | known.TRAILING | (_RELATING - known.NO_NAME) | {"about", "past", *_JOINTS}
_BEHIND_PAST = known.ARTICLES | {"@", "0"}
_TELLING = ("ly", "ing", "er")
"""How a word ends that may be no name by what stands behind it."""
_HOLLOW = known.SOFT | known.GENERIC
_BEFORE_NAME = known.DETERMINERS | {"very", "really", "quite", "super", "most", "more", "such"}
_COMPARING = known.DETERMINERS | known.PREPOSITIONS | {"than"}
_BACKED = ("button", "buttons", "gesture", "arrow", "link", "navigation", "swipe")
"""What "back" may stand before in a name."""
_TIMING = ("when", "while", "after", "before")
_SAME = {"using": "with", "towards": "to"}
_SEVERAL_WAYS = (
    NO_CLAUSE | _SAME.keys() | word_set("rather not instead like when while by without out over off to outside")
)
"""What begins a place, or something else, by what stands behind it."""
_FINITE = known.AUXILIARIES | known.DENIED


class Phrase(msgspec.Struct, frozen=True):
    """A noun phrase without articles: `core` is the thing, each of `places` a preposition and what stands behind it.

    `end` is where in the sentence it ends; `points` tells that it means something only to who sees it ("this").
    """

    core: Words
    places: tuple[Words, ...]
    end: int = 0
    points: bool = False

    @property
    def words(self) -> Words:
        return [*self.core, *[word for place in self.places for word in place]]


class Clause(Line):
    """A sentence, and the noun phrases in it."""

    def closed_phrase(self, at: int) -> Phrase | None:
        """The noun phrase that begins at `at`, if it points at nothing and a clause may end behind it."""
        phrase = self.phrase(at)
        return None if phrase is None or phrase.points or self.ends(phrase.end) is None else phrase

    def phrase(
        self, at: int, stop: Stop | None = None, *, to_thing: bool = False, thing: Words | None = None
    ) -> Phrase | None:
        """The noun phrase that begins at `at`, None if none does; it ends where `stop` says so.

        With a `thing` it is that one, and its places begin at `at`.
        """
        core, end, points = (thing, at, False) if thing else self.core(at, stop)
        if not core:
            return None
        places: list[Words] = []
        while self.keys[end] and (place := self._place(self.behind_adverbs(end), stop, to_thing)):
            words, end, is_pointing = place
            if not is_pointing:
                if words[0].key == "of" and places:
                    places[-1] = [*places[-1], *words]
                else:
                    places.append(words)
                continue
            is_here = words[-1].key in known.ANYWHERE
            points = points or (words[0].key == "of" and not is_here)
            if len(core) == 1 and (words[0].key == "for" or not is_here):
                places.append(words)
        return Phrase(core, tuple(places), end, points)

    def core(self, at: int, stop: Stop | None) -> tuple[Words, int, bool]:
        """The words of a noun phrase without its places, where they end, and whether they only point.

        "every" belongs to it, other articles do not.
        """
        keys, points = self.keys, False
        words: Words = []
        while (key := keys[at]) in _BEFORE_NAME:
            at += 1
            if key in ("every", "each", "both"):
                if key == "both" and (keys[at] in _ENDING or "and" in keys[at : at + 4]):
                    continue  # "both the importer and the exporter"
                words.append(self.words[at - 1])
                break
            if key in known.POINTING or (keys[at] in ("other", "others") and key in known.DETERMINERS):
                points = True
        while (key := keys[at]) not in _ENDING:
            if key in _UNSURE or "'" in key or key.endswith(_TELLING):
                if key in _JOINTS and words and self._joins(at, stop):
                    words.append(self.words[at])
                    at += 1 + (keys[at + 1] in known.ARTICLES)
                    continue
                if words and key in known.TRAILING and keys[at + 1] not in _BACKED:
                    break
                if words and key == "past" and keys[at + 1] in _BEHIND_PAST:
                    break  # "past 360"
                if not self._is_named(at, stop if words else None):
                    break
            elif stop and words and stop(at):
                break
            words.append(self.words[at])
            at += 1
        if words and key in _APPOSED:
            if key in ("called", "named") and keys[at + 1] == "@":
                return [self.words[at + 1], *words[-1:]], at + 2, points  # "a small CLI called `loaf`"
            if key == "ones" or (key == "one" and words[-1].key not in _HOLLOW):
                at += 1
        return words, at, points

    def _is_named(self, at: int, stop: Stop | None) -> bool:
        """Whether the word may be part of a name."""
        key, following = self.keys[at], self.keys[at + 1]
        if key in known.FOREIGN:
            raise Decline(MIXED)
        if key == "about":
            return following in known.ON  # "the about page"
        if key in _ENDING or key in _JOINTS or is_adverb(key) or ("'" in key and not key.endswith(("'s", "s'"))):
            return False
        if following in _COMPARING and self._is_compared(key, following, is_first=stop is None):
            return False
        return not (stop and stop(at))

    def _is_compared(self, key: str, following: str, *, is_first: bool) -> bool:
        """ "newer than", "based on", and what is being done: "using the"."""
        is_doing = not is_first and key.endswith("ing") and following in known.DETERMINERS
        is_more = key.endswith("er") and following == "than"
        return is_doing or is_more or (key in _RELATING and following in known.PREPOSITIONS)

    def _joins(self, at: int, stop: Stop | None) -> bool:
        """Whether "and" joins two things, and does not go on with another request."""
        is_verb = self.is_verb(at + 1) and self.shows_verb(at + 2)
        if is_verb or self.asks_at(at + 1) or self.is_third(at + 1):
            return False
        return self._is_named(at + 1 + (self.keys[at + 1] in known.ARTICLES), stop)

    def _place(self, at: int, stop: Stop | None, to_thing: bool) -> tuple[Words, int, bool] | None:
        """A preposition and the thing behind it, if one stands at `at`, and whether it only points."""
        key = self.keys[at]
        if key in _SEVERAL_WAYS:
            head, at = self._head_of_place(at, to_thing)
            if not head:
                return None
        elif key in known.PREPOSITIONS and (key != "in" or self.keys[at + 1] != "any"):  # "in any order"
            head, at = [self.words[at]], at + 1
        else:
            return None
        words, end, points = self.core(at, stop)
        if not words:
            # "when rotating"
            return (head, at, False) if key in _TIMING and len(head) == 2 and self.keys[at] in CLOSING else None
        if key in NO_CLAUSE and self._is_clause(words, end):
            return None
        last = words[-1].key
        is_time = last in _TIMES and len(words) == 1 and self.keys[at] in ("a", "an")
        goes_on = last.endswith("ing") and self.keys[end] in _OBJECTS
        is_half = key == "between" and last[-1:] != "s" and not any(word.key == "and" for word in words)
        return None if is_time or goes_on or is_half else ([*head, *words], end, points and len(words) < 3)

    def _head_of_place(self, at: int, to_thing: bool) -> tuple[Words, int]:
        """What stands before the thing, and where that begins; nothing if it is no place."""
        first, following = self.words[at], self.keys[at + 1]
        match first.key:
            case "to" if following == "0" and self.keys[at - 1] == "up":
                return [_called(first, "up to")], at + 1
            case "to" if following and self._is_infinitive(at + 1, to_thing):
                if following == "use":
                    return [_called(first, "with")], at + 2
                return [replace(first, key=PURPOSE), self.words[at + 1]] if following in INFINITIVES else [], at + 2
            case "instead" | "like" if following == "of":
                return [first, self.words[at + 1]], at + 2
            case "rather" if following == "than":
                return [_called(first, "instead"), _called(self.words[at + 1], "of")], at + 2
            case "not" if self.keys[self.lead] == "use" and following not in known.NO_NAME:  # "use postgres not sqlite"
                return [_called(first, "instead"), _called(first, "of")], at + 1
            case "when" | "while" | "after" | "before" | "by" if following.endswith("ing"):
                size = 3 if self.keys[at + 2] in known.PREPOSITIONS else 2
                return [*self.words[at : at + size]], at + size
            case "out" | "over" | "off" if following in ("of", "to"):
                return [_called(first, "from" if following == "of" else "to")], at + 2
            case "without" if following.endswith("ing"):
                return [], at
            case key if key in NO_CLAUSE and _is_subject(following):
                return [], at
            case key if key in _SAME:
                return [_called(first, _SAME[key])], at + 1
            case "outside" if following == "of":
                return [first], at + 2
        return [first] if first.key in known.PREPOSITIONS else [], at + 1

    def _is_clause(self, words: Words, end: int) -> bool:
        """ "before the session expires" """
        return self.keys[end] in _FINITE or (len(words) > 1 and bool(words[0].key) and words[-1].key in DOES)

    def _is_infinitive(self, at: int, to_thing: bool) -> bool:
        """Whether the word behind "to" is a verb: one that is known, or one that nothing shows to be a thing."""
        token, following = self.words[at], self.keys[at + 1]
        if token.kind != "word" or not token.key.isalpha() or token.key in known.DETERMINERS:
            return False
        is_last = following in CLOSING or _is_subject(following)
        is_known = token.key in INFINITIVES and (token.key not in NOUNS_TOO or self.shows_verb(at + 1))
        return is_known or not (to_thing or is_last or token.text[:1].isupper())


def _called(word: Token, text: str) -> Token:
    return replace(word, text=text, key=text)


def _is_subject(key: str) -> bool:
    return key in known.NO_NAME and key not in known.DETERMINERS

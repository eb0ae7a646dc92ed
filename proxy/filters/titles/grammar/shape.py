"""What a title is made of: the thing, its places, the noun of what becomes of it; and what their words say."""

import re
from itertools import chain

import msgspec

from proxy.filters.titles.english import words as known
from proxy.filters.titles.grammar.clause import PURPOSE, Words
from proxy.filters.titles.text.lexer import Token, text_of, word_of

_LETTER = re.compile(r"[A-Za-z]|[#!]\d|^\d{2,}$|^[0-9a-f]{7,}$")
_DIGIT = re.compile(r"^\w+\d\w*$")
_REFERENCE = re.compile(r"(?:[#!]|\b(?:PR|MR|issue|ticket|discussion) |^[A-Z]{2}[A-Z0-9]*-)\d+$")
ROOM = 5
"""Words of a title: frames that know two ways to say something take the shorter one where it has more."""
JOINING = known.PREPOSITIONS | {"and", "or", PURPOSE}
VAGUE = known.GENERIC | known.SOFT | known.HOLLOW | JOINING | known.NUMERALS | {""}
"""Words that name nothing in particular; "" is what is no word."""
_SINGULAR = (
    ("okies", "okie"),
    ("vies", "vie"),
    ("ies", "y"),
    ("sses", "ss"),
    ("xes", "x"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("s", ""),
)


class Shape(msgspec.Struct, frozen=True):
    """What a sentence asks for: a thing, its places, and the noun of what is to become of it.

    The noun is left out first (`need` 0), after the places (1), or never (2). `tied` of the places are never left out.
    `end` is where in the sentence the part ends that it was made of.
    """

    core: Words
    places: tuple[Words, ...] = ()
    end: int = 0
    work: str = ""
    need: int = 0
    tied: int = 0
    front: bool = True

    @property
    def words(self) -> Words:
        return [*self.core, *flat(self.places)]


flat = chain.from_iterable
"""The words of several places."""


def noun(text: str) -> Token:
    return Token(text, "word", -1, text.casefold())


def size_of(words: Words) -> int:
    """Words as a reader counts them: a name of two is two."""
    return " ".join(map(text_of, words)).count(" ") + 1


def shown(words: Words) -> str:
    """The words as one line in sentence case."""
    texts = [known.SPELLED.get(word.key, word.text) for word in words]
    first = words[0]
    is_typed = first.key in known.SPELLED if first.key else not (first.kind == "quote" and " " in first.text)
    if (not is_typed or first.text.startswith(("issue ", "ticket "))) and not _DIGIT.search(texts[0]):
        texts[0] = texts[0][0].upper() + texts[0][1:]
    return " ".join(texts)


def content(words: Words) -> list[Token]:
    """The words that name something in particular."""
    return [word for word in words if word.key not in VAGUE or (word.is_fixed and _LETTER.search(word.text))]


def is_reference(name: Token) -> bool:
    """Whether it is a ticket or the number of an issue."""
    return name.kind == "name" and _REFERENCE.search(name.text) is not None


def singular(core: Words) -> Words:
    """The core as it stands before another noun: "class components" is "class component" there."""
    last = core[-1]
    if not last.key.endswith("s"):
        return core
    is_counted = any(word.kind == "number" or word.key in known.NUMERALS for word in core[:-1])
    if (
        is_counted
        or "-" in last.key
        or len(last.key) < 4
        or last.key in known.ENDLESS
        or last.key.endswith(("ss", "us", "is"))
    ):
        return core
    ending, one = next((pair for pair in _SINGULAR if last.key.endswith(pair[0])), ("", ""))
    return [*core[:-1], word_of(last.text.removesuffix(ending) + one, last.at)]

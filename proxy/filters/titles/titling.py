"""A title out of what is asked: the thing, the noun that says what becomes of it, and as much of its place as fits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from proxy.filters.decline import Decline
from proxy.filters.titles import lexicon
from proxy.filters.titles.lexer import Token
from proxy.filters.titles.phrases import Phrase, Words, is_purpose

LEAST, LONGEST = 2, 64
TOO_LONG = "what is asked for is too long for a title"
NOTHING = "what is asked for names nothing by itself"

_TOPIC = 3
_TELLING = 3
_BEFORE = ("in", "on", "for", "around", "at")
_FIRST = ("new", "old", "small", "simple", "better", "good", "quick", "proper")
_JOINING = lexicon.PREPOSITIONS | {"and", "or"}
_SINGULAR = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", ""))


@dataclass(frozen=True, slots=True)
class Title:
    """The words of a title, and those of the phrase that it was made of and leaves out."""

    words: Words
    lost: Words


def size_of(words: Words) -> int:
    """Words as a reader counts them: a name of two is two."""
    return sum(word.text.count(" ") + 1 for word in words)


def noun(text: str) -> Token:
    return Token(text, "word", -1)


def shown(words: Words) -> str:
    """The words as one line in sentence case."""
    texts = [word.text if word.is_fixed else lexicon.SPELLED.get(word.key, word.text) for word in words]
    first = words[0]
    is_quoted = first.kind == "quote" and " " in first.text
    if (
        is_quoted
        or (not first.is_fixed and first.key not in lexicon.SPELLED)
        or first.text.startswith(("issue ", "ticket "))
    ):
        texts[0] = texts[0][0].upper() + texts[0][1:]
    return " ".join(texts)


def fitted(
    phrase: Phrase, work: str, most: int, *, needed: bool = False, kept: bool = False, front: bool = False
) -> Title:
    """The first way to say it in at most `most` words: `work` is the noun of the verb, `needed` if it says more than
    the last of the places, `kept` if it may not be left out at all; `front` if the place may stand before its thing.

    Raises `Decline` if there is none.
    """
    if phrase.core[-1].key in lexicon.HOLLOW:
        raise Decline(NOTHING)
    needed = needed or kept
    phrase = _compounded(phrase) if needed else phrase
    ways = [*_ways(phrase, work, most, needed, kept)]
    if front and phrase.places:
        ways.insert(1 if kept else 2, _fronted(phrase, work if needed else ""))
    for words in ways:
        if LEAST <= size_of(words) <= most and _tells(words):
            left = {word.at for word in words}
            return Title(words, [word for word in phrase.words if word.at not in left])
    raise Decline(TOO_LONG if max(map(size_of, ways)) > most else NOTHING)


def _ways(phrase: Phrase, work: str, most: int, needed: bool, kept: bool) -> Iterator[Words]:
    """All of it, then without the work, then with less of its place."""
    core, places = phrase.core, phrase.places
    worked = _worked(phrase, work)
    needed = needed or (size_of(core) == 1 and not places)
    is_nested = len(places) == 2 and not phrase.tied and places[0][0].key in ("in", "on") and places[1][-1].is_fixed
    if is_nested and not any(map(_is_telling, places[0])):
        # "docstrings to all public functions in geo.py": the name of the file is the place.
        head = worked if needed else core
        yield from [[*head, *places[1]]] if size_of([*head, *places[0], *places[1]]) > most else []
    for held in range(len(places), phrase.tied - 1, -1):
        behind = [word for place in places[:held] for word in place]
        if held < len(places) and most > _TOPIC:
            is_bare = sum(word.key != "and" for word in [*core, *behind]) < _TELLING - bool(work and needed)
            if is_bare or (is_purpose(places[held]) and not held):
                return
        dropped = [word for place in places[held:] for word in place]
        are_names = all(word.key and _is_telling(word) for word in core if word.key != "and")
        if any(map(_is_telling, dropped)) or (dropped and are_names and not phrase.tied):
            return
        ways = [[*worked, *behind], [*core, *behind]]
        yield from ways[: 1 if kept else 2] if needed else ways[::-1]


def _worked(phrase: Phrase, work: str) -> Words:
    if not work:
        return phrase.core
    is_of = phrase.places and phrase.places[0][0].key == "of"
    return [noun(work), noun("of"), *phrase.core] if is_of else [*singular(phrase.core), noun(work)]


def _compounded(phrase: Phrase) -> Phrase:
    """ "timeout of the payment client" as "payment client timeout" """
    owner = phrase.places[0] if phrase.places else []
    is_plain = all(word.kind == "word" for word in [*owner, *phrase.core]) and len(owner) < 4
    if (
        not is_plain
        or not owner
        or owner[0].key != "of"
        or owner[1].key.endswith("ing")
        or owner[1].key in lexicon.NUMERALS
        or phrase.core[0].key in lexicon.GENERIC
        or phrase.core[-1].key in lexicon.AMOUNTS
    ):
        return phrase
    return replace(
        phrase, core=[*singular(owner[1:]), *phrase.core], places=phrase.places[1:], tied=max(phrase.tied - 1, 0)
    )


def _fronted(phrase: Phrase, work: str) -> Words:
    """The last place before its thing, which needs no preposition: "search results page loading spinner"."""
    *others, (preposition, *place) = phrase.places
    are_words = all(word.kind == "word" and word.key != "and" for word in phrase.core)
    are_words = are_words and phrase.core[0].key not in _FIRST
    is_short = all(word.kind == "word" or (len(place) == 1 and " " not in word.text) for word in place)
    is_alone = not others or (preposition.key in ("in", "on") and others[0][0].key in ("for", "with", "from"))
    if preposition.key not in _BEFORE or not are_words or not is_short or not is_alone:
        return []
    return [*singular(place), *_worked(phrase, work), *(word for other in others for word in other)]


def _is_telling(word: Token) -> bool:
    """Whether a title may not lose it: names, numbers, and what has a capital letter and is no abbreviation."""
    spelled = lexicon.SPELLED.get(word.key, word.text)
    return word.kind != "word" or (
        spelled != spelled.lower() and not (spelled.isupper() and word.key in lexicon.SPELLED)
    )


def _tells(words: Words) -> bool:
    """Whether the words name something, and nothing twice."""
    said = [word for word in words if word.key not in _JOINING]
    is_plain = " ".join(word.key for word in said[:: len(said) - 1 or 1]) in lexicon.PLAIN_WORK
    is_named = any(word.kind != "word" or word.key not in lexicon.GENERIC for word in said)
    return (is_plain or is_named) and len(said) == len({word.text.casefold() for word in said})


def singular(core: Words) -> Words:
    """The core as it stands before another noun: "class components" is "class component" there."""
    last = core[-1]
    is_counted = any(word.kind == "number" or word.key in lexicon.NUMERALS for word in core[:-1])
    if is_counted or len(last.key) < 4 or last.key in lexicon.ENDLESS or last.key.endswith(("ss", "us", "is")):
        return core
    ending, one = next((pair for pair in _SINGULAR if last.key.endswith(pair[0])), ("", ""))
    return [*core[:-1], replace(last, text=last.text.removesuffix(ending) + one)]

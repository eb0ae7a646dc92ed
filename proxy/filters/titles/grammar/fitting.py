"""A title out of what is asked: the thing, the noun that says what becomes of it, and as much of its place as fits."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.verbs import FAULT_NOUNS, STALE
from proxy.filters.titles.grammar.clause import PURPOSE, Words
from proxy.filters.titles.grammar.shape import JOINING, VAGUE, Shape, content, flat, noun, singular
from proxy.filters.titles.reasons import NOTHING, TOO_LONG
from proxy.filters.titles.text.lexer import place_of, text_of

LEAST, LONGEST = 2, 64

_NESTED = ("in", "on", "of", "at", "from", "with")
_DOING = ("when", "while", "after", "before", "by")
_TIMED = word_set("when while after before")
_CODE = re.compile(r"[A-Z]{2,5}\d{3,6}[A-Z]")
_RELATING = ("between", "vs", "versus")
_NEVER_LOST = (*_RELATING, "of", "without", "from")
_BEFORE = ("in", "on", "for", "around", "at", "about")
_CONTENTS = known.NUMERALS | word_set(
    """rest all some most each lot lots bunch couple ton tons plenty few result results output outputs content contents
    code implementation source copy version point purpose kind kinds sort sorts pair series set"""
)
_LOST_WITHOUT = {
    "of": known.AMOUNTS,
    "to": known.AMOUNTS | word_set("change changes update updates edit edits fix fixes modifications additions"),
}
"""What says nothing without a place that begins with these."""
_APART = ("with", "without", "from")
"""What tells apart what stands before it."""
_COUNTED = word_set("number amount list group uses usages occurrences instances")
_WORKED_CONTENTS = _CONTENTS | _COUNTED
_SLIGHT = known.SOFT - STALE
_ODD = known.AMOUNTS | known.FAULTS | known.SOFT
_QUALITIES = known.SOFT | known.FAULTS | known.NUMERALS
_NO_SHOUTS = known.SPELLED.keys() | {""}
_PLAIN_WORKS = known.GENERIC | {*FAULT_NOUNS.values()}
_BARE = word_set("script app tool cli game query package library component function class module bot program")
# Which places say the least of what a session is about, and which the most.
_RANKS = {"instead": 0, "with": 1, PURPOSE: 5, "by": 1, "via": 1, "from": 2, "to": 9, "into": 9, "when": 1, "while": 1}
_RANKS |= dict.fromkeys(("within", "after", "before", "during", "since"), 3)


def fitted(shape: Shape, most: int) -> Words:
    """The first way to say it in at most `most` words; raises `Decline` if there is none."""
    told = shape.words
    if not shape.core or _is_nameless(shape, told):
        raise Decline(NOTHING)
    one = shape
    if shape.places:
        shape = _about(shape)
        one = _compounded(shape)
        told = one.words
    fits = False
    for words in _ways(one, most):
        text = " ".join(map(text_of, words))
        if not LEAST <= text.count(" ") + 1 <= most:
            continue
        held = {*map(place_of, words)}
        lost = [word for word in told if word.at not in held]
        if lost and any(word.kind == "name" and word.text not in map(text_of, words) for word in lost):
            continue
        fits = True
        if _tells(words, text, lost, one):
            return words
    if not fits and shape.places and _is_whole_without_places(shape):
        return fitted(replace(shape, places=(), tied=0), most)
    raise Decline(NOTHING if fits else TOO_LONG)


def _is_nameless(shape: Shape, told: Words) -> bool:
    """Whether it is a hollow word, a letter alone, a shout, or has a place that is a code of an error."""
    core = shape.core
    is_hollow = core[-1].key in known.HOLLOW and not content(core) and not _is_of(shape.places)
    if is_hollow or (len(core) == 1 and len(core[0].text) == 1):
        return True
    if not any(map(str.isupper, map(text_of, told))):
        return False
    shouts = [word for word in core if word.text.isupper() and len(word.text) > 3 and word.key not in _NO_SHOUTS]
    return len(shouts) > 1 or any(_CODE.fullmatch(word.text) for word in flat(shape.places))


def _about(shape: Shape) -> Shape:
    """The same about what it is the contents of, or with the place that it is nothing without."""
    is_worked = bool(shape.work and shape.need)
    if len(shape.core) == 1 and _is_of(shape.places):
        key = shape.core[0].key
        is_set = key in ("number", "amount") and any(place[0].key in ("to", "into") for place in shape.places)
        # "the results of the geocoding calls" are the geocoding calls, with fewer queries there is a "query reduction".
        if key in (_WORKED_CONTENTS if is_worked and not is_set else _CONTENTS):
            shape = replace(shape, core=shape.places[0][1:], places=shape.places[1:], tied=0)
    last = shape.core[-1].key
    is_vague = last in VAGUE or last in known.AMOUNTS
    if not (is_vague and shape.places and all(word.key in known.AMOUNTS for word in content(shape.core))):
        return shape
    head = shape.places[0][0].key
    if last in ("part", "parts") or (is_worked and last in _LOST_WITHOUT.get(head, ())):
        raise Decline(NOTHING)  # "review my changes to the parser", "update part of the docs"
    return replace(shape, tied=max(shape.tied, 1))


def _is_whole_without_places(shape: Shape) -> bool:
    """Whether the thing is true, and tells enough, without where it goes and what it is for."""
    heads, lost = {place[0].key for place in shape.places}, [word for place in shape.places for word in place]
    is_told = bool(shape.work and shape.need) or (len(content(shape.core)) > 2 and (shape.front or not shape.tied))
    return is_told and heads.isdisjoint(_NEVER_LOST) and all(word.kind == "word" for word in lost)


def _is_of(places: tuple[Words, ...]) -> bool:
    return bool(places) and places[0][0].key == "of"


def _ways(shape: Shape, most: int) -> Iterator[Words]:
    """All of it, then less of its places and of its noun, then without the adjectives that say little."""
    is_one = not shape.places and len(shape.core) == 1 and " " not in shape.core[0].text
    need = shape.need or (1 if is_one else 0)
    for places in _kept(shape):
        for is_slim in (False, True):
            core, kept = shape.core, places
            if is_slim:
                core, kept = _slim(core), tuple([[place[0], *_slim(place[1:])] for place in places])
            for head in _heads(core, kept, shape.work, need, most) if shape.work else [core]:
                yield [*head, *flat(kept)]
                if kept and shape.front:
                    yield _fronted(kept, head)


def _heads(core: Words, places: tuple[Words, ...], work: str, need: int, most: int) -> list[Words]:
    """The thing with the noun and without it, as it may be left out."""
    one = core[1:] if core[0].key in ("each", "every", "both") and len(core) > 1 else core
    if _is_of(places):
        worked = [noun(work), noun("of"), *one]
    else:
        worked = [*(singular(one) if work != "problem" or len(one) > 1 else one), noun(work)]
    if need == 2 or (need and not _TIMED.isdisjoint([place[0].key for place in places])):
        return [worked]
    return [worked, core] if need else [core, worked] if most > 3 else [core]


def _kept(shape: Shape) -> Iterator[tuple[Words, ...]]:
    """The places, with one less each time."""
    yield shape.places
    if not shape.places:
        return
    places = list(shape.places)
    is_full = shape.front and len(content(shape.core)) > 1 and shape.core[-1].key not in known.AMOUNTS
    is_told = any(word.is_fixed for word in shape.core)
    told = [place for place in places[shape.tied :] if place[1].key not in ("each", "every")]
    told = [place for place in told if is_told or place[0].key != PURPOSE]
    is_way = not shape.need and {"from", "to"} <= {place[0].key for place in places}
    told = [place for place in told if not (is_way and place[0].key in ("from", "to"))]
    free = [place for place in told if place[0].key not in _RELATING and (place[0].key != "of" or is_full)]
    free.reverse()  # the last of those that say as little goes first
    free.sort(key=lambda place: _RANKS.get(place[0].key, 4))
    alone = [place for place in free if sum(word.kind != "word" for word in place)]
    for place in [place for place in free if place not in alone] + alone:
        if place not in places:
            continue
        # What stands right behind it may be its place.
        at = places.index(place)
        while (
            len(places) > at + 1
            and place[0].key != "instead"
            and (place[0].key in _DOING or places[at + 1][0].key in _NESTED)
        ):
            if places[at + 1][-1].is_fixed and (place[0].key in ("for", "with") or "." in places[at + 1][-1].text):
                break
            del places[at + 1]
        del places[at]
        if at > shape.tied and place[0].key in _APART and _is_bare(places[at - 1]):
            at -= 1
            del places[at]  # "for words with a soft hyphen": without the hyphen, the words say nothing
        is_last = at == len(places) > shape.tied
        if is_last and all(word.kind == "word" and word not in content(places[-1]) for word in places[-1]):
            del places[-1]
        yield tuple(places)


def _is_bare(place: Words) -> bool:
    return place[0].key == "for" and len(place) == 2 and not place[1].is_fixed


def _slim(words: Words) -> Words:
    if words[-1].is_fixed and not any(word.key in ("and", "or") for word in words):
        return words[-1:]  # a name says enough
    return [word for word in words if word.key not in _SLIGHT] or words


def _compounded(shape: Shape) -> Shape:
    """ "timeout of the payment client" as "payment client timeout", so that nothing of it can be lost."""
    owner = shape.places[0] if shape.places else []
    core = shape.core
    if not owner or owner[0].key != "of" or any(word.kind == "quote" for word in [*owner, *core]):
        return shape
    is_group = core[0].key in _ODD or core[-1].key in known.AMOUNTS or owner[1].key in known.NUMERALS
    is_told = owner[1].kind == "number" or owner[1].key.endswith("ing")
    if is_group or is_told or len(owner) > 3 or len(owner) + len(core) > 5:
        return shape
    counted = 1 if core[0].key in known.NUMERALS and len(core) > 1 else 0
    core = [*core[:counted], *singular(owner[1:]), *core[counted:]]
    return replace(shape, core=core, places=shape.places[1:], tied=max(shape.tied - 1, 0))


def compact(core: Words, places: tuple[Words, ...]) -> Words:
    """A thing and its places as one run of words, with the place in front if it may stand there."""
    return _fronted(places, core) or [*core, *flat(places)]


def _fronted(places: tuple[Words, ...], head: Words) -> Words:
    """The last place before its thing, which needs no preposition: "search results page loading spinner"."""
    if not places:
        return []
    *others, (preposition, *place) = places
    is_name = len(place) == 1 and " " not in place[0].text
    is_short = is_name or all(word.kind == "word" and word.key not in known.PREPOSITIONS for word in place)
    is_alone = not others or (preposition.key in ("in", "on") and others[0][0].key in ("for", "with", "from"))
    joins = ("of",) if is_name and place[0].is_fixed else ("and", "or", "of")
    are_words = all(word.kind == "word" and word.key not in joins for word in head)
    is_first = head[0].key not in _QUALITIES and head[0].kind == "word"
    if preposition.key not in _BEFORE or not are_words or not is_short or not is_first or not is_alone:
        return []
    if any(word.key in ("and", "each", "every", "both") or "'" in word.key for word in place) or not content(place):
        return []
    return [*singular(place), *head, *flat(others)]


def _tells(words: Words, text: str, lost: Words, shape: Shape) -> bool:
    """Whether the words name something in particular, nothing twice, and what is lost is nothing that counts."""
    each, work = text.casefold().split(), shape.work
    if len(set(each)) < len(each):
        each = " ".join([word.text.casefold() for word in words if word.key not in JOINING]).split()
        if len(set(each)) < len(each):
            return False
    if lost:
        instead = [word for place in shape.places if place[0].key == "instead" for word in place]
        lost = [word for word in lost if word not in instead]
        if any(word.key in known.TURNING for word in lost):
            return False
    if len(words) == 2 and words[-1].key in _BARE and words[0].key in known.SPELLED and not work:
        return False  # "a python script": what it is for stands elsewhere
    telling = content(words)
    if work and len(telling) < 3:
        telling = [word for word in telling if word.text != work]
    if len(telling) > 1 or any(word.kind != "word" or word.key in known.SPELLED for word in telling):
        return True
    # What is left must be enough: two words, one of which may be the noun of the verb if nothing was lost.
    worked = work in [word.text.casefold() for word in words]
    whole = not lost or all(word.key in JOINING or (word.kind == "word" and word.key in known.SOFT) for word in lost)
    if telling:
        return worked or whole or words[-1].key in known.MADE_THINGS
    is_plain = worked and whole and work not in _PLAIN_WORKS and sum(word.key not in JOINING for word in words) == 2
    return is_plain or " ".join([word.key for word in words]) in known.PLAIN_WORK

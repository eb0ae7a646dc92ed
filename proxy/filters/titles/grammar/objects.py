"""What a verb makes of its object: the thing, where it goes, and what it is to be."""

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.turns import BASES
from proxy.filters.titles.grammar.clause import PURPOSE, Clause, Phrase, Words
from proxy.filters.titles.grammar.frames import PLAIN, shape_of
from proxy.filters.titles.grammar.shape import ROOM, Shape, content, flat, noun, singular, size_of
from proxy.filters.titles.reasons import SEVERAL, UNCLEAR

MOVED = word_set("migrate switch move port convert turn pin upgrade change rename")
PAIRED = word_set("rename replace swap benchmark compare wrap extend fill populate")
_ADDING = word_set("add introduce apply put insert embed write implement")
_TIED = word_set("migrate move convert turn port switch rename wire connect map link attach cherry-pick cherry_pick")
_SAID_BY_GOAL = word_set("turn convert migrate port")
GOING = ("to", "into", "onto")
_AT_TIMES = word_set("when whenever while if until till during every overnight")
"""When something is to be off: without that a title says that it is off for good."""
_SORTED = ("sort", "order", "group")
_WAYS = word_set("go read open check scan inspect search look walk see explore dig clone view examine use")
"""What is done only to do something else: "go through the roles and find …"."""
_ON = word_set("and then")
_CONDITIONS = ("when", "if", "while")
_EDITED = word_set("change changes edits modifications additions fixes")
_KEPT = ("in", "on", "for", "from")
_NARROWING = ("that", "which", "where", "who")
_RESTRICTING = word_set("over under above below before after since within outside beyond")
_PARTLY = (" at night ", " by default ", " for now ")
_HANDMADE = word_set("hand handwritten handmade hand-written hand-rolled homemade homegrown manual custom")


def titled(clause: Clause, verb: str, phrase: Phrase) -> Shape:
    """What a verb makes of its object."""
    first, places = verb.partition(" ")[0], phrase.places
    if first in _WAYS and not _ON.isdisjoint(clause.keys[phrase.end :]):
        raise Decline(SEVERAL)
    head = places[0][0].key if places else ""
    if head == "for" and verb in verbs.SEARCHING:
        if len(places) == 1 and places[0][-1].key in known.TROUBLES:  # "errors in the logs"
            return Shape(places[0][1:], ([noun("in"), *phrase.core],), phrase.end)
        raise Decline(UNCLEAR)  # "check the repo for keys"
    if verb == "review" and head in ("to", "in") and len(phrase.core) == 1 and phrase.core[0].key in _EDITED:
        core = [*singular(places[0][1:]), *singular(phrase.core)]
        return Shape(core, places[1:], phrase.end, "review", 2) if content(core) else shape_of(phrase, "review", 2)
    if (
        (verb in BASES or verb in verbs.TAKEN_AWAY)
        and verbs.VERBS[verb] != "removal"
        and any(map(clause.line.__contains__, _PARTLY))
    ):
        raise Decline(UNCLEAR)  # "turn off the heater at night"
    if verb in verbs.TAKEN_AWAY:
        return _taken(clause, verb, phrase)
    if first in MOVED and clause.keys[phrase.end] in GOING:
        raise Decline(UNCLEAR)
    if places:
        return _titled_where(clause, verb, phrase)
    return shape_of(
        phrase, verbs.VERBS[verb], 0 if verb in verbs.THINGS else 2 if first in PAIRED or verb in BASES else 1
    )


def _titled_where(clause: Clause, verb: str, phrase: Phrase) -> Shape:
    """The same, where something stands behind the object: that may be where it goes."""
    first, heads = verb.partition(" ")[0], [place[0].key for place in phrase.places]
    if PURPOSE in heads and first in ("allow", "enable", "permit", "set", "use"):
        raise Decline(UNCLEAR)
    if verb in _ADDING and any(place[0].key == "to" and _may_be_deed(clause, place[1:]) for place in phrase.places):
        raise Decline(UNCLEAR)
    if heads[0] == PURPOSE and verb in verbs.THINGS and (found := _made_to(phrase)):
        return found
    completing = _completing(verb)
    places = _going(verb, phrase.places, completing)
    if verb == "compare" and heads[0] in ("vs", "versus"):
        return Shape([*phrase.core, *places[0]], places[1:], phrase.end, "comparison", front=False)
    if verb == "replace" and phrase.core[0].key in _HANDMADE and (found := _handmade(phrase)):
        return found
    is_going = first not in _SAID_BY_GOAL and any(place[0].key in GOING for place in places)
    is_said = is_going or first in PAIRED or (verb in _SORTED and heads[0] == "by")
    need = 0 if verb in verbs.THINGS else 1 + (is_said or verb in BASES)
    head = places[0][0].key if places else ""
    is_tied = head in completing and (verb in _TIED or head in ("with", "by", "for", "in"))
    if verb in _TIED and not is_tied and any(head in GOING for head in heads):
        raise Decline(UNCLEAR)
    return Shape(phrase.core, places, phrase.end, verbs.VERBS[verb], need, int(is_tied), not is_tied)


def _made_to(phrase: Phrase) -> Shape | None:
    """ "BAM file comparison tool", where "tool to compare two BAM files" is too long."""
    _, deed, *thing = phrase.places[0]
    work = verbs.WORKS.get(deed.key) or verbs.TAKEN_AWAY.get(deed.key)
    is_made = phrase.core[-1].key in known.MADE_THINGS and all(word.key in PLAIN for word in phrase.core)
    is_short = size_of([*phrase.core, *phrase.places[0]]) <= ROOM and (len(phrase.places) < 2 or len(thing) > 1)
    if not (work and is_made and content(thing)) or is_short or any(word.key in ("and", "or") for word in thing):
        return None
    counted = [word for word in thing if word.key not in known.NUMERALS and word.key not in known.SOFT]
    places = tuple([place for place in phrase.places[1:] if place[0].key in _KEPT])
    return Shape([*singular(counted), noun(work), *phrase.core[-1:]], places, phrase.end, front=False)


def _handmade(phrase: Phrase) -> Shape | None:
    """ "replacement of hand written JSON": "hand written JSON replacement" may be written by hand itself"""
    places = tuple([place for place in phrase.places if place[0].key not in ("with", "by")])
    core = [noun("replacement"), noun("of"), *phrase.core]
    kept = [place for place in places if place[-1].is_fixed]
    return Shape(core, places, phrase.end, front=False) if size_of([*core, *flat(kept)]) <= ROOM else None


def _may_be_deed(clause: Clause, words: Words) -> bool:
    """ "to mark lab samples": without an article, words that end in a plural may be a verb and its object."""
    is_bare = any(clause.keys[at - 1] == "to" for at, word in enumerate(clause.words) if word is words[0])
    is_many = words[-1].key.endswith("s") and words[-1].key not in known.ENDLESS and words[0].key not in known.GENERIC
    return is_bare and len(words) > 1 and words[0].kind == "word" and (is_many or words[0].key in verbs.INFINITIVES)


def _taken(clause: Clause, verb: str, phrase: Phrase) -> Shape:
    """ "remove the check for empty names", "revert the switch to pnpm": never without the noun of the verb."""
    work, places = verbs.TAKEN_AWAY[verb], phrase.places
    head = places[0][0].key if places else ""
    is_narrow = clause.keys[phrase.end] in _NARROWING or clause.keys[phrase.end + 1] == "than"
    is_spared = verb == "ignore" and phrase.core[-1].key in known.TROUBLES
    is_vague = clause.keys[phrase.end] in _CONDITIONS and len(content(phrase.core)) < 2
    if is_narrow or is_vague or (work, head) == ("prevention", "from") or is_spared:
        raise Decline(UNCLEAR)  # "delete all trips older than a year"
    if work == "disabling" and not _AT_TIMES.isdisjoint(clause.keys):
        raise Decline(UNCLEAR)
    if any(place[0].key in _RESTRICTING for place in places):
        if size_of([*phrase.words, noun(work)]) > ROOM:
            raise Decline(UNCLEAR)  # "waive shipping costs over 50 euros"
        return Shape(phrase.core, places, phrase.end, work, 2, tied=len(places))
    need = 1 if phrase.core[0].key in verbs.STALE and work == "removal" else 2
    if verb == "hide" and head == "from":
        return Shape(phrase.core, places, phrase.end, work, need, tied=1)
    if head == "for" and work == "removal":
        return Shape([*singular(places[0][1:]), *phrase.core], places[1:], phrase.end, work, need)
    if head == "of" and work in ("revert", "reversal") and size_of(phrase.words) < ROOM:
        return Shape([noun(work), noun("of"), *singular(places[0][1:]), *phrase.core], places[1:], phrase.end)
    if head in ("to", "of") and work in ("revert", "reversal", "removal"):
        return Shape([noun(work), noun("of"), *phrase.core], places, phrase.end, tied=1)
    return shape_of(phrase, work, need)


def _going(verb: str, places: tuple[Words, ...], completing: tuple[str, ...]) -> tuple[Words, ...]:
    """The places as they read without the verb, where it goes first."""
    if verb in _ADDING:
        if places and places[0][0].key == "from":
            return places  # "a converter from CSV to JSON"
        return tuple([_located(place) if place[0].key in GOING else place for place in places])
    if verb == "set":
        return tuple([[noun("of"), *place[1:]] if place[0].key == "to" else place for place in places])
    if verb in ("turn", "convert", "change"):
        places = tuple([[noun("to"), *place[1:]] if place[0].key == "into" else place for place in places])
    goals = [place for place in places if place[0].key in completing]
    if not goals:
        return places
    # Where something goes says enough without where it comes from.
    goal = [place for place in goals if not any(word.key in ("own", "smaller") for word in place)][:1]
    others = [place for place in places if place not in goals and (place[0].key != "from" or place[-1].is_fixed)]
    owners = [place for place in others[:1] if place[0].key == "of"]
    return (*owners, *goal, *others[len(owners) :])


def _completing(verb: str) -> tuple[str, ...]:
    """The prepositions whose thing carries the point of the verb."""
    if verb in ("swap", "swap out", "wrap"):
        return ("with", "for", "in", "into")
    if verb in _SORTED:
        return ("by",)
    return (*GOING, "with", "by") if verb in PAIRED else GOING if verb in verbs.WORKS else ()


def _located(place: Words) -> Words:
    """What is added to a place is in it."""
    last = place[-1]
    is_for = last.key in known.FOR or (last.is_fixed and "." not in last.text)
    return [noun("on" if last.key in known.ON else "for" if is_for else "in"), *place[1:]]

"""What a sentence asks for: the frames of a request that the filter knows, and nothing else."""

import re
from collections.abc import Callable
from dataclasses import replace

from proxy.filters.decline import Decline
from proxy.filters.titles import lexicon, verbs
from proxy.filters.titles.clauses import NOT_SEEN, POINTS, SEVERAL, UNCLEAR, Asked, Clause
from proxy.filters.titles.gerund import spelled
from proxy.filters.titles.phrases import Phrase, Words, is_purpose, phrase_at
from proxy.filters.titles.questions import explained, overview, question, reported
from proxy.filters.titles.tables import matched, word_set
from proxy.filters.titles.titling import NOTHING, noun, singular

_ASKING = word_set(
    "explain summarize walk explore look give understand describe show document investigate debug find figure"
)
_MENDING = word_set("fix debug investigate resolve")
_ADDING = word_set("add introduce apply put insert embed")
_BROUGHT = _ADDING | word_set(
    """upgrade update bump migrate switch move port convert change rename connect extend deploy publish export include
    pin"""
)
_TURNED_INTO = word_set("migrate switch move port convert turn pin")
_PAIRED = word_set("rename replace swap benchmark compare")
_SHOWING = word_set("use show display give")
_SEARCHED = word_set("check search scan inspect audit review")
_VERB_LIKE = re.compile(r"(?=.*[aeiou])[a-z]{2,}[a-z](?<!ing)(?<!ed)(?<!ly)(?<![a-rt-z]s)")
_NO_VERB = word_set(
    """whatever wherever however whoever throw outside beyond near above below past beside amid teach tell ask grab
    point remind show give let keep leave make have help want need get take bring pull turn forget ignore half quite
    such despite unlike plus hence thus whereas given hereby regarding assume imagine suppose consider understand treat
    play paste dear after thank mind note see consider respect follow"""
)
_POINTED = ("this", "it", "everything")
_CONDITIONS = ("when", "whenever", "if", "while")
_WHERE = ("from", "in", "on", "inside", "under")
_GOING = ("to", "into", "onto", "from")


def asked_in(clause: Clause) -> Asked:
    """What the clause asks for; raises `Decline` if no frame fits it whole."""
    if unknown := next((word for word in clause.words if word.kind == "unknown"), None):
        raise Decline(unknown.text)
    lead, reason = clause.lead(), NOT_SEEN
    for frame in _FRAMES:
        try:
            if found := frame(clause, lead):
                return clause.checked(found)
        except Decline as decline:
            is_better = decline.reason != NOT_SEEN and reason in (NOT_SEEN, UNCLEAR)
            reason = decline.reason if is_better else reason
    raise Decline(reason)


def _request(clause: Clause, at: int) -> Asked | None:
    """ "refactor the billing service" """
    keys = clause.keys(at, 6)
    if at and keys:
        keys = (verbs.GERUNDS.get(keys[0], keys[0]), *keys[1:])
    size = matched(keys, 0, verbs.VERBS)
    verb, behind = keys[:size], at + size + (clause.key(at + size) in ("me", "us"))
    # An article or a name shows that the word before it is a verb.
    is_marked = at or clause.key(behind) in lexicon.DETERMINERS or clause.kind(behind) not in ("word", "")
    if not size and _is_verb(clause, at):
        phrase = clause.whole(at + 1)
        if all(word.key in lexicon.GENERIC for word in phrase.core):
            raise Decline(NOTHING)
        if clause.key(phrase.end) in _CONDITIONS:
            raise Decline(UNCLEAR)
        return clause.asked(phrase, spelled(clause.key(at)), needed=True, kept=True)
    if not size or (size == 1 and verb[0] in verbs.NOUN_FIRST and not is_marked):
        return None
    if verb[0] in ("allow", "support", "enable") and clause.key(behind) in verbs.GERUNDS:
        return _request(clause, behind)
    if verb[0] in _ASKING and (asked := overview(clause, behind, behind + 2) or explained(clause, behind)):
        return asked
    # "rewrite this in rust": where it goes names it well enough.
    onward = behind + (clause.key(behind) in _POINTED and clause.key(behind + 1) in (*_GOING, "in"))
    if verb in verbs.WORKS and clause.key(onward) in (*_GOING, *(("in",) if onward > behind else ("for",))):
        return _moved(clause, verbs.WORKS[verb], onward)
    if verb[0] in _MENDING and (asked := _fault(clause, behind)):
        return asked
    phrase = clause.whole(behind, to_thing=verb[0] in _BROUGHT)
    if matched(keys, 0, verbs.PREPARING) and clause.key(phrase.end) in ("and", "then") and len(phrase.words) < 3:
        raise Decline(SEVERAL)
    return _titled(clause, verb, phrase)


def _is_verb(clause: Clause, at: int) -> bool:
    """Whether a word that is in no table must be a verb, since an article stands behind it: "smooth the camera"."""
    key = clause.key(at)
    return (
        clause.key(at + 1) in lexicon.ARTICLES
        and _VERB_LIKE.fullmatch(key) is not None
        and key not in lexicon.NO_NAME | _NO_VERB | lexicon.GENERIC
    )


def _fault(clause: Clause, at: int) -> Asked | None:
    """ "fix login not working on safari" """
    try:
        return reported(clause, at)
    except Decline:
        return None


def _moved(clause: Clause, work: str, at: int) -> Asked | None:
    """ "migrate from webpack to vite" """
    thing = phrase_at([noun(work), *clause.words[at:]], 0, to_thing=True)
    if thing is None or not thing.places:
        return None
    return clause.asked(replace(thing, end=clause.ended(at + thing.end - 1)))


def _titled(clause: Clause, verb: tuple[str, ...], phrase: Phrase) -> Asked:
    """What a verb makes of its object."""
    name, places = verb[0], phrase.places
    heads = [place[0].key for place in places]
    if verb in verbs.TAKEN_AWAY and clause.key(phrase.end) in _CONDITIONS:
        raise Decline(UNCLEAR)
    if name in _SEARCHED and heads == ["for"]:
        # What is looked for is the thing: "errors in the logs".
        return clause.asked(replace(phrase, core=places[0][1:], places=([noun("in"), *phrase.core],)))
    if (
        verb in verbs.TAKEN_AWAY
        and heads
        and heads[0]
        not in (
            *_WHERE,
            *(("for",) if verbs.TAKEN_AWAY[verb].endswith("ing") else ()),
        )
    ):
        return _gone(clause, verbs.TAKEN_AWAY[verb], phrase)
    if verb == ("turn",) and not {"into", "to"} & {*heads}:
        raise Decline(UNCLEAR)
    phrase = replace(phrase, places=_placed(name, places), tied=int(name in _PAIRED and heads[:1] != ["for"]))
    phrase = replace(phrase, tied=min(phrase.tied, len(phrase.places)))
    work = verbs.WORKS.get(verb) or verbs.TAKEN_AWAY.get(verb, "")
    is_going = any(map(is_purpose, places)) or not {*heads}.isdisjoint(_GOING)
    is_kept = bool(work) and is_going and not (heads[0] in _GOING and name in _TURNED_INTO)
    is_taken = verb in verbs.TAKEN_AWAY and phrase.core[0].key not in verbs.STALE
    kept = is_kept or is_taken or name in _PAIRED
    return clause.asked(
        phrase, work or verbs.THINGS.get(verb, ""), needed=bool(work), kept=kept, front=name not in _SHOWING
    )


def _gone(clause: Clause, work: str, phrase: Phrase) -> Asked:
    """The place belongs to what goes: "empty name check removal", "revert of the switch to pnpm"."""
    if len(phrase.places) == 1 and phrase.places[0][0].key == "for":
        core = [*singular(phrase.places[0][1:]), *phrase.core]
        return clause.asked(replace(phrase, core=core, places=()), work, kept=True)
    return clause.asked(replace(phrase, core=[noun(work), noun("of"), *phrase.core]))


def _placed(name: str, places: tuple[Words, ...]) -> tuple[Words, ...]:
    """The places as they read without the verb."""
    if name in ("set", "allow", "enable", "permit") and any(map(is_purpose, places)):
        raise Decline(UNCLEAR)
    if name in _ADDING and len(places) == 2 and places[1][0].key in ("to", "into") and places[0][0].key == "with":
        places = places[::-1]
    if name in _ADDING and any(place[0].key in ("to", "into") for place in places[1:]):
        raise Decline(UNCLEAR)
    if name in _ADDING:
        return tuple(_located(place) if place[0].key in ("to", "into") else place for place in places)
    if name == "set":
        # What something is set to, if that is a value: "timeout of 30s".
        places = tuple(place for place in places if place[0].key != "to" or place[-1].kind != "word")
        return tuple([noun("of"), *place[1:]] if place[0].key == "to" else place for place in places)
    if name in ("turn", "convert"):
        places = tuple([noun("to"), *place[1:]] if place[0].key == "into" else place for place in places)
    if any(place[0].key in ("to", "into") for place in places):
        # Where something goes says enough.
        return tuple(place for place in places if place[0].key != "from" or place[-1].is_fixed)
    return places


def _located(place: Words) -> Words:
    """What is added to a place is in it."""
    last = place[-1]
    is_for = last.key in lexicon.FOR or (last.is_fixed and "." not in last.text)
    return [noun("on" if last.key in lexicon.ON else "for" if is_for else "in"), *place[1:]]


def _making(clause: Clause, at: int) -> Asked | None:
    """ "make the navbar responsive", "make a snake game" """
    if clause.key(at) != "make":
        return None
    if clause.key(at + 1) in ("a", "an", "me"):
        return clause.asked(clause.whole(at + 1 + (clause.key(at + 1) == "me")))
    phrase = clause.phrase(at + 1, {*verbs.MADE, *filter(_is_made, clause.keys(at + 1))})
    if phrase is None or phrase.points:
        raise Decline(POINTS)
    at = phrase.end + (clause.key(phrase.end) == "more")
    made = clause.key(at)
    if not _is_made(made) or phrase.places:
        raise Decline(UNCLEAR)
    return clause.asked(clause.extended(replace(phrase, core=[noun(made), *phrase.core]), at + 1))


def _is_made(key: str) -> bool:
    return key in verbs.MADE or (len(key) > 6 and key.endswith(("able", "ible", "-safe", "-friendly", "-aware")))


def _wanting(clause: Clause, at: int) -> Asked | None:
    """ "there's a memory leak in the worker" """
    size = matched(clause.keys(at), 0, verbs.WANTS)
    if clause.keys(at + size, 2) == ("wrong", "with"):
        return clause.asked(clause.whole(at + size + 2), "problem", needed=True)
    if not size:
        return None
    if clause.words[-1].key == "for" and clause.key(at) in ("what", "what's", "whats"):
        thing = clause.subject(at + size, ())
        if thing.end == len(clause.words) - 1:
            return clause.asked(replace(thing, core=[noun("purpose"), noun("of"), *thing.core], end=thing.end + 1))
    phrase = clause.whole(at + size)
    if clause.key(at).startswith("where") and phrase.core[-1].key.endswith("ed"):
        raise Decline(UNCLEAR)
    return clause.asked(phrase)


def _naming(clause: Clause, at: int) -> Asked | None:
    """ "sql query for monthly active users": a thing that can be made, what it is for, and nothing else."""
    phrase = clause.phrase(at)
    if phrase is None or phrase.points:
        return None
    is_fault = phrase.core[0].key in lexicon.FAULTS and bool(phrase.places)
    if phrase.core[-1].key not in lexicon.MADE_THINGS and not is_fault:
        return None
    if not is_fault and not phrase.places and (phrase.core[0].key != "new" or len(phrase.core) < 3):
        return None
    if any(word.key in verbs.VERBS and word.key not in verbs.NOUN_FIRST for word in phrase.core):
        return None
    return clause.asked(replace(phrase, end=clause.ended(phrase.end)))


Frame = Callable[[Clause, int], Asked | None]
_FRAMES: tuple[Frame, ...] = (question, _making, _request, _wanting, reported, _naming)

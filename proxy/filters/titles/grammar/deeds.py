"""What a thing does, is to do, or must not have done to it."""

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.leads import TAILS
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.verbs import spelled
from proxy.filters.titles.grammar.clause import Clause, Phrase, Words
from proxy.filters.titles.grammar.fitting import compact
from proxy.filters.titles.grammar.frames import placed
from proxy.filters.titles.grammar.shape import ROOM, Shape, content, noun, singular, size_of
from proxy.filters.titles.reasons import NOT_SEEN, UNCLEAR
from proxy.filters.titles.text.lexer import Token

_FORBIDDING = ("should", "must", "shouldn't", "shouldnt", "mustn't", "mustnt")
PARTICLES = ("off", "up", "out", "back", "down")
_WRONG = word_set("twice too early late behind over above below under outside off nan null old double nothing")
"""What shows that it is wrong, where the verb does not."""
AMISS = known.FAULTS | _WRONG


def wished(clause: Clause, subject: Phrase, key: str, end: int) -> Shape | None:
    """ "statements should be redacted", "(so that) guests can cancel a booking" """
    if clause.keys[end - 1] != "be":
        return does(clause, subject, key, end + 1) if key in verbs.DOING else None
    verb = verbs.PAST.get(key, "")
    work = verbs.WORKS.get(verb) or verbs.TAKEN_AWAY.get(verb, "")
    if subject.places or not content(subject.core) or not work:
        return None
    found = placed(clause, subject.core, end + 1, subject.places, work)
    if verb in verbs.TAKEN_AWAY and found is not None and clause.keys[found.end]:
        raise Decline(UNCLEAR)  # "the banner should be hidden when …"
    return found


def is_ought(keys: list[str]) -> bool:
    return any(key.startswith(("should", "must", "need")) for key in keys)


def unwished(clause: Clause, subject: Phrase, key: str, end: int) -> Shape:
    """ "backups must not be overwritten" as "no backup overwriting" """
    verb = verbs.PAST.get(key, "")
    if not verb or subject.places or not content(subject.core) or clause.keys[subject.end] not in _FORBIDDING:
        raise Decline(NOT_SEEN)  # "notes need not be saved"
    core = [noun("no"), *singular(subject.core), noun(verbs.VERBS.get(verb) or spelled(verb))]
    found = placed(clause, core, end + 1)
    if found is None or clause.keys[found.end]:
        raise Decline(NOT_SEEN)
    return replace(found, front=False, tied=len(found.places))


def does(clause: Clause, subject: Phrase, verb: str, at: int, *, is_fault: bool = False) -> Shape | None:
    """ "crashes on launch", "rejects valid numbers": the clause stays whole, and a report must name what is wrong."""
    fault = verbs.FAULT_NOUNS.get(verb)
    if fault and clause.keys[at] == "to":
        raise Decline(UNCLEAR)  # "fails to load"
    if fault and (clause.phrase(at) is None or clause.skip(TAILS, at) > at):
        found = placed(clause, subject.core, at, subject.places, fault)
        return replace(found, front=False) if found else None
    is_kept = verb == "keep" and clause.keys[at].endswith("ing")
    if is_kept:
        verb, at = clause.keys[at], at + 1
    doing = noun(verb if verb.endswith("ing") and verb not in verbs.DOING else spelled(verb))
    if clause.keys[at] == "out" and clause.keys[at + 1] == "of":
        return _out_of(clause, subject, doing, at)
    behind = at + (clause.keys[at] in (*PARTICLES, "twice"))
    behind += clause.keys[behind] == "twice" and behind > at
    core = [*compact(subject.core, subject.places), doing, *clause.words[at:behind]]
    thing = None if clause.skip(TAILS, behind) > behind else clause.phrase(behind)
    if thing is None or thing.points:
        found = placed(clause, core, behind)
        if found is None or not (found.places or behind > at or is_kept):
            raise Decline(UNCLEAR)
    else:
        twice = clause.words[thing.end : thing.end + (clause.keys[thing.end] == "twice")]
        end = clause.ends(thing.end + len(twice))
        if end is None:
            raise Decline(UNCLEAR)
        places = _held(thing, len(core))
        if subject.places and size_of([*core, *thing.core]) > ROOM and subject.places[0][0].key in ("in", "on"):
            core = [*subject.core, *core[-1 - behind + at :]]  # "ctrl+z deleting whole bar"
        told = [*core, *thing.core, *twice]
        if verb == "cut" and clause.keys[at] == "off" and size_of(told) == ROOM + 1 and not twice:
            return Shape([*core[:-2], *thing.core, noun("cutoff")], (), end, front=False)
        found = Shape(told, places, end)
    said = {word.key for word in [*found.core[len(core) - 1 :], *(place[0] for place in found.places)]}
    is_wrong = verb in verbs.HARMFUL or not said.isdisjoint(AMISS)
    if is_fault and not (is_wrong or is_kept):
        raise Decline(NOT_SEEN)
    if is_kept and clause.keys[found.end] in ("when", "while", "if"):
        raise Decline(UNCLEAR)
    is_held = not (thing or behind > at) or (bool(found.places) and found.places[0][0].key == "as")
    return replace(found, front=False, tied=len(found.places[:1]) if is_held else 0)


def _out_of(clause: Clause, subject: Phrase, doing: Token, at: int) -> Shape:
    """ "the crane runs out of power": what it lacks is never left out."""
    lacking = clause.phrase(at + 2)
    if lacking is None or lacking.points:
        raise Decline(UNCLEAR)
    core = [*compact(subject.core, subject.places), doing, *clause.words[at : at + 2], *lacking.core]
    return Shape(core, lacking.places, lacking.end, front=False)


def _held(thing: Phrase, before: int) -> tuple[Words, ...]:
    """The places of what a report is about without its owner, if there is no room: "cutting off the last line"."""
    is_of = bool(thing.places) and thing.places[0][0].key == "of" and len(thing.core) > 1
    is_long = is_of and before + size_of([*thing.core, *thing.places[0]]) > ROOM
    return thing.places[1:] if is_long and thing.core[-1].key not in known.AMOUNTS else thing.places

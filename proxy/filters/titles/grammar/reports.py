"""Reports of what goes wrong."""

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.tables import Phrases, word_set
from proxy.filters.titles.english.verbs import spelled
from proxy.filters.titles.grammar.clause import Clause, Phrase, Stop
from proxy.filters.titles.grammar.deeds import PARTICLES, does, is_ought, unwished, wished
from proxy.filters.titles.grammar.fitting import compact
from proxy.filters.titles.grammar.frames import placed, shape_of, subject_at, whole_object
from proxy.filters.titles.grammar.shape import ROOM, Shape, content, noun, singular
from proxy.filters.titles.reasons import NOT_SEEN, UNCLEAR
from proxy.filters.titles.text.line import SIGNS, is_adverb

HEDGES = word_set(
    """so way very really always still sometimes keeps keep too often being actually even currently suddenly randomly
    just now already up down constantly get gets getting seems to feels looks sounds"""
)
_OFTEN = word_set("always sometimes randomly constantly suddenly often occasionally repeatedly")
"""Behind these a word in "s" is a verb, and what is done so is a complaint."""
_REACHING = ("connect", "reconnect", "jump", "redirect")
_DEEDS = ("jump", "count", "refresh", "reload", "transfer", "trigger", "reconnect")
_BE = ("is", "are", "was", "were", "isn't", "aren't")
_BEING = word_set("is are was were isn't aren't wasn't isnt arent wasnt")
_WITH_BASE = word_set("do does did can could would will may might")
_OUGHT = ("should", "must", "needs", "need")
SO = "make it so "
_UNDONE = ("delete", "remove", "cancel", "uninstall", "disable", "hide")
_NEEDS = ("needs", "need")
_BEFORE_VERB = HEDGES | known.DENIED | known.AUXILIARIES | {*_OUGHT}
AT_WORK = word_set("work works working")
_SAID = Phrases(
    "(our |the |some |many )?(users|customers|people|clients|testers|qa|support)( in [a-z]+)? "
    "(report|say|complain|tell us|told us)( that)?|(my|our) [a-z]+ (says|thinks|told me|told us)( that)?"
)
_SEEMING = word_set("get gets getting feels looks seems sounds")
_ALONE = word_set("add create write implement introduce generate refactor optimize optimise improve simplify remove")
"""Verbs that are never the first noun of a name."""
_STATES = Phrases(
    """upside down|inside out|back to front|the wrong way (round|around|up)|wrong way (round|around|up)|out of (date
    |sync|order|memory|space|bounds|range|reach|place|focus|tune|control|disk|time)|off (center|centre|screen)"""
)
"""What a thing is that is not well, in several words."""
UNABLE = Phrases(
    "(i|we|users|customers|people|you|the user)?( still| just)? ?(cant|can't|cannot|couldn't|could not|can not)"
    "|(i |we |users |people )?(am|are) (unable|not able) to|unable to|not able to|(i'm|im) (unable|not able) to"
    "|why (can't|cant|couldn't) (i|we|users|people)"
)
_SLOW = word_set("slow laggy unresponsive heavy big huge large")
_FINITE = known.AUXILIARIES | known.DENIED | {"gets"}


def reports_of(clause: Clause, at: int) -> bool:
    """Whether one thing without an article stands at `at`, and then what it may do: "script skips leap days"."""
    if clause.keys[at + 1] not in verbs.DOES or clause.keys[at - 1] in _ALONE:
        return False
    key, behind = clause.keys[at], clause.keys[at + 2]
    if key in SIGNS or key in known.NO_NAME or (key[-1:] == "s" and key not in known.ENDLESS):
        return False
    is_free = behind not in known.NO_NAME and not behind.endswith("ing")
    return behind in known.DETERMINERS or behind == "@" or (is_free and behind != "" and behind not in SIGNS)


def reported(clause: Clause, at: int) -> Shape | None:
    """ "the deploy job fails on staging", "users report that …" """
    start = clause.skip(_SAID, at)
    key = clause.keys[start]
    is_named = start == 0 and key in verbs.VERB_STARTS and reports_of(clause, 1)
    if is_named and key not in verbs.NOUNS_TOO and not clause.is_third(2):
        raise Decline(UNCLEAR)
    is_asked = not is_named and key not in verbs.NOUN_FIRST and clause.asks_at(start)
    if not key or (is_asked and _FINITE.isdisjoint(clause.keys[start:])):
        return None
    is_sure = start > at or (at > 0 and (clause.keys[at - 1] == "but" or SO in clause.line))
    return report(clause, start, is_sure=is_sure)


def report(clause: Clause, at: int, *, asked: str = "", is_sure: bool = False) -> Shape | None:
    """A thing and what is wrong with it.

    `asked` is the auxiliary that stands before it in a question; `is_sure` tells that something is said to be wrong.
    """
    subject = subject_at(clause, at, _verb_in(clause, asked, is_sure=is_sure))
    if asked and asked not in _BE and clause.keys[subject.end] == "twice":
        raise Decline(NOT_SEEN)  # the verb before it is not known
    denied, said, end = asked in known.DENIED, asked, subject.end
    kept = False
    if clause.keys[end] == "no" and clause.keys[end + 1] == "longer":
        denied, end = True, end + 2
    while (key := clause.keys[end]) in _BEFORE_VERB or is_adverb(key) or (key == "to" and said in _NEEDS):
        kept = kept or key in ("keep", "keeps")
        if key == "not" and not said and not clause.keys[end + 1].endswith("ing"):
            return None  # "the job not fails" is not understood.
        denied = denied or key in known.DENIED
        said = said or (key if key in known.AUXILIARIES or key in _OUGHT else "")
        end += 1
    if denied and (said in ("may", "might") or SO in clause.line):
        raise Decline(NOT_SEEN)  # what must not be is no problem: "make it so that guests can't"
    if denied:
        is_done = clause.keys[end - 1] == "be" and not asked and (key in verbs.PAST or key.endswith(("ed", "en")))
        if is_done and is_ought(clause.keys[subject.end : end]):
            return unwished(clause, subject, key, end)
        return _denied(clause, subject, key, end)
    if key == "nothing":
        raise Decline(NOT_SEEN)  # "the button does nothing"
    is_wished = said in _OUGHT or (said == "can" and at > 1 and SO in clause.line)
    if is_wished and not asked and (found := wished(clause, subject, key, end)):
        return found
    is_got = clause.keys[end - 1] in _SEEMING
    if key and (is_got or said in known.AUXILIARIES) and said not in _WITH_BASE:
        return _is(clause, subject, key, end, is_sure=is_sure)
    is_often = end > subject.end and clause.keys[end - 1] in _OFTEN
    stem = verbs.DOES.get(key) or (_base(key) if is_often else "")
    verb = stem or (key if is_sure or clause.keys[subject.end - 1].endswith("s") else "")
    if key.endswith("ing"):
        verb = key if key in verbs.FAULT_NOUNS else verbs.DOING_NOW.get(key, key)
    is_known = verb in verbs.DOING or verb in verbs.FAULT_NOUNS or verb.endswith("ing")
    if not (is_known or (is_often and stem)):
        raise Decline(NOT_SEEN)
    found = does(clause, subject, verb, end + 1, is_fault=not (is_sure or kept or is_often))
    return replace(found, tied=0) if found and is_often else found


def _base(key: str) -> str:
    """The verb of a word in "s" that no table has, "" if it may be none: "resigns"."""
    if not key.endswith("s") or key.endswith(("ss", "us", "is")) or key in known.NO_NAME or key in verbs.FAULT_NOUNS:
        return ""
    if key.endswith("ies"):
        return key[:-3] + "y"
    return key[:-2] if key.endswith(("shes", "ches", "xes", "sses", "zzes")) else key[:-1]


def _verb_in(clause: Clause, asked: str, *, is_sure: bool) -> Stop:
    """Tells where the verb stands that ends the subject."""

    def stop(one: int) -> bool:
        key, before = clause.keys[one], clause.keys[one - 1]
        is_last = clause.ends(one + 1) is not None
        if asked in _BE:
            is_done = is_last and (key in verbs.PAST or key.endswith("ing"))
            return is_done or key in known.FAULTS or key in verbs.DOING_NOW
        if asked:
            is_noun_too = key in verbs.NOUNS_TOO and asked in _DO
            return clause.is_verb(one) or (is_noun_too and one == _verb_of_many(clause))
        is_plural = before.endswith("s") and not before.endswith("ss") and clause.is_verb(one)
        if is_plural or (is_sure and is_last and key in verbs.PAST) or key in _SEEMING:
            return True
        return clause.is_third(one) and clause.keys[one + 1] not in known.AUXILIARIES  # "old drafts should go"

    return stop


def _verb_of_many(clause: Clause) -> int:
    """Where the last verb stands if it may be a noun, and what stands behind it is many: "drop multiallelic sites"."""
    at = max((at for at, key in enumerate(clause.keys[:-2]) if key in verbs.DOING), default=0)
    following = clause.keys[at + 1]
    is_one = clause.ends(at + 2) is not None and following.endswith("s")
    is_two = clause.ends(at + 3) is not None and clause.keys[at + 2].endswith("s")
    is_free = at and following not in known.NO_NAME and following.isalpha()
    return at if is_free and (is_one or is_two) else 0


_DO = ("does", "do", "did")
_OF_THE_VERB = word_set("up down out off on over back away in")
"""What belongs to the verb before it: "won't come up"."""


def _denied(clause: Clause, subject: Phrase, key: str, end: int) -> Shape | None:
    """ "the drawer doesn't open": the title must never say that it does."""
    verb = verbs.DOING_NOW.get(key) or verbs.DOES.get(key) or verbs.PAST.get(key, key)
    told = len(content(subject.core))
    if found := _undone(clause, subject, verb, end + 1):
        return found
    is_doing = key.endswith("ing") or _BEING.isdisjoint(clause.keys[subject.end : end])
    if key in known.FAULTS or verb in verbs.FAULT_NOUNS:
        return None  # "login is not broken", "the job never fails"
    if key in verbs.PAST and told and verb not in verbs.WORKS:
        return placed(clause, subject.core, end + 1, subject.places, "problem")
    is_deed = is_doing and key.isalpha() and key not in AT_WORK and key not in known.NO_NAME
    is_whole = verb in verbs.DOING or clause.ends(end + 1) is not None
    is_other = "never" in clause.keys[subject.end : end] or clause.keys[end + 1] in _OF_THE_VERB
    if verb in verbs.SAME_STEM and told:
        core = [*singular(subject.core), noun(verbs.SAME_STEM[verb])]
    elif told == 1 and is_deed and is_whole and not is_other:
        core = [*singular(subject.core), noun(spelled(verb))]
    else:
        core = subject.core
    is_known = key in AT_WORK or len(core) > len(subject.core) or key in ("there", "responding")
    found = placed(clause, core, end + 1, subject.places, "problem") if is_known else None
    if found is None:
        raise Decline(NOT_SEEN)
    return found


def _undone(clause: Clause, subject: Phrase, verb: str, at: int) -> Shape | None:
    """ "doesn't jump to the app", "won't turn on": what is not done to what, as a name of the problem."""
    is_fault = verb in verbs.FAULT_NOUNS and (verb != "jump" or clause.keys[at] not in ("to", "into"))
    if subject.places or verb not in verbs.DOING or is_fault or not content(subject.core):
        return None
    if clause.keys[at] in ("on", "off", "up") and clause.ends(at + 1) == len(clause):
        core = [*singular(subject.core), noun(f"{verb}-{clause.keys[at]}")]
        return Shape(core, (), len(clause), "problem", 2, front=False)
    is_reached = verb in _REACHING and clause.keys[at] in ("to", "into")
    thing = clause.closed_phrase(at + is_reached)
    if thing is None or thing.places:
        return None
    if thing.core[-1].key in known.TROUBLES or any(word.kind != "word" for word in thing.core):
        return None
    work = verbs.SAME_STEM.get(verb) or (verb if verb in _DEEDS else "")
    if not work:
        return None
    core = [*singular(subject.core), *singular(thing.core), noun(work)]
    return Shape(core, (), thing.end, "problem", 2, front=False) if len(core) < ROOM else None


def _is(clause: Clause, subject: Phrase, key: str, end: int, *, is_sure: bool) -> Shape | None:
    """ "login is broken", "labels are cut off", "the minimap is upside down" """
    if (behind := clause.skip(_STATES, end)) > end:
        state = [word for word in clause.words[end:behind] if word.key not in known.ARTICLES]
        found = placed(clause, [*compact(subject.core, subject.places), *state], behind)
        return replace(found, front=False) if found else None
    if key in _SLOW and clause.keys[end + 1] == "to" and subject.core[0].kind != "number":
        return Shape([noun(key), *subject.core], subject.places, len(clause))  # "so slow to start"
    if key in known.FAULTS and clause.keys[end + 1] == "to":
        raise Decline(UNCLEAR)
    if key in known.FAULTS and clause.keys[end + 1] not in ("and", "or") and subject.core[0].kind != "number":
        core = [noun("missing" if key == "gone" else key), *subject.core]
        return placed(clause, core, end + 1, subject.places)
    if key in verbs.FAULT_NOUNS:
        return placed(clause, subject.core, end + 1, subject.places, verbs.FAULT_NOUNS[key])
    following = clause.keys[end + 1]
    if key in verbs.WRONGED or following in ("twice", "wrong") or key == "down" or (key in verbs.PAST and is_sure):
        behind = end + 1 + (following in ("twice", "wrong", "away", *PARTICLES))
        found = placed(clause, [*compact(subject.core, subject.places), *clause.words[end:behind]], behind)
        return replace(found, front=False) if found else None
    raise Decline(NOT_SEEN)


def missing(clause: Clause, at: int) -> Shape | None:
    """ "no sound on ios", "avoid floats in the ledger" """
    is_avoided = clause.keys[at] == "avoid" and not clause.keys[at + 1].endswith("ing")
    phrase = clause.closed_phrase(at + 1) if clause.keys[at] == "no" or is_avoided else None
    if phrase is None or phrase.core[-1].key in known.MADE_THINGS:
        return None
    return Shape([noun("no"), *phrase.core], phrase.places, phrase.end, front=False)


def unable(clause: Clause, at: int) -> Shape | None:
    """ "we can't upload avatars on safari": the title must never say that it works."""
    behind = clause.skip_early(UNABLE, at)
    if behind > at and SO in clause.line:
        raise Decline(NOT_SEEN)
    verb = clause.verb(behind) if behind > at else ""
    if behind > at and not verb and clause.keys[behind].isalpha() and clause.keys[behind + 1] in known.DETERMINERS:
        return shape_of(whole_object(clause, behind + 1), "problem", need=2)
    if verb in _UNDONE and (thing := clause.phrase(behind + 1)) and not thing.points:
        core = thing.core[thing.core[0].key == "own" :]
        is_whole = core and clause.ends(thing.end) is not None
        work = f"{verbs.VERBS[verb]} problem"
        return Shape(core, thing.places, thing.end, work, 2) if is_whole else None
    if not verb or verb in verbs.TAKEN_AWAY or verb in ("reproduce", "find", "see", "figure out"):
        return None
    work, behind = verbs.SAME_STEM.get(verb, ""), behind + len(verb.split())
    if work and clause.keys[behind] in known.PREPOSITIONS:
        if clause.keys[behind] in ("to", "into", "onto"):  # "connect to redis"
            return shape_of(whole_object(clause, behind + 1), f"{work} problem", need=2)
        return placed(clause, [noun(work), noun("problem")], behind)
    return shape_of(whole_object(clause, behind), f"{work} problem".strip(), need=2)

"""Questions for how, why, where and which."""

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.grammar.clause import Clause
from proxy.filters.titles.grammar.frames import placed, shape_of, subject_at, whole_object
from proxy.filters.titles.grammar.reports import AT_WORK, HEDGES, report
from proxy.filters.titles.grammar.shape import Shape, content, noun, singular
from proxy.filters.titles.reasons import UNCLEAR
from proxy.filters.titles.text.line import is_adverb

_DEGREES = known.SOFT | known.FAULTS | word_set("many much often long about so far fast bad hard soon well few")
_DOING = word_set("do does mean means")
_CALLERS = dict.fromkeys(("call", "calls", "calling"), "callers") | dict.fromkeys(("use", "uses", "using"), "usage")
_CALLERS |= dict.fromkeys(("import", "imports"), "imports") | dict.fromkeys(("reference", "references"), "references")
QUESTIONS = word_set("why how where does do which what who whos are")
_EXPOSED = ("vulnerable", "affected", "exposed", "susceptible")
_CONTRACTED = known.DENIED - {"not", "never"}


def question(clause: Clause, at: int) -> Shape | None:
    """A question, by its first words."""
    key, following = clause.keys[at], clause.keys[at + 1]
    is_asked = following in known.AUXILIARIES or (key == "why" and following in _CONTRACTED)
    match key:
        case "why":
            return report(clause, at + 1 + is_asked, asked=following if is_asked else "", is_sure=True)
        case "how" if following == "come":
            return report(clause, at + 2, is_sure=True)
        case "how" if following in _DEGREES:
            return None
        case "where" | "how":
            used = _used(clause, at + 1 + (following in ("is", "are")))
            return used or (None if following in ("is", "are") else _how(clause, at + 1 + is_asked))
        case "does" | "do" if following in ("anything", "anyone", "anybody", "something"):
            at += 2
            while clause.keys[at] in known.ADVERBS or is_adverb(clause.keys[at]):
                at += 1
            work, behind = _CALLERS.get(clause.keys[at]), at + 1 + (clause.keys[at + 1] in ("from", "on"))
            return shape_of(whole_object(clause, behind), work, 2) if work else None
        case "are" if exposed := _exposed(clause, at + 1):
            return exposed
        case "which" | "what" if not is_asked and following not in known.NO_NAME and (found := _which(clause, at + 1)):
            return found
        case "who" | "whos" | "which" | "what":
            at += is_adverb(following) or following in known.ADVERBS
            if work := _CALLERS.get(clause.keys[at + 1]):  # "who calls deleteTenant()"
                return shape_of(whole_object(clause, at + 2), work, need=2)
            return _what(clause, at + 1 + is_asked, is_asked=is_asked)
    return None


def overview(clause: Clause, at: int, end: int) -> Shape | None:
    """ "this repo", up to the end of the clause: the whole of it has a name that everybody knows."""
    name = known.REPOSITORY.get(clause.keys[at + 1])
    is_last = name and clause.keys[at] in ("this", "the") and clause.ends(end) in (len(clause), end)
    return Shape([noun(name), noun("overview")], end=end) if name and is_last else None


def _exposed(clause: Clause, at: int) -> Shape | None:
    """ "are we vulnerable to CVE-2024-3094" """
    whom, how, preposition = clause.keys[at : at + 3]
    if whom not in ("we", "i") or how not in _EXPOSED or preposition not in ("to", "by"):
        return None
    return shape_of(whole_object(clause, at + 3), "exposure", 2)


def _used(clause: Clause, at: int) -> Shape | None:
    """ "is the legacy client still used anywhere", "where is the JWT validated", "how the total is calculated" """

    def stop(one: int) -> bool:
        is_last = clause.ends(one + 1) is not None or clause.keys[one + 1] in known.PREPOSITIONS
        return clause.keys[one] in verbs.USED and is_last

    subject = clause.phrase(at, stop)
    if subject is None or subject.points:
        return None
    end = subject.end
    while clause.keys[end] in HEDGES or clause.keys[end] in ("is", "are"):
        end += 1
    work = verbs.USED.get(clause.keys[end])
    return placed(clause, subject.core, end + 1, subject.places, work) if work else None


def _how(clause: Clause, at: int) -> Shape | None:
    """ "how does the lease lock work", "how does the parser handle tabs" """
    is_work = not AT_WORK.isdisjoint(clause.keys[at:])

    def stop(one: int) -> bool:
        return clause.keys[one] in AT_WORK if is_work else clause.is_verb(one) or clause.is_third(one)

    subject = subject_at(clause, at, stop)
    key, end = clause.keys[subject.end], subject.end + 1
    if key in AT_WORK:
        found = placed(clause, subject.core, end, subject.places, "explanation")
        return replace(found, need=0) if found else None
    if len(content(subject.core)) < 2 or verbs.DOES.get(key, key) not in verbs.DOING:
        raise Decline(UNCLEAR)
    return Shape(subject.core, subject.places, len(clause))


def _what(clause: Clause, at: int, *, is_asked: bool) -> Shape | None:
    """ "what does parse_config do" """
    if asked := overview(clause, at, at + 3):
        return asked
    subject = subject_at(clause, at, lambda one: clause.keys[one] in _DOING)
    if clause.keys[subject.end] not in _DOING or not (is_asked or subject.end + 1 == len(clause)):
        raise Decline(UNCLEAR)
    found = placed(clause, subject.core, subject.end + 1, subject.places, "explanation")
    return replace(found, need=0) if found else None


def _which(clause: Clause, at: int) -> Shape | None:
    """ "which env vars does the worker read", "which tests cover the parser" """
    thing = clause.phrase(at, lambda one: clause.is_verb(one) or clause.is_third(one))
    if thing is None or thing.points or thing.places:
        return None
    if clause.keys[thing.end] in ("does", "do", "did"):
        owner = clause.phrase(thing.end + 1, lambda one: clause.keys[one] in verbs.DOING)
        is_whole = owner and not owner.points and clause.ends(owner.end + 1) is not None
        return Shape([*singular(owner.core), *thing.core], owner.places, owner.end + 1) if owner and is_whole else None
    if clause.keys[thing.end] not in verbs.DOING and clause.keys[thing.end] not in verbs.DOES:
        return None
    owner = whole_object(clause, thing.end + 1)
    if owner.places and owner.places[0][0].key == "of":
        return None
    return Shape([*singular(owner.core), *thing.core], owner.places, owner.end)

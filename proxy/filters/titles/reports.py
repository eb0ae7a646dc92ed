"""Questions for how, why, where and which, and reports of what goes wrong."""

from proxy.filters.decline import Decline
from proxy.filters.titles import verbs
from proxy.filters.titles import words as known
from proxy.filters.titles.clause import Clause, Phrase, Stop
from proxy.filters.titles.fitting import compact
from proxy.filters.titles.frames import placed, shape_of, subject_at, whole_object
from proxy.filters.titles.leads import TAILS
from proxy.filters.titles.line import is_adverb
from proxy.filters.titles.reasons import NOT_SEEN, UNCLEAR
from proxy.filters.titles.shape import Shape, content, noun, singular
from proxy.filters.titles.tables import Phrases, word_set
from proxy.filters.titles.verbs import spelled

_DEGREES = known.SOFT | known.FAULTS | word_set("many much often long about so far fast bad hard soon well few")
_HEDGES = word_set(
    """so way very really always still sometimes keeps keep too often being actually even currently suddenly randomly
    just now already up down constantly get gets getting seems to"""
)
_BE = ("is", "are", "was", "were", "isn't", "aren't")
_BEING = word_set("is are was were isn't aren't wasn't isnt arent wasnt")
_WITH_BASE = word_set("do does did can could would will may might")
_OUGHT = ("should", "must", "needs")
_BEFORE_VERB = _HEDGES | known.DENIED | known.AUXILIARIES | {*_OUGHT}
_AT_WORK = word_set("work works working")
_DOING = word_set("do does mean means")
PARTICLES = ("off", "up", "out", "back", "down")
_CALLERS = dict.fromkeys(("call", "calls", "calling"), "callers") | dict.fromkeys(("use", "uses", "using"), "usage")
_CALLERS |= dict.fromkeys(("import", "imports"), "imports") | dict.fromkeys(("reference", "references"), "references")
_SAID = Phrases(
    "(our |the |some |many )?(users|customers|people|clients|testers|qa|support)( in [a-z]+)? "
    "(report|say|complain|tell us|told us)( that)?|(my|our) [a-z]+ (says|thinks|told me|told us)( that)?"
)
_WRONG = word_set("twice too early late behind over above below under outside off nan null old double nothing")
"""What shows that it is wrong, where the verb does not."""
_AMISS = known.FAULTS | _WRONG
_QUESTIONS = word_set("why how where does do which what who whos")
_CONTRACTED = known.DENIED - {"not", "never"}
_FINITE = known.AUXILIARIES | known.DENIED | {"gets"}


def question(clause: Clause, at: int) -> Shape | None:
    """A question, by its first words."""
    key, following = clause.keys[at], clause.keys[at + 1]
    if key not in _QUESTIONS:
        return None
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
            behind = at + 1 + (clause.keys[at + 1] in ("from", "on"))
            return (
                shape_of(whole_object(clause, behind), _CALLERS[clause.keys[at]], 2)
                if clause.keys[at] in _CALLERS
                else None
            )
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


def _used(clause: Clause, at: int) -> Shape | None:
    """ "is the legacy client still used anywhere", "where is the JWT validated", "how the total is calculated" """

    def stop(one: int) -> bool:
        is_last = clause.ends(one + 1) is not None or clause.keys[one + 1] in known.PREPOSITIONS
        return clause.keys[one] in verbs.USED and is_last

    subject = clause.phrase(at, stop)
    if subject is None or subject.points:
        return None
    end = subject.end
    while clause.keys[end] in _HEDGES or clause.keys[end] in ("is", "are"):
        end += 1
    work = verbs.USED.get(clause.keys[end])
    return placed(clause, subject.core, end + 1, subject.places, work) if work else None


def _how(clause: Clause, at: int) -> Shape | None:
    """ "how does the lease lock work", "how does the parser handle tabs" """
    is_work = any(clause.keys[one] in _AT_WORK for one in range(at, len(clause)))

    def stop(one: int) -> bool:
        return clause.keys[one] in _AT_WORK if is_work else clause.is_verb(one) or clause.is_third(one)

    subject = subject_at(clause, at, stop)
    key, end = clause.keys[subject.end], subject.end + 1
    if key in _AT_WORK:
        found = placed(clause, subject.core, end, subject.places, "explanation")
        return found._replace(need=0) if found else None
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
    return found._replace(need=0) if found else None


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


def reported(clause: Clause, at: int) -> Shape | None:
    """ "the deploy job fails on staging", "users report that …" """
    start = clause.skip(_SAID, at)
    is_said = any(clause.keys[at] in _FINITE for at in range(start, len(clause)))
    if clause.asks_at(start) and not is_said and clause.keys[start] not in verbs.NOUN_FIRST:
        return None
    return report(clause, start, is_sure=start > at) if start < len(clause) else None


def report(clause: Clause, at: int, *, asked: str = "", is_sure: bool = False) -> Shape | None:
    """A thing and what is wrong with it.

    `asked` is the auxiliary that stands before it in a question; `is_sure` tells that something is said to be wrong.
    """
    subject = subject_at(clause, at, _verb_in(clause, asked, is_sure=is_sure))
    if asked and asked not in _BE and clause.keys[subject.end] == "twice":
        raise Decline(NOT_SEEN)  # the verb before it is not known
    denied, said, end = asked in known.DENIED, asked, subject.end
    kept = False
    while (key := clause.keys[end]) in _BEFORE_VERB or is_adverb(key):
        kept = kept or key in ("keep", "keeps")
        if key == "not" and not said and not clause.keys[end + 1].endswith("ing"):
            return None  # "the job not fails" is not understood.
        denied = denied or key in known.DENIED
        said = said or (key if key in known.AUXILIARIES or key in _OUGHT else "")
        end += 1
    if denied:
        return _denied(clause, subject, key, end)
    if said in ("should", "must") and not asked and key in verbs.DOING:
        return does(clause, subject, key, end + 1)  # what is wished for
    is_got = clause.keys[end - 1] in ("get", "gets", "getting")
    if key and (is_got or said in known.AUXILIARIES) and said not in _WITH_BASE:
        return _is(clause, subject, key, end, is_sure=is_sure)
    verb = verbs.DOES.get(key) or (key if is_sure or clause.keys[subject.end - 1].endswith("s") else "")
    if key.endswith("ing"):
        verb = key if key in verbs.FAULT_NOUNS else verbs.DOING_NOW.get(key, key)
    is_known = verb in verbs.DOING or verb in verbs.FAULT_NOUNS or verb.endswith("ing")
    if not is_known:
        raise Decline(NOT_SEEN)
    return does(clause, subject, verb, end + 1, is_fault=not (is_sure or kept))


def _verb_in(clause: Clause, asked: str, *, is_sure: bool) -> Stop:
    """Tells where the verb stands that ends the subject."""

    def stop(one: int) -> bool:
        key, before = clause.keys[one], clause.keys[one - 1]
        is_last = clause.ends(one + 1) is not None
        if asked in _BE:
            return (
                key in known.FAULTS
                or (is_last and (key in verbs.PAST or key.endswith("ing")))
                or key in verbs.DOING_NOW
            )
        if asked:
            return clause.is_verb(one)
        is_plural = before.endswith("s") and not before.endswith("ss") and clause.is_verb(one)
        return is_plural or (is_sure and is_last and key in verbs.PAST) or clause.is_third(one)

    return stop


def _denied(clause: Clause, subject: Phrase, key: str, end: int) -> Shape | None:
    """ "the drawer doesn't open": the title must never say that it does."""
    verb = verbs.GERUNDS.get(key) or verbs.DOES.get(key) or verbs.PAST.get(key, key)
    told = len(content(subject.core))
    is_doing = key.endswith("ing") or not any(clause.keys[one] in _BEING for one in range(subject.end, end))
    if key in known.FAULTS or verb in verbs.FAULT_NOUNS:
        return None  # "login is not broken", "the job never fails"
    if key in verbs.PAST and told and verb not in verbs.WORKS:
        return placed(clause, subject.core, end + 1, subject.places, "problem")
    if verb in verbs.SAME_STEM and told:
        core = [*singular(subject.core), noun(verbs.SAME_STEM[verb])]
    elif (
        told == 1
        and is_doing
        and key.isalpha()
        and key not in _AT_WORK
        and key not in known.NO_NAME
        and (verb in verbs.DOING or clause.ends(end + 1) is not None)
    ):
        core = [*singular(subject.core), noun(spelled(verb))]
    else:
        core = subject.core
    is_known = key in _AT_WORK or len(core) > len(subject.core) or key in ("there", "responding")
    found = placed(clause, core, end + 1, subject.places, "problem") if is_known else None
    if found is None:
        raise Decline(NOT_SEEN)
    return found


def _is(clause: Clause, subject: Phrase, key: str, end: int, *, is_sure: bool) -> Shape | None:
    """ "login is broken", "labels are cut off" """
    if key in known.FAULTS and clause.keys[end + 1] not in ("and", "or") and subject.core[0].kind != "number":
        core = [noun("missing" if key == "gone" else key), *subject.core]
        return placed(clause, core, end + 1, subject.places)
    if key in verbs.FAULT_NOUNS:
        return placed(clause, subject.core, end + 1, subject.places, verbs.FAULT_NOUNS[key])
    following = clause.keys[end + 1]
    if key in verbs.WRONGED or following in ("twice", "wrong") or key == "down" or (key in verbs.PAST and is_sure):
        behind = end + 1 + (following in ("twice", "wrong", "away", *PARTICLES))
        found = placed(clause, [*compact(subject.core, subject.places), *clause.words[end:behind]], behind)
        return found._replace(front=False) if found else None
    raise Decline(NOT_SEEN)


def does(clause: Clause, subject: Phrase, verb: str, at: int, *, is_fault: bool = False) -> Shape | None:
    """ "crashes on launch", "rejects valid numbers": the clause stays whole, and a report must name what is wrong."""
    fault = verbs.FAULT_NOUNS.get(verb)
    if fault and clause.keys[at] == "to":
        raise Decline(UNCLEAR)  # "fails to load"
    if fault and (clause.phrase(at) is None or clause.skip(TAILS, at) > at):
        found = placed(clause, subject.core, at, subject.places, fault)
        return found._replace(front=False) if found else None
    is_kept = verb == "keep" and clause.keys[at].endswith("ing")
    if is_kept:
        verb, at = clause.keys[at], at + 1
    doing = noun(verb if verb.endswith("ing") and verb not in verbs.DOING else spelled(verb))
    behind = at + (clause.keys[at] in (*PARTICLES, "twice"))
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
        found = Shape([*core, *thing.core, *twice], thing.places, end)
    said = {word.key for word in [*found.core[len(core) - 1 :], *(place[0] for place in found.places)]}
    is_wrong = verb in verbs.HARMFUL or not said.isdisjoint(_AMISS)
    if is_fault and not (is_wrong or is_kept):
        raise Decline(NOT_SEEN)
    if is_kept and clause.keys[found.end] in ("when", "while", "if"):
        raise Decline(UNCLEAR)
    return found._replace(front=False, tied=0 if thing or behind > at else len(found.places[:1]))

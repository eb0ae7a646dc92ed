"""Questions for how, why, where and who, and reports of what fails."""

from dataclasses import replace

from proxy.filters.decline import Decline
from proxy.filters.titles import lexicon, verbs
from proxy.filters.titles.clauses import NOT_SEEN, UNCLEAR, Asked, Clause
from proxy.filters.titles.tables import word_set
from proxy.filters.titles.titling import Title, noun, singular, size_of

_AUXILIARIES = word_set("is are does do did")
_DENIED = word_set("doesn't don't isn't aren't won't doesnt dont isnt arent not stopped")
_HEDGES = word_set("so very really always still sometimes keeps keep too often being actually even currently")
_AT_WORK = word_set("work works working")
_DOING = word_set("do does mean means")
_RELATED = {"cover": "covering", "test": "testing", "use": "using", "import": "importing", "call": "calling"}
_FAULTY = verbs.FAULT_VERBS.keys() | verbs.RETURNS
_FAILING = _FAULTY | verbs.WORKING | verbs.WORKING_ING.keys()


def question(clause: Clause, at: int) -> Asked | None:
    """A question, by its first words."""
    if clause.key(at) in ("is", "are"):
        return _used(clause, at)
    if clause.key(at) == "where":
        return _used(clause, at + 1)
    if clause.key(at) in ("does", "do") and clause.key(at + 1) in ("anything", "anyone", "we", "any"):
        return _still(clause, at + 2)
    if clause.key(at) in ("who", "what", "who's", "whos", "which"):
        return _callers(clause, at) or explained(clause, at)
    return explained(clause, at)


def _still(clause: Clause, at: int) -> Asked | None:
    """ "does anything still import legacy_auth" """
    while clause.key(at) in _HEDGES:
        at += 1
    work = {"use": "usage", "import": "imports", "call": "calls", "need": "usage"}.get(clause.key(at))
    return clause.asked(clause.whole(at + 1), work, kept=True) if work else None


def _callers(clause: Clause, at: int) -> Asked | None:
    """ "who calls deleteTenant()", "which tests cover the coupon rules" """
    verb = clause.key(at + 1)
    if work := {"calls": "callers", "calling": "callers", "uses": "usage", "using": "usage", "imports": "imports"}.get(
        verb
    ):
        return clause.asked(clause.whole(at + 2), work, kept=True)
    kinds = clause.phrase(at + 1, _RELATED.keys()) if clause.key(at) in ("which", "what") else None
    if kinds is None or kinds.places or (doing := _RELATED.get(clause.key(kinds.end))) is None:
        return None
    thing = clause.whole(kinds.end + 1)
    place = [noun(doing), *thing.core]
    return clause.asked(replace(thing, core=kinds.core, places=(place, *thing.places), tied=1))


def explained(clause: Clause, at: int) -> Asked | None:
    """ "how does the lease lock work", "what does parse_config do", "why the build fails" """
    match clause.keys(at, 2):
        case ("why", key):
            is_denied, is_asked = key in _DENIED, key in _AUXILIARIES | _DENIED
            return _reported(clause, at + 1 + is_asked, is_question=is_asked, denied=is_denied)
        case ("how", "is" | "are"):
            return _used(clause, at + 1)
        case ("how", following):
            return _how(clause, at + 1 + (following in _AUXILIARIES))
        case ("what", following) if following not in ("is", "are"):
            return _what(clause, at + 1 + (following in _AUXILIARIES), is_asked=following in _AUXILIARIES)
    return None


def overview(clause: Clause, at: int, end: int) -> Asked | None:
    """ "this repo", up to the end of the clause: the whole of it has a name that everybody knows."""
    name = lexicon.REPOSITORY.get(clause.key(at + 1))
    if not name or clause.key(at) not in ("this", "the") or end != len(clause.words):
        return None
    return Asked(Title([noun(name), noun("overview")], []), end)


def reported(clause: Clause, at: int) -> Asked | None:
    """ "the deploy job fails on staging" """
    is_request = clause.key(at) in verbs.SINGLE and clause.key(at) not in verbs.NOUN_FIRST
    return None if is_request or at >= len(clause.words) else _reported(clause, at)


def _reported(clause: Clause, at: int, *, is_question: bool = False, denied: bool = False) -> Asked:
    """A thing and what is wrong with it; what is `denied` is a problem, whatever it is."""
    stops = _FAILING | lexicon.FAULTS if is_question else _FAILING
    subject = clause.subject(at, _FAULTY & set(clause.keys(at)) or stops)
    end, is_said = subject.end, is_question
    while (key := clause.key(end)) in _HEDGES | _DENIED | _AUXILIARIES:
        denied, is_said = denied or key in _DENIED, is_said or key in _AUXILIARIES
        end += 1
    if key in verbs.RETURNS and not subject.places and not denied:
        result = clause.whole(end + 1)
        return clause.asked(replace(result, places=([noun("from"), *subject.core], *result.places)))
    if key in ("overlap", "overlaps") and not denied and (other := clause.phrase(end + 1)):
        core, places = [*singular(subject.core), noun("overlap")], (*subject.places, [noun("with"), *other.core])
        return clause.asked(replace(other, core=core, places=(*places, *other.places), end=clause.ended(other.end)))
    phrase = clause.extended(subject, end + 1)
    if denied and key in verbs.WORKING_ING and key not in ("working", "running"):
        core = [*singular(phrase.core), noun(key)]
        return clause.asked(replace(phrase, core=core), "problem", kept=True)
    if denied and (key in verbs.WORKING or key in verbs.WORKING_ING):
        # The title must never say that it works.
        return clause.asked(phrase, "problem", needed=True)
    if key in lexicon.FAULTS and is_said and not denied:
        return clause.asked(replace(phrase, core=[noun(key), *phrase.core]))
    if key in verbs.FAULT_VERBS and not denied:
        return clause.asked(phrase, verbs.FAULT_VERBS[key], needed=True)
    raise Decline(NOT_SEEN)


def _how(clause: Clause, at: int) -> Asked:
    is_work = not _AT_WORK.isdisjoint(clause.keys(at))
    subject = clause.subject(at, _AT_WORK if is_work else verbs.DOES)
    if clause.key(subject.end) in _AT_WORK:
        return clause.asked(clause.extended(subject, subject.end + 1), "explanation")
    # A plain word behind what looks like the verb may be the verb itself: "the import job handles …".
    is_plain = clause.kind(subject.end + 1) not in ("", "cut", "comma") and (
        clause.key(subject.end + 1) not in lexicon.NO_NAME
    )
    if clause.key(subject.end) not in verbs.DOES or is_plain or subject.places or size_of(subject.core) < 2:
        raise Decline(UNCLEAR)
    return clause.asked(subject, "explanation", needed=True)


def _what(clause: Clause, at: int, *, is_asked: bool) -> Asked | None:
    if asked := overview(clause, at, at + 3):
        return asked
    subject = clause.subject(at, _DOING)
    if clause.key(subject.end) not in _DOING or not (is_asked or subject.end + 1 == len(clause.words)):
        raise Decline(UNCLEAR)
    return clause.asked(clause.extended(subject, subject.end + 1), "explanation")


def _used(clause: Clause, at: int) -> Asked | None:
    """ "is the legacy client still used anywhere", "where is the JWT validated" """
    subject = clause.phrase(at + 1, verbs.USED) if clause.key(at) in ("is", "are") else None
    if subject is None or subject.points:
        return None
    end = subject.end
    while clause.key(end) in _HEDGES:
        end += 1
    work = verbs.USED.get(clause.key(end))
    return clause.asked(clause.extended(subject, end + 1), work, kept=True) if work else None

"""The thing that a sentence is about, where no frame says what is to become of it: a title that is thin, but true."""

from contextlib import suppress
from dataclasses import replace

from proxy.filters.decline import Decline
from proxy.filters.titles import verbs
from proxy.filters.titles import words as known
from proxy.filters.titles.clause import Clause, Phrase, Words, is_adverb
from proxy.filters.titles.frames import EARLIER, checked, placed, whole_object
from proxy.filters.titles.reasons import NOT_SEEN, NOTHING, POINTS
from proxy.filters.titles.reports import does
from proxy.filters.titles.shape import Shape, compact, content, noun
from proxy.filters.titles.tables import phrase_pattern, word_set

_ASKING = word_set("is are was were does do did can could would will should has what which how when why where who")
_FINITE = known.AUXILIARIES | known.DENIED | known.VERBAL
_SAYING = word_set("says say said thinks think wants want told reports complains complain asks asked found finds means")
_SMALL = known.NO_NAME | known.FAULTS | known.GENERIC | known.MADE_THINGS | known.TROUBLES | known.SPELLED.keys()
_KNOWN = _SMALL | verbs.DOES.keys() | verbs.GERUNDS.keys() | verbs.PAST.keys()
"""English words: without one of them the language is in doubt."""
_DONE = word_set("finished done fixed closed ready working fine complete merged")
_COPULAS = word_set("turns turn goes go stays stay becomes become remains looks look")
_BE = ("is", "are", "was", "were")
_BEING = word_set(
    "is are was were gets get being been always still sometimes super really very so pretty also just too now"
)
_COMPLETING = word_set("as to into from with without like than instead over")
_NEVER = phrase_pattern("don't|dont|do not|never|stop")
_WHERE = ("in", "on", "for", "of", "at")
_ALL = word_set(
    """app application site website project code repo repository system company team service product tool server
    customer customers user users people client clients thing everything problem issue bug error idea version
    library finance marketing product support colleague boss places text question time times moment day days week month
    morning"""
)
"""What many a session of the same person is about: not a title by itself, whatever stands before it."""


def thing_in(clause: Clause) -> Shape:
    """The subject of the clause, if it ends where the verb begins; raises `Decline` if there is none that tells."""
    at, asked = clause.lead, ""
    while clause.key(at) in _ASKING:
        asked = clause.key(at)
        at += 1
    if EARLIER.search(clause.line):
        raise Decline(POINTS)
    if forbidden := _forbidden(clause, at):
        return forbidden
    if any(word.key in known.FOREIGN for word in clause.words) or _KNOWN.isdisjoint(word.key for word in clause.words):
        raise Decline(NOT_SEEN)
    phrase = clause.phrase(at, lambda one: _is_verb(clause, one, asked))
    if phrase is None or phrase.points:
        raise Decline(POINTS if phrase or clause.key(at) in known.PRONOUNS else NOT_SEEN)
    core, end, key = phrase.core, phrase.end, clause.key(phrase.end)
    is_denied = key in known.DENIED - {"not", "never"} or (key == "not" and clause.key(end + 1) in verbs.PAST)
    is_finite = (
        is_denied or key in _COPULAS or (key in _FINITE and key not in known.TURNING) or _is_verb(clause, end, asked)
    )
    is_finite = is_finite or (key == "off" and clause.key(end + 1) == "by")
    is_bare = clause.ends(end) is not None and asked not in _BE
    if _is_deed(clause, at) or key in _SAYING or not _DONE.isdisjoint((clause.key(end + 1), clause.key(end + 2))):
        raise Decline(NOT_SEEN)
    if key in known.DETERMINERS | known.PRONOUNS and not phrase.places:
        # A word before an article is a verb, whatever it is: "the crawler visits every page".
        core, end = core[:-1], end - 1
    elif not (is_finite or is_bare):
        raise Decline(NOT_SEEN)
    elif not is_finite and core[-1].key in verbs.DOES and phrase.places and phrase.places[0][0].key in ("with", "at"):
        core = core[:-1]  # "the deploy script exits with code 137"
    is_short = len(core) == len(content(core)) == 1 and not phrase.places and not is_denied
    if (
        is_short
        and not any(clause.key(one) in ("but", "and") for one in range(end, len(clause)))
        and (deed := _deed(clause, core, end))
    ):
        return checked(clause, deed)
    if not _tells(core, is_listed=clause.kind(end) == "comma"):
        raise Decline(NOTHING)
    if is_denied or clause.key(end + 1) == "nothing":
        is_fault = key not in ("shouldn't", "shouldnt") and len(content(core)) > 1
        return Shape(core, phrase.places, end + 1, "problem" if is_fault else "", need=2 * is_fault, front=False)
    return checked(clause, _told(clause, Shape(core, phrase.places, end, front=False), asked))


def _is_quality(key: str) -> bool:
    """Whether a word behind "is" may stand before its thing: "the build is red"."""
    return key.isalpha() and not key.endswith("s") and key not in known.NO_NAME | known.GENERIC | _DONE | verbs.DOING


def _forbidden(clause: Clause, at: int) -> Shape | None:
    """ "don't show the banner to admins", "stop sending the mail twice": the thing, and nothing of what is denied."""
    behind = clause.skip(_NEVER, at)
    key = clause.key(behind)
    if behind == at or not (key in verbs.DOING or key in verbs.DOING_NOW) or key in ("use", "using", "let", "make"):
        return None
    phrase = whole_object(clause, behind + 1)
    is_into = key.startswith(("writ", "log", "print", "send"))
    places = [
        [noun("in"), *place[1:]] if is_into and place[0].key in ("to", "into") else place for place in phrase.places
    ]
    return Shape(phrase.core, tuple(place for place in places if place[0].key in _WHERE), phrase.end)


def _deed(clause: Clause, core: Words, end: int) -> Shape | None:
    """ "the lexer keeps two token buffers": a thing of one word, with what it does"""
    verb = verbs.DOES.get(clause.key(end)) or (clause.key(end) if clause.is_verb(end) else "")
    if verb not in verbs.DOING or core[0].key in _ALL:
        return None
    with suppress(Decline):
        if found := does(clause, Phrase(core, (), end), verb, end + 1):
            held = [n for n, place in enumerate(found.places, 1) if place[0].key in _COMPLETING]
            return replace(found, tied=max([found.tied, *held]))
    return None


def _told(clause: Clause, thing: Shape, asked: str) -> Shape:
    """The thing with the one word that says what is wrong with it: "slow gantt view", "preview mirrored"."""
    at = thing.end
    while clause.key(at) in _BEING | _COPULAS or is_adverb(clause.key(at)):
        at += 1
    key, before = clause.key(at), clause.key(at - 1)
    if asked and key in verbs.USED and clause.kind(at + 1) in ("", "comma"):
        return replace(thing, work=verbs.USED[key], need=1)
    if asked or not (at > thing.end or key in verbs.WRONGED or key == "off"):
        return thing
    is_over = before == "too" and clause.kind(at) == "word" and key not in known.NO_NAME | {"many", "much", "few"}
    is_last = clause.ends(at + 1) is not None or clause.key(at + 1) in known.PREPOSITIONS
    if is_over or (key in known.FAULTS and is_last):
        core, behind = [noun(key), *thing.core], at + 1
    elif key == "off" and clause.key(at + 1) == "by":
        gap = [word for word in clause.words[at + 2 : at + 4] if word.key not in known.ARTICLES]
        if len(thing.core) + len(gap) > 3:
            return thing
        return Shape([*thing.core, noun("off"), noun("by"), *gap], thing.places, at + 4, front=False)
    elif key in verbs.PAST or key in verbs.WRONGED:
        core, behind = [*compact(thing.core, thing.places), *clause.words[at : at + 1]], at + 1
        return placed(clause, core, behind) or Shape(core, (), behind, front=False)
    elif (
        (before in _BE or before in _COPULAS)
        and clause.kind(at) == "word"
        and _is_quality(key) and is_last and clause.key(at + 1) != "to"
    ):
        core, behind = [noun(key), *thing.core], at + 1
    else:
        return thing
    return placed(clause, core, behind, thing.places) or replace(thing, core=core)


def _is_deed(clause: Clause, at: int) -> bool:
    """Whether a verb stands there that asks, and no noun."""
    key = clause.key(at)
    return clause.asks_at(at) or clause.is_verb(at) or key in verbs.GERUNDS or key in verbs.PAST


def _tells(core: Words, *, is_listed: bool) -> bool:
    if not core or core[-1].key in _ALL or core[0].kind == "number" or core[0].key in ("many", "much", "long"):
        return False
    told = [word for word in content(core) if word.key not in _ALL]
    return len(told) > 2 * is_listed or any(word.is_fixed for word in told)


def _is_verb(clause: Clause, at: int, asked: str) -> bool:
    key, before = clause.key(at), clause.key(at - 1)
    if key in known.FAULTS | verbs.WRONGED or (asked and (key in verbs.PAST or key.endswith("ed"))):
        return clause.ends(at + 1) is not None or clause.key(at + 1) in known.PREPOSITIONS
    is_plural = before.endswith("s") and not before.endswith("ss") and clause.is_verb(at)
    if key in verbs.DOING - verbs.NOUNS_TOO and clause.key(at + 1) in known.PREPOSITIONS | known.DETERMINERS:
        return True  # "emails from the form land in spam"
    return is_plural or (clause.is_third(at) and not (clause.is_verb(at + 1) or clause.key(at + 1) in _FINITE))

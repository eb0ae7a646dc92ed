"""What a thing is, or is not well: "slow gantt view", "clock off by one hour", "memory leak in parser"."""

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.tables import Phrases, word_set
from proxy.filters.titles.grammar.clause import Clause, Phrase, Words
from proxy.filters.titles.grammar.deeds import PARTICLES
from proxy.filters.titles.grammar.fitting import compact
from proxy.filters.titles.grammar.frames import placed
from proxy.filters.titles.grammar.shape import ROOM, Shape, content, noun, size_of
from proxy.filters.titles.reasons import NOT_SEEN
from proxy.filters.titles.text.line import SIGNS, is_adverb

DONE = word_set("finished done fixed closed ready working fine complete merged")
COPULAS = word_set("turns turn goes go stays stay becomes become remains looks look")
_NO_QUALITIES = (known.NO_NAME, known.GENERIC, DONE, verbs.DOING, SIGNS, ("",))
_HAVING = word_set(
    """has have need support use read handle keep remember retry accept return validate check cache log store send show
    emit parse expose include contain require allow write produce generate render track"""
)
"""Verbs whose object is in their subject: "can the parser read comments"."""
BE = ("is", "are", "was", "were")
_BEING = word_set(
    "is are was were gets get being been always still sometimes super really very so pretty also just too now"
)
_SHOWING = Phrases(
    """(come|comes|came|coming|go|goes|went) (in|out|back|through|up)( as)?|(arrive|arrives|appear|appears) as
    |(show|shows|showed|end|ends|ended|turn|turns|turned|wind|winds|start|starts) (up|out)( as)?
    |(render|renders|print|prints|export|exports|display|displays) as"""
)
"""How a thing looks that is not well: "readings come in as negative"."""
_AMISS_ENDINGS = ("ive", "less", "ous", "ed")
_DEGREES = ("far", "much", "many", "little", "few")


def had(clause: Clause, thing: Shape) -> Shape | None:
    """ "can the parser read comments" as "comments in parser" """
    what = clause.closed_phrase(thing.end + 1)
    if what is None or not content(what.core):
        return None
    if clause.keys[thing.end] not in _HAVING or what.core[-1].key in verbs.PAST:
        return None
    if any(word.key in known.TURNING for word in what.words):
        return None
    return Shape(what.core, ([noun("in"), *thing.core],), what.end)


def with_fault(clause: Clause, thing: Shape, asked: str) -> Shape:
    at = thing.end
    is_shown = (behind := clause.skip(_SHOWING, at)) > at
    at = behind
    while clause.keys[at] in _BEING or clause.keys[at] in COPULAS or is_adverb(clause.keys[at]):
        at += 1
    key, before, following = clause.keys[at], clause.keys[at - 1], clause.keys[at + 1]
    if asked and key in verbs.USED and clause.keys[at + 1] in ("", ","):
        return replace(thing, work=verbs.USED[key], need=1)
    if asked or not (at > thing.end or key in verbs.WRONGED or key in ("off", "has", "have")):
        return thing
    if key == "off" and following == "by":
        return _off_by(clause, thing, at + 2)
    is_fault = key in verbs.WRONGED or key in known.FAULTS or clause.keys[at + 2] in ("0", "one")
    if following == "by" and key.endswith(("ed", "en")) and not is_fault:
        raise Decline(NOT_SEEN)  # "the fan is controlled by a script": what is so
    is_last = clause.ends(at + 1) is not None or following in known.PREPOSITIONS
    if (before == "too" and (not is_last or key in _DEGREES)) or following == "too":
        raise Decline(NOT_SEEN)  # "too far left", "zoomed too far out"
    is_over = before == "too" and not any(key in table for table in _NO_QUALITIES)
    is_like = before in BE or before in COPULAS or (is_shown and key.endswith(_AMISS_ENDINGS))
    is_like = is_like and _is_quality(key) and following != "to"
    if is_last and (is_over or key in known.FAULTS or (is_like and key not in verbs.PAST)):
        core = [noun(key), *thing.core]
        return placed(clause, core, at + 1, thing.places) or replace(thing, core=core)
    if key in verbs.PAST or key in verbs.WRONGED or (before in BE and key.endswith("ed")):
        behind = at + 1 + (following in PARTICLES)
        core = [*compact(thing.core, thing.places), *clause.words[at:behind]]
        return placed(clause, core, behind) or Shape(core, (), behind, front=False)
    if key in ("has", "have"):
        found = had(clause, replace(thing, end=at))
        if found and (not _is_trouble(found.core) or size_of(found.words) > ROOM):
            raise Decline(NOT_SEEN)  # "cows have ear tags": what is so, and not what is asked for
        return found or thing
    return thing


def _is_trouble(core: Words) -> bool:
    return core[0].key in known.FAULTS or core[-1].key in known.TROUBLES


def _off_by(clause: Clause, thing: Shape, at: int) -> Shape:
    """ "off by one hour", whole or with a word less; a "problem" if there is no room."""
    is_one = clause.keys[at] == "one"
    gap = clause.phrase(at + is_one)
    if gap and gap.places and gap.places[0][0].key == "of":  # "a factor of two", "a couple of hours"
        is_few = gap.core[-1].key in known.HOLLOW
        core = gap.places[0][1:] if is_few else [*gap.core, *gap.places[0]]
        gap = Phrase(core, gap.places[1:], gap.end)
    end = gap.end if gap else at + is_one
    words = [*thing.core, noun("off"), noun("by"), *clause.words[at : at + is_one], *(gap.core if gap else ())]
    if is_one and len(words) > ROOM and gap:
        words.remove(clause.words[at])
    if end == at or len(words) > ROOM:
        return replace(thing, work="problem", need=2)
    return replace(thing, core=words, end=end)


def _is_quality(key: str) -> bool:
    """Whether a word behind "is" may stand before its thing: "the build is red"."""
    return key.isalpha() and not key.endswith(("s", "ing")) and not any(key in table for table in _NO_QUALITIES)

"""What a sentence asks for: the frames of a request that the filter knows, and nothing else."""

from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.leads import WANTS
from proxy.filters.titles.english.tables import Phrases, word_set
from proxy.filters.titles.grammar.clause import PURPOSE, Clause
from proxy.filters.titles.grammar.frames import RELATIVE, checked, is_order, placed, shape_of, whole_object
from proxy.filters.titles.grammar.making import CAUSES, causing, described, making, stopping
from proxy.filters.titles.grammar.objects import GOING, MOVED, PAIRED, titled
from proxy.filters.titles.grammar.questions import QUESTIONS, overview, question
from proxy.filters.titles.grammar.reports import UNABLE, missing, report, reported, reports_of, unable
from proxy.filters.titles.grammar.shape import Shape, content, noun
from proxy.filters.titles.grammar.things import require_known, thing_in
from proxy.filters.titles.reasons import NOT_SEEN, UNCLEAR
from proxy.filters.titles.text.line import SIGNS

_BROUGHT = MOVED | PAIRED | word_set("add introduce apply put insert embed update bump connect deploy export wire")
_GOING_AS = (*GOING, "as")
_AWAY, _FROM_HERE = (*GOING, "from", "in"), (*GOING, "from", "for")
_HAD = known.TROUBLES | {"case", "cases"}
_QUESTION = ("why", "how", "what", "where", "who", "which", "whether", "if", "that")
_DEEDS = word_set("notify deliver dim decrease reprint rewind")
"""What is no first noun of a name before things that are many."""
_OWN = known.ARTICLES - {"a", "an"}
_WANTED = word_set("need want like love do am are")
_NO_NAMING = word_set(
    """continue proceed resume go try again yes yep nope same option phase step test hi hello done bring let leave make
    have help get take give teach ask grab remind forget assume imagine suppose consider treat play catch stuck"""
)
_PARTS = word_set("button icon link menu flag tab page field option key dialog modal shortcut")
_COMPOUND = (verbs.NOUN_FIRST | {"reset", "undo", "edit", "save", "copy", "submit", "cancel"}) - verbs.MENDING
_TROUBLE_THAT = Phrases("(a |the |this )?(nasty |weird |annoying )?(bug|issue|problem|case) (where|when|that|in which)")


def asked_in(clause: Clause) -> Shape:
    """What the clause asks for; raises `Decline` if no frame fits it."""
    lead, reason = clause.lead, NOT_SEEN
    is_early = lead > 0 and clause.keys[0] in _EARLY and max(clause.skip(UNABLE, 0), clause.skip(WANTS, 0)) > lead
    for frame in _FRAMES if is_early else _FITTING.get(clause.keys[lead], _ALWAYS):
        try:
            if found := frame(clause, lead):
                return checked(clause, found)
        except Decline as decline:
            is_better = decline.reason != NOT_SEEN and reason in (NOT_SEEN, UNCLEAR)
            reason = decline.reason if is_better else reason
    raise Decline(reason)


def _request(clause: Clause, at: int) -> Shape | None:
    """ "refactor the billing service" """
    keys = clause.keys
    gerund = verbs.GERUNDS.get(keys[at], "") if at else ""
    verb = gerund or clause.verb(at)
    if not verb:
        return None
    if gerund and (longer := f"{gerund} {keys[at + 1]}") in verbs.VERBS:
        verb = longer  # "would you mind cleaning up the makefile"
    first, behind = verb.partition(" ")[0], at + 1 + verb.count(" ")
    whom = keys[behind] in ("me", "us")
    if first in verbs.ASKING:
        if keys[behind + whom] in _QUESTION:
            return question(clause, behind + whom)
        if asked := overview(clause, behind + whom, behind + whom + 2):
            return asked
    if not (at or whom) and verb in verbs.NOUN_FIRST and not _is_marked(clause, behind):
        return None
    if not at and ((keys[behind] in _PARTS and verb in _COMPOUND) or reports_of(clause, behind)):
        return None  # "reset button", "backfill script skips leap days"
    key = keys[behind]
    if key == "that" and keys[behind + 1] in verbs.DOES:
        return None  # "hook that blocks large commits"
    if key in _HAD and verb in verbs.NOUNS_TOO and verb not in verbs.MENDING:
        return None  # "merge conflicts", "use case"
    behind += whom
    if keys[behind] == "and" and verb in verbs.THINGS and (other := clause.verb(behind + 1)) in verbs.THINGS:
        behind += 2 + other.count(" ")  # "design and implement"
    if first in verbs.MENDING:
        with suppress(Decline):
            told = clause.skip(_TROUBLE_THAT, behind)
            if asked := report(clause, told, is_sure=told > behind):
                return asked
        if told > behind:
            return thing_in(Clause(clause.words[told:]))
    if (work := verbs.WORKS.get(verb)) and (found := _moved(clause, work, behind)):
        return found
    phrase = whole_object(clause, behind, to_thing=first in _BROUGHT)
    return titled(clause, verb, phrase)


def _is_marked(clause: Clause, at: int) -> bool:
    """Whether what stands at `at` shows that the word before it is a verb, and not the first noun of a name."""
    if clause.keys[at] in known.DETERMINERS or clause.keys[at] in GOING or clause.keys[at] in SIGNS:
        return True
    is_many = clause.keys[at].endswith("s")
    if is_many and (clause.keys[at + 1] in _GOING_AS or clause.keys[at - 1] in _DEEDS):
        return True  # "export orders to csv"
    phrase = clause.phrase(at)
    if phrase is None or len(phrase.core) == 1 or clause.keys[at] in verbs.DOES:
        return False  # "release notes", "autocomplete flickers"
    if phrase.core[-1].key in verbs.FAULT_NOUNS and phrase.core[-1].key.endswith("s"):
        return False  # "unlock screen flickers"
    is_many = phrase.core[-1].key.endswith("s") and bool(content(phrase.core))
    is_clause = any(word.key[-1:] == "s" and word.key not in known.ENDLESS for word in phrase.core[:-1])
    return is_many and not is_clause and clause.ends(phrase.end) is not None  # "query builder quotes names"


def _moved(clause: Clause, work: str, at: int) -> Shape | None:
    """ "migrate from webpack to vite", "rewrite this in rust": where it goes names it well enough."""
    key, following = clause.keys[at], clause.keys[at + 1]
    size = 0
    if key == "this":
        size = 1 + (following not in known.NO_NAME)
    elif key in ("the", "our", "my") and following in known.ANYWHERE:
        size = 2
    if clause.keys[at + size] not in (_AWAY if size else _FROM_HERE):
        return None
    thing = placed(clause, [noun(work)], at + size)
    return replace(thing, tied=1) if thing and thing.places else None


def _wanting(clause: Clause, at: int) -> Shape | None:
    """ "there's a memory leak in the worker" """
    behind = clause.skip_early(WANTS, at)
    if behind <= at:
        return None
    phrase = whole_object(clause, behind)
    if clause.keys[behind] not in ("a", "an", "some") and phrase.places and phrase.places[0][0].key == PURPOSE:
        return None  # "I want the dashboard to load faster"
    said = clause.keys[:behind]
    last = phrase.core[-1].key
    is_past = last in verbs.PAST or last.endswith("ed") or clause.keys[behind].endswith(("ed", "ing"))
    is_done = is_past and (clause.keys[at].startswith(("wh", "wtf")) or clause.keys[at] == "have")
    if is_done or clause.keys[len(clause) - 1] == "for":
        raise Decline(UNCLEAR)
    is_wrong = "with" in said and "help" not in said
    is_trouble = phrase.core[-1].key in known.TROUBLES or phrase.core[0].key in known.FAULTS
    if said == ["have"] and clause.keys[behind] == "the" and not phrase.places and not is_trouble:
        return None  # "have the crawler respect robots.txt"
    is_had = ("i" in said or "we" in said) and _WANTED.isdisjoint(said)
    if is_had and not (is_trouble or is_wrong):
        return None  # What somebody has is told before what is asked for.
    return shape_of(phrase, "problem" if is_wrong else "", need=2 * is_wrong)


def _naming(clause: Clause, at: int) -> Shape | None:
    """ "sql query for monthly active users": a thing, what it is for, and nothing else."""
    phrase = clause.phrase(at)
    end = clause.ends(phrase.end) if phrase else None
    if phrase is None or end is None or phrase.points:
        return None
    if clause.keys[end] == ":":  # "flaky test: test_leap_second"
        is_named = clause.keys[end + 1] == "@" and not clause.keys[end + 2] and not phrase.places
        is_told = phrase.core[0].key in known.FAULTS or phrase.core[0].key == "failing"
        return Shape([*phrase.core, clause.words[end + 1]], (), end + 2) if is_named and is_told else None
    is_told_of = clause.keys[at] in _OWN and clause.keys[phrase.end] in RELATIVE
    if is_told_of or is_order(clause, at):
        return None  # "our cron job that mails the roster ran twice"
    require_known(clause)
    if _is_deed(clause.keys[at]) and not (clause.keys[at] in _COMPOUND and clause.keys[at + 1] in _PARTS):
        return None
    last, told = phrase.core[-1].key, len(content(phrase.core))
    is_done = len(phrase.core) > 2 and last in verbs.PAST
    is_fault = phrase.core[0].key in known.FAULTS and bool(phrase.places) and len(phrase.core) > 1
    is_thing = (last in known.MADE_THINGS or last in known.TROUBLES) and (phrase.places or told > 1)
    return Shape(phrase.core, phrase.places, end, front=not is_done) if is_fault or is_thing or is_done else None


Frame = Callable[[Clause, int], Shape | None]
_EARLY = UNABLE.firsts | WANTS.firsts
_FRAMES: dict[Frame, frozenset[str]] = dict.fromkeys(
    (unable, question, making, causing, stopping, _request, _wanting, missing, described, reported, _naming),
    frozenset(),
)
_FRAMES |= {unable: _EARLY, question: QUESTIONS, making: CAUSES, causing: CAUSES | WANTS.firsts}
_FRAMES |= {
    stopping: frozenset(("stop", "prevent", "keep")),
    _wanting: WANTS.firsts,
    missing: frozenset(("no", "avoid")),
}
"""The frames, the most certain first, each with the words that it begins with: with any word if there are none."""
_ALWAYS = tuple(frame for frame, firsts in _FRAMES.items() if not firsts)
_FITTING = {
    word: tuple(frame for frame, firsts in _FRAMES.items() if not firsts or word in firsts)
    for word in frozenset().union(*_FRAMES.values())
}
"""The frames that may fit behind each word that one of them begins with."""


def _is_deed(key: str) -> bool:
    """Whether a name does not begin with the word."""
    is_verb = key in verbs.GERUNDS or (key in verbs.DOING and key not in verbs.NOUN_FIRST)
    return key in _NO_NAMING or (is_verb and key not in known.FAULTS and key not in known.TROUBLES)

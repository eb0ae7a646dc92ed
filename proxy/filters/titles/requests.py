"""What a sentence asks for: the frames of a request that the filter knows, and nothing else."""

from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles import verbs
from proxy.filters.titles import words as known
from proxy.filters.titles.clause import PURPOSE, Clause, Phrase, Words
from proxy.filters.titles.frames import RELATIVE, checked, is_order, placed, shape_of, whole_object
from proxy.filters.titles.leads import WANTS
from proxy.filters.titles.line import SIGNS
from proxy.filters.titles.making import CAUSES, causing, described, making, stopping
from proxy.filters.titles.questions import QUESTIONS, overview, question
from proxy.filters.titles.reasons import NOT_SEEN, SEVERAL, TOO_LONG, UNCLEAR
from proxy.filters.titles.reports import UNABLE, missing, report, reported, reports_of, unable
from proxy.filters.titles.shape import Shape, content, noun, singular, size_of
from proxy.filters.titles.tables import Phrases, word_set
from proxy.filters.titles.things import require_known, thing_in

_MOVED = word_set("migrate switch move port convert turn pin upgrade change rename")
_PAIRED = word_set("rename replace swap benchmark compare wrap extend fill populate")
_ADDING = word_set("add introduce apply put insert embed write implement")
_BROUGHT = _MOVED | _PAIRED | word_set("add introduce apply put insert embed update bump connect deploy export wire")
_TIED = word_set("migrate move convert turn port switch rename wire connect map link attach cherry-pick cherry_pick")
_SAID_BY_GOAL = word_set("turn convert migrate port")
_GOING = ("to", "into", "onto")
_GOING_AS = (*_GOING, "as")
_AWAY, _FROM_HERE = (*_GOING, "from", "in"), (*_GOING, "from", "for")
_HAD = known.TROUBLES | {"case", "cases"}
_AT_TIMES = word_set("when whenever while if until till during every overnight")
"""When something is to be off: without that a title says that it is off for good."""
_SORTED = ("sort", "order", "group")
_WAYS = word_set("go read open check scan inspect search look walk see explore dig clone view examine use")
"""What is done only to do something else: "go through the roles and find …"."""
_ON = word_set("and then")
_QUESTION = ("why", "how", "what", "where", "who", "which", "whether", "if", "that")
_CONDITIONS = ("when", "if", "while")
_EDITED = word_set("change changes edits modifications additions fixes")
_DEEDS = word_set("notify deliver dim decrease reprint rewind")
"""What is no first noun of a name before things that are many."""
_KEPT = ("in", "on", "for", "from")
_OWN = known.ARTICLES - {"a", "an"}
_NARROWING = ("that", "which", "where", "who")
_WANTED = word_set("need want like love do am are")
_NO_NAMING = (verbs.GERUNDS.keys() | (verbs.DOING - verbs.NOUN_FIRST)) - known.FAULTS - known.TROUBLES | word_set(
    """continue proceed resume go try again yes yep nope same option phase step test hi hello done bring let leave make
    have help get take give teach ask grab remind forget assume imagine suppose consider treat play catch stuck"""
)
_HANDMADE = word_set("hand handwritten handmade hand-written hand-rolled homemade homegrown manual custom own")
_ROOM = 5
_PLAIN = known.SPELLED.keys() | known.MADE_THINGS | known.SOFT
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
    return _titled(clause, verb, phrase)


def _is_marked(clause: Clause, at: int) -> bool:
    """Whether what stands at `at` shows that the word before it is a verb, and not the first noun of a name."""
    if clause.keys[at] in known.DETERMINERS or clause.keys[at] in _GOING or clause.keys[at] in SIGNS:
        return True
    is_many = clause.keys[at].endswith("s")
    if is_many and (clause.keys[at + 1] in _GOING_AS or clause.keys[at - 1] in _DEEDS):
        return True  # "export orders to csv"
    phrase = clause.phrase(at)
    if phrase is None or len(phrase.core) == 1 or clause.keys[at] in verbs.DOES:
        return False  # "release notes", "autocomplete flickers"
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


def _titled(clause: Clause, verb: str, phrase: Phrase) -> Shape:
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
    if verb in verbs.TAKEN_AWAY:
        return _taken(clause, verb, phrase)
    if first in _MOVED and clause.keys[phrase.end] in _GOING:
        raise Decline(UNCLEAR)
    if places:
        return _titled_where(clause, verb, phrase)
    return shape_of(phrase, verbs.VERBS[verb], 0 if verb in verbs.THINGS else 2 if first in _PAIRED else 1)


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
    if verb == "replace" and places[0][0].key in ("with", "by") and (told := _instead(phrase, *places)):
        return told
    is_going = first not in _SAID_BY_GOAL and any(place[0].key in _GOING for place in places)
    is_said = is_going or first in _PAIRED or (verb in _SORTED and heads[0] == "by")
    need = 0 if verb in verbs.THINGS else 1 + is_said
    head = places[0][0].key if places else ""
    is_tied = head in completing and (verb in _TIED or head in ("with", "by", "for", "in"))
    if verb in _TIED and not is_tied and any(head in _GOING for head in heads):
        raise Decline(UNCLEAR)
    return Shape(phrase.core, places, phrase.end, verbs.VERBS[verb], need, int(is_tied), not is_tied)


def _made_to(phrase: Phrase) -> Shape | None:
    """ "BAM file comparison tool", where "tool to compare two BAM files" is too long."""
    _, deed, *thing = phrase.places[0]
    work = verbs.WORKS.get(deed.key) or verbs.TAKEN_AWAY.get(deed.key)
    is_made = phrase.core[-1].key in known.MADE_THINGS and all(word.key in _PLAIN for word in phrase.core)
    is_short = size_of([*phrase.core, *phrase.places[0]]) <= _ROOM and (len(phrase.places) < 2 or len(thing) > 1)
    if not (work and is_made and content(thing)) or is_short or any(word.key in ("and", "or") for word in thing):
        return None
    counted = [word for word in thing if word.key not in known.NUMERALS and word.key not in known.SOFT]
    places = tuple([place for place in phrase.places[1:] if place[0].key in _KEPT])
    return Shape([*singular(counted), noun(work), *phrase.core[-1:]], places, phrase.end, front=False)


def _instead(phrase: Phrase, goal: Words, *others: Words) -> Shape | None:
    """ "serde for hand written JSON", where "hand written JSON replacement with serde" is too long."""
    size, goal_size = size_of(phrase.core), size_of(goal)
    is_twice = not {word.key for word in goal if word.key}.isdisjoint(word.key for word in phrase.core)
    is_vague = goal[1] is goal[-1] and (goal[-1].key in known.MADE_THINGS or goal[-1].key in known.FOR)
    if size + goal_size < _ROOM or is_twice or is_vague:
        return None
    if size + goal_size == _ROOM:
        return Shape(goal[1:], ([noun("for"), *phrase.core], *others), phrase.end, tied=1, front=False)
    if phrase.core[0].key in _HANDMADE:
        raise Decline(TOO_LONG)  # "hand written JSON replacement" may be written by hand itself
    return None


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
    if work == "disabling" and (" at night " in clause.line or not _AT_TIMES.isdisjoint(clause.keys)):
        raise Decline(UNCLEAR)  # "turn off the heater at night"
    need = 1 if phrase.core[0].key in verbs.STALE and work == "removal" else 2
    if verb == "hide" and head == "from":
        return Shape(phrase.core, places, phrase.end, work, need, tied=1)
    if head == "for" and work == "removal":
        return Shape([*singular(places[0][1:]), *phrase.core], places[1:], phrase.end, work, need)
    if head in ("to", "of") and work in ("revert", "reversal", "removal"):
        return Shape([noun(work), noun("of"), *phrase.core], places, phrase.end, tied=1)
    return shape_of(phrase, work, need)


def _going(verb: str, places: tuple[Words, ...], completing: tuple[str, ...]) -> tuple[Words, ...]:
    """The places as they read without the verb, where it goes first."""
    if verb in _ADDING:
        if places and places[0][0].key == "from":
            return places  # "a converter from CSV to JSON"
        return tuple([_located(place) if place[0].key in _GOING else place for place in places])
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
    return (*_GOING, "with", "by") if verb in _PAIRED else _GOING if verb in verbs.WORKS else ()


def _located(place: Words) -> Words:
    """What is added to a place is in it."""
    last = place[-1]
    is_for = last.key in known.FOR or (last.is_fixed and "." not in last.text)
    return [noun("on" if last.key in known.ON else "for" if is_for else "in"), *place[1:]]


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
    if clause.keys[at] in _NO_NAMING and not (clause.keys[at] in _COMPOUND and clause.keys[at + 1] in _PARTS):
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

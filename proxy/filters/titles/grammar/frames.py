"""What requests, questions and reports share: a whole object, what stands behind a verb, and the last checks."""

import re

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.turns import BASES, FORBIDDING
from proxy.filters.titles.grammar.clause import PURPOSE, Clause, Phrase, Stop, Words
from proxy.filters.titles.grammar.shape import Shape, content, noun, singular
from proxy.filters.titles.reasons import NOT_SEEN, NOTHING, POINTS, SEVERAL, TURNED, UNCLEAR
from proxy.filters.titles.text.line import is_adverb

EARLIER = re.compile(r"\b(?:your|you) (?:last |latest )?(?:fix|changes?|edits?|patch|commit|made|did|wrote|added) ")
"""What was done before the session began."""
_REASONS = ("so", "because", "since", "cuz")
_MAKING = word_set("write create build add make need want gimme implement generate have up")
_GIVING = ("give", "show", "send", "offer", "assign", "grant", "me")
_NO_WORK = word_set("turn convert return take get have do use make need run let keep give")
_TELLING = word_set("report log print record track show display count list handle catch hook mask match filter trace")
"""What is done with errors."""
PLAIN = known.SPELLED.keys() | known.MADE_THINGS | known.SOFT
_QUALITIES = known.SOFT | known.FAULTS
_BEHIND_ORDER = known.PREPOSITIONS - {"for", "per", "of"}  # "release notes for 2.4"
_TESTS = word_set("test tests spec specs case cases suite")
_TESTING = word_set("cover covers exercise exercises check checks verify verifies test tests")
_ORDERS = word_set("scan rank segment forward polish broadcast increment fold reserve reverse match sample shard slice")
_ORDERS |= word_set("paint mount launch refund replay snapshot partition watermark override")
"""What more often is a verb than the first noun of a name, before things that are many."""
_ENDING = ("end", "close", "lock", "lose", "leave", "pause", "reverse", "invert", "expire")
RELATIVE = ("that", "which")
_NARROWING = word_set(
    "that which who whose larger longer bigger smaller older newer wider shorter higher lower greater"
)
"""What begins what tells apart the thing before it."""
_APART = known.BREAKS - {"and", "or", "because", "since", "but", "so"}


def shape_of(phrase: Phrase, work: str = "", need: int = 0) -> Shape:
    return Shape(phrase.core, phrase.places, phrase.end, work, need)


def checked(clause: Clause, found: Shape) -> Shape:
    """The same, if what it leaves out of its clause changes nothing; a reason turns nothing."""
    if clause.contrast and is_doing(found.core):
        raise Decline(TURNED)
    if "you" in clause.line and EARLIER.search(clause.line):
        raise Decline(POINTS)
    if not clause.keys[found.end]:
        return found
    rest = range(found.end, len(clause))
    joints = [at + 1 for at in rest if clause.keys[at] in (",", "and", "then")]
    if sum(clause.asks_at(at) for at in joints) > 1:
        raise Decline(SEVERAL)
    is_swap = clause.keys[len(clause) - 1] == "instead" and "use" in clause.keys[found.end :]
    for at in rest:
        key = clause.keys[at]
        if key in _REASONS or (key == "it" and clause.keys[at - 1] == ","):
            break
        is_other = key == "instead" and (is_swap or clause.keys[at + 1] == "of")
        is_other = is_other or (key in ("rather", "not") and _is_alternative(clause, at))
        if (key in known.TURNING or key.endswith("n't")) and not is_other:
            raise Decline(TURNED)
    return found


def _is_alternative(clause: Clause, at: int) -> bool:
    """Whether "rather than svg" or "and not by title" stands there: what else it might have been turns nothing."""
    key, before, behind = clause.keys[at], clause.keys[at - 1], clause.keys[at + 1]
    if key == "rather":
        return behind == "than" and not is_adverb(before)
    if before not in ("and", ",") or (behind in known.PREPOSITIONS and behind not in clause.keys[:at]):
        return False
    thing = clause.phrase(at + 1 + (behind in known.PREPOSITIONS))
    if thing is None or thing.places or clause.keys[thing.end] or clause.keys[at + 1] == "0":
        return False
    first = thing.core[0].key
    return first not in verbs.PAST and first not in known.FAULTS and not first.endswith("ing")


def is_doing(core: Words) -> bool:
    """Whether a run of words may end in what one thing does, and is no name then: "chart renders"."""
    last, before = core[-1].key, core[-2].key if len(core) > 1 else ""
    return bool(before) and last.endswith("s") and last in verbs.DOES and before[-1] != "s"


def is_order(clause: Clause, at: int) -> bool:
    """Whether the first word is a verb as well, and what stands behind it may be its object: "hash passwords with"."""
    key, following = clause.keys[at], clause.keys[at + 1]
    is_many = following.endswith("s") and not following.endswith("ss") and following not in known.ENDLESS
    is_noun_first = key in verbs.NOUNS_TOO and not (following in known.TROUBLES and key not in _TELLING)
    is_placed = clause.keys[at + 2] in _BEHIND_ORDER or (key in _ORDERS and clause.keys[at + 2] == "for")
    return is_noun_first and is_many and is_placed and following not in known.NO_NAME


def whole_object(clause: Clause, at: int, *, to_thing: bool = False) -> Phrase:
    """The phrase at `at`, which must name a thing and end where a clause may; raises `Decline` if none does."""
    phrase, key = clause.phrase(at, to_thing=to_thing), clause.keys[at]
    is_clause = key == "that" and clause.keys[at + 1] in known.DETERMINERS
    if phrase is None or is_clause:
        if key == "?":
            raise Decline(clause.words[at].text)
        raise Decline(POINTS if key in known.PRONOUNS and not is_clause else UNCLEAR)
    if clause.keys[phrase.end] in RELATIVE and (made := made_for(clause, phrase)) is not None:
        return made
    end = clause.ends(phrase.end)
    if end is None:
        unknown = clause.words[phrase.end]
        if unknown.kind == "unknown":
            raise Decline(unknown.text)
        if clause.keys[at - 1] in _GIVING and unknown.key in known.DETERMINERS and (given := _given(clause, phrase)):
            return given
        # What is not understood behind a thing that is told apart is left out.
        if len(content(phrase.core)) < 2 or unknown.key in known.TURNING:
            raise Decline(UNCLEAR)
        end = phrase.end
    last, key = phrase.core[-1].key, clause.keys[end]
    if last in _QUALITIES or (last in verbs.PAST and clause.keys[at - 1] in ("have", "get")):
        raise Decline(UNCLEAR)  # "what's new in the app", "have the report emailed"
    if phrase.points and len(told := _told(phrase.core)) < 2 and not _has_name(told):
        raise Decline(POINTS)
    if key == "," and not phrase.places and _lists(clause, end + 1):
        raise Decline(SEVERAL)
    if key == "to" or key in _APART:
        _require_told(phrase, key)
    return phrase if end == phrase.end else replace(phrase, end=end)


def _require_told(phrase: Phrase, key: str) -> None:
    """Raises `Decline` unless the thing has a name of its own: what is left out behind it tells it apart otherwise."""
    said = _told(phrase.words)
    is_open = key in ("that", "which", "who") and phrase.core[-1].key in known.MADE_THINGS
    if is_open and not any(word.is_fixed or word.key not in PLAIN for word in said):
        raise Decline(UNCLEAR)  # "a small python tool that …"
    if _has_name(said):
        return
    is_told = sum(word.key not in known.MADE_THINGS for word in said) > 1 if key == "to" else _told(phrase.core)
    if len(said) < 2 or not is_told:
        raise Decline(UNCLEAR if said or key == "to" else NOTHING)


def _told(words: Words) -> Words:
    """The words that say which thing it is."""
    return [word for word in content(words) if word.key not in known.AMOUNTS]


def _has_name(words: Words) -> bool:
    return any(word.is_fixed or word.key in known.SPELLED for word in words)


def made_for(clause: Clause, phrase: Phrase, *, is_asked: bool = False) -> Phrase | None:
    """ "a script that backs up the database" as "script for database backup" """
    at = phrase.end + 1
    if phrase.core[-1].key in _TESTS and clause.keys[at] in _TESTING and not phrase.places:
        tested = clause.phrase(at + 1)
        end = None if tested is None or tested.points else clause.ends(tested.end)
        if tested and tested.core[-1].key == "end-to-end" and len(tested.core) > 1:
            tested = Phrase(tested.core[:-1], ())
        return Phrase(phrase.core, ([noun("for"), *tested.core], *tested.places), end) if tested and end else None
    verb = verbs.DOES.get(clause.keys[at], "")
    if phrase.places or phrase.points or not verb:
        return None
    longer = f"{verb} {clause.keys[at + 1]}"
    verb, at = (longer, at + 2) if longer in verbs.WORKS or longer in verbs.TAKEN_AWAY else (verb, at + 1)
    if clause.keys[phrase.end + 1] in verbs.FAULT_NOUNS:
        raise Decline(UNCLEAR)  # "a function that fails to parse"
    work = [noun(verbs.VERBS[verb])] if verb in verbs.WORKS or verb in verbs.TAKEN_AWAY else []
    thing = clause.phrase(at + (clause.keys[at] == "to"), to_thing=True)
    end = clause.ends(thing.end) if thing else None
    is_made = is_asked or not _MAKING.isdisjoint(clause.keys[: phrase.end])
    if thing is None or thing.points or end is None or not is_made or verb in _NO_WORK:
        return None
    if any(place[0].key in ("to", "with") for place in thing.places) or (verb in BASES and clause.keys[end] == "from"):
        raise Decline(UNCLEAR)  # "a migration that adds a status to bookings", "that stops guests from leaving"
    if verb in _ENDING or (verb in BASES and (not work or verb == "ignore" or thing.core[0].key in verbs.DOING_NOW)):
        place = [replace(noun("to"), key=PURPOSE), noun(verb), *thing.words]
        if verb in FORBIDDING and thing.core[0].key not in verbs.DOING_NOW:
            place = [noun("against"), *thing.words]  # "rule against default exports"
        return Phrase(phrase.core, (place,), end)  # "hook to reject bad tokens", "script to stop sending mail"
    place = [*singular(thing.core), *work] if work else thing.core
    return Phrase(phrase.core, ([noun("for"), *place],), end)


def _given(clause: Clause, whom: Phrase) -> Phrase | None:
    """ "give the export a progress bar" as "progress bar for the export" """
    thing = None if whom.points else clause.closed_phrase(whom.end)
    if thing is None:
        return None
    return Phrase(thing.core, (*thing.places, [noun("for"), *whom.core]), thing.end)


def _lists(clause: Clause, at: int) -> bool:
    """Whether a list goes on behind a comma: a third thing."""
    phrase = None if clause.verb(at) else clause.phrase(at)
    joined = [clause.keys[phrase.end], *(word.key for word in phrase.core)] if phrase else []
    return "and" in joined or "or" in joined


def subject_at(clause: Clause, at: int, stop: Stop) -> Phrase:
    """What a question or a report is about; raises `Decline` if nothing is named there."""
    phrase = clause.phrase(at, stop)
    if phrase is None or phrase.points:
        raise Decline(POINTS if phrase or clause.keys[at] in known.PRONOUNS else NOT_SEEN)
    return phrase


def placed(clause: Clause, core: Words, at: int, places: tuple[Words, ...] = (), work: str = "") -> Shape | None:
    """A thing with the places that stand behind its verb, from `at` on; None if the clause does not end behind them."""
    behind = clause.phrase(at, to_thing=True, thing=core[:1])
    is_named = clause.keys[at] not in known.PREPOSITIONS and clause.core(at, None)[0]
    if behind is None or behind.points or is_named:
        end = clause.ends(at)
    else:
        end, places = clause.ends(behind.end), (*places, *behind.places)
        if clause.keys[behind.end] in _NARROWING and len(places) == 1 and len(places[0]) == 2:
            places = ()  # "for files larger than 2gb": without that, the files say nothing
    return Shape(core, places, end, work, need=2 if work else 0) if end is not None else None

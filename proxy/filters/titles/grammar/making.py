"""What a thing is made to be or to do: "make the navbar sticky", "let admins impersonate users"."""

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.leads import WANTS
from proxy.filters.titles.english.tables import Phrases, word_set
from proxy.filters.titles.grammar.clause import Clause, Phrase, Words
from proxy.filters.titles.grammar.deeds import AMISS, does
from proxy.filters.titles.grammar.frames import RELATIVE, made_for, placed, shape_of, subject_at, whole_object
from proxy.filters.titles.grammar.shape import ROOM, Shape, content, noun, singular, size_of
from proxy.filters.titles.reasons import SEVERAL
from proxy.filters.titles.text.line import CLOSING, is_adverb

_LITTLE = Phrases("a|bit|little|more|much|even|so|be")
_WANTED = word_set("want need like love")
_COMPLETING = word_set("as to into from with without like than over for")
_MAKERS = known.MADE_THINGS - known.TROUBLES - {"mistake", "race", "duplicates"} | word_set(
    "generator converter calculator editor viewer tracker timer simulator emulator player renderer formatter scheduler"
)
_WRONG = verbs.HARMFUL - {"reject", "ignore", "skip", "block", "close", "kill", "truncate"}
_NO_DEED = known.AUXILIARIES | known.DENIED | known.TURNING | verbs.FAULT_NOUNS.keys()
CAUSES = word_set("make let have get teach allow")
_WITH = ("with", "on", "in")
_NARROW = 2
_WHERE = ("at", "during", "after", "before")
_CONDITIONS = ("when", "if", "while")


def making(clause: Clause, at: int) -> Shape | None:
    """ "make the navbar responsive", "make a snake game" """
    if clause.keys[at] != "make":
        return None
    if clause.keys[at + 1] in ("a", "an", "me"):
        return shape_of(whole_object(clause, at + 1 + (clause.keys[at + 1] == "me")))

    def stop(one: int) -> bool:
        is_deed = clause.is_verb(one) and not _is_made(clause.keys[one + 1])  # "make the flash erase async"
        return is_deed or _is_made(clause.keys[one])

    subject = subject_at(clause, at + 1, stop)
    end = clause.skip(_LITTLE, subject.end)
    if clause.keys[subject.end] in ("a", "an") and end < subject.end + 2:  # "make Settings a frozen dataclass"
        made = whole_object(clause, subject.end)
        return Shape(made.core, ([noun("for"), *subject.core],), made.end)
    if not _is_made(clause.keys[end]) or subject.places or clause.keys[end + 1] in _CONDITIONS:
        return None
    if clause.keys[end + 1] == "and" and not clause.asks_at(end + 2):
        raise Decline(SEVERAL)
    is_measured = subject.core[-1].text[0].isdigit() and len(subject.core) > 1  # "2mm narrower"
    return placed(clause, [noun(clause.keys[end]), *(subject.core[:-1] if is_measured else subject.core)], end + 1)


def causing(clause: Clause, at: int) -> Shape | None:
    """ "make the map load tiles", "let admins impersonate users", "I want the scaler to handle fractions" """
    is_let = clause.keys[at] in CAUSES
    start = at + 1 if is_let else clause.skip_early(WANTS, at)
    if start <= at or (not is_let and _WANTED.isdisjoint(clause.keys[:start])):
        return None

    def stop(one: int) -> bool:
        is_many = clause.keys[one] in verbs.DOING and _is_many(clause, one + 1)
        if clause.keys[one] in ("working", "running") or (clause.keys[one] == "work" and clause.keys[one + 1] in _WITH):
            return True
        is_made = clause.keys[at] in ("make", "let") or (clause.keys[at] == "have" and clause.keys[at + 1] == "the")
        return is_made and (is_many or clause.is_verb(one))

    if not is_let and clause.keys[start] in ("a", "an"):
        return None  # "I'd like a flag to skip the cache"
    words, behind, points = clause.core(start, stop)
    end = behind + (clause.keys[behind] == "to")
    verb = clause.keys[end]
    if words and not points and clause.keys[at] in ("get", "have") and verb in ("working", "running", "green", "work"):
        return Shape(words, (), end + 1, "fix")
    if words and not points and verb == "work" and clause.keys[end + 1] in _WITH:
        return _supporting(clause, words, end + 2)
    if not words or points or verb not in verbs.DOING or not (is_let or end > behind):
        return None
    subject = Phrase(words, (), behind)
    if verb == "use" and (used := _used(clause, subject, end + 1)):
        return used
    found = does(clause, subject, verb, end + 1)
    held = [n for n, place in enumerate(found.places, 1) if place[0].key in _COMPLETING] if found else []
    return replace(found, tied=max([found.tied, *held])) if found else None


def _supporting(clause: Clause, words: Words, at: int) -> Shape | None:
    """ "make the seat picker work with a keyboard" as "keyboard support in seat picker" """
    thing = clause.closed_phrase(at)
    if thing is None or thing.places or len(thing.core) > _NARROW:
        return None
    return Shape([*singular(thing.core), noun("support")], ([noun("in"), *words],), thing.end, tied=1)


def stopping(clause: Clause, at: int) -> Shape | None:
    """ "stop the fans from toggling", "prevent the form from submitting twice" """
    core, end, points = clause.core(at + 1, None)
    doing = clause.keys[end + 1]
    verb = verbs.DOING_NOW.get(doing) or verbs.GERUNDS.get(doing, "")
    if clause.keys[end] != "from" or points or not verb or not content(core):
        return None
    subject = Phrase(core, (), end)
    behind = clause.keys[end + 2]
    is_alone = behind in CLOSING or behind in _CONDITIONS or is_adverb(behind)
    if verb not in _WRONG and (is_alone or (behind in _WHERE and clause.keys[end + 3] not in known.PRONOUNS)):
        core = [*singular(subject.core), noun(doing), noun("prevention")]
        return placed(clause, core, end + 2)
    found = does(clause, subject, verb, end + 2)
    is_wrong = verb in _WRONG or any(word.key in AMISS for word in found.core) if found else False
    return found if is_wrong else None


def _used(clause: Clause, subject: Phrase, at: int) -> Shape | None:
    """ "bitboards in knight move generator", where "knight move generator using bitboards" has no room for more."""
    thing = clause.closed_phrase(at)
    if thing is None:
        return None
    is_short = size_of([*subject.core, *thing.words]) < ROOM
    return None if is_short else Shape(thing.core, ([noun("in"), *subject.core], *thing.places), thing.end, tied=1)


def _is_many(clause: Clause, at: int) -> bool:
    """ "holidays", "public holidays" """
    if clause.keys[at].endswith("s"):
        return True
    is_quality = clause.keys[at] not in known.NO_NAME and clause.keys[at].isalpha()
    return is_quality and clause.keys[at + 1].endswith("s") and clause.ends(at + 2) is not None


def described(clause: Clause, at: int) -> Shape | None:
    """ "script that renames my photos by date", "a crossword generator that runs offline" """
    phrase = clause.phrase(at) if "that" in clause.keys or "which" in clause.keys else None
    if phrase is None or phrase.points or phrase.places or clause.keys[phrase.end] not in RELATIVE:
        return None
    is_new = clause.keys[at] in ("a", "an") or clause.words[at] is phrase.core[0]
    rest = range(phrase.end + 2, len(clause))
    is_more = any(clause.keys[one] in _NO_DEED or (one > rest[0] and clause.is_third(one)) for one in rest)
    is_more = is_more or verbs.DOES.get(clause.keys[phrase.end + 1]) in _WRONG
    if not is_new or is_more or phrase.core[-1].key not in _MAKERS or clause.keys[phrase.end + 1] not in verbs.DOES:
        return None
    if made := made_for(clause, phrase, is_asked=True):
        return shape_of(made)
    return shape_of(phrase) if len(content(phrase.core)) > 1 else None


def _is_made(key: str) -> bool:
    is_like = key.endswith(("ier", "able", "ible", "-safe", "-friendly", "-aware", "ed")) and len(key) > 4
    return key in verbs.MADE or (is_like and key != "based")

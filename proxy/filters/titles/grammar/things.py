"""The thing that a sentence is about, where no frame says what is to become of it: a title that is thin, but true."""

from collections.abc import Set

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english import verbs
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.tables import Phrases, word_set
from proxy.filters.titles.english.turns import may_turn
from proxy.filters.titles.grammar.clause import Clause, Words
from proxy.filters.titles.grammar.frames import EARLIER, checked, is_doing, is_order, whole_object
from proxy.filters.titles.grammar.qualities import BE, COPULAS, DONE, had, with_fault
from proxy.filters.titles.grammar.reports import SO
from proxy.filters.titles.grammar.shape import ROOM, Shape, content, flat, noun, singular, size_of
from proxy.filters.titles.reasons import NOT_SEEN, NOTHING, POINTS, SEVERAL, UNCLEAR
from proxy.filters.titles.text.lexer import Token
from proxy.filters.titles.text.line import CLOSING, SIGNS

_ASKING = word_set("is are was were does do did can could would will should has what which how when why where who")
_FINITE = known.AUXILIARIES | known.DENIED | known.VERBAL
_DENIED = known.DENIED - {"not", "never"}
_SHOULD = ("shouldn't", "shouldnt")
_OBJECTS = known.DETERMINERS | known.PRONOUNS
_WRONG = known.FAULTS | verbs.WRONGED
_BEHIND = known.PREPOSITIONS | known.DETERMINERS
_SAYING = word_set("says say said thinks think wants want told reports complains complain asks asked found finds means")
_KNOWN: tuple[Set[str], ...] = (
    *(known.NO_NAME, known.FAULTS, known.GENERIC, known.MADE_THINGS, known.TROUBLES, known.SPELLED.keys()),
    *(verbs.DOES.keys(), verbs.GERUNDS.keys(), verbs.PAST.keys()),
)
"""English words: without one of them the language is in doubt. As one table they would take 130 KiB."""
_ENGLISH = (*_KNOWN, verbs.VERB_STARTS.keys(), verbs.DOING, verbs.NOUNS_TOO, verbs.STALE, verbs.MADE, known.SOFT)
_SHARED = word_set("a an as at al do for has he i in is me no or so to we over per via test")
_TROUBLES = word_set("error errors warning warnings leak leaks failure failures typo typos")
_ENDINGS = ("ing", "tion", "ment", "ness", "ity", "able", "ed", "ly", "ship", "ght", "ck", "'s")
_MODALS = word_set("can could would will should do does did has")
_NO_HEAD = word_set("many much long option number variant choice")
_SENSES = word_set("looks sounds seems works feels look sound seem feel")
_WHETHER = Phrases("(check|see|verify|test|find out|make sure|confirm) (if|whether|that)|make sure|ensure( that)?")
_NEVER = Phrases("don't|dont|do not|never|stop|quit|cease")
_HARMLESS = ("", ",", "anymore", "please", "pls", "thanks", "asap")
_INSTEAD = ("instead", "just", "only", "rather", "but")
_PUTTING, _GOALS = (
    word_set("write log print send store save add show render display include put insert"),
    ("to", "into"),
)
_OF_NOUNS = known.PREPOSITIONS - {"through", "into", "onto", "after", "before", "during", "under", "over", "by"}
_TIMES = ("when", "while", "if", "before", "after")
_OUGHT = ("should", "must")
_WHERE = ("in", "on", "for", "of", "at")
_ALL = word_set(
    """app application site website project code repo repository system company team service product tool server
    customer customers user users people client clients thing everything problem issue bug error idea version
    library finance marketing support colleague boss places text question time times moment day days week month
    morning"""
)
"""What many a session of the same person is about: not a title by itself, whatever stands before it."""
_COMMON = word_set(
    """cron nightly daily weekly hourly monthly job jobs print preview background batch main worker pipeline build
    deploy ci script server home landing login settings screen panel dialog window form button search bar box list
    table view report export import sync process service api client mobile web desktop live backup config data
    database db cache log logs queue menu modal editor user admin dashboard chart email mail integration unit tests"""
)
"""What a thing is called in many a project: without what is wrong with it, it says little."""


def thing_in(clause: Clause) -> Shape:
    """The subject of the clause, if it ends where the verb begins; raises `Decline` if there is none that tells."""
    at, asked = clause.lead, ""
    while clause.keys[at] in _ASKING and clause.keys[at + 1] != "not":
        asked = clause.keys[at]
        at += 1
    if (behind := clause.skip(_WHETHER, at)) > at:
        at, asked = behind, "if"
    if "you" in clause.line and EARLIER.search(clause.line):
        raise Decline(POINTS)
    if forbidden := _forbidden(clause, at):
        return forbidden
    require_known(clause)
    key = clause.keys[at]
    is_word = key not in SIGNS and not key.endswith(("ing", "s", "ed"))
    if clause.keys[at + 1] in known.ARTICLES and not asked and is_word and _may_ask(key):
        # A word before an article is a verb, whatever it is: "polish the empty states".
        phrase = whole_object(clause, at + 1)
        if key in verbs.SEARCHING and any(place[0].key == "for" for place in phrase.places):
            raise Decline(UNCLEAR)
        kept = tuple(place for place in phrase.places if place[0].key in _WHERE)
        if _tells(phrase.core, is_listed=False) and all(word.key not in known.TURNING for word in phrase.words):
            return checked(clause, Shape(phrase.core, kept, phrase.end, front=False))
    thing = _subject(clause, at, asked)
    key, end = clause.keys[thing.end], thing.end
    if asked in _MODALS and (found := had(clause, thing)):
        return checked(clause, found)
    if asked == "if":
        return checked(clause, thing if thing.places else replace(thing, work="check", need=1))
    if key in known.DENIED and (SO in clause.line or clause.keys[end + 1] == "need"):
        raise Decline(NOT_SEEN)
    is_denied = key in _DENIED or (key == "not" and clause.keys[end + 1] in verbs.PAST)
    if not _tells(thing.core, is_listed=key == ","):
        raise Decline(NOTHING)
    if is_denied or clause.keys[end + 1] == "nothing":
        is_fault = key not in _SHOULD and len(content(thing.core)) > 1
        return replace(thing, end=end + 1, work="problem" if is_fault else "", need=2 * is_fault)
    return checked(clause, _told(clause, thing, asked))


def require_known(clause: Clause) -> None:
    """Raises `Decline` if the clause may be in another language: no rule but a name's own shape fits it."""
    has_none = all(table.isdisjoint(clause.keys) for table in _KNOWN)
    if not clause.words or has_none or not known.FOREIGN.isdisjoint(clause.keys):
        raise Decline(NOT_SEEN)
    if _is_odd(clause.words[0]) and not any(map(_is_only_english, clause.keys)):
        raise Decline(NOT_SEEN)  # words that many languages have are no evidence: "parser", "for", "do"


def _may_ask(key: str) -> bool:
    """Whether it is a verb before an article that takes nothing away."""
    return key in verbs.WORKS or not (_is_english(key) or may_turn(key))


def _is_english(key: str) -> bool:
    return any(key in table for table in _ENGLISH)


def _is_only_english(key: str) -> bool:
    """Whether it shows that a message is in English, which words do not that other languages have as well."""
    is_known = key in known.NO_NAME or key in known.FAULTS or (key in verbs.DOES and key not in known.GENERIC)
    return key in _TROUBLES or (is_known and key not in _SHARED)


def _is_odd(word: Token) -> bool:
    """Whether it is a word that no table has, and that has no English ending."""
    is_word = word.kind == "word" and "-" not in word.key
    return is_word and not _is_english(word.key) and not word.key.endswith(_ENDINGS)


def _subject(clause: Clause, at: int, asked: str) -> Shape:
    """What stands before the verb, or is all of the clause."""
    phrase = clause.phrase(at, lambda one: _is_verb(clause, one, asked))
    if phrase is None or phrase.points:
        raise Decline(POINTS if phrase or clause.keys[at] in known.PRONOUNS else NOT_SEEN)
    core, end, key = phrase.core, phrase.end, clause.keys[phrase.end]
    if _is_deed(clause, at) or key in _SAYING or not DONE.isdisjoint((clause.keys[end + 1], clause.keys[end + 2])):
        raise Decline(NOT_SEEN)
    if key in _OBJECTS and not phrase.places:
        # A word before an article is a verb, whatever it is: "the crawler visits every page".
        return Shape(core[:-1], (), end - 1, front=False)
    if asked in _MODALS and core[-1].key in verbs.DOING and len(core) > 1:
        raise Decline(NOT_SEEN)  # "why does npm run build eat …"
    is_finite = key in _FINITE and key not in known.TURNING
    is_said = (key, clause.keys[end + 1]) == ("off", "by") or (key == "not" and clause.keys[end + 1] in verbs.PAST)
    if core[0].key in _SENSES or core[0].key in ("every", "each", "both"):
        raise Decline(NOTHING)
    if key == "and" and clause.asks_at(end + 1):
        raise Decline(NOT_SEEN)
    is_finite = is_finite or key in _DENIED or key in COPULAS or is_said or _is_verb(clause, end, asked)
    if asked in BE and any(word.key.endswith("s") for word in core[:-1]):
        raise Decline(NOT_SEEN)  # "are uploads virus scanned"
    if not is_finite and (asked in BE or asked in _MODALS or asked == "if" or clause.ends(end) is None):
        raise Decline(NOT_SEEN)
    is_end = key in ("", ",", "and") or key in known.CONTRASTS or clause.ends(end) == len(clause)
    is_noun = phrase.places and phrase.places[0][0].key in _OF_NOUNS
    if is_end and not (is_finite or asked or is_noun) and is_doing(core):
        raise Decline(NOT_SEEN)  # "app closes"
    if not is_finite and core[-1].key in verbs.DOES and phrase.places and phrase.places[0][0].key in ("with", "at"):
        core = core[:-1]  # "the deploy script exits with code 137"
    return Shape(core, phrase.places, end, front=False)


def _is_deed(clause: Clause, at: int) -> bool:
    """Whether a verb stands there that asks, and no noun."""
    key = clause.keys[at]
    if key in known.TROUBLES:
        return False  # "deadlock between the two jobs"
    if is_order(clause, at):
        return True
    return clause.asks_at(at) or clause.is_verb(at) or key in verbs.GERUNDS or key in verbs.PAST


def _tells(core: Words, *, is_listed: bool) -> bool:
    if not core or core[-1].key in _ALL or core[0].kind == "number" or core[0].key in _NO_HEAD:
        return False
    if any(word.key in verbs.DOES and word.key.endswith("s") for word in core[1:-1]):
        return False  # "receipt rounds prices"
    if core[-1].key == "feels" or (len(core) > 2 and core[-2].key == "feels"):
        return False  # "knob feels loose"
    told = [word for word in content(core) if word.key not in _ALL]
    return len(told) > 2 * is_listed or any(word.is_fixed for word in told)


def _is_verb(clause: Clause, at: int, asked: str) -> bool:
    key, before, following = clause.keys[at], clause.keys[at - 1], clause.keys[at + 1]
    if key in _WRONG or (asked and (key in verbs.PAST or key.endswith("ed"))):
        return clause.ends(at + 1) is not None or following in known.PREPOSITIONS
    if following in _BEHIND and key in verbs.DOING and key not in verbs.NOUNS_TOO:
        return True  # "emails from the form land in spam"
    if asked in _MODALS and key in verbs.DOING and clause.keys[at + 1] not in ("", ","):
        return True
    is_plural = before.endswith("s") and not before.endswith("ss") and clause.is_verb(at)
    return is_plural or (clause.is_third(at) and not (following in _FINITE or clause.is_verb(at + 1)))


def _forbidden(clause: Clause, at: int) -> Shape | None:
    """ "don't show the banner to admins", "stop truncating names": what is not to be, with its "no"."""
    behind = clause.skip(_NEVER, at)
    key = clause.keys[behind]
    if behind == at or not (key in verbs.DOING or key in verbs.DOING_NOW) or key in ("use", "using", "let", "make"):
        return None
    verb = verbs.DOING_NOW.get(key, key)
    told = clause.phrase(behind + 1)
    if (
        told
        and verb in verbs.HARMFUL
        and content(told.core)
        and not (told.points or told.places)
        and clause.keys[told.end] in _TIMES
    ):
        return Shape([noun("no"), *singular(told.core), noun(verbs.spelled(verb))], (), told.end, front=False)
    phrase = whole_object(clause, behind + 1)
    if told and clause.keys[told.end] not in _HARMLESS and clause.ends(told.end) != told.end:
        raise Decline(UNCLEAR)  # "don't send them automatically"
    if any(_goes_on(clause, at) for at in range(phrase.end, len(clause))):
        raise Decline(SEVERAL)  # "don't drop the table, rename it"
    goals = _GOALS if verb in _PUTTING else ()
    located = (
        [noun("in"), *place[1:]] if place[0].key in goals and verb != "send" else place for place in phrase.places
    )
    places = tuple(place for place in located if place[0].key in (_WHERE + goals))
    is_there_alone = bool(phrase.places) or clause.keys[phrase.end] not in ("", ",")
    if len(places) < len(phrase.places) or (is_there_alone and not places):
        raise Decline(UNCLEAR)
    is_fault = verb in verbs.HARMFUL and clause.keys[behind - 1] == "stop"
    work = verbs.WORKS.get(verb) if is_fault else verbs.VERBS.get(verb)
    work = work or verbs.spelled(verb)
    core = [noun("no"), *singular(phrase.core), noun(work)]
    if verb in _PUTTING and places and size_of([*core, *flat(places)]) > ROOM:
        core = [noun("no"), *phrase.core]  # "no tokens in debug log"
    # What nobody wants anywhere is told well enough without where it happens.
    return Shape(core, places, phrase.end, tied=0 if is_fault else len(places), front=False)


def _goes_on(clause: Clause, at: int) -> bool:
    """Whether what is to be done instead begins there: ", rename it", "and just copy it"."""
    key, before = clause.keys[at], clause.keys[at - 1]
    is_next = before in SIGNS or before in ("and", "but", "just", "instead", "then", "please")
    return key in _INSTEAD or (is_next and (key in verbs.VERB_STARTS or key in verbs.DOING))


def _told(clause: Clause, thing: Shape, asked: str) -> Shape:
    """The thing with the one word that says what is wrong with it: "slow gantt view", "preview mirrored"."""
    end = thing.end
    if clause.keys[end] in _OUGHT and verbs.PAST.get(clause.keys[end + 2]) in verbs.TAKEN_AWAY:
        raise Decline(UNCLEAR)  # "the banner should be hidden when …"
    told = with_fault(clause, thing, asked)
    is_alone = told is thing and not thing.places and clause.keys[thing.end] not in CLOSING
    if is_alone and all(word.key in _COMMON or word.key in _ALL for word in content(thing.core)):
        raise Decline(NOTHING)
    return told

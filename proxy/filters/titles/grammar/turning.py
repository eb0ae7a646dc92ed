"""The last look at a title: whether the words of its sentence that turn the meaning are in it."""

from proxy.filters.decline import Decline
from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.turns import BASES, SHARED, TURNS
from proxy.filters.titles.english.verbs import NOUN_FIRST, STALE, VERB_STARTS, VERBS
from proxy.filters.titles.grammar.clause import Clause, Words
from proxy.filters.titles.reasons import TURNED
from proxy.filters.titles.text.line import SIGNS

_ASIDES = word_set("when whenever if after while because so since before once until unless where")
"""What begins a clause that only tells when or why: what is done there turns nothing."""
_BEFORE_VERB = word_set(
    "to that which who and or then please just also can should must will would could may not i we you"
)
_BEING = word_set("is are was were be been being am get gets got isn't aren't")
_EXCEPTING = (" other than ", " apart from ", " aside from ", " but for ", "with the exception ", "opposed to ")
_UNNEEDED = ("n't needed ", "not needed ", "longer needed ", "n't required ", "not required ", "not wanted ")
_TAKING_BACK = (" my last request", " my previous request", " my last message", " my previous message")
_LOST_WITHOUT = (*_EXCEPTING, *_UNNEEDED, *_TAKING_BACK, "no such ")
_LEAVING = word_set("must should can could gotta to")
_GOING = word_set("go leave vanish disappear die")
_GONE = ("removal", "no", "gone", "problem")
_DENIED = known.DENIED | {"not"}
_ENOUGH = STALE | {"problem"}


_LIMITING = word_set("but minus provided assuming back or so keep spare just since while after before when as")
"""Words of which one stands in every sentence that `_is_limited`."""
_QUESTIONS = word_set("should does do did can could will would is are was were has have")
_WITHOUT_COMMA = word_set("since while after before")
_ON = word_set("to on off into")
_US = word_set("i we you they it")
_SPARING = word_set("keep leave retain preserve spare")
_JUST = _SPARING | {"just"}
_VAGUE = word_set("change configure modify adjust update set tweak")


def require_turned(words: Words, clause: Clause) -> None:
    """Raises `Decline` if a word that ends, prevents or undoes something is lost, or the sentence is about another."""
    keys = clause.keys
    if _is_of_another(clause) or any(map(clause.line.__contains__, _LOST_WITHOUT)):
        raise Decline(TURNED)  # "the login page isn't broken, the logout page is"
    if not _LIMITING.isdisjoint(keys) and _is_limited(clause):
        raise Decline(TURNED)
    if TURNS.keys().isdisjoint(keys) and _GOING.isdisjoint(keys):
        return
    said = [part for word in words for part in (word.text or word.key).casefold().split()]
    if not _ENOUGH.isdisjoint(said):
        return
    for at in range(clause.lead, len(clause)):
        key = keys[at]
        if key in _ASIDES:
            return
        if key in _GOING and keys[at - 1] in _LEAVING and at > clause.lead + 1 and not _says(said, (key, *_GONE)):
            raise Decline(TURNED)  # "the banner must go"
        is_verb = key in BASES and key not in SHARED and key not in NOUN_FIRST and VERBS.get(key) != key
        if at == clause.lead and is_verb and words[0].key == key:
            raise Decline(TURNED)  # "deny guests access": a verb and its object are no name
        if key in TURNS and not _says(said, TURNS[key]) and _turns(clause, at) and not _is_spared(clause, at, said):
            raise Decline(TURNED)


def _says(said: list[str], begins: tuple[str, ...]) -> bool:
    return any(word.startswith(begins) for word in said)


def _turns(clause: Clause, at: int) -> bool:
    """Whether the word is what is done, and no noun."""
    key, before = clause.keys[at], clause.keys[at - 1] if at else ""
    if at == clause.lead or key == "rid":
        return True
    if key.endswith("ing"):
        return True
    if key in BASES:
        is_shown = key not in SHARED or clause.shows_verb(at + 1)
        return before in _BEFORE_VERB or (before in SIGNS and is_shown)
    if key.endswith("ed"):
        return not _BEING.isdisjoint(clause.keys[clause.lead : at])
    return before in ("that", "which", "who") or clause.is_third(at) or clause.shows_verb(at + 1)


def _is_spared(clause: Clause, at: int, said: list[str]) -> bool:
    """Whether it says what for the work is done that the title names, or what must not go wrong."""
    lead = clause.verb(clause.lead)
    if at == clause.lead:
        return "from" in clause.keys and clause.keys[at] in ("stop", "prevent")  # "Form submitting twice"
    return clause.keys[at - 1] == "to" and bool(lead) and VERBS[lead] in said


def _is_of_another(clause: Clause) -> bool:
    """ "the parser isn't slow, the lexer is" """
    if "," not in clause.keys or _DENIED.isdisjoint(clause.keys):
        return False
    behind = clause.keys[clause.keys.index(",") + 1 :]
    is_named = behind[0] in ("it's", "its") and behind[1] in known.DETERMINERS
    return is_named or clause.keys[len(clause) - 1] in known.AUXILIARIES


def _is_limited(clause: Clause) -> bool:
    """Whether what is asked for is not all of it, not under all conditions, or one of two."""
    keys, lead = clause.keys, clause.lead
    if keys[0] in _QUESTIONS and "or" in keys and keys[1] not in _US:
        return True  # "should the form validate emails or the api?"
    if keys[0] in _WITHOUT_COMMA and keys[1].endswith("ing") and "," not in keys:
        return True  # "since removing redis sessions are lost"
    if " as long as " in clause.line or " when it should " in clause.line:
        return True
    for at in range(lead + 1, len(clause)):
        key, before, behind = keys[at], keys[at - 1], keys[at + 1]
        if key == "but" and clause.asks_at(lead) and behind not in VERB_STARTS and behind not in _SPARING:
            return True  # "drop all tables but users"
        if key in ("minus", "provided", "assuming") and before not in known.DETERMINERS:
            return True
        if key == "back" and behind in _ON and known.DETERMINERS.isdisjoint((before, keys[lead])):
            return True  # "switch back to yarn"
        if key in (_JUST if keys[lead] in BASES else ("just",)) and before == "," and behind not in VERB_STARTS:
            return True  # "delete all logs, keep today's"
        if key == "so" and behind in ("it", "they") and keys[lead] in _VAGUE and not _DENIED.isdisjoint(keys[at:]):
            return True  # "change the cron so it doesn't run on weekends"
    return False

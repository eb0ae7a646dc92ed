"""The first sentence of a message that asks for something, and what of the others a title of it may leave out."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.verbs import ASKING
from proxy.filters.titles.english.words import AUXILIARIES, GENERIC, MADE_THINGS, PREPOSITIONS, TROUBLES, TURNING
from proxy.filters.titles.grammar.clause import Clause, Words
from proxy.filters.titles.grammar.fitting import fitted
from proxy.filters.titles.grammar.shape import Shape, content, is_reference, size_of
from proxy.filters.titles.grammar.turning import require_turned
from proxy.filters.titles.reasons import LOST, NOT_SEEN, NOTHING, SEVERAL, TOO_LONG, TURNED
from proxy.filters.titles.text.lexer import Text, Token, place_of, text_of, word_of

Frame = Callable[[Clause], Shape]
_RESTRICTING = ("only", "except", "not", "without", "unless", "instead", "but")
_TAKEN_BACK = (*TURNING, "don't", "but")
_NO_TICKETS = (
    *("UTF", "ISO", "SHA", "MD", "RFC", "COVID", "GPT", "WINDOWS", "AES", "RSA", "IPV", "TLS", "HTTP", "CVE", "CWE"),
    *("PEP", "ORA", "PLS", "TNS", "SSL", "SQL", "SQLSTATE", "ERR", "ERROR", "ERRNO", "EXIT"),
)
"""What else is written with a hyphen and a number: standards, codes of errors."""
_BACKGROUND = re.compile(
    r"(?:i'm|im|i am|we're|we are) (?:building|writing|making|creating|developing|working|designing) "
    r"|(?:(?:i|we)(?:'ve| have)? )?(?:wrote|written|built|coded|made) (?:an?|my|our) "
)
"""How somebody begins who tells first what they are at, and then what they want."""
_DROPPED = ("forget", "nevermind", "scratch")
_BETWEEN = frozenset(("to", "through", "thru", "until"))
_ASKING = ("make", "let", "stop", "ensure", "prevent", "use")
_NEEDING = frozenset(("need", "want", "like", "love", "how", "what", "where", "which"))
_FORBIDDING = frozenset(("don't", "dont", "do", "never"))
_REASONING = frozenset(("why", "how", "does", "do", "is", "are", "can"))
_NOUNS = MADE_THINGS | TROUBLES | GENERIC | PREPOSITIONS
_NOUN_ENDINGS = ("s", "ion", "ment", "er", "or", "ing", "ity", "ness", "ure", "age", "ance", "ence")
_SENTENCES = 4
_HEADS = frozenset(("things", "issues", "points", "problems", "bugs", "tasks", "following"))
_NEAR, _LEADING, _BESIDE = 120, 240, 300
_ENOUGH = 3
_ADDING = ("too", "well")
_FOLLOWING = word_set(
    """make let ensure use keep run test commit push check verify see look show explain tell give follow include write
    avoid stop prevent remember understand describe find read consider put ask start open view support
    handle return set allow"""
)
"""What a request goes on with that says more of the same thing."""
_NAMING = word_set("it this that these those the a an they he she there")
"""What no sentence begins with that asks: such a one need not be read."""
_CHORES = word_set("tests test docs documentation changelog readme comments docstrings types translations version lint")
_CONDITIONS = ("when", "whenever", "once", "if")
"""What begins a clause that another one follows: without a comma between them, its end is not known."""


def title_of(frame: Frame, text: Text, most: int) -> Words:
    """The title of the first sentence that fits the frame, if nothing that counts is lost with the others."""
    sentences, names = text
    if names and _has_range(text):
        raise Decline(SEVERAL)
    reason = ""
    for number, sentence in enumerate(sentences[:_SENTENCES], 1):
        if sentence[0].at > _LEADING:
            break
        clause = Clause(sentence)
        lead, keys = clause.lead, clause.keys
        if lead == len(sentence) or (keys[0] in _CONDITIONS and lead < 2 and keys[1] not in AUXILIARIES):
            continue
        if keys[0] in _DROPPED or (number < len(sentences) and _BACKGROUND.match(clause.line)):
            continue
        # What stands behind another sentence is its matter only if it asks.
        if reason and (
            not _asks(clause) or clause.verb(lead).partition(" ")[0] in ASKING or sentence[-1].key in _ADDING
        ):
            continue
        try:
            words = (_shortened if names else _of_sentence)(frame, clause, most)
            return whole(words, names, clause, sentences[number:], is_later=bool(reason))
        except Decline as decline:
            reason = reason or decline.reason
            if decline.reason in (LOST, SEVERAL) or _asks(clause):
                break
    raise Decline(reason or NOT_SEEN)


def reference_of(text: Text, most: int) -> Words:
    """The one ticket, issue or pull request of a message of which nothing else was understood; nothing if none is."""
    found = {name.text: name for name in text.names if name.short or (is_reference(name) and _is_ticket(name))}
    token = found.popitem()[1] if len(found) == 1 else None
    if token is None or token.at > _NEAR or _has_range(text):
        return []
    if size_of([token]) > 1:
        return [token if size_of([token]) <= most else Token(token.short or token.text, "name")]
    return [token, word_of("ticket", token.at)]


def _is_ticket(token: Token) -> bool:
    project, _, number = token.text.partition("-")
    return project not in _NO_TICKETS and not number.startswith("0") and "#" not in project and "!" not in project


def _has_range(text: Text) -> bool:
    """Whether "#40 to #55" stands there."""
    return any(map(is_reference, text.names)) and any(
        middle.key in _BETWEEN and is_reference(first) and (is_reference(last) or last.text.isdigit())
        for sentence in text.sentences
        for first, middle, last in zip(sentence, sentence[1:], sentence[2:], strict=False)
    )


def _shortened(frame: Frame, clause: Clause, most: int) -> Words:
    """The title with "trailhead issue 729" as "issue 729" if there is no room for the repository."""
    try:
        return _of_sentence(frame, clause, most)
    except Decline as decline:
        if decline.reason not in (TOO_LONG, NOTHING) or not any(token.short for token in clause.words):
            raise
        return _of_sentence(
            frame, Clause([replace(token, text=token.short or token.text) for token in clause.words]), most
        )


def _of_sentence(frame: Frame, clause: Clause, most: int) -> Words:
    """The title of a sentence, with what it is about in front: "@src/app.py explain …", "in the footer, add …"."""
    words, first = clause.words, clause.words[0]
    if first.short:
        return [first]
    if "@ : " in clause.line:
        for at, word in enumerate(words[:4], 1):
            if is_reference(word) and clause.kind(at) == "cut" and at < len(words) - 1:  # "work on AB-12: …"
                *behind, reference = _with_place(frame, clause, [word], at, most)
                return [reference, *behind]
    if first.key in ("in", "inside") and clause.kind(1) == "name" and (clause.asks_at(2) or clause.is_verb(2)):
        return _with_place(frame, clause, [first, words[1]], 2, most)
    if clause.contrast and not _asks(clause) and _NEEDING.isdisjoint(clause.keys[: clause.contrast]):
        return _behind_contrast(frame, clause, most)
    if clause.keys[clause.lead] in _FORBIDDING and (just := _just(clause)):
        return fitted(frame(Clause(words[just:])), most)
    if ":" in clause.line and not _asks(clause):
        colon = next((at for at, word in enumerate(words) if word.text == ":"), 0)
        if 0 < colon < len(words) - 3 and _HEADS.isdisjoint(clause.keys[:colon]):
            with suppress(Decline):  # "we have a bug: invoices show …"
                return fitted(frame(Clause(words[colon + 1 :])), most)
    return _about_file(frame, clause, most) if first.kind == "name" else fitted(frame(clause), most)


def _about_file(frame: Frame, clause: Clause, most: int) -> Words:
    """The title of a sentence that begins with a name, which may be the place of what is asked for behind it."""
    if _is_deed_in_file(clause):
        raise Decline(NOT_SEEN)
    at = 1 + (clause.kind(1) in ("comma", "cut"))
    if not (clause.asks_at(at) or clause.is_verb(at)):
        try:
            return fitted(frame(clause), most)
        except Decline:
            if len(clause) == 1:
                raise
    if clause.keys[1] in PREPOSITIONS:
        raise Decline(NOT_SEEN)  # "ERR_CERT_INVALID on the login page"
    return _with_place(frame, clause, [word_of("in"), clause.words[0]], 1, most)


def _just(clause: Clause) -> int:
    """Where "just fix the jitter" stands behind "don't touch the physics", 0 if nowhere."""
    if clause.keys[clause.lead] == "do" and clause.keys[clause.lead + 1] != "not":
        return 0
    places = range(clause.lead + 2, len(clause) - 2)
    return next((at + 2 for at in places if clause.keys[at] == "," and clause.keys[at + 1] in ("just", "only")), 0)


def _behind_contrast(frame: Frame, clause: Clause, most: int) -> Words:
    """The title of what is said behind "but": "the chart renders but the axis labels are missing"."""
    if clause.keys[clause.lead] in _REASONING or "though" in clause.keys[clause.contrast]:
        raise Decline(TURNED)
    at = clause.contrast + 1
    if clause.keys[at].endswith("s") and clause.keys[at + 1] in PREPOSITIONS:
        raise Decline(NOT_SEEN)  # "moves but jerks near the end"
    words = fitted(frame(Clause(clause.words[at + (clause.kind(at) == "comma") :])), most)
    if len(words) < _ENOUGH and not any(word.is_fixed for word in words):
        raise Decline(NOTHING)
    return words


def _is_deed_in_file(clause: Clause) -> bool:
    """ "adc.c calibrate at startup": behind a file, an unknown word before a preposition may be what is asked for."""
    key = clause.keys[1]
    is_unknown = clause.kind(1) == "word" and key not in _NOUNS and not key.endswith(_NOUN_ENDINGS)
    return "." in clause.words[0].text and is_unknown and clause.keys[2] in PREPOSITIONS


def _with_place(frame: Frame, clause: Clause, place: Words, end: int, most: int) -> Words:
    """What is asked for behind the place, and then the place."""
    behind = clause.words[end + (clause.kind(end) in ("comma", "cut")) :]
    return [*fitted(frame(Clause(behind)), most - size_of(place)), *place]


def whole(
    words: Words, names: Sequence[Token], clause: Clause, behind: Sequence[Words] = (), *, is_later: bool = False
) -> Words:
    """The title with every name of the message in it that a person would look for; raises `Decline` if one is lost.

    `names` are those of the message, `behind` are the sentences behind the clause.
    """
    last = max(map(place_of, words))
    if last > (_LEADING + _NEAR if is_later else _NEAR):
        raise Decline("what is asked for stands too far from the beginning")
    require_turned(words, clause)
    if not (names or behind or is_later):
        return words
    held = " ".join(map(text_of, words)) if names else ""
    says_enough = len(words) >= _ENOUGH or any(word.is_fixed for word in words)
    if is_later and not says_enough:
        raise Decline(NOTHING)
    for name in names:
        if name.at >= _BESIDE or (name.short or name.text) in held:
            continue
        is_beside = name.at > last or name.at < clause.words[0].at
        if not (is_beside and says_enough) or is_reference(name):
            raise Decline(LOST)
    if behind:
        _require_one(clause, behind)
    return words


def _require_one(clause: Clause, behind: Sequence[Words]) -> None:
    """Raises `Decline` if what stands behind the clause takes it back, or asks for something of its own."""
    if behind[0][0].key in (_RESTRICTING if len(behind[0]) > 2 else _TAKEN_BACK):
        raise Decline(TURNED)
    is_forbidding = clause.keys[clause.lead] in _FORBIDDING
    if not (is_forbidding or _asks(clause)):
        return
    asking = [other for one in behind if one[0].key not in _NAMING and _asks(other := Clause(one))]
    # "don't delete the photos. Archive them."
    if (asking and is_forbidding) or len(asking) > 1 or any(map(_is_another, asking)):
        raise Decline(SEVERAL)


def _is_another(clause: Clause) -> bool:
    """Whether a sentence asks for something of its own, and says no more of what was asked for before it."""
    verb = clause.verb(clause.lead)
    if not verb or verb.partition(" ")[0] in _FOLLOWING or not clause.asks_at(clause.lead):
        return False
    phrase = clause.closed_phrase(clause.lead + 1 + verb.count(" "))
    return phrase is not None and phrase.core[-1].key not in _CHORES and bool(content(phrase.core))


def _asks(clause: Clause) -> bool:
    return clause.keys[clause.lead] in _ASKING or clause.asks_at(clause.lead)

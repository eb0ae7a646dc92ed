"""The first sentence of a message that asks for something, and what of the others a title of it may leave out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.clauses import NOT_SEEN, POINTS, SEVERAL, TURNED, Clause
from proxy.filters.titles.lexer import Token
from proxy.filters.titles.lexicon import SPELLED, TURNING
from proxy.filters.titles.phrases import Phrase, phrase_at
from proxy.filters.titles.requests import asked_in
from proxy.filters.titles.tables import matched
from proxy.filters.titles.titling import TOO_LONG, Title, size_of
from proxy.filters.titles.verbs import VERBS

LOST = "a name in it would be lost"

_RESTRICTING = ("only", "except", "not", "without", "unless", "instead", "but")
_TAKEN_BACK = (*TURNING, "don't", "but")
_SENTENCES = 3
_NEAR = 120
_LEADING = 160
_LONGEST_BEFORE = 14
_BESIDE = 300
_ENOUGH = 3


def title_of(tokens: Sequence[Token], most: int) -> list[Token]:
    """The title of the first sentence that asks for something, if nothing that counts is lost with the others."""
    reason = ""
    for number, sentence in enumerate(_sentences(tokens)):
        if number >= _SENTENCES or sentence[0].at > _LEADING:
            break
        if _lead(sentence) == len(sentence):
            continue
        try:
            return whole(_shortened(sentence, most), tokens, sentence)
        except Decline as decline:
            reason = reason or decline.reason
            if decline.reason in (LOST, SEVERAL) or len(sentence) > _LONGEST_BEFORE:
                break
    raise Decline(reason or NOT_SEEN)


def _shortened(sentence: Sequence[Token], most: int) -> Title:
    """The title with "trailhead issue 729" as "issue 729" if there is no room for the repository."""
    try:
        return _of_sentence(sentence, most)
    except Decline as decline:
        shorter = [replace(token, text=token.short) if token.short else token for token in sentence]
        if decline.reason != TOO_LONG or shorter == list(sentence):
            raise
        return _of_sentence(shorter, most)


def _of_sentence(sentence: Sequence[Token], most: int) -> Title:
    """The title of a sentence, with the name that it is about in front: "@src/app.py explain the sorting"."""
    first, *rest = sentence
    if first.kind == "name" and not rest and first.short:
        return Title([first], [])
    if first.key in ("in", "on", "for") and (place := phrase_at(sentence, 1)) and place.end < len(sentence):
        return _placed(sentence, first, place, most)
    if rest and rest[0].kind in ("comma", "cut"):
        del rest[0]
    try:
        return asked_in(Clause(sentence, most)).title
    except Decline:
        if first.kind != "name" or not rest:
            raise
    if is_reference(first):
        title = asked_in(Clause(rest, most - size_of([first]))).title
        return replace(title, words=[first, *title.words])
    title = asked_in(Clause(rest, most - 1 - size_of([first]))).title
    return replace(title, words=[*title.words, Token("in", "word"), first])


def _placed(sentence: Sequence[Token], preposition: Token, place: Phrase, most: int) -> Title:
    """ "in app.py, fix the sorting bug", "for the landing page we need a hero section" """
    behind = place.end + (sentence[place.end].kind in ("comma", "cut"))
    if place.points:
        raise Decline(POINTS)
    title = asked_in(Clause(sentence[behind:], most - 1 - size_of(place.words))).title
    return replace(title, words=[*title.words, preposition, *place.words])


def is_reference(name: Token) -> bool:
    return name.text[-1].isdecimal() and ("." not in name.text or " " in name.text)


def whole(title: Title, tokens: Sequence[Token], sentence: Sequence[Token]) -> list[Token]:
    """The title with every name of the message in it that a person would look for; raises `Decline` if one is lost."""
    if any(word.at > _NEAR for word in title.words):
        raise Decline("what is asked for stands too far from the beginning")
    held = " ".join(word.text for word in title.words)
    says_enough = len(title.words) >= _ENOUGH or any(word.is_fixed for word in title.words)
    last = max(word.at for word in title.words)
    beside = [token for token in sentence if token.at > last]
    while beside and beside[0].kind != "comma":
        del beside[0]
    cut = beside[0].at if beside and not _asks(beside[1:]) else sentence[-1].at
    for token in tokens:
        is_lost = token.kind == "name" and (token.short or token.text) not in held and token.at < _BESIDE
        is_beside = token.at > cut or token.at < sentence[0].at
        if is_lost and not (is_beside and says_enough and not is_reference(token)):
            raise Decline(LOST)
    behind = [*_sentences([token for token in tokens if token.at > sentence[-1].at])]
    if any(one[0].key in (_RESTRICTING if len(one) > 2 else _TAKEN_BACK) for one in behind[:1]):
        raise Decline(TURNED)
    if sum(_asks(one) for one in behind) > 1:
        raise Decline(SEVERAL)
    return title.words


def _sentences(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The sentences; a capital letter says nothing where one begins."""
    sentence: list[Token] = []
    for token in tokens:
        if token.kind != "stop":
            is_first = token.kind == "word" and not (sentence and sentence[-1].kind != "cut")
            is_typed = token.text[1:].islower() and token.key not in SPELLED
            sentence.append(replace(token, text=token.text.lower()) if is_first and is_typed else token)
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _asks(sentence: Sequence[Token]) -> bool:
    return matched([token.key for token in sentence], _lead(sentence), VERBS) > 0


def _lead(sentence: Sequence[Token]) -> int:
    return Clause(sentence, 0).lead()

"""The first sentence of a message that asks for something, and what of the others a title of it may leave out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from proxy.filters.decline import Decline
from proxy.filters.titles.clauses import NOT_SEEN, SEVERAL, TURNED, Clause
from proxy.filters.titles.lexer import Token
from proxy.filters.titles.lexicon import SPELLED, TURNING
from proxy.filters.titles.phrases import phrase_at
from proxy.filters.titles.requests import asked_in
from proxy.filters.titles.tables import matched
from proxy.filters.titles.titling import TOO_LONG, Title, size_of
from proxy.filters.titles.verbs import DOES, SINGLE, VERBS

LOST = "a name in it would be lost"

_RESTRICTING = ("only", "except", "not", "without", "unless", "instead", "but")
_TAKEN_BACK = (*TURNING, "don't", "but")
_POLITE = ("please", "pls", "plz", "kindly")
_SENTENCES = 3
_NEAR = 120
_LEADING = 160
_LONGEST_BEFORE = 14
_BESIDE = 300
_ENOUGH = 3


def title_of(tokens: Sequence[Token], most: int) -> list[Token]:
    """The title of the first sentence that asks for something, if nothing that counts is lost with the others."""
    tokens = [token for token in tokens if token.key not in _POLITE]
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
        if decline.reason != TOO_LONG or not any(token.short for token in sentence):
            raise
        return _of_sentence([replace(token, text=token.short or token.text) for token in sentence], most)


def _of_sentence(sentence: Sequence[Token], most: int) -> Title:
    """The title of a sentence, with what it is about in front: "@src/app.py explain …", "in the footer, add …"."""
    first, kinds = sentence[0], [token.kind for token in sentence[:2]]
    if kinds == ["name"] and first.short:
        return Title([first], [])
    place = phrase_at(sentence, 1, SINGLE) if first.key in ("in", "on", "for") else None
    if place and not place.points and place.end < len(sentence):
        return _with_place(sentence, [first, *place.words], place.end, most)
    try:
        return asked_in(Clause(sentence, most)).title
    except Decline:
        if kinds[:1] != ["name"] or len(sentence) == 1:
            raise
    if not is_reference(first):
        return _with_place(sentence, [Token("in", "word"), first], 1, most)
    title = _with_place(sentence, [first], 1, most)
    return replace(title, words=[first, *title.words[:-1]])


def _with_place(sentence: Sequence[Token], place: list[Token], end: int, most: int) -> Title:
    """What is asked for behind the place, and then the place."""
    behind = sentence[end + (sentence[end].kind in ("comma", "cut")) :]
    title = asked_in(Clause(behind, most - size_of(place))).title
    return replace(title, words=[*title.words, *place])


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
    is_request = len(beside) > 1 and (beside[1].key in DOES or _asks(beside[1:]))
    cut = beside[0].at if beside and not is_request else sentence[-1].at
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
            is_typed = token.text[:1].isupper() and token.text[1:].islower() and token.key not in SPELLED
            sentence.append(Token(token.key, "word", token.at) if is_first and is_typed else token)
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _asks(sentence: Sequence[Token]) -> bool:
    return matched([token.key for token in sentence], _lead(sentence), VERBS) > 0


def _lead(sentence: Sequence[Token]) -> int:
    return Clause(sentence, 0).lead()

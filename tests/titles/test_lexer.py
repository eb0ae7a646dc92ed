"""Tokens: words, names as they are shown, numbers, and where sentences end."""

import pytest

from proxy.filters.titles.text.lexer import Token, lexed
from tests.cases import every


def _tokens(text: str) -> list[Token]:
    return [token for sentence in lexed(text).sentences for token in sentence]


@every(
    ("text", "tokens"),
    [
        ("fix the bug.", ["word fix", "word the", "word bug"]),
        ("see utils.py. ok", ["word see", "name utils.py", "word ok"]),
        ("handleStuff --since `a b`", ["name handleStuff", "name --since", "name a b"]),
        ("pull request #12, issue 7", ["name PR 12", "comma ,", "name issue 7"]),
        ("https://github.com/acme/widgets/pull/42/", ["name widgets PR 42"]),
        ("https://gitlab.com/a/b/-/issues/3#note_1", ["name b issue 3"]),
        ('the "Sign in" text', ["word the", "quote Sign in", "word text"]),
        ("don't 5 30s 4.2", ["word don't", "number 5", "number 30s", "number 4.2"]),
        ("ABC-12: well-known", ["name ABC-12", "cut :", "word well-known"]),
        ("Log out of it, Signed in it", ["word Log-out", "word of", "word it", "comma ,", "word Signed-in", "word it"]),
        ("(L1-8, a)", ["cut (", "name L1-8", "comma ,", "word a", "cut )"]),
    ],
)
def test_a_text_is_cut_into_tokens(text: str, tokens: list[str]) -> None:
    assert [f"{token.kind} {token.text}" for token in _tokens(text)] == tokens


def test_a_token_knows_where_it_stands() -> None:
    text = "Please fix the  bug, it fails - often (I think).\nSee utils.py, Bob"
    assert all(text.casefold().startswith(token.text.casefold(), token.at) for token in _tokens(text))


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Fix the bug. Then run it", ["fix the bug", "then run it"]),
        ("See utils.py. Ok\n\nBob is", ["see utils.py", "ok", "bob is"]),
        ("Note: The Bob", ["note : the Bob"]),
        ("JSON to Python. Python", ["JSON to Python", "Python"]),
        ("Please fix it, plz. KINDLY pleasing Please.", ["fix it ,", "pleasing"]),
        ("see pls.py please\n?", ["see pls.py"]),
    ],
)
def test_sentences_have_neither_their_capital_letter_nor_polite_words(text: str, sentences: list[str]) -> None:
    assert [" ".join(token.text for token in one) for one in lexed(text).sentences] == sentences


def test_the_names_of_all_sentences_are_known() -> None:
    assert [name.text for name in lexed('see utils.py. Then `a b`, not "c d" or 12 or the password a.b').names] == [
        "utils.py",
        "a b",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("see https://example.com/a", "a link stands in it"),
        ("a <b> c", "a sign in it is not understood"),
        ("A=b", "a sign in it is not understood"),
        ("use sk-ant-REDACTED", "a secret or an id stands in it"),
        ("the password hunter2", "a secret or an id stands in it"),
        ("ошибка", "a sign in it is not understood"),
    ],
)
def test_what_is_no_token_says_why(text: str, reason: str) -> None:
    assert reason in [token.text for token in _tokens(text) if token.kind == "unknown"]

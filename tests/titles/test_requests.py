"""What is left of a clause without its request."""

import pytest

from proxy.filters.titles.languages import language_of
from proxy.filters.titles.requests import taken_apart, verb_size
from proxy.filters.titles.words import words_of


def _body(text: str) -> str:
    words = words_of(text)
    return " ".join(word.text for word in taken_apart(words, language_of(words)).body)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("could you please fix the login page", "login page"),
        ("how does caching work", "caching"),
        ("rename getUser to fetchUser", "getUser rename to fetchUser"),
        ("add support for Python 3.13", "support for Python 3.13"),
        ("test the login page", "login page"),
        ("test coverage is low", "test coverage low"),
        ("fix the login page and add a test", "login page"),
        ("profile it and suggest faster queries", "faster queries"),
        ("Füge der Einstellungsseite einen Dunkelmodus hinzu", "Dunkelmodus hinzufügen"),
        ("Kannst du der Seite einen Dunkelmodus hinzufügen", "Dunkelmodus hinzufügen"),
        ("Kannst du den Login reparieren", "Login reparieren"),
        ("Füge einen Test für die Anmeldung hinzu", "Test für die Anmeldung"),
        ("Voeg aan de pagina een donkere modus toe", "donkere modus"),
        ("Añade a la página un modo oscuro", "modo oscuro"),
        ("Ajoute l'authentification au client", "authentification au client"),
        ("로그인 버튼을 수정해 주세요", "로그인 버튼"),
    ],
)
def test_only_what_it_is_about_is_left(text: str, body: str) -> None:
    assert _body(text) == body


def test_the_clause_is_kept_from_its_verb_on() -> None:
    words = words_of("please fix bug")
    request = taken_apart(words, language_of(words))
    assert [word.text for word in request.spoken] == ["fix", "bug"]
    assert [word.text for word in request.body] == ["bug"]


@pytest.mark.parametrize(
    ("text", "size"),
    [("set up CI", 2), ("fix it", 1), ("test the app", 1), ("test coverage", 0), ("login fails", 0), ("`fix` it", 0)],
)
def test_a_verb_is_told_from_a_noun(text: str, size: int) -> None:
    words = words_of(text)
    assert verb_size(words, 0, language_of(words)) == size

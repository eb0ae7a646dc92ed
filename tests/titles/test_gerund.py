"""The one cheerful verb shown while the client waits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.filters.titles.english.verbs import spelled
from proxy.filters.titles.gerund import FORMS, WHIMS, gerund
from proxy.filters.titles.text.prose import LOOKED_AT
from tests.cases import every

ALARMING = re.compile(
    "kill|delet|destroy|terminat|stop|exit|connect|retry|lag|freez|penetrat|crash|fail|dying|abort|eras|break|attack|hang",
    re.IGNORECASE,
)


@every(
    ("text", "verb"),
    [
        ("Fix the login button", "Fixing"),
        ("run the tests", "Running"),
        ("please debug this", "Debugging"),
        ("write a poem", "Writing"),
        ("explain how it is done", "Explaining"),
        ("how does sorting work", "Sorting"),
        ("there is a bug", "Debugging"),
        ("the docs need love", "Documenting"),
        ("set up ESLint", "Setting"),
        ("delete the old files", "Tidying"),
        ("stop the server", "Settling"),
        ("my app crashes", "Mending"),
        ("kill the process", "Settling"),
        ("reconnect to the websocket", "Linking"),
        ("Исправь ошибку", "Fixing"),
        ("```\nimport os\n```", "Importing"),
    ],
)
def test_names_the_first_known_action(text: str, verb: str) -> None:
    assert gerund(text) == verb


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("fix", "fixing"),
        ("run", "running"),
        ("write", "writing"),
        ("tie", "tying"),
        ("see", "seeing"),
        ("debug", "debugging"),
    ],
)
def test_spelling(verb: str, form: str) -> None:
    assert spelled(verb) == form


def test_every_possible_answer_is_one_kind_word() -> None:
    answers = set(FORMS.values())
    assert len(answers) > 150
    assert len(WHIMS) >= 30
    for answer in answers:
        assert re.fullmatch(r"[A-Z][a-z]+ing", answer)
        assert not ALARMING.match(answer)


def test_unknown_text_has_a_stable_whim() -> None:
    assert gerund("xyzzy plugh") == gerund("xyzzy plugh") in WHIMS
    assert len({gerund(f"xyzzy{'q' * n}") for n in range(30)}) > 5
    assert gerund("") in WHIMS


@given(st.text(max_size=300))
def test_any_text_gives_one_word(text: str) -> None:
    assert re.fullmatch(r"[A-Z][a-z]+ing", gerund(text))


def test_only_the_beginning_counts() -> None:
    assert gerund("fix it " + "x" * 1_000_000) == "Fixing"
    assert gerund("q" * LOOKED_AT + "a" * 10) == gerund("q" * LOOKED_AT + "b" * 1_000_000)

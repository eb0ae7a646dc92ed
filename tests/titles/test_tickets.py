"""Issues and tickets that a message names."""

import pytest

from proxy.filters.titles.tickets import ticket_of, under
from proxy.filters.titles.words import Word


@pytest.mark.parametrize(
    ("prose", "ticket"),
    [
        ("issue #4711: it fails", "issue #4711"),
        ("please see #12 and #13", "#12"),
        ("work on ticket PROJ-42 now", "ticket PROJ-42"),
        ("no issue. PROJ-42", "PROJ-42"),
        ("add UTF-8 and SHA-256 support", ""),
        ("version v1-2 of it", ""),
        ("", ""),
    ],
)
def test_the_first_ticket_counts(prose: str, ticket: str) -> None:
    assert " ".join(word.text for word in ticket_of(prose)) == ticket


def test_a_title_stands_under_its_ticket() -> None:
    words = under(ticket_of("issue #12"), [Word("login"), Word("fails")])
    assert " ".join(word.text for word in words) == "issue #12: login fails"

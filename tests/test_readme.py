"""README.md is read by people who decide in a minute: short sentences, and no word of the project's own unexplained."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases import every
from tests.shipped import SHIPPED

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
MOST_WORDS = 30
OWN_WORDS = (
    "rule",
    "shadow",
    "audit",
    "guard",
    "drift",
    "capture",
    "circuit breaker",
    "decline",
    "upstream",
    "side question",
)
"""What Sidestep calls things. A reader meets them first where they are explained, in bold; or not at all."""


def _prose() -> str:
    """Without blocks of code, comments, markup and tables' rules; a link is its text."""
    text = re.sub(r"^```.*?^```$", ".\n", README, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->|</?\w[^>]*>|^\|[-|]+\|$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)


def _sentences() -> Iterator[str]:
    """A heading, a cell, and an item of a list end a sentence, as a full stop does."""
    for block in re.split(r"\n\s*\n|\n(?=- |\d+\. |#|\|)", _prose()):
        for cell in block.split("|"):
            plain = " ".join(re.sub(r"[*#`]", "", cell).split())
            yield from filter(None, re.split(r"(?<=[.!?])\s+", plain))


def test_there_are_sentences() -> None:
    assert len(list(_sentences())) > 100


@pytest.mark.parametrize("limit", [MOST_WORDS])
def test_no_sentence_is_long(limit: int) -> None:
    assert [(len(sentence.split()), sentence) for sentence in _sentences() if len(sentence.split()) > limit] == []


@every("word", OWN_WORDS)
def test_a_word_of_its_own_is_first_met_where_it_is_explained(word: str) -> None:
    """In code it may stand before that: a setting has its name."""
    text = re.sub(r"`[^`]*`", "", _prose())
    if found := re.search(rf"(\*\*)?\b{word}s?\b(\*\*)?", text, re.IGNORECASE):
        assert found[1], text[max(0, found.start() - 60) : found.end() + 20]


def test_the_first_screen_says_what_for_whom_what_it_saves_and_risks_and_how_to_start_and_undo() -> None:
    screen = README.partition("\n## ")[0]
    for told in ("For whom.", "What it saves.", "What it risks.", "Start", "Undo.", "MIT"):
        assert f"**{told}" in screen or f"[{told}" in screen, told
    assert "make run" in screen
    table = screen[screen.index("<!-- savings -->") : screen.index("<!-- /savings -->")]
    assert len(screen.replace(table, "").split()) < 450


@every("path", ["Install", "Connect", "What it answers", "Switch off one rule", "Write a rule"])
def test_a_path_has_its_heading(path: str) -> None:
    assert f"\n## {path}\n" in README


@every("path", ["The live page", "As a service", "Update", "When it is down", "To stop using it"])
def test_what_comes_later_has_its_heading(path: str) -> None:
    assert README.index("\n## What it answers\n") < README.index(f"\n## {path}\n")


def test_there_is_a_place_for_what_is_saved() -> None:
    assert README.count("<!-- savings -->") == README.count("<!-- /savings -->") == 1


def test_its_tables_name_every_rule_that_answers_as_it_ships() -> None:
    """Those for servers that lack an endpoint are off, and have a page of their own."""
    section = README.partition("\n## What it answers\n")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)
    shipped = [rule.name for rule in SHIPPED.rules.rules if not rule.guards]
    assert sorted(named) == sorted(shipped)

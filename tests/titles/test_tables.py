"""How tables are written and looked up."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from proxy.filters import titles
from proxy.filters.titles.english.tables import Phrases, word_set

PHRASES = Phrases(
    """can you|please
    |(i|we) (want|need)( you)? to|i want"""
)


def test_words_stand_between_spaces() -> None:
    assert word_set("a an\n  the") == {"a", "an", "the"}


def test_no_table_has_a_word_twice() -> None:
    tables, twice = 0, []
    for file in Path(titles.__file__).parent.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
        for call in calls:
            if ast.unparse(call.func) == "word_set" and isinstance(call.args[0], ast.Constant):
                tables += 1
                counts = Counter(str(call.args[0].value).split())
                twice += [f"{file.name}:{call.lineno}: {word}" for word, count in counts.items() if count > 1]
    assert tables > 50
    assert twice == []


@pytest.mark.parametrize(
    ("words", "matched"),
    [
        ("can you fix ", "can you "),
        ("can you please please fix ", "can you please please "),
        ("we need you to fix ", "we need you to "),
        # The longer phrase is tried first, wherever the table has it.
        ("i want to fix ", "i want to "),
        ("i want dark mode ", "i want "),
        ("canyon ", ""),
        ("pleased ", ""),
    ],
)
def test_any_number_of_phrases_is_matched_and_only_whole_words(words: str, matched: str) -> None:
    found = PHRASES.match(words)
    assert (found[0] if found else "") == matched


@pytest.mark.parametrize(
    ("table", "firsts"),
    [
        ("can you|please", "can please"),
        ("(i|we) want( you)?", "i we"),
        ("(a |the )?way to", "a the way"),
        ("(i'm|im)? ?(trying|going) to", "i'm im trying going"),
        ("(what is |what's )?(the )?way", "what what's the way"),
    ],
)
def test_phrases_tell_their_first_words(table: str, firsts: str) -> None:
    assert Phrases(table).firsts == word_set(firsts)

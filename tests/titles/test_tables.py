"""Tables written as texts, and the longest phrase of one."""

import pytest

from proxy.filters.titles.tables import matched, phrase_set, word_set

PHRASES = phrase_set("can you|can you help me|please|bitte")


def test_tables_are_texts() -> None:
    assert word_set("a an\n the") == {"a", "an", "the"}
    assert phrase_set("a b|\n c|a") == {"a": {("a", "b"), ("a",)}, "c": {("c",)}}


@pytest.mark.parametrize(
    ("text", "at", "size"),
    [
        ("can you help me fix", 0, 4),
        ("can you fix", 0, 2),
        ("now bitte", 1, 1),
        ("now bitte", 0, 0),
        ("please", 1, 0),
        ("can we", 0, 0),
    ],
)
def test_the_longest_phrase_counts(text: str, at: int, size: int) -> None:
    assert matched(text.split(), at, PHRASES) == size

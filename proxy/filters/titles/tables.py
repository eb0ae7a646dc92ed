"""How the filters write their tables: words as one text between spaces, phrases as one text between bars.

A table that reads like running text is easier to check and to extend than one of quoted strings.
"""

from collections.abc import Mapping, Sequence

Phrases = Mapping[str, frozenset[tuple[str, ...]]]
"""Phrases by their first words: nearly no word of a text begins one."""

_LONGEST_PHRASE = 8


def word_set(table: str) -> frozenset[str]:
    """The words of a table: "a an the" has three."""
    return frozenset(table.split())


def phrase_set(table: str) -> Phrases:
    """The phrases of a table: "can you|please" has two, the first of two words."""
    phrases = {tuple(phrase.split()) for phrase in table.split("|")}
    firsts = {phrase[0] for phrase in phrases}
    return {first: frozenset(phrase for phrase in phrases if phrase[0] == first) for first in firsts}


def matched(keys: Sequence[str], at: int, phrases: Phrases) -> int:
    """How many words the longest phrase has that stands in `keys` from `at` on; 0 if none does."""
    possible = phrases.get(keys[at]) if at < len(keys) else None
    if possible is None:
        return 0
    ahead = tuple(keys[at : at + _LONGEST_PHRASE])
    return next((size for size in range(len(ahead), 0, -1) if ahead[:size] in possible), 0)

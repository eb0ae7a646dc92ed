"""How the filters write their tables: words as one text between spaces, phrases as one text between bars.

A table that reads like running text is easier to check and to extend than one of quoted strings.
"""

from collections.abc import Iterable, Sequence

Phrases = frozenset[tuple[str, ...]]

_LONGEST_PHRASE = 8


def word_set(table: str) -> frozenset[str]:
    """The words of a table: "a an the" has three."""
    return frozenset(table.split())


def phrase_set(tables: Iterable[str]) -> Phrases:
    """The phrases of all the tables: "can you|please" has two, the first of two words."""
    return frozenset(tuple(phrase.split()) for table in tables for phrase in table.split("|"))


def matched(keys: Sequence[str], at: int, phrases: Phrases) -> int:
    """How many words the longest phrase has that stands in `keys` from `at` on; 0 if none does."""
    ahead = tuple(keys[at : at + _LONGEST_PHRASE])
    return next((size for size in range(len(ahead), 0, -1) if ahead[:size] in phrases), 0)

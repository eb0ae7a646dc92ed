"""Marks: every body that a rule matches contains one of its marks. One pass over a body finds all that it contains.

Most conversations contain none, and are forwarded without being parsed.
"""

import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

Find = Callable[[bytes | memoryview], list[tuple[int, int, int]]]
"""Gives for each match the number of the text, and where it begins and ends."""

_PLAIN = re.compile(r"[ !#-.0-\[\]-~]+")
"""All of ASCII that can be seen, without quotes, slashes and backslashes."""
_SHORTEST = 5
"""Characters of a mark; anything shorter stands in every other text."""
_SHORTEST_WHOLE = 4
"""The same, quotes included, of a mark that is a whole text."""
_OFTEN = dict(
    zip(
        b" etaoinshrdlcumwfgypbvkjxqz",
        (180, 127, 91, 82, 75, 70, 67, 63, 61, 60, 43, 40, 28, 28, 24, 24, 22, 20, 20, 19, 15, 10, 8, 2, 2, 1, 1),
        strict=True,
    )
)
"""How often each letter occurs in a thousand characters of English; any other character, `_SELDOM` times."""
_SELDOM = 5
_ESCAPES = frozenset(b"\\u00%d" % digit for digit in range(2, 8))
"""How those characters begin where they are escaped all the same."""
_AT_ONCE = 32
"""Texts that are looked for in one pass: of more than 64 the library does not find any by SIMD instructions, and of 64
in the alphabet's order it takes a third longer than of its halves."""
_MANY = 5
_UNLIKE = [bytes([number]) * 8 for number in range(1, _MANY + 1)]
"""Stand in no JSON. For texts with few first bytes, the library would look for bytes of theirs, ten times as long."""
_SLICE = 128 * 1024
"""Bytes that are searched before it is checked whether enough was found."""
_SHORT = 2048
"""Bytes that are searched for all texts at once: longer a byte, but in one table, which most often is in no cache."""
_MOST = 16
"""Places at which marks are found, so that it is worth to tell which they are."""
_KNOWN = 256
"""Finds of which it is kept what they leave: most requests of a client have the same few."""
_IMPLEMENTATION = Implementation.ContiguousNFA
"""As fast here as the one that the library would take, in 2.2 MiB less for the shipped rules."""


class Screen:
    """One pass over a body for the marks (`marks_of`) of all that rules look for in it.

    To pass over 48 KB takes 10 µs; to parse them, and to search for each rule's own, takes some 120 where other
    requests use the processor's caches too.
    """

    def __init__(self, marks: Iterable[str]) -> None:
        self.marks = frozenset(marks)
        self._ends: dict[bytes, set[str]] = {}
        """The marks by what is looked for of them."""
        for mark in self.marks:
            self._ends.setdefault(_from_rarest_pair(mark.encode()), set()).add(mark)
        self._known: dict[tuple[bytes, ...], frozenset[str]] = {(): self.marks}
        self._all = _Finder(sorted([*self._ends, *_ESCAPES]))

    def absent(self, body: Sequence[bytes]) -> frozenset[str]:
        """The marks that stand nowhere in the body; none where an escape could hide some, or where there are many.

        The pieces of the body need not be joined: that would take as long again.
        """
        found: list[bytes] = []
        for piece in self._all.overlapping(body):
            if len(piece) <= _SHORT:
                found += self._all.within(piece)
                continue
            for start in range(0, len(piece), _SLICE):
                places = self._all.places(piece, start, start + _SLICE)
                if len(found) + len(places) > _MOST:
                    return frozenset()
                found += [text for place in places for text in self._all.around(piece, *place)]
        return self._without(tuple(found)) if len(found) <= _MOST else frozenset()

    def _without(self, found: tuple[bytes, ...]) -> frozenset[str]:
        """All marks but those that were found: the very same set each time, whose hash is known."""
        absent = self._known.get(found)
        if absent is None:
            escaped = not _ESCAPES.isdisjoint(found)
            absent = frozenset() if escaped else self.marks.difference(*[self._ends[end] for end in found])
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[found] = absent
        return absent


def _from_rarest_pair(text: bytes) -> bytes:
    """The end of a mark, from the two characters on that stand together most rarely: fewer places look like it.

    Over 80 KB that takes 20 µs and not 28.
    """
    starts = range(max(1, len(text) - _SHORTEST))
    often = [_OFTEN.get(letter, _SELDOM) for letter in text]
    return text[min(starts, key=lambda at: math.prod(often[at : at + 2])) :]


class _Finder:
    """Finds texts in bytes."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._texts, self._margin = texts, max(map(len, texts))
        parts = [texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE)]
        self._first = [
            finder(part if len({text[0] for text in part}) >= _MANY else [*part, *_UNLIKE]) for part in parts
        ]
        self._every = BytesAhoCorasick(texts, implementation=_IMPLEMENTATION).find_matches_as_indexes

    def overlapping(self, pieces: Sequence[bytes]) -> Iterator[bytes]:
        """The pieces, and between them what of them could hold a text together; joined where one is that short."""
        if len(pieces) > 1 and min(map(len, pieces)) < self._margin:
            pieces = [b"".join(pieces)]
        yield from pieces
        for before, behind in itertools.pairwise(pieces):
            yield before[-self._margin :] + behind[: self._margin]

    def within(self, body: bytes) -> list[bytes]:
        """The texts that stand in a short body."""
        return [self._texts[index] for index, _, _ in self._every(body, overlapping=True)]

    def places(self, body: bytes, start: int, end: int) -> list[tuple[int, int]]:
        """Where texts stand that begin between `start` and `end`; of those that overlap, one."""
        some = memoryview(body)[start : end + self._margin]
        return [(start + at, start + behind) for find in self._first for _, at, behind in find(some)]

    def around(self, body: bytes, start: int, end: int) -> Iterator[bytes]:
        """The texts that overlap such a place, itself among them."""
        some = memoryview(body)[max(0, start - self._margin) : end + self._margin]
        return (self._texts[index] for index, _, _ in self._every(some, overlapping=True))


def marks_of(literals: Sequence[str] | None, *, whole: bool = False) -> frozenset[str]:
    """Of each literal what of it stands in a body, unless that escapes what need not be; none if unsure.

    That is the longest part that JSON writes as it is; of one that is the `whole` text, all of it in quotes. A text of
    several blocks is joined by line ends: no mark has one.
    """
    marks = frozenset([_mark(literal, whole=whole) for literal in literals or ()])
    return marks if all(marks) else frozenset()


def _mark(literal: str, *, whole: bool) -> str:
    quoted = f'"{literal}"'
    if whole and _PLAIN.fullmatch(literal) and len(quoted) >= _SHORTEST_WHOLE:
        return quoted
    part = max(_PLAIN.findall(literal), key=len, default="")
    return part if len(part) >= _SHORTEST else ""


def finder(texts: Sequence[bytes]) -> Find:
    """Where these stand; of those that overlap the first: the kind of match that is found by SIMD instructions."""
    return BytesAhoCorasick(
        texts, matchkind=MatchKind.LeftmostFirst, implementation=_IMPLEMENTATION
    ).find_matches_as_indexes

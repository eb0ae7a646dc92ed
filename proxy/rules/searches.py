"""Searches in texts: for several texts at once, or for a pattern of google-re2; both take linear time.

re2 is given bytes: of a text, its Python side would count the characters before every group again.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import re2
from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

Groups = dict[str, str]
"""The named groups that a rule's patterns captured."""

Search = Callable[[str, Groups], bool]
"""Whether a text is as wanted; may add to the groups."""

Written = bytes | memoryview
"""A text as bytes: UTF-8, or as JSON writes it."""

_PLAIN = re.compile(r"[ !#-.0-\[\]-~]+")
"""All of ASCII that can be seen, without quotes, slashes and backslashes."""
_SHORTEST = 5
"""Characters of a mark; anything shorter stands in every other text."""
_IMPLEMENTATION = Implementation.ContiguousNFA
"""As fast here as the one that the library would take, in 2.2 MiB less for the shipped rules."""
_NONE: frozenset[str] = frozenset()
_ESCAPES = [b"\\u00%d" % digit for digit in range(2, 8)]
"""How those characters begin where they are escaped all the same."""


def any_of(wanted: Sequence[str]) -> Search:
    """A search for one of these texts, none of them empty."""
    find = _finder([one.encode() for one in wanted])
    return lambda value, _groups: bool(_found(find, value))


class Screen:
    """One pass over texts, as JSON writes them, for the marks (`marks_of`) of all that rules look for in them.

    To pass over 48 KB takes 7 µs; to read them and search for each rule's own takes some 120.
    """

    def __init__(self, marks: Iterable[str]) -> None:
        self._marks = sorted(set(marks))
        wanted = [mark.encode() for mark in self._marks] + _ESCAPES
        self._any = _finder(wanted)
        self._all = BytesAhoCorasick(wanted, implementation=_IMPLEMENTATION).find_matches_as_indexes

    def found(self, written: Iterable[Written]) -> frozenset[str] | None:
        """The marks that stand in any of the texts; None where an escape could hide some."""
        texts = [text for text in written if self._any(text)]
        if not texts:
            return _NONE
        found = {index for text in texts for index, _, _ in self._all(text, overlapping=True)}
        return None if max(found) >= len(self._marks) else frozenset([self._marks[index] for index in found])


def marks_of(literals: Sequence[str] | None) -> frozenset[str]:
    """Of each literal the longest part that JSON writes as it is, unless it escapes what need not be; none if unsure.

    A text of several blocks is joined by line ends: no mark has one.
    """
    marks = frozenset([max(_PLAIN.findall(literal), key=len, default="") for literal in literals or ()])
    return marks if all(len(mark) >= _SHORTEST for mark in marks) else frozenset()


def _finder(wanted: Sequence[bytes]) -> Callable[[Written], Any]:
    """Where the first of these stand, leftmost first: the kind of match that the library finds by SIMD instructions."""
    return BytesAhoCorasick(
        wanted, matchkind=MatchKind.LeftmostFirst, implementation=_IMPLEMENTATION
    ).find_matches_as_indexes


def pattern(text: str) -> tuple[Search, frozenset[str]]:
    """A search for a pattern anywhere in a text (anchor it with `^` or `\\A`), and the names of its groups.

    Raises ValueError when it is none.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(text.encode(), options)
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(f"not a pattern: {reason.decode() if isinstance(reason, bytes) else reason}") from None
    names = [(name.decode(), index) for name, index in compiled.groupindex.items()]

    def search(value: str, groups: Groups) -> bool:
        found = _found(compiled.search, value)
        if found is None:
            return False
        for name, index in names:
            if (part := found[index]) is not None:
                groups[name] = part.decode()
        return True

    return search, frozenset(name for name, _ in names)


def _found(search: Callable[[bytes], Any], value: str) -> Any:
    try:
        return search(value.encode())
    except UnicodeEncodeError:  # a lone surrogate, in a header that is not UTF-8
        return None

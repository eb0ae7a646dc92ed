"""Searches in texts: one of several texts, or a pattern of google-re2, which takes linear time whatever it is.

re2 is given bytes: of a text, its Python side would count the characters before every group again.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import re2

from proxy.rules.prefixes import beginnings

Groups = dict[str, str]
"""The named groups that a rule's patterns captured."""

Search = Callable[[str, Groups], bool]
"""Whether a text is as wanted; may add to the groups."""

_LONG = 1024
"""Characters from which on it pays to go through a text once for all, and to remember what was found."""

_REMEMBERED = 128


def any_of(wanted: Sequence[str]) -> Search:
    """A search for one of these texts, none of them empty."""
    once = re2.compile("|".join(map(re2.escape, wanted)).encode()).search
    remembered: OrderedDict[int, bool] = OrderedDict()

    def search(value: str, _groups: Groups) -> bool:
        if len(value) < _LONG:
            return any(map(value.__contains__, wanted))
        # A session sends the same long system prompt with every request. Hashes of 64 bits, keyed by the process, and
        # no text: what is remembered can neither be read nor, but by a chance of one in 10^17, be mistaken.
        key = hash(value)
        known = remembered.get(key)
        if known is None:
            known = remembered[key] = _found(once, value) is not None
            if len(remembered) > _REMEMBERED:
                remembered.popitem(last=False)
        return known

    return search


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
    begins = beginnings(text)

    def search(value: str, groups: Groups) -> bool:
        if begins is not None:
            if not (value.lstrip() if begins.behind_blanks else value).startswith(begins.literals):
                return False
            if begins.enough:
                return True
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

"""Searches in texts: for several texts at once, or for a pattern of google-re2; both take linear time.

re2 is given bytes. For a `str`, its Python side would count the characters before every group again.
"""

from collections.abc import Callable, Sequence
from typing import Any

import re2

from proxy.rules.marks import finder

Groups = dict[str, str]
"""The named groups that a rule's patterns captured."""

Search = Callable[[Any], bool | Groups]
"""Whether a value is as wanted; in place of True what was captured, if that is something."""


def any_of(wanted: Sequence[str]) -> Search:
    """A search for one of these texts, none of them empty."""
    find = finder([one.encode() for one in wanted])
    return lambda value: bool(_found(find, value))


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

    def search(value: str) -> bool | Groups:
        found = _found(compiled.search, value)
        if found is None:
            return False
        return {name: part.decode() for name, index in names if (part := found[index]) is not None} or True

    return search, frozenset(name for name, _ in names)


def _found(search: Callable[[bytes], Any], value: str) -> Any:
    try:
        return search(value.encode())
    except UnicodeEncodeError:  # a lone surrogate, in a header that is not UTF-8
        return None

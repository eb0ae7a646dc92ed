"""How the filters write their tables: words as one text between spaces, patterns as one text between bars.

A table that reads like running text is easier to check and to extend than one of quoted strings.
"""

import re
from itertools import groupby


def word_set(table: str) -> frozenset[str]:
    """The words of a table: "a an the" has three."""
    return frozenset(table.split())


class Phrases:
    """A pattern for the phrases of a table, of which any number may stand one behind the other.

    It is matched against words in small letters with a space behind each. `(a|b) c` and `a( b)?` mean what they mean in
    a regular expression; the longest phrases come first, as the first that fits is taken. No group is nested in one
    that a phrase begins with. Where a word stands that begins no phrase (`firsts`), none is looked for.
    """

    def __init__(self, table: str) -> None:
        phrases, depth = [""], 0
        for part in re.split(r"([(|)])", re.sub(r"\s+", " ", table)):
            depth += {"(": 1, ")": -1}.get(part, 0)
            if part == "|" and not depth:
                phrases.append("")
            else:
                phrases[-1] += part
        phrases = sorted(filter(None, map(str.strip, phrases)), key=len, reverse=True)
        begun = [words for phrase in phrases for words in _begun(phrase)]
        # What begins with another letter is passed over without a look: that is ten times faster.
        letters = [(one, [*words]) for one, words in groupby(sorted(begun, key=_letter), key=_letter)]
        parts = [f"{one}({'|'.join(words.removeprefix(one) for words in group)})" for one, group in letters]
        pattern = re.compile(f"(({'|'.join(parts)}) )+".replace("(", "(?:"))
        self.match, self.fullmatch = pattern.match, pattern.fullmatch
        self.firsts = frozenset(re.findall(r"^[a-z']+", "\n".join(begun), re.MULTILINE))


def _begun(phrase: str) -> list[str]:
    """The phrase without a group in front: "(a|an)? hour" begins with "a", "an" and "hour"."""
    if not phrase.startswith("("):
        return [phrase]
    firsts, _, rest = phrase[1:].partition(")")
    without = _begun(rest[1:].removeprefix(" ?")) if rest.startswith("?") else []
    return [first + rest.removeprefix("?") for first in firsts.split("|")] + without


def _letter(phrase: str) -> str:
    return phrase[0] if phrase[0].isalpha() else phrase

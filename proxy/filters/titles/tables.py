"""How the filters write their tables: words as one text between spaces, patterns as one text between bars.

A table that reads like running text is easier to check and to extend than one of quoted strings.
"""

import re
from itertools import accumulate, groupby


def word_set(table: str) -> frozenset[str]:
    """The words of a table: "a an the" has three."""
    return frozenset(table.split())


class Phrases:
    """A pattern for the phrases of a table, of which any number may stand one behind the other.

    It is matched against words in small letters with a space behind each. `(a|b) c` and `a( b)?` mean what they mean in
    a regular expression; the longest phrases come first, as the first that fits is taken. Where a word stands that
    begins no phrase (`firsts`), nothing matches: that is quicker to see.
    """

    def __init__(self, table: str) -> None:
        phrases = filter(None, map(str.strip, _split(re.sub(r"\s+", " ", table))))
        begun = [words for phrase in sorted(phrases, key=len, reverse=True) for words in _begun(phrase)]
        # Where the first letter is none of these, nothing else is looked at.
        letters = [(one, [*words]) for one, words in groupby(sorted(begun, key=_letter), key=_letter)]
        parts = [f"{one}({'|'.join(words.removeprefix(one) for words in group)})" for one, group in letters]
        pattern = re.compile(f"(({'|'.join(parts)}) )+".replace("(", "(?:"))
        self.match, self.fullmatch = pattern.match, pattern.fullmatch
        self.firsts = frozenset(re.findall(r"^[a-z']+", "\n".join(begun), re.MULTILINE))


def _split(table: str) -> list[str]:
    """The alternatives of a pattern, each with its groups."""
    phrases, depth = [""], 0
    for part in re.split(r"([(|)])", table):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if part == "|" and not depth:
            phrases.append("")
        else:
            phrases[-1] += part
    return phrases


def _letter(phrase: str) -> str:
    return phrase[0] if phrase[0].isalpha() else phrase


def _begun(phrase: str) -> list[str]:
    """The same phrase with none of its groups in front: "(a|an)? hour" begins with "a", "an" and "hour"."""
    if not phrase.startswith("("):
        return [phrase]
    depths = accumulate({"(": 1, ")": -1}.get(sign, 0) for sign in phrase)
    end = list(depths).index(0)
    rest = phrase[end + 1 :]
    begun = [one + rest.removeprefix("?") for one in _split(phrase[1:end])]
    begun += [rest[1:].removeprefix(" ?")] if rest.startswith("?") else []
    return [words for one in begun for words in _begun(one)]

"""How the filters write their tables: words as one text between spaces, patterns as one text between bars.

A table that reads like running text is easier to check and to extend than one of quoted strings.
"""

import re


def word_set(table: str) -> frozenset[str]:
    """The words of a table: "a an the" has three."""
    return frozenset(table.split())


class Phrases:
    """A pattern for the phrases of a table, of which any number may stand one behind the other.

    It is matched against words in small letters with a space behind each. `(a|b) c` and `a( b)?` mean what they mean in
    a regular expression; the longest phrases come first, as the first that fits is taken. Where a word stands that is
    nowhere in the table, no phrase begins (`words`): that is quicker to see.
    """

    def __init__(self, table: str) -> None:
        table = re.sub(r"\s+", " ", table)
        phrases, depth = [""], 0
        for part in re.split(r"([(|)])", table):
            depth += {"(": 1, ")": -1}.get(part, 0)
            if part == "|" and not depth:
                phrases.append("")
            else:
                phrases[-1] += "(?:" if part == "(" else part
        phrases = sorted(filter(None, map(str.strip, phrases)), key=len, reverse=True)
        pattern = re.compile(f"(?:(?:{'|'.join(phrases)}) )+")
        self.match, self.fullmatch = pattern.match, pattern.fullmatch
        self.words = frozenset(re.findall(r"[a-z][a-z']*", table))

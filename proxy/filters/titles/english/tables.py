"""How the filters write their tables: words as one text between spaces, patterns as one text between bars.

A table that reads like running text is easier to check and to extend than one of quoted strings.
"""

import itertools
import re
from collections.abc import Iterator


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
        # By letter: what begins with another one is passed over without a look, which is ten times faster.
        letters: dict[str, list[str]] = {}
        firsts: list[str] = []
        for letter, begun, rest in itertools.chain.from_iterable(map(_begun, phrases)):
            tails = "|".join(words.removeprefix(letter) for words in begun)
            letters.setdefault(letter, []).append(f"({tails}){rest}" if rest else tails)
            firsts += begun
        parts = [f"{letter}({'|'.join(words)})" for letter, words in letters.items()]
        pattern = re.compile(f"(({'|'.join(parts)}) )+".replace("(", "(?:"))
        self.match, self.fullmatch = pattern.match, pattern.fullmatch
        self.firsts = frozenset(re.findall(r"^[a-z']+", "\n".join(firsts), re.MULTILINE))


def _begun(phrase: str) -> Iterator[tuple[str, list[str], str]]:
    """Each letter that a phrase may begin with, the words that do so, and what stands behind these."""
    group, _, rest = phrase[1:].partition(")") if phrase.startswith("(") else ("", "", "")
    for letter, begun in itertools.groupby(group.split("|") if group else [phrase], key=_letter):
        yield letter, [*begun], rest.removeprefix("?")
    if rest.startswith("?"):
        yield from _begun(rest[1:].removeprefix(" ?"))


def _letter(words: str) -> str:
    return words[0] if words[0].isalpha() else ""

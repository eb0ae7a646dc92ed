"""A text of a script with spaces, cut into words that know whether they are names and where a clause ends."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import lru_cache

from proxy.filters.titles.names import CLOSING_MARKS, OPENING_MARKS, is_code, is_secret, named
from proxy.filters.titles.tables import word_set

# The signs of scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
UNSPACED_SIGN = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# There, and in Korean with its particles, an ASCII run is a name of its own; "src/größe/app.py" is one path.
_JOINING_SIGN = re.compile(rf"{UNSPACED_SIGN.pattern}|[\uac00-\ud7a3]")
ASCII_RUN = re.compile(r"[!-~]{2,400}")

_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))
# A call's arguments; a name that is called is a name from code.
_CALL = re.compile(r"(?<=\w)\([^()\n]{0,80}\)")
_BRACKETS = frozenset("()[]{}")
_BRACKETS_TO_SPACES = dict.fromkeys(map(ord, "()[]{}"), " ")
_ABBREVIATIONS = word_set("vs e.g i.e etc approx z.b bzw ca dr mr mrs ms no nr св т.е т.к p.ej par.ex")
PLAIN = re.compile(r"(?!http)[A-Za-z][a-z]{0,8}")
"""Most words of a text in Latin script: too short for a secret, and nothing in them could be a name or punctuation."""
_OPERATORS = word_set("== === != !==")
_DASHES = word_set("- – — -- -> =>")
_WORD_JOINERS = "\u200c\u200d"
_DECORATIONS = frozenset({"So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn"})
_WRAPPED_FROM = 60

_LOWER_NAMES = word_set("npm npx pnpm pip pytest kubectl tmux nginx systemd iptables eslint webpack jq")
_ACRONYMS = word_set(
    """API APIS UI UX CI CD AI ID IDE URL URI AWS GCP CLI GUI CPU GPU RAM REST OAUTH SAML SSO ORM IO OS IOS JWT UTF
    ASCII AST"""
)


@dataclass(slots=True)
class Word:
    """One word; `code` if it must stay as it is written; `stop` is what ends behind it: "", "," (clause) or "."."""

    text: str
    code: bool = False
    stop: str = ""
    key: str = field(init=False, repr=False, compare=False)
    """How tables know the word."""

    def __post_init__(self) -> None:
        self.key = self.text.casefold()


def words_of(prose: str) -> list[Word]:
    """The words of a text, their edges free of punctuation, secrets and decoration left out."""
    return list(_words_of(prose))


# Several steps on the way to one title ask for the words of the same text; nothing is kept for longer.
@lru_cache(2)
def _words_of(prose: str) -> tuple[Word, ...]:
    words: list[Word] = []
    lines = [line for line in prose.split("\n") if line.strip()]
    for line, after in zip(lines, [*lines[1:], ""], strict=False):
        for run in (_CALL.sub("`", bare(line)) if "(" in line else bare(line)).split():
            if PLAIN.fullmatch(run):
                words.append(Word(run))
            else:
                _add(words, run)
        # A long line that goes on in lower case was wrapped by an editor, not ended by its author.
        if words and not (len(line) >= _WRAPPED_FROM and after[:1].islower()):
            words[-1] = _stopped(words[-1], ".")
    return tuple(words)


def calmed(words: list[Word]) -> list[Word]:
    """A text typed in capitals in lower case, but for its acronyms; any other text as it is."""
    typed = [word for word in words if word.text.isalpha()]
    loud = [word for word in typed if word.text.isupper()]
    if len(loud) < 3 or len(loud) * 10 < len(typed) * 9:
        return words
    return [word if word.code or _is_acronym(word.text) else replace(word, text=word.text.lower()) for word in words]


def sentence_case(words: list[Word], turkish: bool = False) -> str:
    """The words as one line, its first letter a capital unless the first word must stay as it is written."""
    line = " ".join(word.text for word in words)
    if not words or words[0].code or words[0].text in _LOWER_NAMES:
        return line
    first = "İ" if turkish and line[0] == "i" else line[0].title()
    return first + line[1:]


def bare(text: str) -> str:
    """The text with a space for every emoji, decorative symbol and unprintable character."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text  # nothing in ASCII that can be printed is decoration, but for the two that stay
    return "".join(sign if sign in "\n\u200c\u200d`^" or not _is_decoration(sign) else " " for sign in text)


def unbracketed(text: str) -> str:
    """The text as it is if every bracket in it has its partner, else with spaces for its brackets."""
    if _BRACKETS.isdisjoint(text):
        return text
    paired = all(text.count(opening) == text.count(closing) for opening, closing in _PAIRS)
    return text if paired else text.translate(_BRACKETS_TO_SPACES)


def _is_decoration(sign: str) -> bool:
    return unicodedata.category(sign) in _DECORATIONS or sign in "\ufe0e\ufe0f\u20e3"


def _is_acronym(word: str) -> bool:
    return word in _ACRONYMS or (len(word) > 1 and word.isascii() and not set(word) & set("AEIOUY"))


def _add(words: list[Word], run: str) -> None:
    """A run that is not just a word."""
    if run.strip("`',.") in _OPERATORS:
        words.append(Word(run.strip("`',."), code=True))
        return
    core = _core(run)
    stop = _stop(core, run[len(run.rstrip(CLOSING_MARKS)) :])
    if run[0] in "([{" and words and not words[-1].stop:
        words[-1] = _stopped(words[-1], ",")
    is_name = "`" in run or core.startswith("http")
    words.extend(Word(text, is_name or is_code(text)) for text in _parts(core))
    if stop and words:
        words[-1] = _stopped(words[-1], max(stop, words[-1].stop))


def _stopped(word: Word, stop: str) -> Word:
    return Word(word.text, word.code, stop)


def _core(run: str) -> str:
    """The run without punctuation at its edges; a bracket that was opened inside of it stays closed: "arr[i]"."""
    core = run.rstrip(CLOSING_MARKS).lstrip(OPENING_MARKS).strip(_WORD_JOINERS)
    return core + "]" if core.count("[") > core.count("]") and f"{core}]" in run else core


def _parts(core: str) -> list[str]:
    if core == "&":
        return [core]
    if not any(sign.isalnum() for sign in core):
        return []
    core = unbracketed(core.partition("(")[0] or core)
    if not _JOINING_SIGN.search(core):
        return [name for run in core.split() for name in named(run)]
    apart = ASCII_RUN.sub(lambda run: " ".join(named(run[0])), core)
    return [part for part in apart.split() if not is_secret(part)]


def _stop(core: str, tail: str) -> str:
    if core and core.casefold() in _ABBREVIATIONS:
        return ""
    if set(tail) & set(".!?…"):
        return "."
    return "," if set(tail) & set(",;:)") or core in _DASHES else ""

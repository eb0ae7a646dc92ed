"""One sentence of a message, word by word: which words are verbs, and where a clause may begin and end."""

from collections.abc import Sequence

from propcache.api import cached_property

from proxy.filters.titles.english import words as known
from proxy.filters.titles.english.leads import LABELS, LEADS, TAILS
from proxy.filters.titles.english.tables import Phrases, word_set
from proxy.filters.titles.english.verbs import (
    DOES,
    DOING,
    FAULT_NOUNS,
    INFINITIVES,
    NOUN_FIRST,
    NOUNS_TOO,
    VERB_STARTS,
    VERBS,
)
from proxy.filters.titles.text.lexer import Token

_SIGNS = {"name": "@", "quote": "@", "number": "0", "comma": ",", "cut": ":", "unknown": "?", "stop": "."}
SIGNS = frozenset(_SIGNS.values())
_BEYOND = [""] * 12
"""No word: what frames look for behind the end of a sentence."""
CLOSING = ("", ",", ":")
"""What stands at the end of a clause, among its keys."""
NO_CLAUSE = word_set("since as before after until")
_ENDS = known.BREAKS | NO_CLAUSE | {*CLOSING, "past"}
_BEFORE_DOING = known.PREPOSITIONS - {"with", "without"}
_SPARE = known.ADVERBS - {"twice", "off"}
_TIMES = ("when", "while", "if", "until")
_LOSING = ("drop", "miss", "restart")
_UNITS = word_set("s sec secs second seconds min mins minute minutes h hour hours day days week weeks month months")
_CONDITIONS = word_set(
    "when after since if whenever while once with in on for from under during yesterday today lately"
)
_LEADING = LEADS.firsts | LABELS | {",", ":"}
_LEAVABLE = TAILS.firsts | known.PREPOSITIONS | _SPARE
_AFTER_VERB = known.DETERMINERS | known.PRONOUNS | known.PREPOSITIONS | known.ADVERBS | known.FAULTS | known.NUMERALS
_AFTER_VERB |= {"@", "0"}


class Line:
    """The tokens of one sentence, and the words in small letters as one line that patterns are matched against."""

    def __init__(self, words: Sequence[Token]) -> None:
        self.words = words
        self.keys = [word.key or _SIGNS[word.kind] for word in words]
        """The words in small letters, a sign for what is no word, "" behind the end."""
        self.line = " ".join(self.keys) + " "
        self.keys += _BEYOND

    def __len__(self) -> int:
        return len(self.words)

    def kind(self, at: int) -> str:
        """The kind of the token at `at`, "" behind the end."""
        return self.words[at].kind if at < len(self.words) else ""

    def skip(self, phrases: Phrases, at: int) -> int:
        """Where the words go on behind the phrases that stand at `at`."""
        if self.keys[at] not in phrases.firsts:
            return at
        found = phrases.match(self.line, sum(map(len, self.keys[:at])) + at)
        return at + found[0].count(" ") if found else at

    def skip_early(self, phrases: Phrases, at: int) -> int:
        """The same, if they stand at `at` or at the beginning."""
        return max(self.skip(phrases, at), self.skip(phrases, 0)) if at else self.skip(phrases, 0)

    @cached_property
    def lead(self) -> int:
        """Where the request begins behind greetings and "can you please"."""
        at = 0
        if self.keys[0] in _CONDITIONS:  # "after the update to 2.1, "
            behind = self.keys.index(",") + 1 if "," in self.keys else 1
            at = behind if self.keys[behind + 2] else 0
        while (key := self.keys[at]) in _LEADING:
            is_label = key in LABELS and self.keys[at + 1] == ":" and self.words[at + 1].text == ":"
            behind = self.skip(LEADS, at + 2 * is_label)
            behind += behind > 0 and self.keys[behind] in (",", ":")
            if behind == at:
                break
            at = behind
        return at

    @cached_property
    def contrast(self) -> int:
        """Where "but" or another such word opens a clause that says what the first one does not, 0 if none does."""
        if known.CONTRASTS.isdisjoint(self.keys):
            return 0
        places = range(max(self.lead, 1), len(self) - 1)
        at = next((at for at in places if self.keys[at] in known.CONTRASTS and self._opens(at)), 0)
        return 0 if at and not known.WELL.isdisjoint(self.keys[at:]) else at

    def _opens(self, at: int) -> bool:
        """Whether a clause begins behind the word, and no exception: "everything but the header"."""
        return self.keys[at - 1] not in known.ALL_BUT and self.keys[at - 1] not in known.DENIED

    def verb(self, at: int) -> str:
        """The longest verb of the tables that stands at `at`, "" if none does."""
        size = VERB_STARTS.get(self.keys[at], 0)
        while size:
            if (phrase := " ".join(self.keys[at : at + size])) in VERBS:
                return phrase
            size -= 1
        return ""

    def is_verb(self, at: int) -> bool:
        """Whether the word is a verb's base form, as what stands behind it shows if it may be a noun as well."""
        if self.keys[at] not in DOING:
            return False
        before = self.keys[at - 1] if at else ""
        is_plural = before.endswith("s") and before not in known.ENDLESS
        is_marked = is_plural or (at > 0 and self.words[at - 1].is_fixed)
        return self.keys[at] not in NOUNS_TOO or is_marked or not self.keys[at + 1] or self.shows_verb(at + 1)

    def is_third(self, at: int) -> bool:
        """Whether the word is what a thing does: "returns", "crashes"."""
        verb = DOES.get(self.keys[at])
        if verb is None or self.keys[at + 1] == "of":
            return False
        if not self.keys[at + 1]:
            return verb in FAULT_NOUNS
        if self.keys[at + 1] in known.PREPOSITIONS or self.keys[at + 1] in _TIMES:
            return verb in FAULT_NOUNS or verb not in NOUNS_TOO
        is_shown = self.shows_verb(at + 1) or self.words[at - 1].is_fixed
        return verb not in NOUNS_TOO or is_shown or self._is_loss(at, verb)

    def _is_loss(self, at: int, verb: str) -> bool:
        """Whether "drops" is what one thing does to many, and no noun: "the bridge drops messages"."""
        if verb not in _LOSING or self.keys[0] not in known.ARTICLES or self.keys[at - 1][-1:] == "s":
            return False
        following = self.keys[at + 1]
        is_end = self.keys[at + 2] in known.PREPOSITIONS or self.ends(at + 2) is not None
        return is_end and following[-1:] == "s" and following not in known.NO_NAME

    def shows_verb(self, at: int) -> bool:
        """Whether the word before it is a verb, as what stands at `at` shows."""
        return self.keys[at] in _AFTER_VERB or is_adverb(self.keys[at])

    def asks_at(self, at: int) -> bool:
        """Whether another request begins there."""
        verb = self.verb(at)
        if not verb or self.keys[at + 1 + verb.count(" ")] == "of":
            return False
        return verb not in NOUN_FIRST or self.shows_verb(at + 1)

    def ends(self, at: int) -> int | None:
        """`at` behind what may be left out, if a clause may end there; None if not."""
        if not self.keys[at]:
            return at
        at = self.behind_adverbs(at)
        key, following = self.keys[at], self.keys[at + 1]
        if key in _ENDS or following == "than" or (key == "to" and following in INFINITIVES):
            return at
        return at if key in _BEFORE_DOING and following.endswith("ing") else None

    def behind_adverbs(self, at: int) -> int:
        """Where the sentence goes on behind what may be left out: "again", "for 5 minutes", "from it"."""
        keys = self.keys
        while (key := keys[at]) in _LEAVABLE or key.endswith("ly"):
            following = keys[at + 1]
            if (behind := self.skip(TAILS, at)) > at:
                at = behind
            elif key == "for":
                if following != "0" or keys[at + 2] not in _UNITS:
                    break
                at += 3  # "for 5 minutes"
            elif key in known.PREPOSITIONS:
                if following not in known.PRONOUNS or keys[at + 2] not in CLOSING:
                    break
                at += 2
            elif is_adverb(key) or (key in _SPARE and following not in known.PREPOSITIONS):
                at += 1
            else:
                break
        return at


def is_adverb(key: str) -> bool:
    """Whether it is an adverb that may be left out: "only" may not."""
    return key.endswith("ly") and key not in known.NO_ADVERBS and key not in known.TURNING

"""One clause of a message, as the frames of requests and questions read it: from where, up to where, as what title."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from proxy.filters.decline import Decline
from proxy.filters.titles import lexicon
from proxy.filters.titles.lexer import Token
from proxy.filters.titles.phrases import Phrase, phrase_at
from proxy.filters.titles.tables import matched
from proxy.filters.titles.titling import Title, fitted, noun, singular
from proxy.filters.titles.verbs import INFINITIVES, LABELS, LEADS, TAILS, THIRD, VERBS

NOT_SEEN = "no request was recognised in it"
UNCLEAR = "what is asked for was not understood to its end"
TURNED = "a word that turns the meaning would be lost"
POINTS = "it points at something that it does not name"
SEVERAL = "it asks for several things"

_POINTING = lexicon.PRONOUNS | lexicon.POINTING
_TELLING_APART = ("that", "which", "who", "where", "to")
_ON_CONDITION = ("so", "when", "whenever", "if")


@dataclass(frozen=True, slots=True)
class Asked:
    """A title, and where in the clause the part that it was made of ends."""

    title: Title
    end: int


@dataclass(frozen=True, slots=True)
class Clause:
    """The tokens of one sentence, and how many words a title may have."""

    words: Sequence[Token]
    most: int
    _keys: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", tuple([word.key for word in self.words]))

    def key(self, at: int) -> str:
        return self._keys[at] if at < len(self._keys) else ""

    def keys(self, at: int = 0, count: int = 99) -> tuple[str, ...]:
        return self._keys[at : at + count]

    def kind(self, at: int) -> str:
        return self.words[at].kind if at < len(self.words) else ""

    def lead(self) -> int:
        """Where the request begins behind greetings and "can you please"."""
        keys, at = self._keys, 0
        while at < len(keys):
            is_label = keys[at] in LABELS and at + 1 < len(keys) and self.words[at + 1].text == ":"
            size = 2 if is_label else matched(keys, at, LEADS)
            if not size and not (at and self.kind(at) in ("comma", "cut")):
                break
            at += size or 1
        return at

    def phrase(self, at: int, stops: Collection[str] = ()) -> Phrase | None:
        return phrase_at(self.words, at, stops)

    def subject(self, at: int, stops: Collection[str]) -> Phrase:
        """What a question or a report is about; raises `Decline` if nothing is named there."""
        phrase = self.phrase(at, stops)
        if phrase is None or phrase.points:
            raise Decline(POINTS if phrase or self.key(at) in _POINTING else NOT_SEEN)
        return phrase

    def whole(self, at: int, *, to_thing: bool = False) -> Phrase:
        """The phrase at `at`, which must end where a clause may; raises `Decline` if none does."""
        phrase = phrase_at(self.words, at, to_thing=to_thing)
        if phrase is None:
            raise Decline(POINTS if self.key(at) in _POINTING else UNCLEAR)
        least = 2 if phrase.core[-1].key not in lexicon.GENERIC else 3 - (phrase.core[0].key in lexicon.SPELLED)
        if phrase.points and len(phrase.core) < least:
            raise Decline(POINTS)
        if (made := self._made_for(phrase)) is not None:
            return made
        end = self.ended(phrase.end)
        # What follows tells the thing apart, and is left out: "a script that …".
        least = 3 if self.key(end) in _TELLING_APART else 2 if self.key(end) in _ON_CONDITION else 1
        if len(phrase.words) < least and all(word.kind == "word" or word.text in lexicon.NAMES for word in phrase.core):
            raise Decline(UNCLEAR)
        return replace(phrase, end=end)

    def _made_for(self, phrase: Phrase) -> Phrase | None:
        """ "a script that backs up the database" as "script for database backup" """
        if self.key(phrase.end) not in ("that", "which") or phrase.places:
            return None
        size = 2 if " ".join(self.keys(phrase.end + 1, 2)) in THIRD else 1
        work = THIRD.get(" ".join(self.keys(phrase.end + 1, size)))
        thing = self.phrase(phrase.end + 1 + size) if work else None
        if thing is None or thing.points or not work:
            return None
        place = [noun("for"), *singular(thing.core), noun(work)]
        return replace(phrase, places=(place,), end=self.ended(thing.end), tied=1)

    def extended(self, phrase: Phrase, at: int) -> Phrase:
        """The phrase with the places that stand behind its verb, from `at` on."""
        thing = phrase_at([noun("x"), *self.words[at:]], 0)
        if thing is None or len(thing.core) > 1 or thing.points:
            return replace(phrase, end=self.ended(at))
        return replace(phrase, places=(*phrase.places, *thing.places), end=self.ended(at + thing.end - 1))

    def ended(self, at: int) -> int:
        """`at` behind what may be left out, if the clause may end there; raises `Decline` if not."""
        while size := matched(self._keys, at, TAILS):
            at += size
        if self.kind(at) == "comma" and self._goes_on(at + 1):
            raise Decline(SEVERAL)
        is_purpose = self.key(at) == "to" and self.key(at + 1) in INFINITIVES
        if self.kind(at) not in ("", "comma", "cut") and self.key(at) not in lexicon.BREAKS and not is_purpose:
            raise Decline(UNCLEAR)
        return at

    def _goes_on(self, at: int) -> bool:
        """Whether a list goes on behind a comma: a third thing, or another request without a "then"."""
        phrase = None if matched(self._keys, at, VERBS) else self.phrase(at)
        return phrase is not None and (self.key(phrase.end) in ("and", "or") or self.kind(phrase.end) in ("", "comma"))

    def asked(
        self, phrase: Phrase, work: str = "", *, needed: bool = False, kept: bool = False, front: bool = False
    ) -> Asked:
        """The phrase as a title."""
        return Asked(fitted(phrase, work, self.most, needed=needed, kept=kept, front=front), phrase.end)

    def checked(self, found: Asked) -> Asked:
        """The same, if what it leaves out of its clause changes nothing; a reason turns nothing."""
        rest = range(found.end, len(self.words))
        joints = [at + 1 for at in rest if self.kind(at) == "comma" or self.key(at) == "and"]
        if sum(matched(self.keys(at), 0, VERBS) > 0 for at in joints) > 1:
            raise Decline(SEVERAL)
        reason = next((at for at in rest if self.key(at) in ("so", "because")), len(self.words))
        for word in [*self.words[found.end : reason], *found.title.lost]:
            if word.key in lexicon.TURNING or word.key.endswith("n't"):
                raise Decline(TURNED)
        return found

"""Which of a message's words name nothing, language by language, and which language a message is in.

Titles are cut out of the user's own words, so no grammar is needed, only the closed classes of words: those at which a
sentence may be cut, and those that cannot stand at the edge of a title.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from proxy.filters.titles.tables import word_set
from proxy.filters.titles.words import Word


@dataclass(frozen=True, slots=True)
class Language:
    """The small words of one language, those of English always among them: people mix English in.

    Before `places` (prepositions) and other `breaks` (conjunctions) a sentence may be cut: what stands before still
    stands alone. "of" and its kin bind too closely for that. `small` has those, the breaks, articles, pronouns and
    auxiliary verbs; `own` has them without the English ones. `indefinite` are the articles of something new.
    """

    name: str
    own: frozenset[str]
    small: frozenset[str]
    places: frozenset[str]
    breaks: frozenset[str]
    indefinite: frozenset[str]

    @property
    def is_english(self) -> bool:
        return self.name == "en"


def _language(name: str, places: str, joins: str, others: str, indefinite: str = "") -> Language:
    prepositions, breaks = word_set(places), word_set(f"{places} {joins}")
    own = breaks | word_set(f"{others} {indefinite}")
    if name == "en":
        return Language(name, own, own, prepositions, breaks, word_set(indefinite))
    return Language(
        name,
        own,
        own | ENGLISH.own,
        prepositions | ENGLISH.places,
        breaks | ENGLISH.breaks,
        word_set(indefinite),
    )


ENGLISH = _language(
    "en",
    places="in on at to for from with without by into about via using after before during across between over under",
    joins="and or but so if than that when where which who while because since until as vs",
    others="""the of onto then this these those my our your his her its their i me we us you he she it they them is
    are was were be been being am do does did has have had will would can could should shall may might must not how
    what why there any some whether per i'm i've i'd i'll it's that's there's & let's don't""",
    indefinite="a an",
)
_OTHERS = (
    _language(
        "de",
        places="in im an am auf aus bei beim mit nach von zu zum zur für über unter durch ohne um ins vom",
        joins="und oder aber wenn dass damit weil als",
        others="""der die das den dem des wie was warum wo ob ich du wir ihr sie es mein meine meinen meiner meinem
        unser unsere unserer unserem ist sind war wird werden kann nicht dann mir uns dieser diese dieses diesen
        diesem""",
        indefinite="ein eine einen einem einer eines",
    ),
    _language(
        "fr",
        places="dans sur avec sans pour par en sous chez entre vers depuis",
        joins="et ou mais que qui quand lorsque",
        others="""le la les des du de d l à au aux comme quoi où comment pourquoi si je tu il elle nous vous ils mon
        ma mes notre nos votre ce cet cette ces est sont était ne pas plus me moi""",
        indefinite="un une",
    ),
    _language(
        "es",
        places="en con sin por para entre sobre desde hasta",
        joins="y o u pero que cuando porque",
        others="""el la los las unos unas de del a al como qué cómo quién dónde cuándo si yo tú mi mis nuestro nuestra
        su sus este esta estos estas es son está están no se lo le me nos""",
        indefinite="un una",
    ),
    _language(
        "pt",
        places="em no na nos nas com sem por pelo pela para entre sobre até",
        joins="e ou mas que quando porque",
        others="""o a os as umas de do da dos das como onde se eu meu minha nosso nossa seu sua este esta esse essa é
        são está não ao à aos às me ele ela""",
        indefinite="um uma uns",
    ),
    _language(
        "it",
        places="in nel nello nella nei con senza per da dal dalla su sul sulla",
        joins="e o ma che quando",
        others="""il lo la i gli le di del dello della dei degli delle a al allo alla ai come cosa perché dove se mio
        mia nostro nostra è sono non questo questa mi ci""",
        indefinite="un uno una",
    ),
    _language(
        "nl",
        places="in op aan bij met van voor naar uit over onder door zonder",
        joins="en of maar als omdat",
        others="""de het om te hoe wat waarom waar wanneer dat dit deze die ik je jij we wij ze mijn onze ons is zijn
        wordt kan niet er naartoe""",
        indefinite="een",
    ),
    _language(
        "ru",
        places="в на с для без через из по к",
        joins="и или но а когда если чтобы",
        others="""во со ко за от до о об при под над между как что почему где я ты мы вы он она оно они мой моя моё
        мои наш наша наше это этот эта не ли у мне нам""",
    ),
    _language(
        "pl",
        places="w we na z ze do po dla bez",
        joins="i lub ale gdy jeśli że",
        others="od za o u przy jak co dlaczego gdzie kiedy to ten ta nie się",
    ),
    _language(
        "tr",
        places="",
        joins="ve ama",
        others="veya ile için şu nasıl neden ne mi mı mu mü benim bizim de da gibi kadar bu bir",
    ),
    _language(
        "vi",
        places="",
        joins="và hoặc nhưng",
        others="của cho với trong trên ở từ đến là một cái này để như thế nào tại sao tôi",
    ),
    _language(
        "sv",
        places="i på för från med utan",
        joins="och eller men om när",
        others="av till den det de hur vad varför att som min är inte",
        indefinite="en ett",
    ),
    _language(
        "ar",
        places="في من على إلى",
        joins="و أو",
        others="عن مع أن هذا هذه كيف لماذا ما هو هي التي الذي لي",
    ),
    _language("he", places="על עם", joins="או אבל", others="של את אל זה זו איך למה מה אני לי הוא היא"),
    _language(
        "hi",
        places="",
        joins="और या",
        others="का के की में से को पर है हैं यह मेरे मेरी मेरा कैसे क्यों एक कि",
    ),
    _language(
        "el",
        places="στο στη στην στα με από για",
        joins="και ή",
        others="ο η το οι τα του της των τον την πώς γιατί να μου ένα μια",
    ),
    _language(
        "uk",
        places="в у на з із до для без",
        joins="і й або але якщо щоб",
        others="про при як що чому де коли я ми він вона це цей ця не мій",
    ),
)
LANGUAGES = (ENGLISH, *_OTHERS)

# Empty in any place of a sentence, so left out where a title has no room for all.
FILLERS = word_set(
    """just really actually basically currently also maybe perhaps simply very quite properly correctly somehow
    probably now here please still already too everywhere kindly quickly carefully etc e.g i.e bitte mal doch
    eigentlich gerade einfach auch juste simplement actuellement aussi solo simplemente actualmente también
    apenas também agora eens even gewoon пожалуйста просто сейчас также lütfen"""
)
# True of any request, so a clause of these alone does not tell one session from another.
_VAGUE = word_set(
    """error errors problem problems issue issues bug code thing things stuff file following help question
    questions output log logs trace stack traceback feature request task todo context goal background ticket story
    something anything everything working works work below above attached snippet function message fehler frage
    erreur problème código problema ошибка код проблема errore codice fout probleem project repo codebase app root
    cause reason reasons details fix solution tests"""
)


def language_of(words: list[Word]) -> Language:
    """The language that most of the first words belong to; English if none does."""
    return _language_of(tuple(word.key for word in words[:60]))


@lru_cache(2)
def _language_of(keys: tuple[str, ...]) -> Language:
    votes = [0] * len(LANGUAGES)
    for key in keys:
        for language in _SPOKEN_BY.get(key, ()):
            votes[language] += 1
    return LANGUAGES[votes.index(max(votes))]


def _spoken_by() -> dict[str, list[int]]:
    """Every language's own words, each with the places in `LANGUAGES` of those that have it."""
    places: dict[str, list[int]] = {}
    for index, language in enumerate(LANGUAGES):
        for word in language.own:
            places.setdefault(word, []).append(index)
    return places


_SPOKEN_BY = _spoken_by()


def telling(words: Iterable[Word], language: Language) -> int:
    """How many of the words name something."""
    return sum(word.key not in language.small and word.key not in FILLERS for word in words)


def distinctive(words: Iterable[Word], language: Language) -> int:
    """How many of the words name something that not every session is about."""
    return telling((word for word in words if word.key not in _VAGUE), language)

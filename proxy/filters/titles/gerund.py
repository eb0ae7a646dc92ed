"""One cheerful verb in its -ing form for a message, which old clients show while they wait."""

import re
import zlib

from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.verbs import SINGLE, TAKEN_AWAY, spelled
from proxy.filters.titles.text.prose import LOOKED_AT, read

_UNKIND = word_set(
    """block lock skip reset restrict suppress silence shrink cut purge flush cap limit throttle squash mask truncate
    retire stub isolate drain obfuscate cancel swap lower raise delay reduce flip gate guard pad trim quantize setup
    cleanup decrease deduct decouple reverse dim slice shard fold override"""
)
# What a noun or another language's verb suggests, and what is kind to say instead of an alarming word.
_KINDLY = {
    "Debugging": "bug bugs error errors exception exceptions traceback issue issues problem problems fehler erreur",
    "Testing": "tests unittest pytest coverage spec specs prueba teste testen",
    "Documenting": "docs documentation readme docstring docstrings comment comments changelog dokumentation",
    "Designing": "ui ux css layout theme button buttons style styles page mockup",
    "Configuring": "config settings configuration docker yaml kubernetes env pipeline ci",
    "Securing": "auth authentication login password oauth security permissions session",
    "Querying": "sql database databases table tables schema postgres mysql",
    "Deploying": "deployment server production staging",
    "Routing": "api apis endpoint endpoints route routes http",
    "Charting": "graph graphs dashboard charts",
    "Optimizing": "slow performance faster latency memory speed",
    "Refactoring": "refactoring refaktoriere refaktorieren refatorar refactoriser",
    "Tidying": "delete deletes remove removes removing deleting drop erase wipe purge prune clear "
    "uninstall discard trim cleanup",
    "Settling": "stop stops stopping kill kills killing terminate terminating exit exiting abort halt quit "
    "shutdown end",
    "Mending": "crash crashes crashing crashed fail fails failing failed failure broken break breaks "
    "breaking die dies dying panic",
    "Linking": "connect connects connecting disconnect disconnecting reconnect connection network socket",
    "Persevering": "retry retries retrying timeout timeouts",
    "Smoothing": "lag lags lagging freeze freezes freezing hang hangs hanging stuck stutter flicker deadlock "
    "leak leaks",
    "Safeguarding": "attack exploit penetrate penetrating hack inject injection vulnerability vulnerabilities "
    "destroy destroying",
    "Fixing": "behebe behebt beheben repariere corrige corriger arregla corregir corrija correggi "
    "repareer исправь исправить 修复 修正 修復",
    "Explaining": "erkläre erklären explique explica explicar spiega объясни объяснить 解释 解釋 説明 설명해",
    "Adding": "füge hinzufügen ajoute ajouter añade agrega adicione adicionar aggiungi voeg добавь "
    "добавить 添加 追加 추가해",
    "Writing": "schreibe schreiben écris écrire escribe escribir escreva scrivi schrijf напиши написать",
    "Creating": "erstelle erstellen crée créer crea crear crie criar maak создай создать 创建 作成",
}
WHIMS = """Musing Pondering Brewing Noodling Conjuring Simmering Tinkering Percolating Daydreaming Doodling
Whistling Wandering Sprouting Blooming Twirling Humming Puzzling Crafting Frolicking Gallivanting
Marinating Meandering Imagining Sparkling Stargazing Sauntering Knitting Juggling Whisking
Concocting Ruminating""".split()  # noqa: SIM905 - thirty words read best as text
_WORD = re.compile(r"[^\W\d_]{2,24}")


def gerund(text: str) -> str:
    """One capitalised English word in "ing", letters only, that suits the message and alarms nobody.

    The prompt of old clients asks for "a single positive, cheerful and delightful verb in gerund form", and names as
    unfit whatever sounds destructive or broken ("Connecting", "Retrying", "Lagging", "Freezing"). Total: a message
    without a known word gets a whimsical one, always the same for the same text.
    """
    message = read(text)
    known = (_of(word.casefold()) for word in _WORD.findall(message.prose) or _WORD.findall(message.pasted))
    whim = WHIMS[zlib.crc32(text[:LOOKED_AT].encode("utf-8", "replace")) % len(WHIMS)]
    return next(filter(None, known), whim)


_KIND_WORDS = {word: answer for answer, table in _KINDLY.items() for word in word_set(table)}
_GERUNDS = {
    verb: spelled(verb).capitalize()
    for verb in filter(str.isalpha, SINGLE.keys() - TAKEN_AWAY.keys() - _UNKIND - set(_KIND_WORDS))
}
FORMS = {answer.casefold(): answer for answer in (*_GERUNDS.values(), *_KINDLY, *WHIMS)}


def _of(word: str) -> str:
    return _KIND_WORDS.get(word) or _GERUNDS.get(word) or FORMS.get(word) or ""

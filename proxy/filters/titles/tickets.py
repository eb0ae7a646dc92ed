"""The issue or ticket that a message names: people look for their sessions by it, so a title never goes without."""

import re
from dataclasses import replace

from proxy.filters.titles.tables import word_set
from proxy.filters.titles.words import Word, words_of

# "#4711" and "PROJ-42", but neither standards nor encodings nor models.
_TICKET = re.compile(
    r"#\d{1,7}|(?!(?:UTF|SHA|ISO|MD|AES|RSA|ECMA|RFC|HTTP|TLS|GPT|WCAG|ES|X|US|UTC|GMT|CP|USB|PEP)-)[A-Z][A-Z0-9]{1,9}-\d{1,6}"
)
_NOUNS = word_set("issue bug ticket story task epic pr mr")


def ticket_of(prose: str) -> list[Word]:
    """The first ticket in the prose with its noun, as "issue #4711"; nothing if none is named."""
    words = words_of(prose)
    at = next((at for at, word in enumerate(words) if _TICKET.fullmatch(word.text)), None)
    if at is None:
        return []
    noun = [word for word in words[max(at - 1, 0) : at] if word.key in _NOUNS and not word.stop]
    return [*noun, Word(words[at].text, code=True)]


def under(ticket: list[Word], title: list[Word]) -> list[Word]:
    """The title headed by its ticket: "issue #4711: parse_config drops last line"."""
    *noun, key = ticket
    return [*noun, replace(key, text=f"{key.text}:"), *title]

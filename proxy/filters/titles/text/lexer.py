"""The signs of a message as tokens: words, names that stay as they are written, numbers, and where sentences end.

A run that is none of these makes the whole message one that is not understood: there is no token for "something".
"""

import re
from operator import attrgetter
from typing import Literal, NamedTuple

import msgspec

from proxy.filters.titles.english.names import displayed, is_secret
from proxy.filters.titles.english.words import SPELLED

Kind = Literal["word", "name", "number", "quote", "stop", "comma", "cut", "unknown"]

_FORGE = (
    r"https?://[\w.-]{1,100}/(?:[\w.-]{1,60}/){0,4}?(?P<forge_repo>[\w.-]{1,80})(?:/-)?/"
    r"(?P<forge_kind>pulls?|pull-requests|merge_requests|issues|discussions)/(?P<forge_number>\d{1,7})(?![\w-])"
    r"(?:/(?:files|commits|checks|diff|changes)?)?(?:\#[\w-]{1,60})?(?!\w)"
)
_PLAIN_WORD = 12
_TOKENS = re.compile(
    # A blank begins nothing but a dash; plain words stand in runs, which one that may begin a longer token ends.
    rf"""(?!\ [^-–—])(?:
    (?P<plain>(?:(?!(?:[Pp](?:r|ull|l+e+a+s+e+|l[sz])|[Kk]indly|[Aa]sap|[Bb]tw|[Mm](?:r|erge)|[Ii]ssue|[Tt]icket
        |[Ss]ign\w*|[Ll]og\w*|[Oo]pt\w*|end|back|drag|copy|search|find|cut)\b)
        [A-Za-z][a-z]{{0,{_PLAIN_WORD - 1}}}(?:\ (?=[A-Za-z])|(?=[.,;:!?]?(?:\s|$)|\))))+)
    |(?P<aside>(?i:pl+e+a+s+e+|pl[sz]|kindly|asap|btw)(?=[\s,;:!?)…]|$|\.(?:[\s.)"]|$)))
    |(?P<forge>{_FORGE})
    |(?P<tracker>https?://[\w.-]{{1,100}}/(?:[\w-]{{1,40}}/){{0,3}}?(?:browse|issues?|tickets?|t)/
        (?P<ticket>[A-Z][A-Z0-9]{{1,9}}-\d{{1,6}})(?:/[\w-]{{0,100}})?(?=[\s,.)]|$))
    |(?P<link>(?:https?|ftp|file|ssh)://\S{{1,400}}|www\.\S{{1,200}})
    |(?P<code>`[^`\n]{{1,80}}`(?!\w))
    |(?P<quote>"[^"\n]{{1,60}}"|“[^”\n]{{1,60}}”|(?<![\w'])'[^'\n]{{1,40}}'(?!\w)|«[^»\n]{{1,60}}»)
    |(?P<ref>(?i:\b(?:pr|mr|pull\ request|merge\ request|issue|ticket)\ ?[\#!]?(?P<number>\d{{1,7}})\b(?!\.\d))
        |[\#!]\d{{1,7}}\b)
    |(?P<and>[+&](?=\s)|/(?=\s))
    |(?P<method>(?:GET|POST|PUT|PATCH|DELETE)\ /[\w/.:-]{{1,80}}|\#[0-9a-fA-F]{{6}}\b)
    |(?P<stop>[.!?…]+(?=[\s)"'”]|$)|\n|[:;]-?[)(DP](?=\s|$))
    |(?P<comma>[,;](?=\s|$))
    |(?P<cut>[:](?=\s|$)|[()]|\s[-–—]{{1,2}}(?=\s)|—)
    |(?P<word>(?:[Ss]ign|[Ll]og|[Oo]pt)(?:[gnt]?ed)?\ (?:in|up|out|on)\b(?=\ [a-z])
        |(?:end|back)\ to\ (?:end|top)\b|(?:drag|copy|search|find|cut)\ (?:and|&|n)\ (?:drop|paste|replace)\b
        |[A-Za-z]+(?:['’-][A-Za-z]+)*(?=[\s,;:!?)…]|$|\.(?:[\s.)"]|$)))
    |(?P<starred>[A-Z]\*(?=[\s.,;:!?)]|$))
    |(?P<name>--?[A-Za-z][\w-]{{1,40}}(?=[\s.,;:!?)]|$)|[@~.]?/?\w[^\s,;!?"()`<>{{}}|]{{0,200}}(?:\(\))?)
    |(?P<other>[^\x00-\x7f–—…“«]+|\S))""",
    re.VERBOSE | re.ASCII,
)
_CAMEL = re.compile(r"[a-z][A-Z]")
_SHOWN = ("name", "quote", "number")
_CREDENTIALS = ("password", "passwd", "passphrase", "pwd", "pin", "secret")
_TRAILING = ".:'’*"
_SHORT = re.compile(r"(?=.{2,6}$)[a-z]+\d+[a-z]*")
_NUMBER = re.compile(r"\d[\d.,]*(?:%|ms|s|x|k|kb|mb|gb|px|min|h)?|\d{1,3}(?:st|nd|rd|th)")
SECRET, LINK, SIGN = "a secret or an id stands in it", "a link stands in it", "a sign in it is not understood"
_FORGE_NOUN = {"issues": "issue", "merge_requests": "MR", "discussions": "discussion"}
_REF_NOUN = {"pr": "PR", "mr": "MR", "pull request": "PR", "merge request": "MR", "issue": "issue", "ticket": "ticket"}


class Token(msgspec.Struct, gc=False):
    """One token; `text` is how a title shows it, `key` how tables know it, `at` where it stands in the prose.

    `short` is the text of a forge's address without its repository.
    """

    text: str
    kind: Kind
    at: int = 0
    key: str = ""
    short: str = ""

    @property
    def is_fixed(self) -> bool:
        """Whether a title must show it exactly as it is written."""
        return self.kind in ("name", "quote")


text_of, place_of = attrgetter("text"), attrgetter("at")


class Text(NamedTuple):
    """The sentences of a text, and the names in all of them."""

    sentences: list[list[Token]]
    names: list[Token]


def word_of(text: str, at: int = 0) -> Token:
    """A word, by which tables know it in small letters."""
    return Token(text, "word", at, text.casefold())


def lexed(prose: str) -> Text:
    """The tokens of a text; what is none, or must never be shown, is unknown, and its text says why.

    A capital letter says nothing where a sentence begins, and an aside nowhere: neither is kept.
    """
    sentence, is_first = list[Token](), True
    sentences, names = [sentence], list[Token]()
    for found in _TOKENS.finditer(prose):
        kind, at = found.lastgroup, found.start()
        if kind == "plain":  # as most words are
            words = found[0].split()
            if is_first:
                words[0], is_first = _begun(words[0]), False
            for word in words:
                sentence.append(Token(word, "word", at, word.lower()))
                at += len(word) + 1
        elif kind == "stop":
            if sentence:
                sentences.append(sentence := [])
                is_first = True
        elif kind != "aside":
            token = _token(found, str(kind))
            token.at = at
            is_shown = token.kind in _SHOWN
            if is_shown and sentence and sentence[-1].key in _CREDENTIALS:
                token = Token(SECRET, "unknown", at)  # it may be a password
            elif token.kind == "name":
                names.append(token)
            elif is_first and token.kind == "word":
                token.text = _begun(token.text)
            sentence.append(token)
            is_first = kind == "cut"
            # The full stop behind a name belongs to the sentence.
            if is_shown and kind in ("name", "method") and (tail := found[0][len(found[0].rstrip(_TRAILING)) :]):
                is_first = True
                if ":" in tail:
                    sentence.append(Token(tail, "cut", found.end()))
                else:
                    sentences.append(sentence := [])
    return Text(sentences if sentence else sentences[:-1], names)


def _begun(word: str) -> str:
    """The word as it is written where no sentence begins."""
    return word.lower() if word.istitle() and word.lower() not in SPELLED else word


def _token(found: re.Match[str], kind: str) -> Token:
    text = found[0]
    match kind:
        case "other":
            return Token(SIGN, "unknown")
        case "comma" | "cut":
            return Token(text, kind)
        case "word":
            if len(text) > _PLAIN_WORD and is_secret(text):
                return Token(SECRET, "unknown")
            is_name = _CAMEL.search(text) and text.casefold() not in SPELLED
            text = text.replace(" ", "-")
            return Token(text, "name") if is_name else word_of(text)
        case "name":
            return _named(text.rstrip(_TRAILING) or text, kind)
        case "code" | "quote":
            return _named(text[1:-1].strip(), kind)
        case "ref" | "starred":  # the algorithm A*
            if number := found["number"]:
                noun = _REF_NOUN[text.removesuffix(number).rstrip("#! ").casefold()]
                text = f"{noun} {number}"
            return Token(text, "name")
        case "and":
            return word_of("and")
        case "link":
            return Token(LINK, "unknown")
        case "method":
            return Token(text.rstrip(_TRAILING), "name")
        case "tracker":
            return Token(found["ticket"], "name")
    noun = _FORGE_NOUN.get(found["forge_kind"], "PR")
    short = f"{noun} {found['forge_number']}"
    return Token(f"{found['forge_repo']} {short}", "name", short=short)


def _named(text: str, kind: str) -> Token:
    if kind == "name" and _NUMBER.fullmatch(text):
        return Token(text, "number")
    if is_secret(text):
        return Token(SECRET, "unknown")
    shown = displayed(text)
    if not shown or (kind == "quote" and shown != text):
        return Token(SIGN, "unknown")
    if kind == "name" and _SHORT.fullmatch(shown):
        return word_of(shown)
    return Token(SPELLED.get(shown, shown) if kind == "name" else shown, "quote" if kind == "quote" else "name")

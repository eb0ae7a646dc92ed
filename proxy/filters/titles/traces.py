"""A title from what was pasted into a message: an error and where it was raised, or the code that is defined."""

import re

from proxy.filters.titles.names import named
from proxy.filters.titles.prose import read
from proxy.filters.titles.spaced import AIM, fitted, title_words
from proxy.filters.titles.words import Word, words_of

# An error at the beginning of a line with its package, as runtimes end or begin a trace.
_RAISED = re.compile(
    r"^(?:Uncaught |Unhandled |Caused by: |Exception in thread \S{1,60} )?(?:[\w$]{1,60}\.){0,9}"
    r"([A-Z]\w{0,60}(?:Error|Exception|Interrupt|Exit))\b",
    re.MULTILINE,
)
# An error anywhere: ECONNREFUSED, TypeScript's and Rust's numbers.
_NAMED = re.compile(
    r"\b([A-Z]\w{1,60}(?:Error|Exception)|E[A-Z]{5,15}|TS\d{4}|E0\d{3}|panic(?=:|ked)|Segmentation fault)\b"
)
_FRAME = re.compile(r"(?:File \"?|[(\s]|^)([\w.@/\\:~-]{1,200}\.[A-Za-z]{1,5})(?:\"?, line \d|:\d|\(\d)")
_LIBRARY = re.compile(r"site-packages|node_modules|node:|/lib/python|/usr/|<frozen|internal/|\.cargo/|rustc/|/go/src/")
_PYTHON = re.compile(r"Traceback \(|File ")
_LOGGED = re.compile(r"\b(?:ERROR|FATAL|CRITICAL|ERR!|error)\b[\]:]?(?: \[[^\]]{1,40}\]:?)? ([^\n]{4,200})")
_LONGEST_ERROR = 48

_DEFINITION = re.compile(
    r"^[ \t]{0,20}(?:(?:export|default|async|public|private|static|pub|final|abstract)[ \t]+){0,4}"
    r"(def|class|function\*?|fn|func|interface|struct|enum|trait|const|CREATE TABLE|create table)[ \t]+(\w{2,48})",
    re.MULTILINE,
)
_KINDS = {
    "def": "function",
    "fn": "function",
    "func": "function",
    "function*": "function",
    "create table": "table",
    "const": "code",
}


def pasted_title(pasted: str, most: int) -> list[Word]:
    """The error that was pasted, else the name of the first definition; nothing if there is neither."""
    error = _error(pasted)
    file = _own_file(pasted) if error else ""
    if file:
        return [Word(error, code=True), Word("in"), Word(file, code=True)]
    return _logged(pasted, most) or _with_message(error, pasted, most) or _definition(pasted)


def _error(pasted: str) -> str:
    """The last error that begins a line, as each may be caused by the next; else the first that is named."""
    raised = [found[1] for found in _RAISED.finditer(pasted)]
    found = raised[-1:] or [found[1] for found in _NAMED.finditer(pasted)][:1]
    return found[0] if found and len(found[0]) <= _LONGEST_ERROR else ""


def _own_file(pasted: str) -> str:
    """The innermost file of the user's own: Python names that last, the others first."""
    frames = [frame[1] for frame in _FRAME.finditer(pasted) if not _LIBRARY.search(frame[1])]
    if not frames:
        return ""
    file = re.split(r"[/\\]", frames[-1] if _PYTHON.search(pasted) else frames[0])[-1]
    return file if named(file) else ""


def _logged(pasted: str, most: int) -> list[Word]:
    line = _LOGGED.search(pasted)
    return title_words(read(line[1]).prose, most) if line else []


def _with_message(error: str, pasted: str, most: int) -> list[Word]:
    said = re.search(rf"{error}:? ([^\n]{{4,200}})", pasted) if error else None
    message = fitted(words_of(said[1])[: min(most, AIM) - 1]) if said else []
    return [Word(f"{error}:", code=True), *message] if message else []


def _definition(pasted: str) -> list[Word]:
    found = _DEFINITION.search(pasted)
    if not found or not named(found[2]):
        return []
    kind = found[1].lower()
    return [Word(found[2], code=True), Word(_KINDS.get(kind, kind))]

"""A title from one pasted error: what was raised, and in which file of the user's own."""

import re

from proxy.filters.titles.lexer import Token
from proxy.filters.titles.names import displayed, is_secret
from proxy.filters.titles.prose import Message

# An error at the beginning of a line with its package, as runtimes end or begin a trace.
_RAISED = re.compile(
    r"^(?:Uncaught (?:\(in promise\) )?|Unhandled |Caused by: |Exception in thread \S{1,60} |\[?ERROR\]? )?"
    r"(?:[\w$]{1,60}\.){0,9}([A-Z]\w{0,60}(?:Error|Exception|Interrupt|Exit))\b(?!\()(?::? ?([^\n]{0,300}))?",
    re.MULTILINE,
)
_COMPILED = re.compile(r"\berror(?:\[(E\d{4})\]|:? (TS\d{4,5}|CS\d{4}|C\d{4})\b)")
_PANIC = re.compile(r"^(?:panic: |thread '[^'\n]{1,40}' panicked at )", re.MULTILINE)
_FRAME = re.compile(
    r"(?:at [\w.$]{1,200}\(|File \"|[(\s]|^|--> )(?:https?://[\w.:-]{1,80}/)?"
    r"([\w.@/\\:~-]{1,200}\.[A-Za-z]{1,5})(?:\"?, line \d|:\d|\(\d)",
    re.MULTILINE,
)
_LIBRARY = re.compile(
    r"site-packages|dist-packages|node_modules|node:|/lib/python|/usr/|<frozen|node:internal|\(internal/|\.cargo/|rustc/|/go/src/|/pkg/mod/|"
    r"(?:java|javax|jdk|sun|android|androidx|kotlin|kotlinx|scala|dalvik|org\.springframework|org\.apache|com\.google|com\.android|io\.netty|reactor|org\.junit)\."
)
_FAILED = re.compile(
    r"^(?:FAILED [\w./-]{1,120}::(?:\w{1,60}::)?(\w{1,80})|(?:--- FAIL:|=== FAIL: \S{1,120}) (\w{1,80})"
    r"|test [\w:]{0,80}?(\w{1,80}) \.\.\. FAILED)\b",
    re.MULTILINE,
)
_PATH = re.compile(r"[/\\]|\d{5}")
_PYTHON = re.compile(r"Traceback \(|File \"")
_QUOTE = re.compile(r"(?<!\w)['\"]|['\"](?!\w)")
_LONGEST_ERROR = 48
_INNERMOST = 5
_LONGEST_PROSE = 400


def error_title(message: Message, most: int, *, is_english: bool) -> list[Token]:
    """ "KeyError in session.py"; nothing if no single error was pasted, or much else was said."""
    if len(message.prose) > _LONGEST_PROSE:
        return []
    pasted = message.pasted
    failed = {found[1] or found[2] or found[3] for found in _FAILED.finditer(pasted)} if is_english else set()
    if failed:
        return [Token(failed.pop(), "name"), Token("failure", "word")] if len(failed) == 1 else []
    # What caused the others comes last.
    pasted = pasted[max(pasted.rfind("Caused by: "), 0) :]
    error, said = _error(pasted)
    file = _own_file(pasted) if error else ""
    if not file:
        return _with_message(error, said, most) if is_english else []
    if is_secret(file) or file.split(".")[0] in error:
        return []
    named = [Token(error, "name"), Token(file, "name")]
    # Without a small word it is the same in any language.
    return [named[0], Token("in", "word"), named[1]] if is_english else named[::-1]


def _with_message(error: str, said: str, most: int) -> list[Token]:
    """The error and what it says, if that is short: "RuntimeError: CUDA out of memory"."""
    message = _QUOTE.sub("", said.partition(". ")[0].rstrip(" .,;:!?"))
    words = message.split()
    if not 0 < len(words) < most or not displayed(message) or _PATH.search(message) or is_secret(max(words, key=len)):
        return []
    return [Token(f"{error}:", "name"), *(Token(word, "name") for word in words)]


def _error(pasted: str) -> tuple[str, str]:
    """The last error that begins a line, as each may be caused by the next; else the compiler's only one."""
    raised = [(found[1], found[2] or "") for found in _RAISED.finditer(pasted)]
    codes = {found[1] or found[2] for found in _COMPILED.finditer(pasted)}
    if not raised and len(codes) == 1:
        raised = [(codes.pop(), "")]
    elif not raised and _PANIC.search(pasted):
        raised = [("Panic", "")]
    found = raised[-1 if _PYTHON.search(pasted) else 0] if raised else ("", "")
    return found if len(found[0]) <= _LONGEST_ERROR else ("", "")


def _own_file(pasted: str) -> str:
    """The innermost file of the user's own: Python names that last, the others first."""
    is_python = _PYTHON.search(pasted) is not None
    frames = list(_FRAME.finditer(pasted))[: None if is_python else _INNERMOST]
    own = [frame[1] for frame in frames if not _LIBRARY.search(frame[0])]
    return displayed(re.split(r"[/\\]", own[-1 if is_python else 0])[-1]) if own else ""

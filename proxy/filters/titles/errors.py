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
_FAILED = re.compile(r"^(?:FAILED ([\w./-]{1,120})::(?:\w{1,60}::)?(\w{1,80})|--- FAIL: (\w{1,80}))\b", re.MULTILINE)
_PATH = re.compile(r"[/\\]|\d{5}")
_PYTHON = re.compile(r"Traceback \(|File \"")
_LONGEST_ERROR = 48
_INNERMOST = 5
_LONGEST_PROSE = 400


def error_title(message: Message, most: int, *, is_english: bool) -> list[Token]:
    """ "KeyError in session.py"; nothing if no single error was pasted, or much else was said."""
    if len(message.prose) > _LONGEST_PROSE:
        return []
    pasted = message.pasted
    if is_english and (failed := _failed_test(pasted)):
        return failed
    error, said = _error(pasted)
    if not error:
        return []
    file = _own_file(pasted)
    if file and not is_secret(file) and file.split(".")[0] not in error:
        named = [Token(error, "name"), Token(file, "name")]
        # Without a small word it is the same in any language.
        return [named[0], Token("in", "word"), named[1]] if is_english else named[::-1]
    return _with_message(error, said, most) if not file and is_english else []


def _failed_test(pasted: str) -> list[Token]:
    """The one test that failed, or the one file of all that did."""
    failed = {(found[1] or "", found[2] or found[3]) for found in _FAILED.finditer(pasted)}
    files = {displayed(file) for file, _ in failed}
    if len(failed) == 1:
        return [Token(next(iter(failed))[1], "name"), Token("failure", "word")]
    return [Token(files.pop(), "name"), Token("failures", "word")] if len(files) == 1 and all(files) else []


def _with_message(error: str, said: str, most: int) -> list[Token]:
    """The error and what it says, if that is short: "RuntimeError: CUDA out of memory"."""
    message = said.partition(". ")[0].rstrip(" .,;:!?").replace("'", "").replace('"', "")
    words = message.split()
    if not 0 < len(words) < most or not displayed(message) or _PATH.search(message) or is_secret(max(words, key=len)):
        return []
    return [Token(f"{error}:", "name"), *(Token(word, "name") for word in words)]


def _error(pasted: str) -> tuple[str, str]:
    """The last error that begins a line, as each may be caused by the next; else the compiler's only one."""
    raised = [(found[1], found[2] or "") for found in _RAISED.finditer(pasted)]
    if not raised:
        codes = {found[1] or found[2] for found in _COMPILED.finditer(pasted)}
        raised = [(code, "") for code in codes] if len(codes) == 1 else []
    if not raised and _PANIC.search(pasted):
        raised = [("Panic", "")]
    found = raised[-1:] if _PYTHON.search(pasted) else raised[:1]
    return found[0] if found and len(found[0][0]) <= _LONGEST_ERROR else ("", "")


def _own_file(pasted: str) -> str:
    """The innermost file of the user's own: Python names that last, the others first."""
    found = list(_FRAME.finditer(pasted))
    if not _PYTHON.search(pasted):
        found = found[:_INNERMOST]
    frames = [frame[1] for frame in found if not _LIBRARY.search(frame[0])]
    if not frames:
        return ""
    return displayed(re.split(r"[/\\]", frames[-1] if _PYTHON.search(pasted) else frames[0])[-1])

"""A title from one pasted error: what was raised, and in which file of the user's own."""

import re

from proxy.filters.titles.english.names import displayed, is_secret
from proxy.filters.titles.text.lexer import Token, word_of
from proxy.filters.titles.text.prose import Message

# An error at the beginning of a line with its package, as runtimes end or begin a trace.
_RAISED = re.compile(
    r"^(?:Uncaught (?:\(in promise\) )?|Unhandled |Caused by: |Exception in thread \S{1,60} |\[?ERROR\]? |E +"
    r"|[A-Z]/\w{1,30} *(?:\( *\d+\))?: )?"
    r"(?:(?:[\w$]{1,60}\.){0,9}([A-Z]\w{0,60}(?:Error|Exception|Interrupt|Exit))\b(?!\()(?::? ?([^\n]{0,300}))?"
    r"|(?:\*\*)? ?\(?([A-Z]\w{1,40}(?:(?:::|\.)[A-Z]\w{1,40}){1,3})(?:\)|:| \())"
    r"|^(?:==\d+==)?(?:ERROR|SUMMARY): (?:\w+Sanitizer): ([\w-]{4,40})|received signal (SIG[A-Z]{2,8})\b",
    re.MULTILINE,
)
_COMPILED = re.compile(r"\berror(?:\[(E\d{4})\]|:? (TS\d{4,5}|CS\d{4}|C\d{4})\b)")
_PANIC = re.compile(r"^(?:panic: |thread '[^'\n]{1,40}' panicked at )", re.MULTILINE)
_FRAME = re.compile(
    r"(?:at [\w.$/@<>-]{1,200}\(|File \"|[(\s]|^|--> )(?:https?://[\w.:-]{1,80}/)?"
    r"([\w.@/\\:~-]{1,200}\.[A-Za-z]{1,5})(?:\"?, line \d|:(?:line )?\d|\(\d)",
    re.MULTILINE,
)
_LIBRARY = re.compile(
    r"site-packages|dist-packages|node_modules|node:|/lib/python|/usr/|<frozen|node:internal|\(internal/|\.cargo/|rustc/|/go/src/|/pkg/mod/|"
    r"(?:java|javax|jdk|sun|android|androidx|kotlin|kotlinx|scala|dalvik|org\.springframework|org\.apache|com\.google|com\.android|io\.netty|reactor|org\.junit)\."
)
_FAILED = re.compile(
    r"^(?:FAILED (?P<py>[\w./-]{1,120})(?:::\w{1,60})?::(?P<test>\w{1,80})\b"
    r"|(?:--- FAIL:|=== FAIL: \S{1,120}) (?P<go>\w{1,80})|test [\w:]{0,80}?(?P<rs>\w{1,80}) \.\.\. FAILED\b"
    r"|_{3,} (?P<at>\w{1,80})(?:\[[^\]\n]{0,80}\])? _{3,}$"
    r"|(?:\s?FAIL\s+|\s*[✘×✕] [^\n]{0,30}? › )(?P<js>[\w./-]{1,120}\.[jt]sx?)\b)",
    re.MULTILINE,
)
_NAMED = r" ['\"`‘]?([\w$.-]+(?:\(\))?)"
_SAYING = [
    (needles.split("|"), re.compile(pattern, re.MULTILINE), title)
    for needles, pattern, title in (
        (
            "annot find |No module|resolve",
            r"(?:[Cc]annot find (?:module|package)|No module named|Can't resolve|[Ff]ailed to resolve import) "
            r"['\"`]([^'\"`\n]{1,60})['\"`]",
            "Missing module {}",
        ),
        (
            "ndefined |Unresolved|ndeclared|annot find name|declaration of",
            r"(?:[Uu]ndefined (?:function|variable|method|mixin|symbol|index|reference to|local variable or method)"
            rf"|Unresolved reference|[Uu]ndeclared identifier|[Cc]annot find name|declaration of function):?{_NAMED}",
            "Undefined {}",
        ),
        ("qualifying bean", r"No qualifying bean of type '(?:\w+\.)*(\w+)'", "Missing {} bean"),
        ("import name", r"cannot import name '(\w+)'", "Missing import {}"),
        ("unique constraint", r"unique constraint ['\"`]?(\w+)", "{} constraint violation"),
        ("publickey", r"ermission denied \((publickey)", "SSH permission denied"),
        (
            "ermission denied|o space left|onnection refused|Read-only file",
            r"(?:^|: )([a-z][\w-]{1,15}): [^\n]{0,120}?: "
            r"([Pp]ermission denied|[Nn]o space left on device|[Cc]onnection refused|Read-only file system)",
            "{} {}",
        ),
        ("locate package", r"nable to locate package ([\w.+-]+)", "Missing package {}"),
        ("ECONNREFUSED", r"ECONNREFUSED [\w.:\[\]-]{0,60}:(\d{2,5})\b", "ECONNREFUSED on port {}"),
        ("o space left", r"([Nn]o space left on device)", "{}"),
        ("build command for", r"custom build command for [`'\"]([\w-]+)", "{} build failure"),
        ("was not found,|NOT find", r"\b([\w.-]{1,40}) was not found,|Could NOT find (\w+)", "Missing {}"),
        ("not defined", r"(?:name '|: )([\w$.]{1,60})'? is not defined\b", "Undefined {}"),
        (
            "not exist|not found",
            rf"\b(column|relation|table|database|collection){_NAMED}['\"`]? (?:does not exist|not found)",
            "Missing {} {}",
        ),
        ("o such ", rf"[Nn]o such (column|table|service|option|command|image):?{_NAMED}", "Missing {} {}"),
        (
            "nknown |nrecognized ",
            rf"[Uu]n(?:known|recognized) (directive|option|argument|command|column|field|property|key|type){_NAMED}",
            "Unknown {} {}",
        ),
        (
            " already|EADDRINUSE",
            r"(?:[Pp]ort (?=\d+ (?:is )?already)|EADDRINUSE[^\n]{0,60}:|:(?=\d+ failed: port is already))(\d{2,5})",
            "Port {} conflict",
        ),
        (
            ": command not found|: not found",
            r"(?:^|[ :])([\w.-]{2,30}): (?:command )?not found$|command not found: ([\w.-]{2,30})$",
            "{} command not found",
        ),
        ("npm ", r"npm (?:ERR!|error) code (E\w+)", "npm {} error"),
        (
            "BackOff|OOMKilled",
            r"(?:^|\s)(\w[\w-]{1,30}?)(?:-[0-9a-f]{6,10})?(?:-\w{5})?\s+\d+/\d+\s+"
            r"(CrashLoopBackOff|ImagePullBackOff|OOMKilled)",
            "{} {}",
        ),
    )
]
"""What runtimes and tools say, each behind words of which one must stand in the text, and its title."""
_MARKED = re.compile(
    r"(?:\b(?:ERROR|FATAL|CRITICAL|SEVERE)\b[\]:]?|\[(?:emerg|error|fatal|crit)\]"
    r"|\b(?:Fatal error|fatal|panic|[Ee]rror):)\s+"
    r"(?:\d+#\d+: (?:\*\d+ )?)?(?:\[[\w.:-]{1,20}\]:? |(?:fatal|FATAL|error): +)?([A-Za-z][^\n]{3,160})"
)
_SAYS_NOTHING = re.compile(
    r"(?i)(?:error response|command|build|process|task|job|test|the process|compilation|operation)s? "
    r"|fatal exception"
    r"|.*(?:exit|return)(?:ed)?(?: with)? (?:code|status)"
    r"|.*\b(?:occurred|went wrong|this|the following|see|please|failed|error)$"
)
_DOMAINS = ("java", "javax", "com", "org", "net", "kotlin", "scala", "sun", "jdk", "exceptions", "errors")
_ENTRY = ("manage.py", "wsgi.py", "asgi.py", "__main__.py", "runpy.py")
_PATH = re.compile(r"[/\\]|\d{5}")
_PYTHON = re.compile(r"Traceback \(|File \"")
_QUOTE = re.compile(r"(?<![\w#@/-])['\"]|['\"](?![\w#@/-])")
_LONGEST_ERROR = 48
_INNERMOST = 5
_LONGEST_PROSE = 400


def error_title(message: Message, most: int, *, is_english: bool) -> list[Token]:
    """ "KeyError in session.py"; nothing if no single error was pasted, or much else was said."""
    if len(message.prose) > _LONGEST_PROSE:
        return []
    if not (message.pasted or ":" in message.prose or "\n" in message.prose or "___" in message.prose):
        return []
    # A line that looks like no error alone is read as prose.
    pasted = f"{message.pasted}\n{message.prose}"
    if is_english and _FAILED.search(pasted):
        return _failed(pasted)
    if is_english and 0 < len(found := _said(pasted)) <= most:
        return found
    # What caused the others comes last.
    pasted = pasted[max(pasted.rfind("Caused by: "), 0) :]
    error, said = _error(pasted)
    file = _own_file(pasted) if error else ""
    if is_english and (not file or file in _ENTRY):
        return _with_message(error, said, most) or _marked(pasted, most) or _packaged(pasted, error)
    if not file or is_secret(file) or file.split(".")[0] in error:
        return []
    named = [word_of(error) if error.islower() else Token(error, "name"), Token(file, "name")]
    # Without a small word it is the same in any language.
    return [named[0], word_of("in"), named[1]] if is_english else named[::-1]


def _failed(pasted: str) -> list[Token]:
    """The one test that failed, or the one file of those that did."""
    found = list(_FAILED.finditer(pasted))
    tests = {one["test"] or one["go"] or one["rs"] or one["at"] or displayed(one["js"] or "") for one in found}
    files = {displayed(one["py"] or "") for one in found}
    if len(tests) == 1:
        return [Token(tests.pop(), "name"), word_of("failure")]
    return [Token(files.pop(), "name"), word_of("failures")] if len(files) == 1 and all(files) else []


def _said(text: str) -> list[Token]:
    """What a tool says that is well known: "Missing module requests"."""
    for needles, pattern, title in _SAYING:
        if not any(map(text.__contains__, needles)):
            continue
        said = {tuple(filter(None, one.groups())) for one in pattern.finditer(text)}
        names = tuple(map(displayed, said.pop())) if len(said) == 1 else ()
        if names and all(name and not is_secret(name) for name in names):
            is_said = any(" " in name for name in names)
            words = title.format(*map(str.lower, names) if is_said else names).split()
            return [
                word_of(words[0]) if is_said else Token(words[0], "name"),
                *(Token(word, "name") for word in words[1:]),
            ]
    return []


def _marked(pasted: str, most: int) -> list[Token]:
    """What the first line with a level of its own says, if that is short and whole."""
    found = _MARKED.search(pasted)
    said = found[1].removeprefix("Error response from daemon: ") if found else ""
    said = re.split(r"[:;,.(\[{]|\s\S+=", said, maxsplit=1)[0].strip()
    said = f"Error {said}" if said.partition(" ")[0].endswith("ing") else said
    words = said.split()
    is_plain = all(re.fullmatch(r"[A-Za-z][\w'-]*", word) and not is_secret(word) for word in words)
    if not 2 <= len(words) <= most or not is_plain or _SAYS_NOTHING.match(said):
        return []
    return [word_of(words[0]), *(Token(word, "name") for word in words[1:])]


def _with_message(error: str, said: str, most: int) -> list[Token]:
    """The error and what it says, if that is short: "RuntimeError: CUDA out of memory"."""
    message = _QUOTE.sub("", said.partition(". ")[0].rstrip(" .,;:!?"))
    words = message.split()
    if (
        not error
        or not 0 < len(words) < most
        or not displayed(message)
        or _PATH.search(message)
        or is_secret(max(words, key=len))
    ):
        return []
    return [Token(f"{error}:", "name"), *(Token(word, "name") for word in words)]


def _packaged(pasted: str, error: str) -> list[Token]:
    """ "SQLAlchemy StaleDataError", where neither a file nor a short message says more"""
    found = re.search(rf"([a-z][a-z\d]{{2,20}})\.(?:\w+\.){{0,6}}{error}\b", pasted) if error else None
    return [word_of(found[1]), Token(error, "name")] if found and found[1] not in _DOMAINS else []


def _error(pasted: str) -> tuple[str, str]:
    """The last error that begins a line, as each may be caused by the next; else the compiler's only one."""
    raised = [(found[1] or found[3] or found[4] or found[5], found[2] or "") for found in _RAISED.finditer(pasted)]
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

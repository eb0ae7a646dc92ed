"""What the user wrote in a message, apart from what was pasted into it and from what the client put around it.

Everything here is linear in the length of the text: whole-text work is done by `str.find` and `str.translate`, and
the regular expressions see at most `LOOKED_AT` characters and hold no nested quantifier.
"""

import re
from dataclasses import dataclass

LOOKED_AT = 4000

# The client's own additions, left out with all they contain; of the other tags only the content is kept.
_BLOCKS = (
    *("system-reminder", "local-command-stdout", "local-command-stderr", "local-command-caveat", "command-message"),
    *("ide_opened_file", "ide_selection", "ide_diagnostics", "new-diagnostics", "bash-stdout", "bash-stderr"),
    *("user-prompt-submit-hook", "task-notification", "post-tool-use-hook", "user-memory-input"),
)
_BLOCK = re.compile(rf"<({'|'.join(_BLOCKS)})(?: [^<>\n]{{0,200}})?>")
_TAG = re.compile(r"</?(?:session|user_query|message|prompt|command-[a-z]{1,12})>")
_SHELL_TAG = re.compile(r"</?bash-input>")
_PLACEHOLDER = re.compile(r"\[(?:Image|Pasted text|Screenshot|Attachment|\.\.\.Truncated text)[^\]\n]{0,60}\]")

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = dict.fromkeys(map(ord, _BIDI + "\u200b\u2060\ufeff\u00ad\r"))
_LINES: dict[int, str | None] = {**_INVISIBLE, **dict.fromkeys(map(ord, "\x0b\x0c\x85\u2028\u2029"), "\n")}
_QUOTES = dict.fromkeys(map(ord, '"“”„‟«»‹›「」『』《》〈〉【】＂'))
# Every script's full stop and comma becomes the ASCII one with a space behind it, so clauses are found in one way.
_STOPS = {ord(mark): f"{stop} " for mark, stop in zip("。｡！？；：，؟،؛।॥…⁇", "..!?;:,?,;...?", strict=True)}
_PLAIN = {**_QUOTES, **_STOPS, ord("’"): "'", ord("‘"): "'", ord("—"): " — ", ord("（"): " (", ord("）"): ") "}

_LINK = re.compile(r"!?\[([^\[\]\n]{1,300})\]\([^()\s]{0,500}\)")
_LINE_MARK = re.compile(r"[ \t]*(?:#{1,6}[ \t]+|[-*+•▪►>][ \t]+|\d{1,2}[.)][ \t]+){0,4}")
_EMPHASIS = re.compile(
    r"(?<![!-'*-~])(?:\*\*|~~)|(?:\*\*|~~)(?=[\s.,;:!?)'\u0e00-\uffff]|$)"
    r"|(?<!\w)_(?=[^\W_][^_\n]{0,200}_(?!\w))|(?<=[^\W_])_(?=[\s.,;:!?)]|$)"
)
_PASSWORD = re.compile(
    r"(?i)\b(pass(?:word|wd|phrase)?|pwd|secret|token|api[_ -]?key|credentials?)( is|=|:)\s?"
    r"(?=\S{0,100}[\d!@#$%^&*])\S{1,200}"
)

_FENCE = "```"
_TRACE_LINE = re.compile(
    # Frames and headings of stack traces: Python, Java and JavaScript, Go, Rust, npm.
    r"Traceback \(|\s*File \"|\s+at \S|\s*at [\w$.<>]+ ?\(|Caused by:|goroutine \d|panic: |thread '|\s*-->|npm ERR!"
    # "KeyError: …", and compilers' "app.ts(3,5): error" and "error[E0308]".
    r"|(?:Uncaught |Unhandled |Exception in thread \S+ )?(?:\w{1,60}\.){0,9}[A-Z]\w{0,60}(?:Error|Exception)\b(?::|$)"
    r"|\S{1,200}[:(]\d+[:,]\d+\)?:? (?:fatal )?error|error\[E\d+\]"
    # Logs: a time or a level at the beginning.
    r"|\s*\[?\d{4}-\d\d-\d\d[T ]\d\d:|\[?\d\d:\d\d:\d\d"
    r"|\[?(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|TRACE|CRITICAL)\b[\]:]"
)
_CODE_LINE = re.compile(
    # Definitions and imports.
    r"\s*(?:(?:async )?def \w+ ?\(|class \w+\s*[(:{]|from [\w.]+ import |import [\w.]+(?: as \w+)?;?$|"
    r"import .{1,80} from ['\"]|"
    r"(?:export |default |public |private |static |async |final ){1,4}\w+|(?:const|let|var|val) [\w{\[, }\]]{1,60} ?="
    r"|(?:async )?function\*? ?\w*\(|func [\w(]|(?:pub )?(?:fn|struct|enum) \w+|#include|<\?php|package \w+;?$|@\w+\()"
    # Lines that end like code, indented lines, SQL.
    r"|.{0,200}[{};]\s*$|    {1,40}\S|\t+\S|\s*[})\]]+\s*$|(?i:create table|select .{1,100} from) "
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message without the client's own blocks: what the user wrote, and what was pasted (code, traces, logs)."""

    prose: str
    pasted: str


def read(text: str) -> Message:
    """The message without client blocks, markup, invisible characters and quotation marks, cut in prose and pasted."""
    plain = unwrapped(text)
    # Marks that are nowhere need no pattern; so here and below, since most messages are plain sentences.
    if "<" in plain:
        plain = _TAG.sub(" ", _SHELL_TAG.sub("`", plain))
    plain = plain.translate(_LINES)
    if "[" in plain:
        plain = _PLACEHOLDER.sub(" ", plain)
    prose: list[str] = []
    pasted: list[str] = []
    fenced = False
    for line in plain.split("\n"):
        before, fence, rest = line.partition(_FENCE)
        if fence and _FENCE not in rest:
            (pasted if fenced else prose).append(before)
            fenced = not fenced
        else:
            is_pasted = fenced or _TRACE_LINE.match(line) or _CODE_LINE.match(line)
            (pasted if is_pasted else prose).append(line)
    return Message("\n".join(map(_unmarked, prose)).strip(), "\n".join(pasted))


def unwrapped(text: str) -> str:
    """The first `LOOKED_AT` characters outside the blocks that the client adds (`<system-reminder>…` and so on)."""
    text = text.lstrip()
    kept: list[str] = []
    size = at = 0
    unclosed: set[str] = set()
    while size < LOOKED_AT and (opened := _BLOCK.search(text, at)):
        kept.append(text[at : opened.start()][:LOOKED_AT])
        size += len(kept[-1])
        name, at = opened[1], opened.end()
        # A tag once found unclosed is never looked for again: that search would make the loop quadratic.
        end = -1 if name in unclosed else text.find(f"</{name}>", at)
        unclosed |= {name} if end < 0 else set()
        at = at if end < 0 else end + len(name) + 3
    kept.append(text[at : at + LOOKED_AT])
    return " ".join(kept)[:LOOKED_AT]


def unquoted(text: str) -> str:
    """The text without quotation marks of any script."""
    return text.translate(_QUOTES)


def _unmarked(line: str) -> str:
    mark = _LINE_MARK.match(line)
    line = line[mark.end() if mark else 0 :]
    if "](" in line:
        line = _LINK.sub(r"\1", line)
    if "**" in line or "~~" in line or "_" in line:
        line = _EMPHASIS.sub("", line)
    if "=" in line or ":" in line or " is" in line.lower() or not line.isascii():
        line = _PASSWORD.sub(r"\1, ", line)
    return line.translate(_PLAIN)

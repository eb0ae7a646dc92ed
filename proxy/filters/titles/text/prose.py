"""What the user wrote in a message, apart from what was pasted into it and from what the client put around it.

Everything here is linear in the length of the text: whole-text work is done by `str.find` and `str.translate`, and
the regular expressions see at most `LOOKED_AT` characters in `LINES` lines, and hold no nested quantifier.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from proxy.filters.decline import Decline
from proxy.filters.titles.english.tables import word_set
from proxy.filters.titles.english.words import FOREIGN

LOOKED_AT, LINES = 10_000, 500
MIXED = "it is not in plain English alone"

_FOREIGN_LETTER = re.compile(r"[^\W\d_a-zA-Z]")
_WORDS_LOOKED_AT = 1000

# The client's own additions, left out with all they contain; of the other tags only the content is kept.
_BLOCKS = (
    *("system-reminder", "local-command-stdout", "local-command-stderr", "local-command-caveat", "command-message"),
    *("ide_opened_file", "ide_selection", "ide_diagnostics", "new-diagnostics", "bash-stdout", "bash-stderr"),
    *("user-prompt-submit-hook", "task-notification", "post-tool-use-hook", "user-memory-input"),
)
_BLOCK = re.compile(rf"<({'|'.join(_BLOCKS)})(?: [^<>\n]{{0,200}})?>")
_TAG = re.compile(r"</?(?:session|user_query|message|prompt)>")
_WRAPPER = re.compile(r"\s*<(?!session>|user_query>|message>|prompt>|command-)([a-z][\w-]{1,40})(?: [^<>\n]{0,200})?>")
_CONTENT = re.compile(
    r"<(task|instructions?|request|user_request|prompt|question|objective|teammate-message)(?: [^<>\n]{0,200})?>"
    r"([^<]{1,2000})"
)
_CAVEAT = re.compile(r"\s*Caveat: The messages below[^\n]{0,400}")
_PLACEHOLDER = re.compile(r"\[(?:Image|Pasted text|Screenshot|Attachment|\.\.\.Truncated text)[^\]\n]{0,60}\]")

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_PLAIN: dict[int, int | str | None] = {
    **str.maketrans("\x0b\x0c\x85\u2028\u2029’‘\xa0", "\n\n\n\n\n'' ", _BIDI + "\u200b\u2060\ufeff\u00ad\r"),
    ord("\t"): "    ",
}

_BULLET = re.compile(r"[-*+•▪►][ \t]+|\d{1,2}[.)][ \t]+|- ?\[[ x]\]")
_HEADING = re.compile(
    r"#{1,3}[ \t]+(?:(?:implementation )?plan|task|feature|bug|spec|rfc|proposal)?(?::[ \t]+)?", re.IGNORECASE
)
_ASKED_UNDER = word_set("task request ask question goal objective") | {"your task", "the task", "my question"}
"""Headings under which a message says what it asks for, whatever stands before them."""
_UNREAD = re.compile(
    r"what (?:should|did you expect|i expect).*|expected.*|steps.*|(?:how )?to reproduce|repro\w*|env\w*|versions?"
    r"|system.*|(?:preflight )?checklist|acceptance criteria|additional.*|possible.*|screenshots?|severity|labels"
    r"|platform|[\w.-]+\.md"
)
"""Headings under which nothing stands that a message is about: what would be well, and standing instructions."""
_LABEL_LINE = re.compile(r"[A-Za-z][A-Za-z ]{2,30}:[ \t]*")
_BOLD_LINE = re.compile(r"^\*\*([^*\n]{1,60}?)[:?]?\*\*[:?]?[ \t]*$", re.MULTILINE)
_UNDERLINE = re.compile(r"[-=]{3,}")
_WITH = re.compile(r"(?<= )w(/o?)?(?= )")
_FIELD = re.compile(
    r"[ \t]*(?:- ?)?(?:\[[xX]\] .*"
    r"|(?P<said>(?:issue |bug )?title|(?:actual|current)(?: behaviou?r| result)?|description|summary|problem|bug|issue"
    r"|what (?:happened|happens)|observed|wanted|wish|idea|request):[ \t]+"
    r"|(?:type|severity|priority|component|version|build|platform|os|browser|env\w*|reporter|found in|affected|affects"
    r"|opened by|impact|labels|status|date|area|product|since|repro\w*|steps|expected|to reproduce|issue type"
    r"|hardware|device)"
    r"\b[^:\n?]{0,14}:(?:[ \t]|$).*)|_?no response_?|n/a"
    r"|(?:new |a )?(?:bug|feature|crash|support|incident|issue|help|change)"
    r" (?:report|request|issue|ticket)s?[:.]?[ \t]*$",
    re.IGNORECASE,
)
"""A field of an issue form: what went wrong is read, the others are not."""
_COMMENT = re.compile(r"<!--[^\n]{0,600}?-->\s*")
_EMPHASIS = re.compile(r"(?<!\w)(?:\*\*|__)|(?:\*\*|__)(?!\w)")

_FENCE = "```"
_PASTED_LINE = re.compile(
    # Frames and headings of stack traces: Python, Java and JavaScript, Go, Rust, npm.
    r"Traceback \(|\s*File \"|\s+at \S|\s*at [\w$.<>]+ ?\(|Caused by:|goroutine \d|panic: |thread '|\s*-->|npm ERR!"
    # Debuggers.
    r"|Program received signal|#\d+ +\w|\(gdb\)|\(lldb\)|0x[0-9a-fA-F]{6}"
    # "KeyError: …", and compilers' "app.ts(3,5): error" and "error[E0308]".
    r"|(?:Uncaught |Unhandled |Exception in thread \S+ )?(?:\w{1,60}\.){0,9}[A-Z]\w{0,60}(?:Error|Exception)\b(?::|$)"
    r"|> |\S{1,200}[:(]\d+[:,]\d+\)?:?(?: -)? (?:fatal )?error|error(?:\[E\d+\])?:"
    r"|(?:Error|ERROR|FAIL|FAILED|fatal|warning)\b:?"
    # Logs: a time or a level at the beginning; test reports; shell prompts.
    r"|\s*\[?\d{4}-\d\d-\d\d[T ]\d\d:|\[?\d\d:\d\d:\d\d|\d\d/\d\d/\d\d"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d"
    r"|\[?(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|TRACE|CRITICAL)\b[\]:]"
    r"|[VDIWEF]/[\w.]{1,40} *[(:]"
    r"|test [\w:]{1,80} \.\.\. |={3,}|-{3,}|\s*[✓✗✘●✕×│├└┌|]|[$%❯➜#] ?\w+ "
    r"|\(?[\w.-]{1,40}@[\w.-]{1,60}[ :][^\n]{0,80}[$#%❯]|[A-Z]:\\[^\n>]{0,80}>"
    # Code: definitions and imports.
    r"|\s*(?:(?:async )?def \w+ ?\(|class \w+\s*[(:{]|from [\w.]+ import |import [\w.]+(?: as \w+)?;?$|"
    r"import .{1,80} from ['\"]|"
    r"(?:export |default |public |private |static |async |final ){1,4}\w+|(?:const|let|var|val) [\w{\[, }\]]{1,60} ?="
    r"|(?:async )?function\*? ?\w*\(|func [\w(]|(?:pub )?(?:fn|struct|enum) \w+|#include|<\?php|package \w+;?$|@\w+\()"
    # Indented lines, SQL.
    r"|    {1,40}\S|\s*[})\]{]|\s*\[(?![A-Za-z][\w -]{1,20}\]:? )"
    r"|(?i:create table|select .{1,100} from) "
)
_COLUMNS = re.compile(r"[^\n]{0,80}?[^.!?\s] {2,}\S[^\n]{0,80}?[^.!?\s] {2,}\S")
_LONGEST_CODE = 201
_WRAPPED_FROM = 60
_PLAIN_SENTENCE = re.compile(
    r"(?!import |package |class |Error|FAIL|fatal|warning)[A-Za-z][A-Za-z ,.?!'-]{0,400}[a-z.?!]"
)


class Message(NamedTuple):
    """What the user wrote, and what was pasted (code, traces, logs); `heading` is the first one, "" if there is none.

    `is_list` tells that the prose begins with an item of a list, `is_led` that prose comes before all else.
    """

    prose: str
    pasted: str
    heading: str
    is_list: bool
    is_led: bool


def read(text: str) -> Message:
    """The beginning of a message without what others put around it, cut in prose and pasted."""
    if _PLAIN_SENTENCE.fullmatch(text):
        return Message(text, "", "", is_list=False, is_led=True)  # as most messages are
    reader = _Reader()
    for line in plain(text).split("\n", LINES)[:LINES]:
        reader.take(line)
    heading = (reader.headings or [""])[0]
    return Message(_joined(reader.prose), "\n".join(reader.pasted), heading, reader.is_list, reader.is_led)


class _Reader:
    """Takes a message line by line."""

    def __init__(self) -> None:
        self.prose: list[str] = []
        self.pasted: list[str] = []
        self.headings: list[str] = []
        self.is_list = self.is_led = self._has_prose = self._fenced = self._is_unread = False
        self._before = ""
        """The line before, if it may be a heading that is underlined."""

    def take(self, line: str) -> None:
        before, fence, rest = line.partition(_FENCE)
        if fence and _FENCE not in rest:
            (self.pasted if self._fenced else self.prose).append(before)
            self._fenced = not self._fenced
        elif self._fenced:
            self.pasted.append(line)
        elif line[:1] == "#" and (found := _HEADING.match(line)):
            self.headings.append(line[found.end() :].strip())
            self._begin(line)
        elif self._before and _UNDERLINE.fullmatch(line):
            self.headings.append(self._before)
            if self.prose and self.prose[-1] == self._before:
                del self.prose[-1]
            self._begin(self._before)
        elif _is_pasted(line):
            self.pasted.append(line)
        else:
            self._take_prose(line)

    def _begin(self, heading: str) -> None:
        """A section begins: under some headings nothing is read, and some make all before them the background."""
        self._before = ""
        self._is_unread = _is_unread(heading)
        if heading.strip("# \t:?").casefold() in _ASKED_UNDER:
            self.prose.clear()
            self.is_list = self._has_prose = False

    def _take_prose(self, line: str) -> None:
        self._before = line.strip()
        if _LABEL_LINE.fullmatch(line):
            self._is_unread = _is_unread(line)
            line += " "
        if self._is_unread:
            return
        line = _said(line)
        bullet = _BULLET.match(line)
        self.is_list = self.is_list or (bullet is not None and not self._has_prose)
        self._has_prose = self._has_prose or bool(line.strip())
        self.is_led = self.is_led or (self._has_prose and not self.pasted and not self.headings)
        if bullet is None or self.is_list:  # what a list behind prose says are its details
            self.prose.append(line.strip() if bullet is None else line[bullet.end() :].strip())


def _is_unread(heading: str) -> bool:
    return _UNREAD.fullmatch(heading.strip("# \t:?").casefold()) is not None


def _is_pasted(line: str) -> bool:
    """Whether a line is none of the user's own words."""
    if _PASTED_LINE.match(line) or ("  " in line and _COLUMNS.match(line)):
        return True
    ended = line.rstrip()
    return ended.endswith(("{", "}", ";")) and len(ended) <= _LONGEST_CODE


def _said(line: str) -> str:
    """What a line says without the name of its field, nothing if it is a field that is not read."""
    if field := _FIELD.match(line):
        return line[field.end() :] if field["said"] else ""
    lowered = line.casefold()
    return "" if "any other context" in lowered or "clear and concise description" in lowered else line


def _joined(lines: list[str]) -> str:
    """The lines as one text; a long line that goes on in lower case was wrapped by an editor, not ended."""
    joined = lines[:1]
    for before, line in pairwise(lines):
        is_wrapped = len(before) > _WRAPPED_FROM and line[:1].islower() and before[-1] != ":"
        joined += [" " if is_wrapped else "\n", line]
    return "".join(joined).strip()


def plain(text: str) -> str:
    """The first `LOOKED_AT` characters of a message without what stands around it, its signs made plain."""
    text = _unwrapped(text[:LOOKED_AT])
    # Marks that are nowhere need no pattern, since most messages are plain sentences.
    if not (text.isascii() and text.isprintable()):
        text = text.translate(_PLAIN)
    if "[" in text:
        text = _PLACEHOLDER.sub(" ", text)
    if " w" in text:
        text = _WITH.sub(lambda found: "without" if found[1] == "/o" else "with", text, count=9)
    if "**" in text:
        text = _BOLD_LINE.sub(r"# \1", text)
    return _EMPHASIS.sub("", text) if "**" in text or "__" in text else text


def _unwrapped(text: str) -> str:
    """The text without the blocks that the client adds anywhere, and without those that others put before it."""
    if "<" not in text:
        return text.strip()
    if "<!--" in text:
        text = _COMMENT.sub("", text)
    kept, at = list[str](), 0
    unclosed = set[str]()
    while opened := _BLOCK.search(text, at):
        # A tag once found unclosed is never looked for again: that search would make the loop quadratic.
        end = -1 if opened[1] in unclosed else text.find(f"</{opened[1]}>", opened.end())
        unclosed |= {opened[1]} if end < 0 else set()
        kept.append(text[at : opened.start()])
        at = opened.end() if end < 0 else end + len(opened[1]) + 3
    text, at = _CAVEAT.sub("", "".join([*kept, text[at:]]), count=1), 0
    while (opened := _WRAPPER.match(text, at)) and (end := text.find(f"</{opened[1]}>", opened.end())) >= 0:
        at = end + len(opened[1]) + 3
    if not text[at:].strip() and len(inside := [one for one in _CONTENT.findall(text) if one[1].strip()]) == 1:
        return str(inside[0][1]).strip()
    return _TAG.sub(" ", text[at:]).strip()


def require_english(text: str) -> None:
    """Raises `Decline` if letters beyond ASCII, or two small words of other languages, stand in the text."""
    words = text[:_WORDS_LOOKED_AT].casefold().split()
    if (not text.isascii() and _FOREIGN_LETTER.search(text)) or (
        not FOREIGN.isdisjoint(words) and sum(word in FOREIGN for word in words) > 1
    ):
        raise Decline(MIXED)

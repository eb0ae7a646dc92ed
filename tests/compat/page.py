"""docs/compatibility.md: written by the run, and read again, so that a run of one version leaves the others' rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.compat.kinds import BY_NAME, NAMES, TREATED
from tests.compat.marks import Mark
from tests.compat.seen import Seen
from tests.compat.sessions import number

_HEAD = """# Compatibility

What each version of Claude Code asks by itself, and what becomes of it. `make compat` writes this page: it drives the
real clients, offline, in a terminal, with `-p` and by the agent SDKs, and looks into their programs for the marks of
every rule.

## Questions

Answered and guarded: by the rule that the last row names. Forwarded: no rule knows it, or the rule was in doubt. What
was not asked, but has its words in the program, says so; "–" is neither.

"""

_MARKS = """
## Marks

What rules and guards look for, and the versions, of those above, whose programs hold it.

"""

_BY, _NONE = "by", "–"
_TITLES = ("| version |", "| rule |")


@dataclass(slots=True)
class Page:
    """`rows` by version, cells by kind; `guards` by kind; `marks` to the first and the last version that hold them."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    marks: dict[Mark, tuple[str, str]] = field(default_factory=dict)
    guards: dict[str, str] = field(default_factory=dict)

    def add(self, seen: Seen, words: Mapping[str, bool]) -> None:
        """`words` tells of each kind whether the version's program holds its words."""
        self.rows[seen.version] = {
            name: seen.cell(name) or ("in the program" if words.get(name) else _NONE)
            for name in NAMES
            if name != "other"
        }
        self.guards |= {kind: rule for kind, (treatment, rule) in seen.treated if treatment == "guarded"}
        for mark in seen.marks:
            first, last = self.marks.get(mark, (seen.version, seen.version))
            self.marks[mark] = (min(first, seen.version, key=number), max(last, seen.version, key=number))

    def keep(self, marks: Iterable[Mark]) -> None:
        """Forget marks that no rule has any more."""
        wanted = set(marks)
        self.marks = {mark: span for mark, span in self.marks.items() if mark in wanted}


def read(file: Path) -> Page:
    """What the page says; nothing if there is none."""
    page = Page()
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    rows, marks = (list(_table(lines, title)) for title in _TITLES)
    for version, *cells in rows[1:]:
        told = dict(zip(rows[0][1:], cells, strict=True))
        if version == _BY:
            page.guards = {
                kind: rule for kind, rule in told.items() if TREATED.get(kind) == "guarded" and rule != _NONE
            }
        else:
            page.rows[version] = told
    for rule, text, first, last in marks[1:]:
        page.marks[Mark(rule, _text(text))] = (first, last)
    return page


def _table(lines: list[str], title: str) -> Iterator[list[str]]:
    start = next((index for index, line in enumerate(lines) if line.startswith(title)), len(lines))
    for line in lines[start:]:
        if not line.startswith("|"):
            return
        if not line.startswith("|---"):
            yield [cell.strip().replace("\\|", "|") for cell in line.strip("|").split(" | ")]


def write(file: Path, page: Page) -> None:
    names = [name for name in NAMES if name != "other"]
    rows = [[version, *map(page.rows[version].get, names)] for version in sorted(page.rows, key=number, reverse=True)]
    by = [_BY, *(page.guards.get(name) or (name if TREATED[name] == "answered" else _NONE) for name in names)]
    spans = sorted(page.marks.items(), key=lambda item: (item[0].rule, item[0].text))
    marks = [[mark.rule, _shown(mark.text), first, last] for mark, (first, last) in spans]
    tables = (_lines(["version", *names], [*rows, by]), _lines(["rule", "mark", "first", "last"], marks))
    file.write_text(f"{_HEAD}{tables[0]}{_MARKS}{tables[1]}", "utf-8")


def _lines(heads: list[str], rows: Sequence[Sequence[str | None]]) -> str:
    head, *rest = ["| " + " | ".join((cell or "").replace("|", "\\|") for cell in row) + " |" for row in (heads, *rows)]
    return "\n".join([head, "|---" * len(heads) + "|", *rest, ""])


def _shown(text: str) -> str:
    return f"`{text}`".replace("\n", "⏎")


def _text(cell: str) -> str:
    return cell.strip("`").replace("⏎", "\n")


def words(program: bytes) -> dict[str, bool]:
    """Of each kind whether a program holds its words."""
    return {name: any(word.encode() in program for word in kind.words) for name, kind in BY_NAME.items()}

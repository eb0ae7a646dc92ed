"""A corpus of first messages, and the judge of the titles that they get; `make titles` prints what he finds.

A title that is listed is good. Any other is fair if it has all that must be in one and nothing that never may be, and
bad if not, or if the message says that it should be declined.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from proxy.filters.decline import Decline
from proxy.filters.titles.session_title import LIMIT, session_title

CORPUS = Path(__file__).parent / "corpus"
Verdict = Literal["good", "fair", "bad", "declined"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One message of the corpus, and its title or the reason why it has none."""

    entry: dict[str, Any]
    title: str
    reason: str
    verdict: Verdict

    @property
    def kind(self) -> str:
        return str(self.entry["kind"])

    @property
    def is_english(self) -> bool:
        return bool(self.entry["lang"] == "en")


def entries(corpus: Path = CORPUS) -> Iterator[dict[str, Any]]:
    """Those of a folder, or of one file; a message may be called `text` there."""
    for file in sorted(corpus.glob("*.jsonl")) if corpus.is_dir() else [corpus]:
        for line in file.read_text("utf-8").splitlines():
            entry = json.loads(line)
            yield {"message": entry.get("text"), **entry}


def judged(entry: dict[str, Any], most: int = 5) -> Judged:
    try:
        title = session_title(entry["message"], most)
    except Decline as decline:
        return Judged(entry, "", decline.reason, "declined")
    return Judged(entry, title, "", _verdict(entry, title))


def _verdict(entry: dict[str, Any], title: str) -> Verdict:
    said = title.casefold()
    if said in (listed.casefold() for listed in (entry["title"], *entry["also"])):
        return "good"
    lacks = [part for part in entry["must"] if part.casefold() not in said]
    leaks = [part for part in entry["never"] if part.casefold() in said]
    return "bad" if lacks or leaks or entry["decline"] else "fair"


def table(found: Iterable[Judged]) -> str:
    """Rows by kind and language: messages, answered, good, fair, bad; then reasons, every bad title, shares, times."""
    found = list(found)
    rows: dict[str, list[Judged]] = {}
    for one in found:
        rows.setdefault(f"{one.kind} {'en' if one.is_english else 'other'}", []).append(one)
    lines = [f"{'kind':18}{'messages':>9}{'answered':>9}{'good':>6}{'fair':>6}{'bad':>6}"]
    lines += [_row(name, rows[name]) for name in sorted(rows)]
    lines += [_row("English", [one for one in found if one.is_english]), _row("all", found), "", "declined because"]
    reasons = Counter(one.reason for one in found if one.reason)
    lines += [f"{count:6}  {reason}" for reason, count in reasons.most_common()]
    bad = [one for one in found if one.verdict == "bad"]
    lines += ["", "bad", *(f"  {one.entry['message'][:90]!r}: {one.title}" for one in bad)]
    return "\n".join([*lines, "", *_shares(found), *_times([one.entry["message"] for one in found])])


def _shares(found: list[Judged]) -> Iterator[str]:
    english = [one for one in found if one.is_english]
    short = [one for one in english if one.kind == "short"]
    for name, some in (("all", found), ("English", english), ("short English", short)):
        yield f"answered, {name + ':':15}{sum(bool(one.title) for one in some) / max(len(some), 1):7.1%}"
    titles = [one.title for one in found if one.title]
    yield f"bad of answered:         {sum(one.verdict == 'bad' for one in found) / max(len(titles), 1):7.1%}"
    yield f"not two to five words:   {sum(not 2 <= len(title.split()) <= 5 for title in titles):5}"


def _times(messages: list[str]) -> Iterator[str]:
    repeated = [(f"{one}{sign}" * LIMIT)[: LIMIT - 1] for one in messages for sign in " \n"]
    times = [*map(_time, messages)]
    yield f"median time:             {median(times):8.3f} ms, the worst {max(times):.3f}"
    yield f"the worst of {LIMIT:,} characters, each repeated up to there: {max(map(_time, repeated)):.2f} ms"


def _time(message: str) -> float:
    """Milliseconds for one title, or for declining it: the fastest of ten."""
    times = []
    for _ in range(10):
        begun = time.perf_counter()
        with suppress(Decline):
            session_title(message)
        times.append(time.perf_counter() - begun)
    return min(times) * 1000


def _row(name: str, found: list[Judged]) -> str:
    counts = Counter(one.verdict for one in found)
    answered = len(found) - counts["declined"]
    return f"{name:18}{len(found):9}{answered:9}{counts['good']:6}{counts['fair']:6}{counts['bad']:6}"

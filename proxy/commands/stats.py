"""`stats`: what was answered, what it saved, and how much time the proxy added, from the journal."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any

from proxy.commands.plots import bar, lasting, number, percent
from proxy.commands.savings import basis_line, saving
from proxy.commands.spans import since as beginning
from proxy.commands.tables import Column, cut, fitted, json_text, place, too_narrow, width
from proxy.decision.audits import LAST
from proxy.journal.figures import HOUR, Basis, RuleAndModel, Totals, audits, bases, totals
from proxy.journal.reader import UnreadableError, opened
from proxy.machine.terminal import columns
from proxy.settings.config import JournalSettings

OUTCOMES = ("answered", "forwarded", "failed", "refused")
HEADS = (
    *("requests", "answered", Column("forwarded", rank=1), Column("failed", rank=3), Column("refused", rank=6)),
    *(Column("errors", rank=2), Column("agreement", rank=7), Column("in", rank=4), Column("cached", rank=8)),
    *(Column("out", rank=5), "saved", Column("time", rank=10), Column("added", rank=9)),
)

_NARROW, _WIDE = 40, 160
_LONGEST_BAR = 40

NAMELESS: Mapping[str, str] = {"rule": "no rule", "model": "not looked at", "client": "not named"}
"""Replaces an empty name of a group."""


def run(settings: JournalSettings, span: str, by: str, *, as_json: bool) -> int:
    """Print the figures; 1 if there are none, 2 if `span` is malformed."""
    file = Path(settings.path)
    try:
        start = beginning(span, time.time())
        found = _read(file, start, by)
    except ValueError as error:
        return _say(f"--since: {error}", 2, as_json=as_json)
    except UnreadableError as error:
        off = "" if settings.enabled else "the journal is switched off (journal.enabled = false); "
        return _say(f"{off}{error}", 1, as_json=as_json)
    if as_json:
        print(json_text(_document(found)))
    else:
        print("\n".join(_lines(file, found)))
    return 0


def _say(problem: str, code: int, *, as_json: bool) -> int:
    """Print why there are no figures."""
    if as_json:
        print(json_text({"problem": problem}))
    print(problem, file=sys.stderr)
    return code


@dataclass(frozen=True, slots=True)
class _Found:
    """The figures of the journal since `start`."""

    start: float
    by: str
    whole: Totals
    groups: Mapping[str, Totals]
    worth: Mapping[RuleAndModel, Basis]
    audits: Mapping[str, tuple[int, int]]
    """By rule, how many of the last audits agreed with the model, and of how many."""


def _read(file: Path, start: float, by: str) -> _Found:
    with opened(file) as journal:
        whole = totals(journal, start).get("", Totals())
        groups = {name or NAMELESS[by]: total for name, total in totals(journal, start, by).items()} if by else {}
        worth, audited = bases(journal, start, sorted(whole.answered)), audits(journal, start, LAST)
    # Days in order, all other groups by the number of requests.
    order: Callable[[str], Any] = str if by == "day" else lambda name: (-groups[name].requests, name)
    return _Found(start, by, whole, {name: groups[name] for name in sorted(groups, key=order)}, worth, audited)


def _document(found: _Found) -> dict[str, Any]:
    whole, worth = found.whole, found.worth
    rows = [
        {
            "rule": rule,
            "model": family,
            "answers": whole.answered[rule, family][0],
            "forwards": basis.forwards,
            "bytes": basis.size,
            "forwards_with_tokens": basis.counted,
            "time_ms": basis.time,
            "input_tokens": basis.input,
            "cached_tokens": basis.cached,
            "output_tokens": basis.output,
        }
        for (rule, family), basis in worth.items()
    ]
    audited = [{"rule": rule, "same": same, "compared": many} for rule, (same, many) in found.audits.items()]
    document = {"since": found.start // HOUR * HOUR, "total": _fields(whole, worth), "basis": rows, "audits": audited}
    if found.by:
        groups = [{"name": name, **_fields(total, worth)} for name, total in found.groups.items()]
        document |= {"by": found.by, "groups": groups}
    return document


def _fields(total: Totals, worth: Mapping[RuleAndModel, Basis]) -> dict[str, Any]:
    return {
        "requests": total.requests,
        **{outcome: total.outcomes.get(outcome, 0) for outcome in OUTCOMES},
        "upstream_errors": dict(sorted(total.errors.items())),
        "agreement": {"same": total.same, "different": total.different},
        "input_tokens": int(total.all_input),
        "cache_read_tokens": int(total.cache_read),
        "cache_creation_tokens": int(total.cache_creation),
        "output_tokens": int(total.output),
        "requests_with_tokens": total.counted,
        "saved": saving(total, worth).fields(),
        "added_ms_median": total.overhead,
    }


def _lines(file: Path, found: _Found) -> list[str]:
    start, whole = found.start, found.whole
    when = f"since {datetime.fromtimestamp(start // HOUR * HOUR):%Y-%m-%d %H:%M}" if start else "since it began"
    if not whole.requests:
        return [f"{file}: no requests {when}"]
    room = columns()
    wide = min(_WIDE, max(_NARROW, get_terminal_size().columns))
    plain = not (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf8")
    lines = [f"{place(str(file), 0)}, {when}", "", *_within(room, 20, _overview(found, wide, plain))]
    if found.by:
        lines += ["", *_groups(found, room, plain)]
    if whole.answered:
        lines += [
            "",
            *_within(room, 2, ["What was saved, by your own forwards of the same rule and model, or by an estimate:"]),
        ]
        by_kind = (f"  {basis_line(kind, whole.answered[kind][0], basis)}" for kind, basis in found.worth.items())
        lines += _within(room, 4, by_kind)
    return lines


def _within(room: int | None, indent: int, lines: Iterable[str]) -> Iterator[str]:
    """The lines, wrapped to the width of the terminal: these are sentences, which must not be cut."""
    for line in lines:
        if room is None or len(line) <= room:
            yield line
        else:
            wide, hung = max(room, indent + 20), " " * indent
            yield from wrap(line, wide, subsequent_indent=hung, break_long_words=False, break_on_hyphens=False)


def _overview(found: _Found, wide: int, plain: bool) -> list[str]:
    whole = found.whole
    longest = min(_LONGEST_BAR, wide - 32)
    lines = [f"{'saved':20}{saving(whole, found.worth).line()}", "", f"{'requests':20}{whole.requests:>9,}"]
    for outcome in OUTCOMES:
        if many := whole.outcomes.get(outcome, 0):
            drawn = bar(many, whole.requests, longest, ascii_only=plain)
            lines.append(f"  {outcome:18}{many:>9,}  {drawn}")
        if outcome == "forwarded" and (many := sum(whole.errors.values())):
            drawn = bar(many, whole.requests, longest, ascii_only=plain)
            lines += [f"    {'upstream errors':16}{many:>9,}  {drawn}", *_errors(whole)]
    sums = {
        "agreement": _agreement(whole) or "nothing was compared",
        "  last audits": _audited(found.audits),
        "tokens upstream": _tokens(whole),
        "time added": f"{lasting(whole.overhead)} (median, before the first byte)"
        if whole.overhead is not None
        else "",
    }
    return [*lines, *(f"{name:20}{text:>9}" for name, text in sums.items() if text)]


def _errors(total: Totals) -> list[str]:
    """One line for each kind of error that the upstream replied with, the most frequent first."""
    kinds = sorted(total.errors.items(), key=lambda each: (-each[1], each[0]))
    return [f"      {kind:19}{many:>4,}" for kind, many in kinds]


def _agreement(total: Totals) -> str:
    compared = total.same + total.different
    return f"{total.same} of {compared}" if compared else ""


def _tokens(total: Totals) -> str:
    if not total.counted:
        return "not known"
    cached = percent(total.cache_read, total.all_input) or "none"
    return f"{number(total.all_input)} in ({cached} read from the cache), {number(total.output)} out"


def _audited(audits: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{same} of {many} {rule}" for rule, (same, many) in audits.items())


def _groups(found: _Found, room: int | None, plain: bool) -> list[str]:
    by, groups = found.by, found.groups
    rows = [(name, *_cells(total, found.worth)) for name, total in groups.items()]
    lines, left_out = fitted((Column(by, least=12), *HEADS), rows, room)
    if left_out:
        return [*lines, cut(too_narrow(left_out), room)]
    longest = max(map(width, lines))
    longest_bar = min(_LONGEST_BAR, get_terminal_size().columns - longest - 2)
    if longest_bar < 4:
        return lines
    most = max(total.requests for total in groups.values())
    bars = ["", *(bar(total.requests, most, longest_bar, ascii_only=plain) for total in groups.values())]
    return [f"{line}{' ' * (longest - width(line))}  {drawn}".rstrip() for line, drawn in zip(lines, bars, strict=True)]


def _cells(total: Totals, worth: Mapping[RuleAndModel, Basis]) -> Sequence[str]:
    found = saving(total, worth)
    return (
        f"{total.requests:,}",
        *(f"{many:,}" if (many := total.outcomes.get(outcome, 0)) else "" for outcome in OUTCOMES),
        f"{many:,}" if (many := sum(total.errors.values())) else "",
        _agreement(total),
        number(total.all_input) if total.counted else "",
        percent(total.cache_read, total.all_input),
        number(total.output) if total.counted else "",
        number(found.input + found.output) if found.with_tokens else "",
        lasting(found.time) if found.timed else "",
        lasting(total.overhead) if total.overhead is not None else "",
    )

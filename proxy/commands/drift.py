"""`drift`: signs that the client has changed: since when, how often, and the last request in the capture."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from proxy.commands.tables import Column, json_text, place, table
from proxy.decision.drift import Notice
from proxy.decision.sightings import Sightings, file_of, load
from proxy.machine.terminal import columns
from proxy.settings.config import Config

HEADS = (
    *(Column("since", rank=3), Column("times", rank=1), "client", Column("sign", least=20)),
    *(Column("rule, and what did not hold", least=20), Column("shape", rank=4), Column("last request", rank=5)),
)


def run(config: Config, *, as_json: bool) -> int:
    """Print the signs, the latest last; always 0: a sign is not a fault."""
    rows = Sightings(load(file_of(config))).rows()
    places = dict(_captured(config, {row["request"] for row in rows}))
    if as_json:
        print(json_text({"signs": [{**row, "captured": places.get(row["request"])} for row in rows]}))
    elif rows:
        print(table(HEADS, [_cells(row, places) for row in rows], columns()))
    else:
        print("no sign that the client has changed under the rules")
    return 0


def sign_text(notice: Notice) -> str:
    """A sign in words; `nearly NAME: CONDITION` if a rule knows the prompt."""
    return f"nearly {notice.rule}: {notice.condition}" if notice.sign == "nearly" else notice.sign


def _cells(row: Mapping[str, Any], places: Mapping[str, str]) -> tuple[str, ...]:
    notice = Notice(*(row[name] for name in ("sign", "client", "rule", "condition", "shape", "fingerprint")))
    since = datetime.fromtimestamp(row["first"]).strftime("%Y-%m-%d %H:%M")
    nearest = "" if notice.sign == "nearly" else ": ".join(filter(None, (notice.rule, notice.condition)))
    shape = notice.shape + (f" ({notice.fingerprint})" if notice.fingerprint else "")
    where = places.get(row["request"], row["request"])
    return since, str(row["count"]), notice.client, sign_text(notice), nearest, shape, where


def _captured(config: Config, wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Where these requests are in the capture: the id, and `FILE:LINE`."""
    ids = set(wanted)
    for file in (Path(config.capture.file + ".1"), Path(config.capture.file)) if ids else ():
        if file.is_file():
            with file.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    found = _id(line)
                    if found in ids:
                        yield found, place(str(file), number)


def _id(line: bytes) -> str:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ""
    found = value.get("id") if isinstance(value, dict) and "body" in value else ""
    return found if isinstance(found, str) else ""

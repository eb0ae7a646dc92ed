"""Every sign of drift: when it was first and last seen, how often, and in which request. Kept in a file."""

from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import orjson

from proxy.decision.drift import Notice
from proxy.decision.kept import Kept
from proxy.machine.disk import read_text
from proxy.settings.config import Config

_MOST = 1000
"""Signs that are kept: the ones seen last."""

_TEXTS = tuple(one.name for one in fields(Notice))


@dataclass(slots=True)
class Sighting:
    """Times are in seconds since the epoch; `request` is the id of the last request with this sign."""

    first: float
    last: float
    count: int
    request: str


@dataclass(slots=True)
class Sightings:
    seen: dict[Notice, Sighting] = field(default_factory=dict)
    """In the order in which they were last seen."""
    kept: Kept = field(init=False)
    _told: set[Notice] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.kept = Kept(lambda: orjson.dumps(self.rows()))

    def add(self, notice: Notice, at: float, request: str) -> bool:
        """Count a sign; returns whether this process sees it for the first time."""
        known = self.seen.pop(notice, None)
        self.seen[notice] = Sighting(known.first if known else at, at, (known.count if known else 0) + 1, request)
        while len(self.seen) > _MOST:
            del self.seen[next(iter(self.seen))]
        self.kept.touch()
        if notice in self._told or len(self._told) >= _MOST:
            return False
        self._told.add(notice)
        return True

    def rows(self) -> list[dict[str, Any]]:
        """As plain data, in the order in which they were last seen."""
        return [{**asdict(notice), **asdict(sighting)} for notice, sighting in self.seen.items()]


def file_of(config: Config) -> Path:
    """The file: in the folder of `shadow.file`, and named after it."""
    agreements = Path(config.shadow.file)
    return agreements.with_name(f"{agreements.stem}-drift.json")


def load(file: Path) -> dict[Notice, Sighting]:
    """The sightings in the file; what is not one is skipped, and a file that cannot be read has none."""
    with suppress(OSError, orjson.JSONDecodeError):
        saved = orjson.loads(read_text(file))
        if isinstance(saved, list):
            return dict(found for row in saved[-_MOST:] if (found := _read(row)))
    return {}


def _read(row: Any) -> tuple[Notice, Sighting] | None:
    match row:
        case {
            "first": int() | float() as first,
            "last": int() | float() as last,
            "count": int(count),
            "request": str(id),
        }:
            texts = [row.get(name) for name in _TEXTS]
            if all(isinstance(text, str) for text in texts):
                return Notice(*texts), Sighting(first, last, count, id)
    return None

"""How often rules in shadow and the model agree: counted here, and kept in a file that `rules` shows."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson

from proxy.decision.shadow import Agreement, Verdict
from proxy.disk import beside, read_text
from proxy.logs.observe import Logger

_VERDICTS: tuple[Verdict, ...] = ("same", "different", "upstream error")


@dataclass(slots=True)
class Agreements:
    """Counts by name of the rule."""

    counts: dict[str, Agreement] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, rule: str, verdict: Verdict) -> None:
        self.counts.setdefault(rule, Agreement()).counts[verdict] += 1
        self._changed.set()

    async def keep(self, file: Path, log: Logger) -> None:
        """Write the counts whenever they have changed, until cancelled; a disk that fails is told."""
        while True:
            await self._changed.wait()
            await beside(self._saving(file, log))

    def finish(self, file: Path, log: Logger) -> None:
        """Write the counts if they have changed since they were written last."""
        if self._changed.is_set():
            self._saving(file, log)()

    def _saving(self, file: Path, log: Logger) -> Callable[[], None]:
        """The work of writing the counts as they are now; the thread that does it looks at nothing that may change."""
        self._changed.clear()
        data = orjson.dumps({rule: agreement.counts for rule, agreement in self.counts.items()})
        return partial(_save, file, data, log)


def _save(file: Path, data: bytes, log: Logger) -> None:
    """Replace the file in one step, so that no reader sees half of it."""
    fresh = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(data)
        fresh.replace(file)
    except OSError as error:
        log.warning("agreement not saved", file=str(file), problem=error.strerror)


def load(file: Path) -> dict[str, Agreement]:
    """What the file says; nothing if there is none, and nothing of what is no count."""
    with suppress(OSError, orjson.JSONDecodeError):
        saved = orjson.loads(read_text(file))
        if isinstance(saved, dict):
            return {rule: _agreement(counts) for rule, counts in saved.items() if isinstance(counts, dict)}
    return {}


def _agreement(counts: dict[str, object]) -> Agreement:
    found = Agreement()
    for verdict in _VERDICTS:
        count = counts.get(verdict)
        found.counts[verdict] = count if isinstance(count, int) and count >= 0 else 0
    return found

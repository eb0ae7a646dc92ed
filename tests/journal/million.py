"""A journal of a million rows, as ninety days of much work would leave it."""

import random
import time
from pathlib import Path

from proxy.journal.rows import Row, row
from proxy.journal.store import Store
from proxy.replies.usage import Usage
from tests.journal.given import entry

ROWS = 1_000_000
SPAN = 90 * 86400.0
RULES = ("quota-probe", "topic", "session-title", "command-prefix", "file-paths")
MODELS = ("claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-1")


def filled(file: Path) -> Path:
    store = Store(file, 2 * SPAN, 2**40)
    chance, start = random.Random(7), time.time() - SPAN
    kinds = [_kind(chance) for _ in range(5000)]
    for first in range(0, ROWS, 50_000):
        numbers = range(first, first + 50_000)
        store.add([(start + number * SPAN / ROWS, *kinds[chance.randrange(5000)]) for number in numbers])
    store.close()
    return file


def _kind(chance: random.Random) -> Row:
    """All of a row but its time."""
    answered, own = chance.random() < 0.4, chance.lognormvariate(-2.0, 0.6)
    rule = chance.choice(RULES) if answered or chance.random() < 0.1 else ""
    changes = {
        "outcome": "answered" if answered else "forwarded",
        "rule": rule,
        "model": chance.choice(MODELS),
        "client": chance.choice(("claude-cli/2.1.330", "claude-cli/2.1.331")),
        "overhead": own,
        "duration": chance.lognormvariate(0 if answered else 7, 1),
        "verdict": "same" if rule and not answered else "",
    }
    usage = None if answered else Usage(chance.randrange(2000), chance.randrange(900), chance.randrange(90_000), 7)
    return row(entry(0.0, usage, **changes))[1:]

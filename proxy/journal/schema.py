"""The schema of the journal's file, as steps that create it or migrate an older one."""

APPLICATION = 0x51DE57E9
"""Marks a SQLite file as a journal (`PRAGMA application_id`); a random number."""


def _rounded() -> str:
    """SQL cases that round milliseconds to microseconds of two digits: 10, 11, … 20, 22, … 50, 55."""
    cases = []
    for ten in (10, 100, 1000, 10_000, 100_000, 1_000_000):
        for below, step in ((2 * ten, ten // 10), (5 * ten, ten // 5), (10 * ten, ten // 2)):
            cases.append(f"WHEN own < {below / 1000} THEN CAST(own * {1000 / step} + 0.5 AS INTEGER) * {step}")
    return " ".join(cases)


MICROSECONDS = f"CASE {_rounded()} ELSE 10000000 END"
"""A time in microseconds, rounded to 5 %, so that few distinct values are stored; ten seconds is the maximum."""

_CLIENT = "CASE WHEN client = '' THEN '' ELSE client || '/' || version END"

_SUMS = ("requests", "same", "different", "counted", "input", "output", "cache_read", "cache_creation", "duration")

ADD_UP = (
    f"""
    INSERT INTO hours
    SELECT
        CAST(at / 3600 AS INTEGER), outcome, rule, family, {_CLIENT},
        count(*), sum(verdict = 'same'), sum(verdict = 'different'), count(input),
        total(input), total(output), total(cache_read), total(cache_creation), total(duration)
    FROM requests WHERE id > ?
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (hour, outcome, rule, family, client) DO UPDATE SET
        {", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS)}
    """,
    f"""
    INSERT INTO own_times
    SELECT CAST(at / 3600 AS INTEGER), rule, family, {_CLIENT}, {MICROSECONDS}, count(*)
    FROM requests WHERE id > ? AND outcome = 'forwarded' AND own IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (hour, rule, family, client, own) DO UPDATE SET requests = requests + excluded.requests
    """,
    f"""
    INSERT INTO upstream_errors
    SELECT CAST(at / 3600 AS INTEGER), rule, family, {_CLIENT}, fault, count(*)
    FROM requests WHERE id > ? AND outcome = 'forwarded' AND fault <> ''
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (hour, rule, family, client, kind) DO UPDATE SET requests = requests + excluded.requests
    """,
)
"""Add the requests with ids above a given one to the sums of their hours."""

_REQUESTS = """
    CREATE TABLE requests (
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,             -- seconds since the epoch
        outcome TEXT NOT NULL,
        rule TEXT NOT NULL,
        reason TEXT NOT NULL,
        error TEXT NOT NULL,
        fault TEXT NOT NULL,
        method TEXT NOT NULL,
        path TEXT NOT NULL,
        client TEXT NOT NULL,
        version TEXT NOT NULL,
        session TEXT NOT NULL,        -- a hash
        model TEXT NOT NULL,
        family TEXT NOT NULL,
        status INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        duration REAL NOT NULL,       -- milliseconds, as all times below
        first_byte REAL,
        own REAL,
        bytes_in INTEGER NOT NULL,
        bytes_out INTEGER NOT NULL,
        input INTEGER,                -- tokens; none where the upstream said nothing of them
        output INTEGER,
        cache_read INTEGER,
        cache_creation INTEGER
    )
"""

_HOURS = """
    CREATE TABLE hours (
        hour INTEGER NOT NULL,        -- since the epoch
        outcome TEXT NOT NULL,
        rule TEXT NOT NULL,
        family TEXT NOT NULL,
        client TEXT NOT NULL,         -- with its version
        requests INTEGER NOT NULL,
        same INTEGER NOT NULL,
        different INTEGER NOT NULL,
        counted INTEGER NOT NULL,     -- requests whose tokens are known
        input REAL NOT NULL,
        output REAL NOT NULL,
        cache_read REAL NOT NULL,
        cache_creation REAL NOT NULL,
        duration REAL NOT NULL,       -- milliseconds
        PRIMARY KEY (hour, outcome, rule, family, client)
    ) WITHOUT ROWID
"""

_OWN_TIMES = """
    CREATE TABLE own_times (
        hour INTEGER NOT NULL,
        rule TEXT NOT NULL,
        family TEXT NOT NULL,
        client TEXT NOT NULL,
        own INTEGER NOT NULL,         -- of forwards, in microseconds, to 5 %
        requests INTEGER NOT NULL,
        PRIMARY KEY (hour, rule, family, client, own)
    ) WITHOUT ROWID
"""

_UPSTREAM_ERRORS = """
    CREATE TABLE upstream_errors (
        hour INTEGER NOT NULL,
        rule TEXT NOT NULL,
        family TEXT NOT NULL,
        client TEXT NOT NULL,
        kind TEXT NOT NULL,
        requests INTEGER NOT NULL,
        PRIMARY KEY (hour, rule, family, client, kind)
    ) WITHOUT ROWID
"""

_NAMED = """
    UPDATE requests SET fault =
        CASE WHEN status IN (429, 529) THEN status WHEN status < 500 THEN '4xx' ELSE '5xx' END
    WHERE outcome = 'forwarded' AND fault = '' AND status >= 400 AND status <> 499 AND method <> 'HEAD'
"""


def _of_all(statement: str) -> str:
    return statement.replace("id > ?", "id > 0")


STEPS: tuple[tuple[str, ...], ...] = (
    (f"PRAGMA application_id = {APPLICATION}", _REQUESTS, "CREATE INDEX by_time ON requests (at)"),
    (
        _HOURS,
        _OWN_TIMES,
        *map(_of_all, ADD_UP[:2]),
        "CREATE INDEX measured ON requests (rule, family, at) WHERE outcome = 'forwarded' AND rule <> ''",
    ),
    ("ALTER TABLE requests ADD COLUMN retried INTEGER NOT NULL DEFAULT 0",),  # 1 for one that was sent twice
    (_UPSTREAM_ERRORS, _NAMED, _of_all(ADD_UP[2])),
)
"""Statements that migrate each version to the next; `PRAGMA user_version` is the number of steps done."""

VERSION = len(STEPS)

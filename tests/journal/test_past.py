"""The journal as the page sees it: through the real process's own wiring, and whatever is wrong with the file."""

from pathlib import Path

import aiohttp
import orjson

from proxy.journal.past import Past
from proxy.journal.writer import Journal
from proxy.logs.observe import logger
from proxy.scripted import ScriptedUpstream
from proxy.serving.app import JOURNAL, REQUEST_LOG
from proxy.settings.config import Config, JournalSettings
from tests.conftest import Start
from tests.journal.given import NOON, entry, written

HOUR = 3600.0
BODY = orjson.dumps({"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": "Why?"}]})


async def _asked(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.post(url + "/v1/messages", data=BODY) as reply:
        assert reply.status == 200


async def test_what_was_written_is_told_over_time_and_its_tokens_are_counted(
    start: Start, scripted: ScriptedUpstream
) -> None:
    sidestep = await start(scripted.url)
    await _asked(sidestep.url)
    journal, counters = sidestep.app[JOURNAL], sidestep.app[REQUEST_LOG].counters
    await journal.finish()
    past = Past(journal)
    at = counters.last_reply or 0.0
    [bucket] = [one for one in await past.timeline(at - HOUR, at + HOUR, HOUR) if one.outcomes]
    assert (past.enabled, past.trouble) == (True, "")
    assert bucket.outcomes == {"forwarded": 1}
    assert (bucket.usage.input, bucket.usage.output) == (counters.tokens["input"], counters.tokens["output"])
    assert counters.tokens["output"] > 0


async def test_the_requests_that_came_before_a_time_are_told_the_oldest_first(tmp_path: Path) -> None:
    file = written(tmp_path / "journal.sqlite", [entry(NOON + number, status=200 + number) for number in range(9)])
    past = Past(Journal(JournalSettings(path=str(file)), logger(Config().log)))
    found = await past.latest(NOON + 7, 3)
    assert [one.status for one in found] == [204, 205, 206]


async def test_a_file_that_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    past = Past(Journal(JournalSettings(path=str(file)), logger(Config().log)))
    assert await past.timeline(0, HOUR, HOUR) == await past.latest(HOUR, 9) == []
    file.write_bytes(b"this is no database at all, and no journal either" * 100)
    assert await past.timeline(0, HOUR, HOUR) == await past.latest(HOUR, 9) == []

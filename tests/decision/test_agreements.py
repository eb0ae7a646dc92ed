"""The file of agreements: written in one step, read back whole or as nothing."""

import asyncio
import io
import json
from pathlib import Path

from proxy.decision.agreements import Agreements, load
from proxy.logs.observe import logger
from proxy.settings.config import LogSettings
from tests.cases import every
from tests.waiting import until


async def _kept(agreements: Agreements, file: Path, expected: object) -> None:
    """Run the keeper until the file holds `expected`."""
    keeping = asyncio.create_task(agreements.kept.keep(file, logger(LogSettings())))
    await until(lambda: file.exists() and json.loads(file.read_text()) == expected)
    keeping.cancel()


async def test_counts_are_written_and_come_back(tmp_path: Path) -> None:
    file = tmp_path / "state" / "agreement.json"
    agreements = Agreements()
    agreements.add("topic", "same")
    agreements.add("topic", "different")
    await _kept(agreements, file, {"topic": {"same": 1, "different": 1, "not compared": 0, "upstream error": 0}})
    assert load(file)["topic"].shown() == "1 of 2"


@every("content", [b"", b"[]", b"{", b"\xff", b'{"topic": 3}'])
def test_a_file_that_is_none_of_ours_is_no_agreement(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert load(tmp_path / "a.json") == {}


def test_a_count_that_is_no_number_is_zero(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"topic": {"same": "many", "different": -1, "upstream error": 2}}')
    assert load(tmp_path / "a.json")["topic"].counts == {
        "same": 0,
        "different": 0,
        "not compared": 0,
        "upstream error": 2,
    }


def test_of_an_earlier_version_what_never_differed_may_not_have_been_compared(tmp_path: Path) -> None:
    """It took any reply for the same, of rules that do not compare."""
    old = {"topic": {"same": 5, "different": 0, "upstream error": 1}, "text": {"same": 5, "different": 1}}
    (tmp_path / "a.json").write_text(json.dumps(old))
    found = load(tmp_path / "a.json")
    assert found["topic"].counts == {"same": 0, "different": 0, "not compared": 5, "upstream error": 1}
    assert found["text"].counts["same"] == 5


def test_no_file_is_no_agreement(tmp_path: Path) -> None:
    assert load(tmp_path / "none.json") == {}


async def test_a_disk_that_fails_is_told_and_counting_goes_on(tmp_path: Path) -> None:
    said = io.StringIO()
    (tmp_path / "state").write_text("a file where a folder should be")
    agreements = Agreements()
    keeping = asyncio.create_task(
        agreements.kept.keep(tmp_path / "state/a.json", logger(LogSettings(format="json"), said))
    )
    agreements.add("topic", "same")
    await until(lambda: "state not saved" in said.getvalue())
    assert not keeping.done()
    keeping.cancel()

"""Sightings: since when, how often; kept in a file, and read back whole or not at all."""

from pathlib import Path

import orjson

from proxy.decision.drift import Notice
from proxy.decision.sightings import Sighting, Sightings, load
from tests.cases import every

NOTICE = Notice("nearly", "2.1.332", "session-title", "message_count is 1", "streamed", "")


def test_a_sign_is_new_once_and_counted_each_time() -> None:
    sightings = Sightings()
    assert [sightings.add(NOTICE, at, f"req_{at}") for at in (1.0, 2.0, 3.0)] == [True, False, False]
    assert sightings.seen == {NOTICE: Sighting(1.0, 3.0, 3, "req_3.0")}


def test_they_come_back_from_their_file_and_are_told_again_by_another_process(tmp_path: Path) -> None:
    before = Sightings()
    before.add(NOTICE, 1.0, "req_1")
    (tmp_path / "d.json").write_bytes(orjson.dumps(before.rows()))
    after = Sightings(load(tmp_path / "d.json"))
    assert after.add(NOTICE, 9.0, "req_9")
    assert after.seen == {NOTICE: Sighting(1.0, 9.0, 2, "req_9")}


@every("content", [b"", b"{}", b"[1]", b'[{"first": 1}]', b"\xff", b'[{"first":"x","last":1}]'])
def test_a_file_that_is_none_of_ours_is_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d.json").write_bytes(content)
    assert load(tmp_path / "d.json") == {}


def test_only_the_latest_are_kept() -> None:
    sightings = Sightings()
    for number in range(1500):
        sightings.add(Notice("unknown question", "2.1.0", fingerprint=str(number)), float(number), "r")
    assert len(sightings.seen) == 1000
    assert next(iter(sightings.seen)).fingerprint == "500"

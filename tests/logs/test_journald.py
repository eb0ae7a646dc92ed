"""The journal: how a stream that leads to it is told, and the mark that gives a line its priority."""

import io
import logging
import os
from pathlib import Path

from proxy.logs.journald import PRIORITIES, is_journal, marked


def test_the_journal_is_known_by_its_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "journal").open("w") as stream, (tmp_path / "other").open("w") as other:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert is_journal(stream, environ)
        assert not is_journal(other, environ)
        assert not is_journal(stream, {})
    assert not is_journal(stream, environ)
    assert not is_journal(io.StringIO(), environ)


def test_every_line_of_a_text_has_its_priority() -> None:
    assert marked("one\ntwo\n", "error") == "<3>one\n<3>two"
    assert marked("one", "warning") == "<4>one"


def test_every_level_has_a_priority_and_a_worse_one_a_lower_number() -> None:
    levels = sorted(PRIORITIES, key=lambda level: logging.getLevelNamesMapping()[level.upper()])
    numbers = [PRIORITIES[level] for level in levels]
    assert numbers == sorted(set(numbers), reverse=True)

"""The program, run on a folder of rule files of the test's own."""

from pathlib import Path

import pytest

from tests.commands.given import Program


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.chdir(tmp_path)
    return Program(tmp_path, capsys)

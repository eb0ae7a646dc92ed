"""`--version`: three lines, which tell two sets of rules apart."""

import platform
import shutil
import sys
from pathlib import Path

import pytest

from proxy import __main__ as program
from proxy import __version__
from proxy.commands.version import rules_version
from tests.commands.given import BASE, CONFIG, HELLO


def test_it_tells_the_versions_of_program_rules_and_python(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--version"]) == 0
    said, rules, python = capsys.readouterr().out.splitlines()
    folder = CONFIG.parent / "rules"
    assert said == f"sidestep {__version__}"
    assert rules == f"rules {rules_version(folder)} ({folder})"
    assert python == f"Python {platform.python_version()} ({sys.executable})"


def test_the_same_rules_elsewhere_are_the_same_version(tmp_path: Path) -> None:
    shutil.copytree(CONFIG.parent / "rules", tmp_path, dirs_exist_ok=True)
    assert rules_version(tmp_path) == rules_version(CONFIG.parent / "rules")


@pytest.mark.parametrize("change", ["a comment", "a name", "a file more"])
def test_other_rules_are_another_version(tmp_path: Path, change: str) -> None:
    (tmp_path / "1.toml").write_text(BASE + HELLO)
    before = rules_version(tmp_path)
    assert before.endswith(", tried with Claude Code up to 2.0.64")
    if change == "a comment":
        (tmp_path / "1.toml").write_text(BASE + HELLO + "# mine\n")
    elif change == "a name":
        (tmp_path / "1.toml").rename(tmp_path / "2.toml")
    else:
        (tmp_path / "2.toml").write_text("no toml")
    assert rules_version(tmp_path).partition(",")[0] != before.partition(",")[0]


def test_a_folder_without_rules_has_none(tmp_path: Path) -> None:
    assert rules_version(tmp_path) == "none"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").mkdir()
    assert rules_version(tmp_path) == f"that cannot be read: {tmp_path / 'a.toml'}: Is a directory"

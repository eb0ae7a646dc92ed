"""The demonstration, as `make demo` runs it."""

import re
from pathlib import Path

import pytest

from proxy import __main__ as program
from tests.versions import ASKED

ROOT = Path(__file__).parents[2]


def test_it_shows_who_answered_each_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["demo", "--config", str(ROOT / "config.toml")]) == 0
    _, *rows = capsys.readouterr().out.splitlines()
    shown = [tuple(row.split()[:2]) for row in rows]
    assert shown == [("conversation", "upstream")] + [(name, name) for name in ASKED]


def test_the_readme_shows_its_first_rows() -> None:
    shown = re.search(r"^\$ make demo\nquestion .*?\n(.*?)\n…$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    assert shown
    rows = [tuple(row.split()[:2]) for row in shown[1].split("\n")]
    assert rows == [("conversation", "upstream"), *((name, name) for name in ASKED)][: len(rows)]


def test_it_fails_when_a_rule_does_not_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "1.toml").write_text((ROOT / "rules/70-warm-up.toml").read_text())
    (tmp_path / "2.toml").write_text("[[rules]]\nname = 3\n")
    arguments = ["demo", "--config", str(ROOT / "config.toml"), "--set", f"rules.directory={tmp_path}"]
    assert program.main(arguments) == 1
    assert "2.toml:2" in capsys.readouterr().err


def test_rules_in_shadow_are_left_to_the_upstream_and_those_that_are_off_are_not_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, status in [("70-warm-up", "shadow"), ("80-spinner-word", "off")]:
        rule = (ROOT / f"rules/{name}.toml").read_text()
        (tmp_path / f"{name}.toml").write_text(rule.replace('"answer"\n', f'"answer"\nstatus = "{status}"\n', 1))
    arguments = ["demo", "--config", str(ROOT / "config.toml"), "--set", f"rules.directory={tmp_path}"]
    assert program.main(arguments) == 0
    _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[:2] for row in rows] == [["conversation", "upstream"], ["warm-up", "upstream"]]


def test_without_a_folder_for_temporary_files_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    assert program.main(["demo", "--config", str(ROOT / "config.toml")]) == 1
    assert capsys.readouterr().err == "no folder for temporary files: No such file or directory\n"

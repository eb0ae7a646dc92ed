"""`init`, as people run it."""

import os
import stat
from pathlib import Path

import pytest

from proxy import __main__ as program
from proxy import config
from proxy.commands import init

ROOT = Path(__file__).parents[2]
SHIPPED = ["config.toml", *sorted(f"rules/{path.name}" for path in (ROOT / "rules").glob("*.toml"))]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_it_writes_settings_and_rules_for_their_owner(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["init"]) == 0
    folder = home / ".config/sidestep"
    assert capsys.readouterr().out.splitlines() == [f"{folder / name}: wrote" for name in SHIPPED]
    assert {name: (folder / name).read_bytes() for name in SHIPPED[1:]} == {
        name: (ROOT / name).read_bytes() for name in SHIPPED[1:]
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_its_settings_are_the_carried_ones_with_state_where_state_belongs(home: Path) -> None:
    assert program.main(["init"]) == 0
    written, state = config.load(home / ".config/sidestep/config.toml"), home / ".local/state/sidestep"
    assert (written.shadow.file, written.capture.file) == (str(state / "agreement.json"), str(state / "capture.jsonl"))
    assert written.rules.directory == str(home / ".config/sidestep/rules")
    shipped = config.load(ROOT / "config.toml")
    assert written.journal.path == str(state / "journal.sqlite")
    same = {name: getattr(shipped, name) for name in ("shadow", "capture", "journal", "rules")}
    assert written.model_copy(update=same) == shipped


def test_it_writes_over_nothing_and_says_what_it_kept(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program.main(["init"])
    rule, setting = home / ".config/sidestep/rules/20-topic.toml", home / ".config/sidestep/config.toml"
    rule.write_text("# mine\n")
    (home / ".config/sidestep/rules/30-session-title.toml").unlink()
    kept = setting.read_bytes()
    capsys.readouterr()
    assert program.main(["init"]) == 0
    said = dict(line.rsplit(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert said[str(rule)] == "kept, and it differs from the one that Sidestep carries"
    assert said[str(rule.with_name("30-session-title.toml"))] == "wrote"
    assert list(said.values()).count("kept") == len(SHIPPED) - 2
    assert (rule.read_text(), setting.read_bytes()) == ("# mine\n", kept)


def test_it_follows_no_link_to_a_file_that_is_not_there(home: Path) -> None:
    setting = home / ".config/sidestep/config.toml"
    setting.parent.mkdir(parents=True)
    setting.symlink_to(home / "elsewhere")
    assert program.main(["init"]) == 0
    assert not (home / "elsewhere").exists()


def test_for_the_machines_service_it_writes_below_etc_for_every_reader(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = os.umask(0o077)
    try:
        assert program.main(["init", "--system", "--root", str(home / "image")]) == 0
    finally:
        os.umask(before)
    folder = home / "image/etc/sidestep"
    assert f"{folder / 'config.toml'}: wrote" in capsys.readouterr().out
    assert config.load(folder / "config.toml").shadow.file == "/var/lib/sidestep/agreement.json"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "config.toml")]
    assert modes == [0o755, 0o644]


def test_a_folder_that_cannot_be_made_is_a_fault(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".config").write_text("a file")
    assert program.main(["init"]) == 1
    assert f"{home / '.config/sidestep'}: cannot be written: Not a directory" in capsys.readouterr().err


def test_settings_are_put_in_by_their_table_and_quoted() -> None:
    text = '[a]\nfile = "1"  # one\n[b]\nfile = "2"\n'
    assert init.with_values(text, {"b.file": Path('/with "quotes"')}) == (
        '[a]\nfile = "1"  # one\n[b]\nfile = "/with \\"quotes\\""\n'
    )

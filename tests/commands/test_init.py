"""`init`, as people run it."""

import hashlib
import os
import shutil
import stat
from pathlib import Path

import pytest

from proxy import __main__ as program
from proxy.commands import init
from proxy.settings import config, places

ROOT = Path(__file__).parents[2]
SHIPPED = ["config.toml", *sorted(f"rules/{path.name}" for path in (ROOT / "rules").glob("*.toml"))]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def _init(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    """What is said of each file."""
    capsys.readouterr()
    assert program.main(["init", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    return dict(line.split(": ", 1) for line in lines)


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


def test_it_writes_over_nothing_that_was_edited_and_says_what_it_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program.main(["init"])
    rule, setting = home / ".config/sidestep/rules/20-topic.toml", home / ".config/sidestep/config.toml"
    rule.write_text("# mine\n")
    setting.write_text(setting.read_text().replace("port = 8787", "port = 8788"))
    (home / ".config/sidestep/rules/30-session-title.toml").unlink()
    kept = setting.read_bytes()
    said = _init(capsys)
    assert said[str(rule)].startswith("kept: changed by you, in base.headers.user-agent, ")
    assert said[str(setting)] == "kept: changed by you, in listen.port"
    assert said[str(rule.with_name("30-session-title.toml"))] == "wrote"
    assert list(said.values()).count("up to date") == len(SHIPPED) - 3
    assert (rule.read_text(), setting.read_bytes()) == ("# mine\n", kept)


@pytest.fixture
def next_version(home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`init` of this version has been run; from here on, the program is a later one, which carries this folder."""
    assert program.main(["init"]) == 0
    assert (home / ".config/sidestep" / init.RECORD).exists()
    carried = tmp_path_factory.mktemp("next")
    shutil.copy(ROOT / "config.toml", carried)
    shutil.copytree(ROOT / "rules", carried / "rules")
    for rule in (carried / "rules").iterdir():
        rule.write_text(rule.read_text() + "# a later version\n")
    (carried / "rules/80-spinner-word.toml").rename(carried / "rules/81-spinner-word.toml")
    monkeypatch.setattr(places, "carried", lambda: carried)
    return carried


def test_what_nobody_has_edited_follows_the_next_version(
    home: Path, next_version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = home / ".config/sidestep/rules"
    (rules / "20-topic.toml").chmod(0o640)
    (rules / "30-session-title.toml").write_text("# mine\n")
    said = _init(capsys)
    assert said[str(rules / "20-topic.toml")] == "updated"
    assert said[str(rules / "30-session-title.toml")].startswith(
        "kept: changed by you, and Sidestep carries a new one; they differ in base."
    )
    assert said[str(rules / "80-spinner-word.toml")] == "removed: Sidestep carries it no longer"
    assert said[str(rules / "81-spinner-word.toml")] == "wrote"
    carried = {path.name: path.read_bytes() for path in (next_version / "rules").iterdir()}
    assert {path.name: path.read_bytes() for path in rules.iterdir()} == carried | {
        "30-session-title.toml": b"# mine\n"
    }
    assert stat.S_IMODE((rules / "20-topic.toml").stat().st_mode) == 0o640
    assert set(_init(capsys).values()) == {"up to date", said[str(rules / "30-session-title.toml")]}


def test_files_without_a_record_are_left_as_they_are(
    home: Path, next_version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As earlier versions wrote them. Those that are the carried ones are known from then on."""
    (home / ".config/sidestep" / init.RECORD).unlink()
    rules = home / ".config/sidestep/rules"
    (rules / "20-topic.toml").write_bytes((next_version / "rules/20-topic.toml").read_bytes())
    before = (rules / "70-warm-up.toml").read_bytes()
    said = _init(capsys)
    assert said[str(rules / "70-warm-up.toml")] == (
        "kept: yours, for all that is known; from the one that Sidestep carries it differs in comments or layout"
    )
    assert (rules / "70-warm-up.toml").read_bytes() == before
    (next_version / "rules/20-topic.toml").write_text("# still later\n")
    assert _init(capsys)[str(rules / "20-topic.toml")] == "updated"


@pytest.mark.usefixtures("next_version")
def test_a_dry_run_says_what_would_be_done_and_does_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / ".config/sidestep"
    (folder / "rules/20-topic.toml").unlink()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    said = _init(capsys, "--dry-run")
    assert said[str(folder / "rules/20-topic.toml")] == "would be written"
    assert said[str(folder / "rules/70-warm-up.toml")] == "would be updated"
    assert said[str(folder / "rules/80-spinner-word.toml")] == "would be removed: Sidestep carries it no longer"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_installing_the_service_brings_files_up_to_date_but_no_removed_rule_back(
    home: Path, next_version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "systemd", next_version / "systemd")
    rules = home / ".config/sidestep/rules"
    (rules / "20-topic.toml").unlink()
    capsys.readouterr()
    assert program.main(["install-service", "--user"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert f"{rules / '20-topic.toml'}: removed by you; `sidestep init` writes it anew" in said
    assert f"{rules / '70-warm-up.toml'}: updated" in said
    assert not (rules / "20-topic.toml").exists()


def test_what_was_written_before_a_fault_is_recorded(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / ".config/sidestep"
    folder.mkdir(parents=True)
    (folder / "rules").write_text("a file")
    assert program.main(["init"]) == 1
    assert capsys.readouterr().err == f"{folder / 'rules/00-guards.toml'}: cannot be written: Not a directory\n"
    digest = hashlib.sha256((folder / "config.toml").read_bytes()).hexdigest()
    assert (folder / init.RECORD).read_text() == f"{digest}  config.toml\n"


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

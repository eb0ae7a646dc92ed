"""Faults that can be seen in files: settings, rules, permissions."""

import shutil
from pathlib import Path

import pytest

from proxy.commands.doctor import configuration
from proxy.commands.doctor.files import permissions
from proxy.commands.doctor.findings import Finding
from proxy.journal.schema import VERSION
from proxy.machine.disk import read_text
from proxy.rules.load import load
from proxy.settings import config
from proxy.settings.places import Places
from tests.commands.given import BASE, HELLO, rule
from tests.journal.given import asked, entry, written

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Settings and rules as shipped, in a folder of the test's own."""
    shutil.copy(ROOT / "config.toml", tmp_path)
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    return tmp_path / "config.toml"


def _faults(findings: list[Finding]) -> list[str]:
    assert all(finding.todo for finding in findings if finding.verdict != "ok")
    return [finding.found for finding in findings if finding.verdict == "fault"]


def test_settings_as_shipped_are_well(file: Path) -> None:
    read, findings = configuration.settings(file, [])
    assert read is not None
    assert findings == [Finding("settings", "ok", str(file))]
    assert [finding.verdict for finding in configuration.rules(load(file.parent / "rules"))] == ["ok"]
    assert [finding.verdict for finding in permissions(file, read)] == ["ok"]


def test_settings_that_are_not_there_can_be_written_by_init(tmp_path: Path) -> None:
    read, (finding,) = configuration.settings(tmp_path / "none.toml", [])
    assert read is None
    assert (finding.verdict, "cannot be read" in finding.found, "init" in finding.todo) == ("fault", True, True)


def test_a_token_that_only_root_may_read_wants_root(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    file.with_name("listen.token").touch()
    read = read_text
    monkeypatch.setattr(
        "proxy.settings.config.read_text", lambda path: denied(path) if path.suffix == ".token" else read(path)
    )
    found, (finding,) = configuration.settings(file, [])
    assert found is None
    assert (f"{file.parent}/listen.token: " in finding.found, "with sudo" in finding.todo) == (True, True)


def test_every_fault_of_the_settings_is_a_row(file: Path) -> None:
    file.write_text("[listne]\n\n[upstream]\nidle_timeout = 'long'\n")
    read, findings = configuration.settings(file, ["log.level=loud"])
    assert read is None
    told = _faults(findings)
    assert len(told) == 3
    assert any("config.toml:1: listne: unknown key" in said for said in told)
    assert any("config.toml:4: upstream.idle_timeout" in said for said in told)
    assert any("log.level" in said for said in told)


def test_a_folder_without_rules_is_a_fault(tmp_path: Path) -> None:
    assert "no rule files" in _faults(configuration.rules(load(tmp_path)))[0]


def test_a_rule_that_does_not_load_is_a_fault_with_its_place(file: Path) -> None:
    (file.parent / "rules/95-mine.toml").write_text("[[rules]]\nname = 3\n")
    assert any(
        "95-mine.toml:2: rules[0].name" in said for said in _faults(configuration.rules(load(file.parent / "rules")))
    )


def test_rules_in_each_others_way_are_a_fault(tmp_path: Path) -> None:
    """Each of them loads: what is wrong shows only when all are asked."""
    (tmp_path / "1.toml").write_text(BASE + HELLO + rule("second", 'user_text = "hello"', "hello"))
    loaded = load(tmp_path)
    assert not loaded.problems
    assert any("two rules claim one example" in said for said in _faults(configuration.rules(loaded)))


@pytest.mark.parametrize("name", ["config.toml", "rules", "rules/20-topic.toml"])
def test_what_everybody_may_change_is_a_fault(file: Path, name: str) -> None:
    open_to_all = file.parent / name
    open_to_all.chmod(0o777)
    assert _faults(permissions(file, config.load(file))) == [f"{open_to_all}: everybody may change it"]


def test_state_that_cannot_be_written_is_a_fault(file: Path) -> None:
    """A file stands where the folder would have to be, which stops root too."""
    (file.parent / "state").write_text("")
    told = _faults(permissions(file, config.load(file)))
    assert told == [f"{file.parent / 'state'}: state cannot be written there"]


def test_so_is_a_journal_that_cannot_be_written_unless_it_is_off(file: Path) -> None:
    (file.parent / "here").touch()
    settings = [f"journal.path={file.parent / 'here' / 'journal.sqlite'}"]
    told = _faults(permissions(file, config.load(file, settings)))
    assert told == [f"{file.parent / 'here'}: state cannot be written there"]
    assert _faults(permissions(file, config.load(file, [*settings, "journal.enabled=false"]))) == []


def _spoil(journal: Path, how: str) -> None:
    match how:
        case "a folder":
            journal.mkdir()
        case "a link":
            journal.symlink_to(written(journal.with_name("elsewhere"), []))
        case "another program's":
            asked(journal, "CREATE TABLE requests (x)")
        case "newer":
            asked(written(journal, []), f"PRAGMA user_version = {VERSION + 1}")


@pytest.mark.parametrize("how", ["a folder", "a link", "another program's", "newer"])
def test_so_is_a_journal_whose_file_cannot_be_used(file: Path, how: str) -> None:
    journal = file.parent / "state" / "journal.sqlite"
    journal.parent.mkdir()
    _spoil(journal, how)
    (told,) = _faults(permissions(file, config.load(file)))
    assert told.startswith("no requests are kept in the journal: ")
    assert _faults(permissions(file, config.load(file, ["journal.enabled=false"]))) == []


def _page_of(journal: Path, table: str) -> int:
    """Where the first page of a table or an index begins."""
    ((page,),) = asked(journal, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")
    ((size,),) = asked(journal, "PRAGMA page_size")
    return int((page - 1) * size)


@pytest.mark.parametrize("spoilt", ["all", "hours", "own_times", "upstream_errors", "requests"])
def test_a_damaged_journal_is_a_fault_that_tells_how_to_begin_a_new_one(file: Path, spoilt: str) -> None:
    """Wherever `stats` would meet the damage. Who runs Sidestep may still write to the file."""
    journal = file.parent / "state" / "journal.sqlite"
    journal.parent.mkdir()
    written(journal, [entry(outcome="answered", rule="topic")])
    at = 0 if spoilt == "all" else _page_of(journal, spoilt)
    content = journal.read_bytes()
    journal.write_bytes(content[:at] + b"\x55" * 4096 + content[at + 4096 :])
    well, damaged = permissions(file, config.load(file))
    assert (well.check, well.verdict) == ("permissions", "ok")
    assert (damaged.check, damaged.verdict) == ("journal", "fault")
    assert damaged.found.startswith(f"damaged, so that `stats` has no figures: {journal}: cannot be read: ")
    assert damaged.todo == f"stop Sidestep, move {journal}* away, and start it: a new journal begins"
    assert _faults(permissions(file, config.load(file, ["journal.enabled=false"]))) == []


def test_a_whole_journal_is_none(file: Path) -> None:
    journal = file.parent / "state" / "journal.sqlite"
    journal.parent.mkdir()
    written(journal, [entry(), entry(outcome="answered", rule="topic")])
    assert [each.verdict for each in permissions(file, config.load(file))] == ["ok"]


@pytest.mark.parametrize("version", [VERSION - 1, VERSION])
def test_a_journal_that_can_be_used_or_brought_up_to_date_is_none(file: Path, version: int) -> None:
    journal = file.parent / "state" / "journal.sqlite"
    journal.parent.mkdir()
    asked(written(journal, []), f"PRAGMA user_version = {version}")
    assert _faults(permissions(file, config.load(file))) == []


@pytest.mark.parametrize("name", ["capture.jsonl", "capture.jsonl.1"])
def test_a_capture_that_others_may_read_is_a_fault(file: Path, name: str) -> None:
    kept = file.parent / "state" / name
    kept.parent.mkdir()
    kept.touch(0o600)
    assert _faults(permissions(file, config.load(file))) == []
    kept.chmod(0o640)
    assert _faults(permissions(file, config.load(file))) == [f"{kept}: others may read what you work on"]


def test_state_that_one_may_not_look_into_is_a_warning(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of a service with a user of its own: below /var/lib/private, which is root's alone."""
    hidden = file.parent / "state"
    see = Path.exists

    def exists(path: Path) -> bool:
        if path == hidden:
            raise PermissionError(13, "Permission denied")
        return see(path)

    monkeypatch.setattr(Path, "exists", exists)
    (finding,) = permissions(file, config.load(file))
    assert (finding.verdict, finding.todo) == ("warning", "run doctor with sudo")


TOKEN = "0123456789abcdef"


def test_a_token_in_settings_that_all_may_read_is_to_be_moved_and_the_settings_stay_readable(file: Path) -> None:
    """The machine's service could not start from settings that its user cannot read."""
    file.write_text(file.read_text().replace('token = ""', f'token = "{TOKEN}"'))
    file.chmod(0o644)
    (finding,) = permissions(file, config.load(file))
    assert (finding.verdict, "everybody may read the token" in finding.found) == ("warning", True)
    assert finding.todo == f"move it into {file.parent / 'listen.token'}, readable for its owner alone"
    assert TOKEN not in repr(finding)


def test_a_token_file_that_others_may_read_is_a_warning(file: Path) -> None:
    own = file.with_name("listen.token")
    own.write_text(TOKEN)
    own.chmod(0o640)
    (finding,) = permissions(file, config.load(file))
    assert (finding.verdict, finding.todo) == ("warning", f"chmod 600 {own}")
    own.chmod(0o600)
    assert [each.verdict for each in permissions(file, config.load(file))] == ["ok"]


@pytest.fixture
def machines(file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of the machine's service, which reads them as a user of its own."""
    for folder in (file.parent, *file.parent.parents):
        if folder != Path("/") and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    for path in (file, *file.parent.glob("rules/*")):
        path.chmod(0o644)
    (file.parent / "rules").chmod(0o755)
    monkeypatch.setattr("proxy.commands.doctor.manager.is_the_machines", lambda _file: True)
    monkeypatch.setattr(
        "proxy.settings.places.for_system", lambda: Places(file.parent, file.parent / "state", file.parent)
    )
    return file


def test_what_the_services_user_can_read_is_well(machines: Path) -> None:
    assert [each.verdict for each in permissions(machines, config.load(machines))] == ["ok"]


@pytest.mark.parametrize(
    ("name", "mode", "todo"),
    [
        ("config.toml", 0o640, "chmod o+r"),
        ("rules/20-topic.toml", 0o600, "chmod o+r"),
        ("rules", 0o750, "chmod o+rx"),
    ],
)
def test_what_the_services_user_cannot_read_is_a_fault(machines: Path, name: str, mode: int, todo: str) -> None:
    kept = machines.parent / name
    kept.chmod(mode)
    told = [each for each in permissions(machines, config.load(machines)) if each.verdict == "fault"]
    assert {each.found for each in told} == {f"{kept}: the service's user cannot read it"}
    assert {each.todo for each in told} == {f"{todo} {kept}"}


@pytest.mark.parametrize("key", ["journal.path", "shadow.file"])
def test_state_where_the_service_may_not_write_is_a_warning(machines: Path, key: str) -> None:
    elsewhere = machines.parent / "elsewhere"
    (finding,) = permissions(machines, config.load(machines, [f"{key}={elsewhere}/file"]))
    assert (finding.verdict, "the service may write in" in finding.found) == ("warning", True)
    assert "ReadWritePaths=" in finding.todo

"""`install-service` and `uninstall-service`, as people run them."""

import plistlib
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxy import __main__ as program
from proxy.commands.units import MARK, Service, address, launch_agent, listens, out_of_sight, systemd_unit

ROOT = Path(__file__).parents[2]
NAMES = ["sidestep.service", "sidestep.socket"]


@dataclass
class Home:
    """A user's home directory, and the program run in it."""

    path: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def units(self) -> Path:
        return self.path / ".config/systemd/user"

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = program.main(arguments)
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def everything(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.path)): path.read_bytes() for path in self.path.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Home:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(tmp_path, capsys)


def _start(unit: Path) -> list[str]:
    (line,) = (line for line in unit.read_text().splitlines() if line.startswith("ExecStart="))
    return shlex.split(line.removeprefix("ExecStart="))


def test_an_address_for_other_machines_is_taken_with_the_token_where_the_service_finds_it(home: Home) -> None:
    home.run("init")
    config = home.path / ".config/sidestep/config.toml"
    config.write_text(config.read_text().replace('host = "127.0.0.1"', 'host = "0.0.0.0"'))
    code, _, err = home.run("install-service", "--user")
    assert (code, "listen.token" in err) == (1, True)
    config.with_name("listen.token").write_text("0123456789abcdef\n")
    code, _, err = home.run("install-service", "--user")
    assert (code, err) == (0, "")
    assert listens((home.units / "sidestep.socket").read_text()) == ["0.0.0.0:8787"]


def test_it_writes_settings_and_units_and_says_what_is_next(home: Home) -> None:
    code, out, _ = home.run("install-service", "--user")
    assert code == 0
    lines = out.splitlines()
    assert f"{home.path}/.config/sidestep/config.toml: wrote" in lines
    assert [f"{home.units / name}: wrote" for name in NAMES] == lines[-5:-3]
    assert lines[-3:] == [
        "Next:",
        "  systemctl --user enable --now sidestep.service",
        "  sidestep doctor --client",
    ]


@pytest.mark.parametrize(("port", "unit"), [("8787", "service"), ("9001", "socket")])
def test_what_may_run_already_is_to_be_restarted_and_its_socket_too_if_that_moves(
    home: Home, port: str, unit: str
) -> None:
    home.run("install-service", "--user")
    settings = home.path / ".config/sidestep/config.toml"
    settings.write_text(settings.read_text().replace("port = 8787", f"port = {port}"))
    lines = home.run("install-service", "--user")[1].splitlines()
    assert lines[-3:-1] == [
        "  systemctl --user enable --now sidestep.service",
        f"  systemctl --user restart sidestep.{unit}",
    ]


def test_the_unit_starts_this_installation_with_the_users_settings(home: Home) -> None:
    home.run("install-service", "--user")
    started = _start(home.units / "sidestep.service")
    assert Path(started[0]).parent == Path(sys.executable).parent
    assert started[-3:] == ["serve", "--config", f"{home.path}/.config/sidestep/config.toml"]


def test_the_socket_is_where_the_settings_say(home: Home) -> None:
    home.run("init")
    settings = home.path / ".config/sidestep/config.toml"
    settings.write_text(settings.read_text().replace("port = 8787", "port = 9001"))
    assert home.run("install-service", "--user")[0] == 0
    assert listens((home.units / "sidestep.socket").read_text()) == ["127.0.0.1:9001"]


def test_settings_that_are_there_are_kept(home: Home) -> None:
    home.run("init")
    settings = home.path / ".config/sidestep/config.toml"
    kept = settings.read_bytes() + b"# mine\n"
    settings.write_bytes(kept)
    assert f"{settings}: kept: changed by you, in comments or layout\n" in home.run("install-service", "--user")[1]
    assert settings.read_bytes() == kept


@pytest.mark.parametrize(
    ("found", "told"), [("[listen]\nport = 0\n", "a service needs a port"), ("[listne]\n", "did you mean 'listen'?")]
)
def test_settings_that_no_service_can_use_are_said(home: Home, found: str, told: str) -> None:
    home.run("init")
    (home.path / ".config/sidestep/config.toml").write_text(found)
    code, _, err = home.run("install-service", "--user")
    assert (code, told in err) == (1, True)
    assert not home.units.exists()


@pytest.mark.parametrize("command", ["install-service", "uninstall-service"])
@pytest.mark.parametrize("name", NAMES)
def test_a_unit_that_it_did_not_write_is_left_alone_and_so_is_all_else(home: Home, command: str, name: str) -> None:
    home.units.mkdir(parents=True)
    (home.units / name).write_text("[Unit]\nDescription=mine\n")
    before = home.everything()
    code, out, err = home.run(command, "--user")
    assert (code, out) == (1, "")
    assert err == f"{home.units / name}: not written by Sidestep, and left as it is. Move it away to go on.\n"
    assert home.everything() == before


def test_a_masked_unit_stays_masked(home: Home) -> None:
    home.units.mkdir(parents=True)
    (home.units / "sidestep.service").symlink_to("/dev/null")
    assert home.run("install-service", "--user")[0] == 1
    assert (home.units / "sidestep.service").readlink() == Path("/dev/null")


def test_installing_again_changes_nothing_and_mends_what_it_wrote(home: Home) -> None:
    home.run("install-service", "--user")
    before = home.everything()
    assert f"{home.units / NAMES[0]}: as it should be\n" in home.run("install-service", "--user")[1]
    unit = home.units / NAMES[1]
    unit.write_text(unit.read_text().replace("8787", "1"))
    assert f"{unit}: wrote anew\n" in home.run("install-service", "--user")[1]
    assert home.everything() == before


def test_a_dry_run_does_nothing(home: Home) -> None:
    code, out, _ = home.run("install-service", "--user", "--dry-run")
    assert (code, home.everything()) == (0, {})
    assert f"{home.units / NAMES[0]}: would be written\n" in out
    home.run("install-service", "--user")
    before = home.everything()
    assert f"{home.units / NAMES[0]}: would be removed\n" in home.run("uninstall-service", "--user", "--dry-run")[1]
    assert home.everything() == before


def test_uninstalling_removes_just_that(home: Home) -> None:
    home.run("init")
    other = home.units / "other.service"
    other.parent.mkdir(parents=True)
    other.write_text("[Unit]\n")
    before = home.everything()
    home.run("install-service", "--user")
    wants = home.units / "default.target.wants"
    wants.mkdir()
    for name in ("sidestep.service", "other.service"):
        (wants / name).symlink_to(home.units / name)
    code, out, _ = home.run("uninstall-service", "--user")
    assert code == 0
    assert out.splitlines()[-3:] == [
        "Next:",
        "  systemctl --user stop sidestep.socket sidestep.service",
        "  systemctl --user daemon-reload",
    ]
    assert [path.name for path in wants.iterdir()] == ["other.service"]
    (wants / "other.service").unlink()
    assert home.everything() == before


def test_uninstalling_names_what_still_leads_the_client_here(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    monkeypatch.chdir(home.path)
    home.run("install-service", "--user")
    home.run("connect")
    _, out, _ = home.run("uninstall-service", "--user")
    assert f"still set to come here, by ANTHROPIC_BASE_URL in {home.path}/.claude/settings.json:\n" in out
    assert out.endswith(" disconnect\n")


def test_uninstalling_what_is_not_there_is_no_fault(home: Home) -> None:
    code, out, _ = home.run("uninstall-service", "--user")
    assert (code, f"{home.units / NAMES[0]}: was not there\n" in out) == (0, True)


def test_packagers_have_the_machines_service_in_a_root_of_theirs(home: Home) -> None:
    image = home.path / "image"
    assert home.run("install-service", "--root", str(image))[0] == 0
    unit = image / "etc/systemd/system/sidestep.service"
    assert _start(unit)[-2:] == ["--config", "/etc/sidestep/config.toml"]
    assert "DynamicUser=yes" in unit.read_text()


def test_a_system_service_must_be_able_to_see_its_program(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/home/u/.local/pipx/venvs/sidestep/bin/python")
    code, out, err = home.run("install-service")
    assert (code, out) == (1, "")
    assert err.startswith("/home/u/.local/pipx/venvs/sidestep/bin/python: a system service does not see this place")


def test_what_system_services_see() -> None:
    seen, hidden = Path("/opt/homer/bin/python"), Path("/root/bin/python")
    assert out_of_sight([seen]) is None
    assert out_of_sight([seen, hidden]) == hidden


def test_a_folder_that_cannot_be_made_is_a_fault(home: Home) -> None:
    home.units.parent.mkdir(parents=True)
    home.units.write_text("a file")
    code, _, err = home.run("install-service", "--user")
    assert (code, f"{home.units}: " in err) == (1, True)


def test_the_machines_service_has_a_template_for_further_instances(home: Home) -> None:
    """Their addresses are their names; nothing of an instance's is the first one's, and the rest is the same."""
    assert home.run("install-service", "--root", str(home.path))[0] == 0
    units = home.path / "etc/systemd/system"
    service, template = ((units / name).read_text() for name in ("sidestep.service", "sidestep@.service"))
    assert listens((units / "sidestep@.socket").read_text()) == ["%i:8787"]
    one, another = service.splitlines(), template.splitlines()
    assert len(one) == len(another)
    changed = {after for before, after in zip(one, another, strict=True) if before != after}
    assert {line.partition("=")[0] for line in changed} == {
        *("Description", "After", "Requires", "ExecStart", "RuntimeDirectory", "StateDirectory", "Also")
    }
    assert all("%i" in line for line in changed)
    for key in ("shadow.file", "capture.file", "journal.path"):
        assert f" --set {key}=%S/sidestep-%i/" in template
    link = units / "multi-user.target.wants/sidestep@127.0.0.2.service"
    link.parent.mkdir()
    link.symlink_to("/etc/systemd/system/sidestep@.service")
    out = home.run("uninstall-service", "--root", str(home.path))[1]
    assert not list(units.rglob("*sidestep*"))
    assert "  systemctl stop sidestep.socket sidestep.service 'sidestep@*'" in out.splitlines()


def test_on_macos_it_is_a_launch_agent(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    code, out, _ = home.run("install-service", "--user")
    agent = home.path / "Library/LaunchAgents/local.sidestep.plist"
    assert code == 0
    assert f"  launchctl bootstrap gui/$(id -u) '{agent}'" in out.splitlines()
    keys = plistlib.loads(agent.read_bytes())
    settings = home.path / "Library/Application Support/sidestep/config.toml"
    assert keys["ProgramArguments"][-3:] == ["serve", "--config", str(settings)]
    assert keys["KeepAlive"] == {"SuccessfulExit": False}
    assert Path(keys["StandardOutPath"]).parent.is_dir()
    assert home.run("uninstall-service", "--user")[0] == 0
    assert not agent.exists()
    assert settings.exists()


def test_on_macos_there_is_no_system_service(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert home.run("install-service")[::2] == (1, "On macOS, Sidestep is a launch agent of yours: add --user.\n")


def test_paths_with_blanks_quotes_and_specifiers_reach_the_program_whole() -> None:
    """systemd.service(5), "Command lines"."""
    service = Service(('/opt/my "side"\\step',), ("--config", "/100%/$HOME/a'b.toml"), "[::1]:1")
    unit = systemd_unit("[Service]\nExecStart=/usr/bin/sidestep\n", service)
    program, start = unit.splitlines()[-1].split(" --config ")
    assert program == r'ExecStart="/opt/my \"side\"\\step"'
    assert start == '"/100%%/$$HOME/a\'b.toml"'


def test_a_property_list_says_who_wrote_it_and_is_still_one() -> None:
    text = launch_agent(Service(("/a&b",), (), "127.0.0.1:1", Path("/c")), Path("/log"))
    assert text.split("\n")[1] == f"<!-- {MARK} changes belong in config.toml. -->"
    assert plistlib.loads(text.encode())["ProgramArguments"] == ["/a&b"]


LAUNCHD = {
    "Label": str,
    "ProgramArguments": list,
    "WorkingDirectory": str,
    "RunAtLoad": bool,
    "KeepAlive": dict,
    "ExitTimeOut": int,
    "ProcessType": str,
    "Umask": int,
    "SoftResourceLimits": dict,
    "HardResourceLimits": dict,
    "StandardOutPath": str,
    "StandardErrorPath": str,
    "EnvironmentVariables": dict,
}
"""The keys that are used, each with its type by launchd.plist(5): launchd passes over what it does not know."""


def test_a_property_list_has_only_keys_and_types_that_launchd_knows() -> None:
    keys = plistlib.loads(launch_agent(Service(("/a",), (), "127.0.0.1:1", Path("/c")), Path("/log")).encode())
    assert {name: type(value) for name, value in keys.items()} == LAUNCHD
    assert keys["ProcessType"] in ("Background", "Standard", "Adaptive", "Interactive")
    assert keys["Umask"] == 63
    assert keys["KeepAlive"].keys() <= {"SuccessfulExit", "NetworkState", "PathState", "OtherJobEnabled", "Crashed"}
    assert keys["SoftResourceLimits"] == keys["HardResourceLimits"] == {"NumberOfFiles": 65536}
    assert all(Path(keys[name]).is_absolute() for name in ("WorkingDirectory", "StandardOutPath", "StandardErrorPath"))


def test_on_macos_an_agent_that_is_there_is_unloaded_before_it_is_loaded_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    home.run("install-service", "--user")
    lines = home.run("install-service", "--user")[1].splitlines()
    assert lines[-3] == "  launchctl bootout gui/$(id -u)/local.sidestep"
    assert lines[-2].startswith("  launchctl bootstrap gui/$(id -u) ")


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1:5"), ("::1", "[::1]:5"), ("localhost", "127.0.0.1:5")]
)
def test_addresses_are_as_a_socket_unit_wants_them(host: str, shown: str) -> None:
    assert address(host, 5) == shown

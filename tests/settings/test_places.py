"""Where the platform keeps things."""

import os
from pathlib import Path

import pytest

from proxy.settings import places

ROOT = Path(__file__).parent.parent.parent


def test_a_users_places_are_those_of_xdg() -> None:
    found = places.for_user("linux", {"HOME": "/home/u"})
    assert found.config_file == Path("/home/u/.config/sidestep/config.toml")
    assert found.state == Path("/home/u/.local/state/sidestep")
    assert found.services == Path("/home/u/.config/systemd/user")


def test_xdg_variables_move_them_and_relative_ones_are_ignored() -> None:
    found = places.for_user("linux", {"HOME": "/home/u", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "state"})
    assert (found.config, found.state) == (Path("/c/sidestep"), Path("/home/u/.local/state/sidestep"))
    assert found.services == Path("/c/systemd/user")


def test_a_user_whom_nobody_knows_has_them_in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that is run with a number for a user."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert places.for_user("linux", {}).config == Path("/.config/sidestep")


def test_where_no_variable_names_the_runtime_folder_it_is_where_systemd_has_it() -> None:
    """As in cron, and behind `su`."""
    assert places.for_user("linux", {"HOME": "/home/u"}).runtime == Path(f"/run/user/{os.getuid()}/sidestep")


@pytest.mark.parametrize(
    ("argument", "called"),
    [
        ("/home/u/.local/bin/sidestep", "sidestep"),
        ("/clone/proxy/__main__.py", "/clone/.venv/bin/python -m proxy"),
        ("/clone/sidestep.py", "/clone/.venv/bin/python /clone/sidestep.py"),
    ],
)
def test_it_is_called_again_as_it_was_called(argument: str, called: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/clone/.venv/bin/python")
    monkeypatch.setattr("sys.argv", [argument])
    assert places.called() == called


def test_on_macos_they_are_in_the_library() -> None:
    found = places.for_user("darwin", {"HOME": "/Users/u", "XDG_CONFIG_HOME": "/c"})
    assert found.config == Path("/Users/u/Library/Application Support/sidestep")
    assert found.services == Path("/Users/u/Library/LaunchAgents")
    assert places.for_system("darwin").services == Path("/Library/LaunchDaemons")


def test_the_machines_places_are_those_of_the_system_unit() -> None:
    found = places.for_system("linux")
    assert (found.config, found.state) == (Path("/etc/sidestep"), Path("/var/lib/sidestep"))


def test_all_of_them_can_be_had_in_another_root() -> None:
    assert places.for_system("linux").below(Path("/image")).config == Path("/image/etc/sidestep")


def test_a_clone_uses_its_own_settings_whatever_the_user_has(tmp_path: Path) -> None:
    _write_own(tmp_path)
    assert places.config_in_use({"HOME": str(tmp_path)}) == ROOT / "config.toml"
    assert places.state_settings(ROOT / "config.toml", {"HOME": str(tmp_path)}) == []


def test_an_installed_program_uses_the_users_settings_where_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = _installed(tmp_path / "site-packages", monkeypatch)
    environ = {"HOME": str(tmp_path)}
    assert places.config_in_use(environ) == inside / "config.toml"
    own = _write_own(tmp_path)
    assert places.config_in_use(environ) == own
    assert places.state_settings(own, environ) == []


def test_an_installed_program_keeps_no_state_beside_what_it_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = _installed(tmp_path / "site-packages", monkeypatch)
    assert places.state_settings(inside / "config.toml", {"HOME": "/home/u"}) == [
        "shadow.file=/home/u/.local/state/sidestep/agreement.json",
        "capture.file=/home/u/.local/state/sidestep/capture.jsonl",
        "journal.path=/home/u/.local/state/sidestep/journal.sqlite",
    ]


def test_a_token_is_found_beside_the_settings_or_where_the_service_manager_brings_it(tmp_path: Path) -> None:
    settings, brought = tmp_path / "etc/config.toml", tmp_path / "credentials"
    for folder in (settings.parent, brought):
        folder.mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(brought)}
    assert places.token_file(settings, {}) is places.token_file(settings, environ) is None
    (settings.parent / "listen.token").touch()
    assert places.token_file(settings, environ) == settings.parent / "listen.token"
    (brought / "listen.token").touch()
    assert places.token_file(settings, environ) == brought / "listen.token"


def _installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program as a wheel would install it."""
    inside = site / "proxy/defaults"
    inside.mkdir(parents=True)
    monkeypatch.setattr(places, "_PACKAGE", inside.parent)
    return inside


def _write_own(home: Path) -> Path:
    own = home / ".config/sidestep/config.toml"
    own.parent.mkdir(parents=True)
    own.touch()
    return own

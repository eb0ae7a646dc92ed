"""`connect` and `disconnect`, on Claude Code's settings as people have them."""

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy import __main__ as program
from proxy.settings import places
from tests.commands.given import CONFIG

HERE = "http://127.0.0.1:8787"
ENV = {"ANTHROPIC_BASE_URL": HERE, "ENABLE_TOOL_SEARCH": "true"}


class Home:
    """A home, the folder of a project, and the program there."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.file = folder / ".claude/settings.json"
        self.project = folder / "work/.claude/settings.json"

    def has(self, content: str | bytes, file: Path | None = None) -> None:
        target = file or self.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = program.main([*arguments, "--config", str(CONFIG)])
        said = self._capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Home:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CLAUDE_CONFIG_DIR", *ENV):
        monkeypatch.delenv(name, raising=False)
    return Home(tmp_path, capsys)


def _nobody(address: tuple[str, int], timeout: float) -> socket.socket:
    """Whoever may serve on the machine where the tests run."""
    raise ConnectionRefusedError(address, timeout)


def test_who_has_no_settings_gets_some_for_himself_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.commands.connect.socket.create_connection", _nobody)
    code, out, err = home.run("connect")
    assert code == 0
    assert json.loads(home.file.read_text()) == {"env": ENV}
    assert stat.S_IMODE(home.file.stat().st_mode) == 0o600
    assert out.splitlines()[:3] == [
        f"{home.file}:",
        f'  + env.ANTHROPIC_BASE_URL = "{HERE}"',
        '  + env.ENABLE_TOOL_SEARCH = "true"',
    ]
    assert "disconnect` takes this out again" in out
    assert (
        err == f"Nothing answers at {HERE} yet: until Sidestep is started, Claude Code waits, and reaches no model.\n"
    )


def test_how_to_take_it_out_again_is_said_for_the_file_that_was_changed(home: Home) -> None:
    _, out, _ = home.run("connect", "--project")
    assert "disconnect --project` takes this out again" in out
    assert home.run("disconnect", "--project")[0] == 0
    assert json.loads(home.project.read_text()) == {}


TEXTS = [
    "{}\n",
    '{"model":"opus","permissions":{"allow":["Bash(ls)"]}}',
    '{\n\t"model": "opus",\n\t"hooks": {}\n}\n',
    '{\r\n    "b": 1.50,\r\n    "a": "\\u00e9"\r\n}\r\n',
    '{\n  "env": {\n    "ANTHROPIC_AUTH_TOKEN": "sk-planted"\n  },\n  "x": [ 1,2 ]\n}',
    '\ufeff{\n  "a": 1\n}',
]


@pytest.mark.parametrize("text", TEXTS)
def test_all_else_stays_byte_for_byte_and_disconnect_leaves_no_trace(home: Home, text: str) -> None:
    home.has(text)
    home.file.chmod(0o640)
    assert home.run("connect")[0] == 0
    changed = json.loads(home.file.read_text("utf-8-sig"))
    assert changed.pop("env").items() >= ENV.items()
    assert changed.items() >= {k: v for k, v in json.loads(text.strip("\ufeff")).items() if k != "env"}.items()
    assert stat.S_IMODE(home.file.stat().st_mode) == 0o640
    code, out, err = home.run("disconnect")
    assert (code, err) == (0, "")
    assert out.splitlines()[1:3] == [f'  - env.{name} = "{value}"' for name, value in ENV.items()]
    assert home.file.read_bytes() == text.encode()
    assert stat.S_IMODE(home.file.stat().st_mode) == 0o640
    assert [path.name for path in home.file.parent.iterdir()] == ["settings.json"]


@pytest.mark.parametrize("command", ["connect", "disconnect"])
def test_no_other_value_of_the_file_is_shown(home: Home, command: str) -> None:
    home.has(
        '{"env": {"ANTHROPIC_AUTH_TOKEN": "sk-planted", "ANTHROPIC_BASE_URL": "https://u:sk-planted@gw/sk-planted"}}'
    )
    for options in ([], ["--replace"]):
        _, out, err = home.run(command, *options)
        assert "planted" not in out + err


def test_a_second_time_nothing_is_changed(home: Home) -> None:
    home.run("connect")
    before = home.file.stat().st_ino, home.file.stat().st_mtime_ns
    assert home.run("connect")[1] == f"{home.file} is as it should be\n"
    assert (home.file.stat().st_ino, home.file.stat().st_mtime_ns) == before
    home.run("disconnect")
    assert home.run("disconnect")[1] == f"{home.file} is as it should be\n"


def test_a_dry_run_says_it_all_and_does_nothing(home: Home) -> None:
    home.has("{}")
    code, out, _ = home.run("connect", "--dry-run")
    assert (code, out.splitlines()[0]) == (0, f"{home.file} would be changed:")
    assert f'+ env.ANTHROPIC_BASE_URL = "{HERE}"' in out
    assert home.file.read_text() == "{}"


def test_a_project_has_settings_of_its_own(home: Home) -> None:
    home.has("{}")
    assert home.run("connect", "--project")[0] == 0
    assert json.loads(home.project.read_text()) == {"env": ENV}
    assert home.file.read_text() == "{}"
    assert f"ANTHROPIC_BASE_URL in {home.project} leads here as well" in home.run("disconnect")[2]
    assert home.run("disconnect", "--project")[0] == 0
    assert json.loads(home.project.read_text()) == {}


def test_what_disconnect_cannot_take_out_is_named_with_what_does(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    local = home.project.with_name("settings.local.json")
    for file in (home.project, local):
        home.has(json.dumps({"env": ENV}), file)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", HERE)
    ends = [line.partition(" leads here as well: ")[2] for line in home.run("disconnect")[2].splitlines()]
    assert ends == [
        f"take ANTHROPIC_BASE_URL out of {local} by hand",
        f"{places.called()} disconnect --project",
        "unset ANTHROPIC_BASE_URL, and take it out of your shell's start-up files",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            '{\n  // mine\n  "env": {}\n}',
            "line 2: a comment, which JSON has not. Nothing was changed: edit it by hand.",
        ),
        ('{"env": []}', "`env` is no JSON object"),
        ('{"env": null}', "`env` is no JSON object"),
        ("[]", "the file is no JSON object"),
        ('{"env": {"A": "1", "A": "2"}}', "a key stands twice in one object"),
        ("{", "line 1: no JSON"),
        (b'{"a": "\xe9"}', "no text in UTF-8"),
        ('{"env": {"ANTHROPIC_BASE_URL": 5}}', 'env.ANTHROPIC_BASE_URL is "(no text)"'),
    ],
)
@pytest.mark.parametrize("command", ["connect", "disconnect"])
def test_what_is_not_understood_is_left_alone(home: Home, command: str, content: str | bytes, why: str) -> None:
    home.has(content)
    before = home.file.read_bytes()
    code, out, err = home.run(command)
    assert (code, out) == (1, "")
    assert err.startswith(f"{home.file}: {why}")
    assert home.file.read_bytes() == before


@pytest.mark.parametrize("url", ["https://gw.example", "http://127.0.0.1:3456", "http://192.0.2.1:8787", "no url"])
def test_an_address_of_something_else_goes_only_when_that_is_said(home: Home, url: str) -> None:
    text = json.dumps({"env": {"ANTHROPIC_BASE_URL": url, "ENABLE_TOOL_SEARCH": "false"}})
    home.has(text)
    for command in ("connect", "disconnect"):
        code, _, err = home.run(command)
        assert (code, home.file.read_text()) == (1, text)
        assert "--replace" in err
    assert home.run("connect", "--replace")[0] == 0
    assert json.loads(home.file.read_text())["env"] == {**ENV, "ENABLE_TOOL_SEARCH": "false"}
    home.has(text)
    assert home.run("disconnect", "--replace")[0] == 0
    assert json.loads(home.file.read_text()) == {"env": {"ENABLE_TOOL_SEARCH": "false"}}


@pytest.mark.parametrize("url", ["http://localhost:8787", "http://127.0.0.1:8787/", "http://[::1]:8787"])
def test_another_name_for_the_same_address_is_as_good(home: Home, url: str) -> None:
    home.has(json.dumps({"env": {**ENV, "ANTHROPIC_BASE_URL": url}}))
    assert home.run("connect")[1] == f"{home.file} is as it should be\n"
    assert home.run("disconnect")[0] == 0
    assert json.loads(home.file.read_text()) == {}


def test_a_link_stays_one(home: Home) -> None:
    (home.folder / "dotfiles").mkdir()
    (home.folder / "dotfiles/claude.json").write_text("{}")
    home.file.parent.mkdir()
    home.file.symlink_to("../dotfiles/claude.json")
    assert home.run("connect")[0] == 0
    assert home.file.is_symlink()
    assert json.loads((home.folder / "dotfiles/claude.json").read_text()) == {"env": ENV}


def test_a_place_that_is_no_file_is_told(home: Home) -> None:
    home.file.parent.mkdir()
    os.mkfifo(home.file)
    assert home.run("connect") == (1, "", f"{home.file}: found a FIFO, expected a file\n")


def test_the_settings_of_claude_code_may_be_elsewhere(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home.folder / "other"))
    assert home.run("connect")[0] == 0
    assert json.loads((home.folder / "other/settings.json").read_text()) == {"env": ENV}


def test_a_file_that_goes_before_is_named(home: Home) -> None:
    local = home.project.with_name("settings.local.json")
    home.has('{"env": {"ANTHROPIC_BASE_URL": "https://gw.example"}}', local)
    assert f"{local} sets ANTHROPIC_BASE_URL too, and goes before\n" in home.run("connect")[2]


def test_with_a_token_the_header_must_be_there_first(home: Home) -> None:
    token = ("--set", "listen.token=0123456789abcdef")
    code, _, err = home.run("connect", *token)
    assert (code, home.file.exists()) == (1, False)
    assert '"ANTHROPIC_CUSTOM_HEADERS": "x-sidestep-token: THE TOKEN"' in err
    assert "0123456789abcdef" not in err
    home.has('{"env": {"ANTHROPIC_CUSTOM_HEADERS": "X-Sidestep-Token: 0123456789abcdef"}}')
    assert home.run("connect", *token)[0] == 0


@pytest.mark.parametrize("headers", ["x-sidestep-token: another-0123456789", "x-team: x-sidestep-token", 5])
def test_headers_with_which_the_client_would_be_refused_are_not_taken_for_the_token(
    home: Home, headers: object
) -> None:
    text = json.dumps({"env": {"ANTHROPIC_CUSTOM_HEADERS": headers}})
    home.has(text)
    code, out, err = home.run("connect", "--set", "listen.token=0123456789abcdef")
    assert (code, home.file.read_text()) == (1, text)
    assert "0123456789" not in out + err


def test_headers_without_the_token_that_go_before_are_named(home: Home) -> None:
    local = home.project.with_name("settings.local.json")
    home.has('{"env": {"ANTHROPIC_CUSTOM_HEADERS": "x-team: 1"}}', local)
    home.has('{"env": {"ANTHROPIC_CUSTOM_HEADERS": "x-sidestep-token: 0123456789abcdef"}}')
    code, _, err = home.run("connect", "--set", "listen.token=0123456789abcdef")
    wanted = f"{local} goes before, and its ANTHROPIC_CUSTOM_HEADERS has no line with x-sidestep-token\n"
    assert (code, wanted in err) == (0, True)


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_one_that_runs_is_said_nothing_of(home: Home, listening: int) -> None:
    assert home.run("connect", "--set", f"listen.port={listening}")[2] == ""
    assert json.loads(home.file.read_text())["env"]["ANTHROPIC_BASE_URL"] == f"http://127.0.0.1:{listening}"


def test_a_port_that_changes_is_no_address(home: Home) -> None:
    code, _, err = home.run("connect", "--set", "listen.port=0")
    assert (code, home.file.exists()) == (1, False)
    assert "listen.port" in err


def test_settings_of_sidestep_that_cannot_be_used_hold_nobody(home: Home) -> None:
    home.run("connect")
    assert home.run("disconnect", "--set", "nonsense=1")[0] == 0
    assert json.loads(home.file.read_text()) == {}
    assert home.run("connect", "--set", "nonsense=1")[0] == 2

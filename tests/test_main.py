"""The command line: which command, which exit code."""

import asyncio
from pathlib import Path

import pytest

from proxy import program
from proxy.settings.config import Config
from tests.cases import every

CONFIG = str(Path(__file__).parent.parent / "config.toml")


def test_a_command_that_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        program.run(["fly"])
    assert caught.value.code == program.USAGE_ERROR
    assert "fly" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["serve"], ["demo"], ["check"], ["explain", "-"], ["rules"], ["schema"]])
def test_a_configuration_that_is_not_there_is_a_usage_error(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.toml"
    assert program.run([*command, "--config", str(missing)]) == program.USAGE_ERROR
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{missing}: cannot be read: No such file or directory" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["serve"],
        ["--config", CONFIG, "--set", "listen.port=1", "--set", "rules.max_body=2"],
        ["--config", "none.toml", "serve", "--config", CONFIG, "--set", "listen.port=1", "--set", "rules.max_body=2"],
        ["--set", "listen.port=3", "--set", "rules.max_body=2", "serve", "--config", CONFIG, "--set", "listen.port=1"],
    ],
    ids=["nothing", "the command", "options", "options behind the command", "options around it: the last one wins"],
)
def test_serving_is_what_it_does_when_told_nothing_else(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Config] = []
    monkeypatch.chdir(Path(CONFIG).parent)
    monkeypatch.setattr(program, "serve_command", lambda _options, settings: served.append(settings) or 0)
    assert program.run(arguments) == 0
    wanted = (1, 2) if "--set" in arguments else (8787, 8 * 1024 * 1024)
    assert [(settings.listen.port, settings.rules.max_body) for settings in served] == [wanted]


@pytest.mark.parametrize(
    ("arguments", "level"),
    [
        ([], "info"),
        (["--log-level", "debug"], "debug"),
        (["serve", "--log-level", "warning"], "warning"),
        (["--log-level=error", "serve", "--log-level=debug"], "debug"),
        (["--log-level", "debug", "--set", "log.level=error"], "error"),
        (["--set", "log.level=error", "--log-level", "debug"], "debug"),
        (["--log-level", "debug", "serve", "--set", "listen.port=1"], "debug"),
    ],
    ids=[
        *("not given", "before the command", "behind it", "on both sides: the last one wins"),
        *("before a setting", "behind a setting", "beside another setting"),
    ],
)
def test_the_level_of_the_log_is_a_setting_too(
    arguments: list[str], level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Config] = []
    monkeypatch.setattr(program, "serve_command", lambda _options, settings: served.append(settings) or 0)
    assert program.run(["--config", CONFIG, *arguments]) == 0
    assert [settings.log.level for settings in served] == [level]


@every("command", [[], ["serve"], ["demo"], ["check"], ["explain", "-"], ["doctor"]])
@every("level", ["loud", "INFO", "", "20"])
def test_a_level_that_is_not_known_is_told_with_those_that_are(
    command: list[str], level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        program.run([*command, "--log-level", level])
    assert caught.value.code == program.USAGE_ERROR
    assert f"--log-level: found {level!r}, expected one of debug, info, warning, error" in capsys.readouterr().err


def test_uvloop_is_used_where_it_exists() -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is for CPython on Linux and macOS")

    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert isinstance(program._run(loop()), uvloop.Loop)

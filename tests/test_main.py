"""The command line: which command, which exit code."""

import asyncio
from pathlib import Path

import pytest

from proxy import __main__ as program


def test_a_command_that_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        program.main(["fly"])
    assert caught.value.code == program.USAGE_ERROR
    assert "fly" in capsys.readouterr().err


def test_a_configuration_that_is_not_there_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.toml"
    assert program.main(["--config", str(missing)]) == program.USAGE_ERROR
    assert f"{missing}: cannot be read: No such file or directory" in capsys.readouterr().err


def test_uvloop_is_used_where_it_exists() -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is for CPython on Linux and macOS")

    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert isinstance(program._run(loop()), uvloop.Loop)

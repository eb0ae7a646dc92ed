"""The whole command, as people and machines run it."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import create_server
from typing import Any

import pytest

from proxy import __main__ as program
from proxy.commands.doctor import bench, network
from proxy.commands.doctor.findings import Finding, as_text, exit_code
from proxy.commands.doctor.probes import PROBES
from tests.versions import ASKED

ROOT = Path(__file__).parents[2]

NOTHING = """
[[rules]]
name = "nothing"
about = "a reply without a body or its length"
action = "respond"
when = { method = "GET", path = "/nothing" }
respond = { status = 204 }
matches = [{ about = "it", method = "GET", path = "/nothing", answer = "" }]
misses = [{ about = "another", path = "/nothing" }]
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No service, no settings of the person who runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """It takes connections; nobody is to ask it anything."""
    monkeypatch.setattr(network, "_SPEAKS", 0.2)
    with closing(create_server(("127.0.0.1", 0))) as held:
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The self-test, which takes longest, finds no folder to start anything in."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Settings and rules as shipped, but for a port that nobody else on this machine has."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    found = Path(shutil.copy(ROOT / "config.toml", tmp_path))
    with closing(create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    found.write_text(found.read_text().replace("port = 8787", f"port = {port}"))
    return found


def _run(capsys: pytest.CaptureFixture[str], file: Path, *more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and findings by check."""
    code = program.main(["doctor", "--json", "--config", str(file), "--set", "upstream.url=http://127.0.0.1:9", *more])
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] == (code == 0)
    return code, {finding["check"]: finding for finding in document["findings"]}


def test_a_healthy_machine_passes_every_check_and_every_shortcut(
    file: Path, upstream: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = _run(capsys, file, "--set", f"upstream.url={upstream}")
    assert code == 0
    seen = ["settings", "rules", "permissions", "port", "upstream", "clock", "service"]
    assert list(found) == [*seen, *PROBES, *(f"rule {name}" for name in ASKED)]
    assert {found[f"rule {name}"]["verdict"] for name in ASKED} == {"ok"}
    assert not (file.parent / "state").exists()


def test_what_responds_before_a_local_model_is_tried_too(
    file: Path, upstream: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (file.parent / "rules/99.toml").write_text(NOTHING)
    code, found = _run(capsys, file, "--set", f"upstream.url={upstream}", "--set", "upstream.kind=local")
    tried = [check for check in found if check.startswith("rule ")]
    assert tried == [f"rule {name}" for name in (*ASKED, "count-tokens", "hello", "event-logging", "nothing")]
    assert {found[check]["verdict"] for check in tried} == {"ok"}
    assert code == 0


def test_people_get_a_table(file: Path, upstream: str, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / "rules").chmod(0o777)
    assert program.main(["doctor", "--config", str(file), "--set", f"upstream.url={upstream}"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["verdict", "check", "found", "what", "to", "do"]
    (row,) = (line for line in lines if line.startswith("fault"))
    assert f"{file.parent / 'rules'}: everybody may change it" in row
    assert row.endswith(f"chmod o-w {file.parent / 'rules'}")
    assert lines[-1].startswith("21 checks: 1 fault, ")


def test_without_settings_that_can_be_used_it_says_what_it_can(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = _run(capsys, file, "--set", "listen.port=many")
    assert code == 1
    assert {check: finding["verdict"] for check, finding in found.items()} == {
        "settings": "fault",
        "clock": "ok",
        "self-test": "warning",
    }


def test_rules_in_shadow_are_left_to_the_upstream_and_broken_ones_are_missed(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warm_up = file.parent / "rules/70-warm-up.toml"
    warm_up.write_text(warm_up.read_text().replace('"answer"\n', '"answer"\nstatus = "shadow"\n', 1))
    (file.parent / "rules/95-mine.toml").write_text("[[rules]]\nname = 3\n")
    code, found = _run(capsys, file)
    assert (code, found["rules"]["verdict"]) == (1, "fault")
    assert found["rule warm-up"]["found"] == "in shadow: left to the model"
    assert found["rule topic"]["verdict"] == "ok"


def test_a_program_that_does_not_start_is_a_fault_with_its_last_words(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ImportError: no uvloop for this machine' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    code, found = _run(capsys, file)
    assert (code, found["self-test"]["verdict"]) == (1, "fault")
    assert "ImportError: no uvloop for this machine" in found["self-test"]["found"]


@pytest.mark.usefixtures("untried")
def test_without_a_folder_for_temporary_files_there_is_no_self_test(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = _run(capsys, file)
    assert (code, found["self-test"]["verdict"]) == (1, "fault")
    assert "no folder for temporary files: No such file or directory" in found["self-test"]["found"]


@pytest.mark.usefixtures("untried")
def test_the_client_is_looked_at_when_it_is_asked_for(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    code, found = _run(capsys, file, "--client")
    assert (code, found["base URL"]["verdict"]) == (1, "fault")


@pytest.mark.usefixtures("untried")
def test_the_upstream_is_asked_when_that_is_wanted(
    file: Path, upstream: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never replies: that is no contradiction to the connection."""
    monkeypatch.setattr(network, "TIMEOUT", 0.2)
    _, found = _run(capsys, file, "--set", f"upstream.url={upstream}", "--ask")
    assert [found[check]["verdict"] for check in ("upstream", "answer")] == ["ok", "warning"]
    assert found["answer"]["found"] == "/v1/models: no reply within 0.2 seconds"


@pytest.mark.usefixtures("untried")
def test_where_the_way_has_a_fault_nothing_is_asked(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = _run(capsys, file, "--ask")
    assert [found[check]["verdict"] for check in ("upstream", "answer")] == ["fault", "warning"]
    assert (code, found["answer"]["found"]) == (1, "not asked: the way to the upstream has a fault")


def test_the_token_in_its_file_is_on_no_command_line(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "0123456789abcdef"
    file.with_name("listen.token").write_text(token)
    started: list[str] = []
    make = bench._command
    monkeypatch.setattr(bench, "_command", lambda *words: (started.extend(made := make(*words)), made)[1])
    _, found = _run(capsys, file)
    assert found["rule topic"]["verdict"] == "ok"
    assert started
    assert token not in " ".join(started)


def test_warnings_are_no_faults() -> None:
    findings = [Finding("a", "ok", "well"), Finding("b", "warning", "so so", "look")]
    assert exit_code(findings) == 0
    assert as_text(findings).splitlines()[-1] == "2 checks: 0 faults, 1 warning"
    assert as_text(findings[:1]).splitlines()[-1] == "1 check: all is well"

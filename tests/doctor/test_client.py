"""What Claude Code is set to: the base URL, the local token, tool search, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from proxy.commands.doctor.client import client, left_behind
from proxy.commands.doctor.findings import Finding
from proxy.settings import places
from proxy.settings.config import ListenSettings

HERE = "http://127.0.0.1:8787"
GOOD = {"ANTHROPIC_BASE_URL": HERE, "ENABLE_TOOL_SEARCH": "true"}
URL = {"ANTHROPIC_BASE_URL": HERE}
SEVERITY = {"ok": 0, "warning": 1, "fault": 2}
SECRET = "sk-ant-secret"
TOKEN = "0123456789abcdef"
SENT = f"x-sidestep-token: {TOKEN}"


def _look(
    folder: Path, environ: dict[str, str] | None = None, *, running: bool = True, token: str = "", **files: object
) -> dict[str, Finding]:
    """By check, the worst of each. `files` are settings by name: `user`, `project` and `local`."""
    program = folder / "bin/claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name, path in [
        ("user", ".claude/settings.json"),
        ("project", "work/.claude/settings.json"),
        ("local", "work/.claude/settings.local.json"),
    ]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if name in files:
            value = files[name]
            (folder / path).write_text(value if isinstance(value, str) else json.dumps({"env": value}))
    whole = {"HOME": str(folder), "PATH": str(program.parent), **(environ or {})}
    found = client(ListenSettings(token=token), whole, folder / "work", running=running)
    assert SECRET not in repr(found)
    assert TOKEN not in repr(found)
    return {finding.check: finding for finding in sorted(found, key=lambda finding: SEVERITY[finding.verdict])}


def _look_at(
    folder: Path, where: str, said: dict[str, str], *, running: bool = True, token: str = ""
) -> dict[str, Finding]:
    """Likewise, with all settings in one place: a file by its name, or the environment."""
    if where == "environment":
        return _look(folder, said, running=running, token=token)
    return _look(folder, running=running, token=token, **{where: said})


def test_a_client_that_goes_through_sidestep_is_well(tmp_path: Path) -> None:
    found = _look(tmp_path, user={**GOOD, "ANTHROPIC_API_KEY": SECRET})
    assert {finding.verdict for finding in found.values()} == {"ok"}
    assert found["base URL"].found == f"http://127.0.0.1:8787, in {tmp_path}/.claude/settings.json"


@pytest.mark.parametrize("url", ["http://localhost:8787", "http://[::1]:8787/", "http://127.0.0.1:8787/"])
def test_every_loopback_name_leads_here(tmp_path: Path, url: str) -> None:
    assert _look(tmp_path, {**GOOD, "ANTHROPIC_BASE_URL": url})["base URL"].verdict == "ok"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8788",
        "https://127.0.0.1:8787",
        f"https://user:{SECRET}@gateway.example/?key={SECRET}",
        "http://127.0.0.1:8787/v1",
        SECRET,
        "http://[",
    ],
)
def test_a_base_url_that_leads_elsewhere_is_a_fault(tmp_path: Path, url: str) -> None:
    finding = _look(tmp_path, user={**GOOD, "ANTHROPIC_BASE_URL": url})["base URL"]
    assert finding.verdict == "fault"
    assert finding.todo == "set ANTHROPIC_BASE_URL to http://127.0.0.1:8787"


def test_no_base_url_is_a_warning_that_says_what_puts_it_there(tmp_path: Path) -> None:
    finding = _look(tmp_path)["base URL"]
    assert finding.verdict == "warning"
    assert finding.todo.endswith(" connect")


@pytest.mark.parametrize(
    ("where", "todo"),
    [
        ("user", f"{places.called()} connect"),
        ("project", f"{places.called()} connect --project"),
        ("local", "set ENABLE_TOOL_SEARCH=true in {folder}/work/.claude/settings.local.json as well"),
        ("environment", "set ENABLE_TOOL_SEARCH=true in the environment as well"),
    ],
)
def test_tool_search_that_nobody_switched_on_is_a_warning(tmp_path: Path, where: str, todo: str) -> None:
    finding = _look_at(tmp_path, where, URL)["tool search"]
    assert (finding.verdict, finding.todo) == ("warning", todo.format(folder=tmp_path))
    assert "clients before 2.1.326 switch it off for every address but Anthropic's own" in finding.found


def test_tool_search_is_not_put_next_to_an_address_that_connect_leaves_alone(tmp_path: Path) -> None:
    finding = _look(tmp_path, user={"ANTHROPIC_BASE_URL": "https://gateway.example"})["tool search"]
    assert finding.todo == f"set ENABLE_TOOL_SEARCH=true in {tmp_path}/.claude/settings.json as well"


@pytest.mark.parametrize("url", [None, "", "https://api.anthropic.com"])
def test_tool_search_is_not_off_for_anthropics_own_address(tmp_path: Path, url: str | None) -> None:
    finding = _look(tmp_path, user={} if url is None else {"ANTHROPIC_BASE_URL": url})["tool search"]
    assert (finding.verdict, "not needed for Anthropic's own address" in finding.found) == ("ok", True)


@pytest.mark.parametrize(
    ("version", "verdict"),
    [("2.1.325", "warning"), ("2.1.326", "ok"), ("2.2.0", "ok"), ("2.1.99", "warning"), ("cli.js", "warning")],
)
def test_tool_search_is_not_off_in_clients_whose_file_tells_that_they_keep_it(
    tmp_path: Path, version: str, verdict: str
) -> None:
    """A link to a file that is named by its version, as the client's own installer makes it. Nothing is started."""
    there = tmp_path / "versions" / version
    there.parent.mkdir()
    there.write_text("#!/bin/sh\n")
    there.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/claude").symlink_to(there)
    environ = {**URL, "HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
    (finding,) = (each for each in client(ListenSettings(), environ, tmp_path) if each.check == "tool search")
    assert finding.verdict == verdict


def test_what_leads_a_client_to_where_nobody_answers_is_a_fault_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    assert left_behind(ListenSettings()) == []
    (tmp_path / ".claude").mkdir()
    settings = tmp_path / ".claude/settings.json"
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8787"}}')
    (finding,) = left_behind(ListenSettings())
    assert finding.verdict == "fault"
    assert str(settings) in finding.found
    assert finding.todo.endswith(" disconnect")
    assert left_behind(ListenSettings(port=1)) == []


USER, LOCAL = ".claude/settings.json", "work/.claude/settings.local.json"


@pytest.mark.parametrize(
    ("where", "todo"),
    [
        ("user", f"{places.called()} disconnect"),
        ("project", f"{places.called()} disconnect --project"),
        ("local", "take ANTHROPIC_BASE_URL out of {folder}/work/.claude/settings.local.json by hand"),
        ("environment", "unset ANTHROPIC_BASE_URL, and take it out of your shell's start-up files"),
    ],
)
def test_what_takes_the_base_url_out_is_said_for_the_place_where_it_is(tmp_path: Path, where: str, todo: str) -> None:
    finding = _look_at(tmp_path, where, GOOD, running=False)["base URL"]
    assert (finding.verdict, finding.found.endswith("no Sidestep answers there")) == ("fault", True)
    assert finding.todo.endswith(f"; or {todo.format(folder=tmp_path)}")


def test_every_place_that_leads_to_nobody_is_a_row(tmp_path: Path) -> None:
    """To take out the first alone would bring the next into force."""
    for place in (USER, LOCAL):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(json.dumps({"env": GOOD}))
    found = client(ListenSettings(), {**GOOD, "HOME": str(tmp_path)}, tmp_path / "work", running=False)
    told = [finding.found for finding in found if finding.check == "base URL"]
    wanted = (f"{tmp_path / LOCAL}", f"{tmp_path / USER}", "the environment")
    assert told == [f"ANTHROPIC_BASE_URL is {HERE} in {place}: no Sidestep answers there" for place in wanted]


def test_tool_search_switched_off_on_purpose_is_left_so(tmp_path: Path) -> None:
    finding = _look(tmp_path, {**GOOD, "ENABLE_TOOL_SEARCH": "false"})["tool search"]
    assert (finding.verdict, finding.found) == ("ok", "off, in the environment")


def test_another_provider_makes_the_base_url_void(tmp_path: Path) -> None:
    finding = _look(tmp_path, {"CLAUDE_CODE_USE_BEDROCK": "1"}, user=GOOD)["base URL"]
    assert (finding.verdict, "CLAUDE_CODE_USE_BEDROCK" in finding.found) == ("fault", True)


def test_local_settings_go_before_the_projects_these_before_the_users_and_those_before_the_environment(
    tmp_path: Path,
) -> None:
    def url(port: int) -> dict[str, str]:
        return {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"}

    files: dict[str, Any] = {"local": url(1), "project": url(2), "user": url(3)}
    for number, name in enumerate([*files, "environment"], 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = _look(folder, url(4), **files)["base URL"].found
        assert found.startswith(f"http://127.0.0.1:{number}, in ")
        files.pop(name, None)


def test_settings_that_are_not_json_are_a_warning(tmp_path: Path) -> None:
    finding = _look(tmp_path, GOOD, user="{,")["client"]
    assert finding.verdict == "warning"
    assert finding.found.startswith(f"{tmp_path}/.claude/settings.json cannot be read as JSON")


def test_no_file_but_the_settings_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (opened.append(path.name), read(path))[1])
    _look(tmp_path, user=GOOD)
    assert set(opened) == {"managed-settings.json", "settings.local.json", "settings.json"}


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"])
@pytest.mark.parametrize("where", ["user", "environment"])
def test_a_proxy_that_takes_the_clients_requests_is_a_fault(tmp_path: Path, name: str, where: str) -> None:
    """Wherever it is set; what it is called may hold a password, and is not shown."""
    proxy = {name: f"http://user:{SECRET}@proxy.example:3128"}
    found = _look(tmp_path, user={**GOOD, **proxy}) if where == "user" else _look(tmp_path, proxy, user=GOOD)
    finding = found["base URL"]
    assert (finding.verdict, finding.found.startswith(f"{name} is set in ")) == ("fault", True)
    assert "NO_PROXY=127.0.0.1,localhost" in finding.todo


@pytest.mark.parametrize("listed", ["127.0.0.1,localhost", "localhost 127.0.0.1", "*", "127.0.0.1:8787"])
def test_a_proxy_that_this_machine_is_kept_from_is_none(tmp_path: Path, listed: str) -> None:
    proxy = {"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": listed}
    assert _look(tmp_path, proxy, user=GOOD)["base URL"].verdict == "ok"


def test_a_list_without_the_name_in_the_base_url_does_not_count(tmp_path: Path) -> None:
    proxy = {"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "localhost"}
    assert _look(tmp_path, proxy, user=GOOD)["base URL"].verdict == "fault"


@pytest.mark.parametrize(
    "headers",
    [
        SENT,
        f"X-Sidestep-Token:{TOKEN}",
        f"x-team: {SECRET}\n X-SIDESTEP-TOKEN :  {TOKEN} \nx-other: 1",
        f"x-team: a:b\r\n{SENT}\r\n",
        f"x-sidestep-token: old\n{SENT}",
    ],
)
@pytest.mark.parametrize("where", ["user", "environment"])
def test_a_client_that_sends_the_token_is_well(tmp_path: Path, headers: str, where: str) -> None:
    said = {"ANTHROPIC_CUSTOM_HEADERS": headers}
    if where == "user":
        found = _look(tmp_path, token=TOKEN, user={**GOOD, **said})
    else:
        found = _look(tmp_path, said, token=TOKEN, user=GOOD)
    place = "the environment" if where == "environment" else f"{tmp_path}/.claude/settings.json"
    assert found["token"] == Finding("token", "ok", f"sent by ANTHROPIC_CUSTOM_HEADERS, in {place}")
    assert {finding.verdict for finding in found.values()} == {"ok"}


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ("", "is not set"),
        (f"x-team: {SECRET}", "has no line with x-sidestep-token"),
        (f"x-team: 1, {SENT}", "has no line with x-sidestep-token"),
        (f"x-team: 1\\n{SENT}", "has no line with x-sidestep-token"),
        (f"x-sidestep-token {TOKEN}", "has no line with x-sidestep-token"),
        ("x-sidestep-token", "has no line with x-sidestep-token"),
        (f"x-sidestep-token: {SECRET}", "has another x-sidestep-token"),
        (f"x-sidestep-token: {TOKEN.upper()}", "has another x-sidestep-token"),
        (f"{SENT}\nx-sidestep-token: old", "has another x-sidestep-token"),
        (f"{SENT}\nX-Sidestep-Token: {TOKEN}", "has x-sidestep-token in more than one spelling"),
    ],
)
@pytest.mark.parametrize("where", ["user", "environment"])
def test_a_client_that_does_not_send_the_token_is_refused(
    tmp_path: Path, headers: str, problem: str, where: str
) -> None:
    said = {**GOOD, "ANTHROPIC_CUSTOM_HEADERS": headers}
    finding = _look_at(tmp_path, where, said, token=TOKEN)["token"]
    place = "the environment" if where == "environment" else f"{tmp_path}/.claude/settings.json"
    assert finding.verdict == "fault"
    assert finding.found.startswith(f"ANTHROPIC_CUSTOM_HEADERS {problem}, in {place}: ")
    assert finding.todo == f'put the line "x-sidestep-token: THE TOKEN" into it, in {place}'


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("user", "{folder}/.claude/settings.json"),
        ("project", "{folder}/work/.claude/settings.local.json"),
        ("local", "{folder}/work/.claude/settings.local.json"),
        ("environment", "the environment"),
    ],
)
def test_a_token_that_nothing_sends_is_to_be_set_next_to_the_base_url_and_not_in_a_file_that_is_shared(
    tmp_path: Path, where: str, place: str
) -> None:
    finding = _look_at(tmp_path, where, GOOD, token=TOKEN)["token"]
    assert (finding.verdict, "is not set: every request" in finding.found) == ("fault", True)
    assert finding.todo.endswith(f" into it, in {place.format(folder=tmp_path)}")


def test_whose_project_is_his_home_shares_nothing(tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    (tmp_path / USER).write_text(json.dumps({"env": GOOD}))
    found = client(ListenSettings(token=TOKEN), {"HOME": str(tmp_path)}, tmp_path)
    (finding,) = (each for each in found if each.check == "token")
    assert finding.todo.endswith(f" into it, in {tmp_path / USER}")


def test_headers_that_go_before_those_with_the_token_hide_it(tmp_path: Path) -> None:
    project = {"ANTHROPIC_CUSTOM_HEADERS": "x-team: 1"}
    found = _look(tmp_path, user={**GOOD, "ANTHROPIC_CUSTOM_HEADERS": SENT}, project=project, token=TOKEN)
    assert f"in {tmp_path}/work/.claude/settings.json: every request" in found["token"].found
    assert found["token"].todo.endswith(f" into it, in {tmp_path}/work/.claude/settings.local.json")


@pytest.mark.parametrize("said", [{}, {"ANTHROPIC_BASE_URL": "https://gateway.example"}])
def test_a_client_that_goes_elsewhere_needs_no_token(tmp_path: Path, said: dict[str, str]) -> None:
    assert "token" not in _look(tmp_path, user=said, token=TOKEN)


def test_without_a_token_here_headers_are_the_clients_own(tmp_path: Path) -> None:
    assert "token" not in _look(tmp_path, user={**GOOD, "ANTHROPIC_CUSTOM_HEADERS": f"x-sidestep-token: {SECRET}"})

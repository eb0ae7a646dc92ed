"""Files that are none, or hold what no terminal should get: each is a clear fault, and nothing waits or breaks."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.__main__ import main
from tests.cases import every
from tests.commands.given import BASE, HELLO
from tests.process import ROOT, run, running
from tests.raw import raw_client, request

ODD = "\x1b]0;planted\x07\x1b[31m\x9b31m\u202e\x7f\r"


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a FIFO": (os.mkfifo, "cannot be read: found a FIFO, expected a file"),
    "a link to a FIFO": (
        lambda path: (os.mkfifo(path.with_name("fifo")), path.symlink_to("fifo")),
        "cannot be read: found a FIFO, expected a file",
    ),
    "a folder": (Path.mkdir, "cannot be read: found a folder, expected a file"),
    "a socket": (_socket, "cannot be read: found a socket, expected a file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "cannot be read: found a device, expected a file"),
    "huge": (_huge, "cannot be read: found 1,099,511,627,776 bytes, expected 4,194,304 at most"),
    "a link to nowhere": (lambda path: path.symlink_to("nowhere"), "cannot be read: No such file or directory"),
    "no text": (lambda path: path.write_bytes(b"\xff"), ":1: found the byte 0xff, expected text in UTF-8"),
    "a number of 5,000 digits": (
        lambda path: path.write_text("[listen]\nport = " + "9" * 5000),
        "not TOML: an integer of more than 64 bits",
    ),
    "a hexadecimal one": (
        lambda path: path.write_text("[listen]\nport = 0x" + "f" * 9000),
        "not TOML: an integer of more than 64 bits",
    ),
    "deep": (lambda path: path.write_text("a = " + "[" * 9000), "not TOML: nested too deeply"),
}


Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Ran:
    """Exit code and output of a command, here: a process for each of them would take minutes."""

    def run_here(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(["--config", str(ROOT / "config.toml"), *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run_here


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_file_that_is_none_is_a_fault_and_the_others_load(ran: Ran, tmp_path: Path, kind: str) -> None:
    make, said = KINDS[kind]
    (tmp_path / "1.toml").write_text(BASE + HELLO)
    make(tmp_path / "2.toml")
    code, out, err = ran("check", "--set", f"rules.directory={tmp_path}")
    assert (code, err) == (1, "")
    assert out.startswith(f"{tmp_path}/2.toml")
    assert said in out
    assert "1 rule, 2 examples: 1 problem\n" in out
    assert len(out) < 400


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_settings_that_is_none_is_a_fault(ran: Ran, tmp_path: Path, kind: str) -> None:
    make, said = KINDS[kind]
    make(tmp_path / "c.toml")
    code, out, err = ran("--config", str(tmp_path / "c.toml"))
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path}/c.toml")
    assert said in err
    assert len(err) < 400


@pytest.mark.parametrize("kind", ["a FIFO", "a device", "a socket", "huge"])
def test_certificates_that_are_no_file_are_a_fault(ran: Ran, tmp_path: Path, kind: str) -> None:
    KINDS[kind][0](tmp_path / "ca.pem")
    code, _, err = ran("--set", f"upstream.ca_file={tmp_path}/ca.pem")
    assert code == 2
    assert "upstream.ca_file: cannot be used: found" in err


@pytest.mark.parametrize("kind", ["a FIFO", "huge", "deep"])
async def test_a_state_that_is_no_file_holds_up_no_start(tmp_path: Path, kind: str) -> None:
    KINDS[kind][0](tmp_path / "agreement.json")
    settings = f"shadow.file={tmp_path}/agreement.json"
    async with running("http://127.0.0.1:9", settings) as (_, port), raw_client(port) as client:
        await client.send(request(port, "/-/ready", method="GET"))
        assert b" 200 " in await client.head()


@every("value", ["9" * 5000, "0x" + "f" * 9000, "[" * 9000, "\udcff", '"\udcff"', '"a\\u0000b"'])
@every("key", ["listen.port", "listen.host", "rules.directory", "shadow.file"])
def test_a_setting_on_the_command_line_that_is_odd_is_a_fault(ran: Ran, key: str, value: str) -> None:
    if key in ("rules.directory", "shadow.file") and "\\u0000" not in value:
        return
    code, out, err = ran("--set", f"{key}={value}")
    assert (code, out) == (2, "")
    assert err.startswith(f"--set: {key}: found")
    assert "Traceback" not in err


def _plain(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("command", ["check", "rules", "explain", "serve", "demo", "stats"])
@pytest.mark.parametrize("more", [(), ("--json",)])
async def test_no_control_character_of_a_file_or_its_name_is_printed(
    ran: Ran, tmp_path: Path, command: str, more: tuple[str, ...]
) -> None:
    escaped = "".join(f"\\u{ord(one):04x}" for one in ODD)
    named = BASE + HELLO.replace('"a greeting"', f'"{escaped}"').replace('"the word"', f'"{escaped}"')
    (tmp_path / f"1{ODD}.toml").write_text(named)
    (tmp_path / "2.toml").write_text(named.replace('answer = "Hi" }]', f'answer = "{escaped}" }}]'))
    (tmp_path / os.fsdecode(b"3\xff.toml")).write_text("no toml")
    body = tmp_path / f"b{ODD}.json"
    body.write_text('{"messages": [{"role": "user", "content": "hello ' + escaped + '"}], "model": "m"}')
    arguments = {
        "explain": ["explain", str(body)],
        "serve": ["serve", "--set", "listen.host=192.0.2.1", "--set", "listen.token=0123456789abcdef"],
        "stats": ["stats", "--set", f'journal.path="{tmp_path}/{escaped}"'],
    }.get(command, [command])
    if command in ("serve", "demo"):
        more = ("--set", "log.format=console") if more else ("--set", "log.format=json")
        _, out, err = await run(*arguments, *more, "--set", f"rules.directory={tmp_path}")
    else:
        _, out, err = ran(*arguments, *more, "--set", f"rules.directory={tmp_path}")
    assert out or err
    assert "Traceback" not in err
    assert _plain(out)
    assert _plain(err)


def test_nor_one_of_the_command_line(ran: Ran) -> None:
    code, out, err = ran(f"chec{ODD}k")
    assert (code, out) == (2, "")
    assert _plain(err)


async def test_the_name_of_a_rule_file_that_is_no_text_is_told_by_the_pages(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"1\xff.toml")).write_text("no toml")
    async with running("http://127.0.0.1:9", f"rules.directory={tmp_path}") as (_, port), raw_client(port) as client:
        await client.send(request(port, "/-/ready", method="GET"))
        head = await client.head()
        assert b" 503 " in head
        assert b"1\\\\udcff.toml" in await client.sized(head)


async def test_a_fifo_among_the_rules_holds_up_no_start(tmp_path: Path) -> None:
    (tmp_path / "1.toml").write_text(BASE + HELLO)
    os.mkfifo(tmp_path / "2.toml")
    async with running("http://127.0.0.1:9", f"rules.directory={tmp_path}") as (process, _):
        assert [line.get("problem") for line in process.lines] == [
            "cannot be read: found a FIFO, expected a file",
            None,
        ]

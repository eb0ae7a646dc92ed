"""Sockets that somebody else opened: in this process's environment, and from systemd's own tool."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from proxy.machine import systemd
from proxy.machine.systemd import ManagerError, beyond_loopback, inherited_sockets
from tests.raw import raw_client
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
FIRST = 200
"""Far from every descriptor of the tests' own."""

SERVER = """
import os, socket
from proxy.machine.systemd import inherited_sockets
(held,) = inherited_sockets()
held.setblocking(True)
client, _ = held.accept()
left = sorted(name for name in os.environ if name.startswith("LISTEN_"))
client.sendall(repr((held.getsockname(), held.get_inheritable(), left)).encode())
client.close()
"""

Hand = Callable[[socket.socket], None]


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    """Puts a socket where the next one handed over is expected."""
    monkeypatch.setattr(systemd, "FIRST_DESCRIPTOR", FIRST)
    taken: list[int] = []

    def put(given: socket.socket) -> None:
        taken.append(os.dup2(given.fileno(), FIRST + len(taken)))
        given.close()

    yield put
    for descriptor in taken:
        with suppress(OSError):
            os.close(descriptor)


def _environ(count: int | str, process: int | None = None, **more: str) -> dict[str, str]:
    return {"LISTEN_PID": str(process or os.getpid()), "LISTEN_FDS": str(count), **more}


def _tcp(host: str = "127.0.0.1") -> socket.socket:
    return socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


def test_sockets_come_in_their_order_private_and_unblocking(hand: Hand) -> None:
    given = [_tcp(), _tcp()]
    wanted = [held.getsockname() for held in given]
    for held in given:
        hand(held)
    environ = _environ(2, LISTEN_FDNAMES="http:more", KEPT="1")
    found = inherited_sockets(environ)
    assert [held.getsockname() for held in found] == wanted
    assert [(held.get_inheritable(), held.getblocking()) for held in found] == [(False, False)] * 2
    assert environ == {"KEPT": "1"}
    for held in found:
        held.close()


@pytest.mark.parametrize("environ", [{}, {"LISTEN_FDS": "1"}, _environ(1, os.getpid() + 1), _environ(0)])
def test_what_was_handed_to_nobody_or_to_another_process_is_not_taken(environ: dict[str, str]) -> None:
    assert inherited_sockets(environ) == []
    assert environ == {}


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM), "AF_INET SOCK_STREAM, not listening"),
        (lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), "AF_INET SOCK_DGRAM"),
        (lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), "AF_UNIX SOCK_STREAM"),
    ],
    ids=["not listening", "a datagram socket", "a local socket"],
)
def test_a_socket_of_another_sort_is_refused_by_its_name(
    hand: Hand, made: Callable[[], socket.socket], told: str
) -> None:
    hand(made())
    with pytest.raises(ManagerError, match=rf"descriptor {FIRST} \(http\) is {told}, expected a listening TCP socket"):
        inherited_sockets(_environ(1, LISTEN_FDNAMES="http"))


def test_a_descriptor_that_is_not_open_or_no_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "FIRST_DESCRIPTOR", FIRST)
    with pytest.raises(ManagerError, match=rf"descriptor {FIRST} \(unknown\) is no socket"):
        inherited_sockets(_environ(1))
    with (tmp_path / "file").open("w") as file:
        os.dup2(file.fileno(), FIRST)
    try:
        with pytest.raises(ManagerError, match="is no socket"):
            inherited_sockets(_environ(1))
    finally:
        os.close(FIRST)


@pytest.mark.parametrize("environ", [_environ("many"), _environ("-1"), {"LISTEN_PID": "x", "LISTEN_FDS": "1"}])
def test_numbers_that_are_none_are_said(environ: dict[str, str]) -> None:
    with pytest.raises(ManagerError, match="expected a number"):
        inherited_sockets(environ)


def test_addresses_that_other_machines_reach_are_told_apart() -> None:
    with closing(_tcp()) as local, closing(_tcp("0.0.0.0")) as open_to_all:
        assert beyond_loopback([local, open_to_all]) == ["0.0.0.0"]


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_ipv4_address_written_as_ipv6_is_judged_as_what_it_is() -> None:
    with closing(_tcp("::1")) as local, closing(socket.socket(socket.AF_INET6, socket.SOCK_STREAM)) as mapped:
        mapped.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        mapped.bind(("::ffff:127.0.0.1", 0))
        assert beyond_loopback([local, mapped]) == []


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd is not installed here")
async def test_the_socket_that_systemd_opened_is_served() -> None:
    with closing(_tcp()) as probe:
        port = probe.getsockname()[1]
    command = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "--fdname=http", sys.executable, "-c", SERVER]
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
    assert child.stderr is not None
    listens = await asyncio.wait_for(child.stderr.readline(), PATIENCE)
    assert b"Listening on" in listens
    async with raw_client(port) as client:
        said = await asyncio.wait_for(client.reader.read(), PATIENCE)
    assert said.decode() == repr((("127.0.0.1", port), False, []))
    await asyncio.wait_for(child.communicate(), PATIENCE)
    assert child.returncode == 0

"""Signs of life, before a datagram socket such as systemd's."""

import asyncio
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from proxy.machine.systemd import ALIVE, READY, STOPPING, Manager, ManagerError, line, manager
from tests.waiting import PATIENCE


@pytest.fixture
def held(tmp_path: Path) -> Iterator[socket.socket]:
    """The manager's end."""
    with closing(_bound(str(tmp_path / "notify"))) as bound:
        yield bound


def _bound(address: str) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    bound.settimeout(PATIENCE)
    bound.bind(address)
    return bound


def _said(held: socket.socket) -> list[str]:
    return held.recv(65536).decode().split("\n")


def test_what_is_told_arrives_in_one_message(held: socket.socket) -> None:
    assert Manager(held.getsockname()).send(READY, line("serving 13 rules"))
    assert _said(held) == ["READY=1", "STATUS=serving 13 rules"]


@pytest.mark.skipif(sys.platform != "linux", reason="the abstract namespace is Linux's")
def test_an_address_in_the_abstract_namespace_is_reached() -> None:
    name = f"sidestep-{secrets.token_hex(8)}"
    with closing(_bound(f"\0{name}")) as held:
        assert Manager(f"@{name}").send(STOPPING)
        assert _said(held) == ["STOPPING=1"]


def test_without_a_manager_nothing_is_told() -> None:
    assert Manager().send(READY) is False


def test_a_manager_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    assert Manager(str(tmp_path / "gone")).send(READY) is False


def test_a_manager_that_does_not_read_holds_up_nothing(held: socket.socket) -> None:
    """Its queue is full in the end: that message is lost, and the call comes back."""
    speaker = Manager(held.getsockname())
    assert any(not speaker.send(ALIVE) for _ in range(100_000))


def test_a_reload_says_when_it_began(held: socket.socket) -> None:
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    Manager(held.getsockname()).reloading()
    reloading, began = _said(held)
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert reloading == "RELOADING=1"
    assert before <= int(began.removeprefix("MONOTONIC_USEC=")) <= after


@pytest.mark.parametrize("text", ["two\nREADY=1", "two READY=1", " two  READY=1\n"])
def test_a_status_is_one_line_and_can_assign_nothing(text: str) -> None:
    assert line(text) == "STATUS=two READY=1"


def test_a_status_is_not_endless() -> None:
    assert len(line("x" * 10_000)) < 500


async def test_a_watchdog_is_fed_again_and_again(held: socket.socket) -> None:
    counts = iter(range(100))
    keeping = asyncio.create_task(Manager(held.getsockname(), 0.002).keep(lambda: f"{next(counts)} requests"))
    heard = [await asyncio.to_thread(_said, held) for _ in range(3)]
    keeping.cancel()
    assert heard == [["WATCHDOG=1", f"STATUS={count} requests"] for count in range(3)]


async def test_a_manager_without_a_watchdog_hears_the_status_alone(held: socket.socket) -> None:
    keeping = asyncio.create_task(Manager(held.getsockname()).keep(lambda: "idle"))
    assert await asyncio.to_thread(_said, held) == ["STATUS=idle"]
    keeping.cancel()


async def test_without_a_manager_there_is_nothing_to_keep_up() -> None:
    await asyncio.wait_for(Manager(watchdog_timeout=1).keep(lambda: "unheard"), PATIENCE)


def test_the_environment_says_who_listens_and_how_patient_it_is() -> None:
    environ = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid()), "A": "b"}
    assert manager(environ) == Manager("/run/notify", 30.0)
    assert environ == {"A": "b"}


def test_a_watchdog_need_not_say_whom_it_watches() -> None:
    assert manager({"NOTIFY_SOCKET": "@n", "WATCHDOG_USEC": "500000"}) == Manager("@n", 0.5)


def test_a_watchdog_for_another_process_is_not_ours() -> None:
    environ = {"NOTIFY_SOCKET": "@n", "WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid() + 1)}
    assert manager(environ) == Manager("@n")


def test_nobody_may_have_started_it() -> None:
    assert manager({}) == Manager()


@pytest.mark.parametrize(
    ("name", "value"),
    [("NOTIFY_SOCKET", "relative"), ("NOTIFY_SOCKET", "@"), ("WATCHDOG_USEC", "-1"), ("WATCHDOG_USEC", "³")],
)
def test_an_environment_that_makes_no_sense_is_said(name: str, value: str) -> None:
    with pytest.raises(ManagerError, match=f"{name} is {value!r}"):
        manager({name: value})

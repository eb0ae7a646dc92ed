"""The stream that lines go to may fail: what is told of that, and what goes on."""

import errno
import io
from pathlib import Path
from typing import IO, Any, cast

import pytest

from proxy.logs.observe import logger
from proxy.logs.outlet import Outlet, keep_small
from proxy.settings.config import LogSettings
from tests.process import running
from tests.raw import Peer, raw_client, raw_upstream, reply, request


class Disk(io.RawIOBase):
    """Takes lines while it has room. Buffered, it fails when it is flushed; else when it is written to."""

    def __init__(self) -> None:
        self.full, self.lines = False, b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.lines += bytes(data)
        return len(data)


@pytest.mark.parametrize("buffered", [True, False])
def test_a_full_disk_is_told_once_each_time_and_lines_go_on_behind_it(
    buffered: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = Disk()
    outlet = Outlet(cast(IO[Any], io.BufferedWriter(disk) if buffered else disk))
    for full in (False, True, True, True, False, True, False):
        disk.full = full
        outlet.write(b"full\n" if full else b"room\n")
        outlet.flush()
    assert capsys.readouterr().err == "the log cannot be written: No space left on device\n" * 2
    assert disk.lines.count(b"room\n") == 3


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_stream_that_was_closed_costs_nothing_but_the_line(form: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.TextIOWrapper(io.BytesIO())
    log = logger(LogSettings(format=form), stream)
    stream.close()
    log.info("started")
    log.warning("odd")
    assert capsys.readouterr().err == "the log cannot be written: ValueError\n"


async def test_requests_are_served_and_counted_when_nobody_reads_the_log_any_more() -> None:
    async def script(peer: Peer) -> None:
        await peer.sized(await peer.head())
        await peer.send(reply(b"{}"))

    async with raw_upstream(script) as upstream, running(upstream.url) as (process, port):
        process.stop_reading()
        for _ in range(3):
            async with raw_client(port) as client:
                await client.send(request(port, body=b"{}"))
                assert await client.sized(await client.head()) == b"{}"
        async with raw_client(port) as client:
            await client.send(request(port, "/-/metrics", method="GET"))
            metrics = await client.sized(await client.head())
        assert b'sidestep_requests_total{model="",outcome="forwarded",rule="",status="2xx"} 3.0' in metrics
        process.process.terminate()
        await process.exit_code()
    assert process.said.count(b"the log cannot be written: Broken pipe\n") == 1


def test_a_file_that_nobody_rotates_begins_anew_and_the_one_before_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program goes on with the descriptor that it was given, which appends."""
    monkeypatch.setattr("proxy.logs.outlet.MAX_FILE", 10)
    file = tmp_path / "sidestep.log"
    with file.open("ab", buffering=0) as out:
        out.write(b"0123456789")
        keep_small(file)
        assert file.read_bytes() == b"0123456789"
        out.write(b"more\n")
        keep_small(file)
        out.write(b"after\n")
    assert (file.read_bytes(), (tmp_path / "sidestep.log.1").read_bytes()) == (b"after\n", b"0123456789more\n")
    keep_small(tmp_path / "none")

"""The processors are kept awake: by how many processes, of which priority, and for how long."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bench.awake import awake
from tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="SCHED_IDLE and /proc are Linux's")


def _spinners(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [pid for pid in map(int, children) if b"bench.awake" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_each_processor_has_one_process_that_gives_way_to_all_others() -> None:
    processors = os.sched_getaffinity(0)
    with awake():
        spinners = _spinners(os.getpid())
        assert {os.sched_getscheduler(pid) for pid in spinners} == {os.SCHED_IDLE}
        held = [tuple(os.sched_getaffinity(pid)) for pid in spinners]
    assert sorted(held) == [(processor,) for processor in sorted(processors)]
    assert _spinners(os.getpid()) == []


async def test_none_stays_when_the_bench_is_killed() -> None:
    program = "from bench.awake import awake\nwith awake(): print(flush=True); input()"
    pipe = asyncio.subprocess.PIPE
    bench = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=pipe, stdout=pipe)
    assert bench.stdout
    await bench.stdout.readline()
    spinners = _spinners(bench.pid)
    assert spinners
    bench.kill()
    await bench.wait()
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in spinners))

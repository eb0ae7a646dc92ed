"""The processors are kept awake: by how many processes, of which priority, and for how long."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bench import latency
from bench.awake import awake
from bench.processes import Running, Stack
from bench.rows import Bench, relay
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


@pytest.mark.parametrize("may_sleep", [False, True])
def test_a_closed_loop_has_them_unless_processors_may_sleep(may_sleep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []
    monkeypatch.setattr(latency, "latencies", lambda *_all, **_named: found.append(len(_spinners(os.getpid()))))
    nobody = Running("", 0, 0.0, None)  # type: ignore[arg-type] # nobody is asked
    next(relay(Bench(Stack(nobody, nobody, nobody), Path(), rounds=1, seconds=1, may_sleep=may_sleep)))
    assert found == [0 if may_sleep else len(os.sched_getaffinity(0))]


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

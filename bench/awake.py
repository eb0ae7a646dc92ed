"""Keeps the processors awake while a closed loop is measured, as on a machine whose C-states are switched off.

In a closed loop of one connection, every process sleeps until the one before it is done. On a virtual machine an idle
processor is given back to its host, and to have it again takes 30 to 100 µs, now and then more: with two or four such
wake-ups a request, the host's scheduler would be what is measured.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def awake() -> Iterator[None]:
    """One process for each processor that always wants to run, and gives way to all others (SCHED_IDLE, sched(7))."""
    spinners: list[subprocess.Popen[bytes]] = []
    try:
        for processor in sorted(os.sched_getaffinity(0)):
            command = [sys.executable, "-m", "bench.awake", str(processor), str(os.getpid())]
            spinners.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        for spinner in spinners:
            assert spinner.stdout
            spinner.stdout.readline()  # it spins
        yield
    finally:
        for spinner in spinners:
            with spinner:
                spinner.kill()


def _spin(processor: int, parent: int) -> None:
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    os.sched_setaffinity(0, {processor})
    print(flush=True)
    while os.getppid() == parent:  # else the bench has been killed
        for _ in range(1_000_000):
            pass


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the bench, which ends this one
    _spin(*map(int, sys.argv[1:]))

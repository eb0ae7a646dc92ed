"""What the processes of a run are given."""

import sys

import pytest

from bench.processes import free_port, running

LISTENS = """
import os, socket, sys
assert "PYTHONDONTWRITEBYTECODE" not in os.environ
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listening:
    listening.accept()
    listening.accept()
"""


def test_a_process_keeps_what_it_compiles_though_the_bench_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    port = free_port()
    with running("listener", [sys.executable, "-c", LISTENS, str(port)], port) as started:
        assert started.process.poll() is None

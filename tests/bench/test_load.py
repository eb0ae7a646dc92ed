"""The four ways of the rows with many connections: each brings the same reply of an upstream that looks at nothing."""

from pathlib import Path

import pytest

from bench import frames, traffic
from bench.latency import Caller
from bench.processes import load, which_nginx


@pytest.mark.skipif(which_nginx() is None, reason="nginx is not installed here")
def test_every_way_brings_the_reply_and_tells_its_processor_time(tmp_path: Path) -> None:
    body = traffic.long_message(48 * 1024)
    with load(tmp_path / "load") as stack:
        for running in stack.ways().values():
            before = running.processor_time()
            with Caller(running.port) as caller:
                for _ in range(20):
                    _, reply = caller.call(traffic.request(running.port, body))
                    assert reply.startswith(b"HTTP/1.1 200 ")
                    assert frames.SHORT_REPLY in reply
            assert 0 < running.processor_time() - before < 10**9

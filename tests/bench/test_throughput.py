"""What is told to wrk, and what it tells."""

from pathlib import Path

import pytest

from bench.latency import WrongReplyError
from bench.throughput import told, write_script
from bench.traffic import TARGET, fields

PRINTED = "Running 1s test @ http://127.0.0.1:1\n  1 threads and 32 connections\nRequests/sec: 1.00\n"


def test_the_rate_is_requests_over_the_time_that_they_took() -> None:
    assert told("nginx", PRINTED + '{"requests": 3000, "microseconds": 1500000, "failed": 0}\n').rate == 2000.0


@pytest.mark.parametrize(("requests", "failed"), [(3000, 1), (0, 0)])
def test_a_run_in_which_a_request_failed_is_no_measure(requests: int, failed: int) -> None:
    printed = f'{{"requests": {requests}, "microseconds": 1500000, "failed": {failed}}}\n'
    with pytest.raises(WrongReplyError, match=f"nginx, by wrk: {failed} of {requests}"):
        told("nginx", PRINTED + printed)


def test_the_script_sends_the_body_with_the_headers_of_the_client(tmp_path: Path) -> None:
    script = write_script(tmp_path, b'{"a": "\xc3\xa9"}').read_text("utf-8")
    assert (tmp_path / "wrk.body").read_bytes() == b'{"a": "\xc3\xa9"}'
    assert f'"{TARGET}"' in script
    for name, value in fields().items():
        assert f'["{name}"] = "{value}"' in script

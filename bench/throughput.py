"""How many requests a second, and what each costs: wrk with 32 connections, the ways in turn."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Rounds
from bench.latency import Caller, WrongReplyError, check
from bench.processes import Running
from bench.traffic import TARGET, fields, request

CONNECTIONS = 32

_SCRIPT = """
local body = io.open(%(body)s, "rb"):read("*a")
wrk.method, wrk.path, wrk.body = "POST", %(target)s, body
wrk.headers = {%(headers)s}

function done(summary, latency, requests)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('{"requests": %%d, "microseconds": %%d, "failed": %%d}\\n',
    summary.requests, summary.duration, failed))
end
"""


def which_wrk() -> str | None:
    return shutil.which("wrk")


def throughputs(
    found: Rounds,
    ways: Mapping[str, Running],
    body: bytes,
    folder: Path,
    *,
    seconds: int,
    answered: bool = False,
) -> None:
    """One round: requests a second of each way; `answered` is about ours alone."""
    script = write_script(folder, body)
    for way, running in ways.items():
        with Caller(running.port) as caller:
            check(caller.call(request(running.port, body))[1], answered=answered and way == "ours")
        found.add(way, _run(way, running.port, script, seconds).rate)


def costs(
    rates: Rounds, costs: Rounds, ways: Mapping[str, Running], body: bytes, folder: Path, *, seconds: int
) -> None:
    """One round: requests a second of each way, and microseconds of its process's processor time for each of them."""
    script = write_script(folder, body)
    for way, running in ways.items():
        with Caller(running.port) as caller:
            check(caller.call(request(running.port, body))[1], answered=False)
        before = running.processor_time()
        told = _run(way, running.port, script, seconds)
        costs.add(way, (running.processor_time() - before) / told.requests / 1000)
        rates.add(way, told.rate)


@dataclass(frozen=True, slots=True)
class Told:
    """What wrk tells of a run."""

    requests: int
    microseconds: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.microseconds * 1e6


def write_script(folder: Path, body: bytes) -> Path:
    """The Lua script, and the body beside it, in `folder`."""
    data, script = folder / "wrk.body", folder / "wrk.lua"
    data.write_bytes(body)
    headers = ", ".join(f"[{_lua(name)}] = {_lua(value)}" for name, value in fields().items())
    script.write_text(_SCRIPT % {"body": _lua(str(data)), "target": _lua(TARGET), "headers": headers}, "utf-8")
    return script


def _lua(text: str) -> str:
    """A Lua string: JSON's form is Lua's too, as long as there is nothing but ASCII without control characters."""
    return json.dumps(text)


def _run(way: str, port: int, script: Path, seconds: int) -> Told:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return told(way, done.stdout)


def told(way: str, output: str) -> Told:
    """What wrk and the script printed. Raises WrongReplyError when a request failed."""
    found = json.loads(output.strip().splitlines()[-1])
    if found["failed"] or not found["requests"]:
        raise WrongReplyError(f"{way}, by wrk: {found['failed']} of {found['requests']} requests failed")
    return Told(found["requests"], found["microseconds"])

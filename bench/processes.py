"""Upstreams, nginx, a bare relay and Sidestep as processes on loopback. However the run ends, they end with it."""

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import frames

ROOT = Path(__file__).parent.parent
NGINX_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
"""Where nginx may be when it is not on the path: Debian keeps it off the path of people who are not root."""

_START_SECONDS = 20.0
_END_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True, slots=True)
class Running:
    """A process that listens on 127.0.0.1:`port`; `started` is how many seconds that took from its start."""

    name: str
    port: int
    started: float
    process: "subprocess.Popen[bytes]"

    def memory(self) -> int:
        """Resident bytes, now."""
        return _status(self.process.pid, "VmRSS")

    def processor_time(self) -> int:
        """Nanoseconds on a processor so far, all threads together: `/proc/PID/task/TID/schedstat`, the first number."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads)

    def peak_memory(self) -> int:
        """The most resident bytes since `forget_peak`."""
        return _status(self.process.pid, "VmHWM")

    def forget_peak(self) -> None:
        """Let the peak begin anew: proc(5), `/proc/PID/clear_refs`."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


@dataclass(frozen=True, slots=True)
class Stack:
    """What every row but `start` needs. `direct`, `nginx` and `ours` are the three ways to the same upstream."""

    direct: Running
    nginx: Running
    ours: Running

    def ways(self) -> dict[str, Running]:
        return {"direct": self.direct, "nginx": self.nginx, "ours": self.ours}


@dataclass(frozen=True, slots=True)
class Load:
    """What the rows with many connections need: four ways to an upstream that costs next to nothing."""

    direct: Running
    nginx: Running
    bare: Running
    ours: Running

    def ways(self) -> dict[str, Running]:
        return {"direct": self.direct, "nginx": self.nginx, "bare": self.bare, "ours": self.ours}


def which_nginx() -> str | None:
    return shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), *NGINX_PLACES]))


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """Upstream, nginx and Sidestep, running. `folder` takes their files."""
    with upstream() as direct, nginx(direct.port, folder) as yardstick, sidestep(direct.port, folder) as ours:
        yield Stack(direct, yardstick, ours)


@contextmanager
def upstream() -> Iterator[Running]:
    port = free_port()
    with running("upstream", [sys.executable, "-m", "bench.upstream", str(port)], port) as started:
        yield started


@contextmanager
def load(folder: Path) -> Iterator[Load]:
    """The four ways, running. `folder` takes their files, and must be no other stack's."""
    folder.mkdir()
    with static_upstream(folder) as direct:
        before = nginx(direct.port, folder), bare(direct.port), sidestep(direct.port, folder)
        with before[0] as yardstick, before[1] as plainest, before[2] as ours:
            yield Load(direct, yardstick, plainest, ours)


def static_upstream(folder: Path) -> contextlib.AbstractContextManager[Running]:
    """nginx that sends the same reply to whatever it is asked, with static.conf."""
    reply = frames.SHORT_REPLY.decode().replace("\n", "\\n")
    return _nginx("static.conf", folder, {"REPLY": reply})


def nginx(upstream_port: int, folder: Path) -> contextlib.AbstractContextManager[Running]:
    """One worker of nginx before the upstream, with nginx.conf."""
    return _nginx("nginx.conf", folder, {"UPSTREAM": f"127.0.0.1:{upstream_port}"})


@contextmanager
def _nginx(name: str, folder: Path, values: Mapping[str, str]) -> Iterator[Running]:
    port, program = free_port(), which_nginx()
    if program is None:
        raise FileNotFoundError("nginx")
    text = (ROOT / "bench" / name).read_text()
    for key, value in {"FOLDER": str(folder), "PORT": str(port), **values}.items():
        text = text.replace(f"@{key}@", value)
    settings = folder / name
    settings.write_text(text)
    with running("nginx", [program, "-e", "stderr", "-p", str(folder), "-c", str(settings)], port) as started:
        yield started


@contextmanager
def bare(upstream_port: int) -> Iterator[Running]:
    """The bare relay of `bench.bare` before the upstream."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), f"http://127.0.0.1:{upstream_port}"]
    with running("bare relay", command, port) as started:
        yield started


@contextmanager
def sidestep(upstream_port: int, folder: Path) -> Iterator[Running]:
    """The whole product before the upstream: shipped rules, a JSON line for every request.

    Two settings let identical questions be answered again and again: the quota probe does not wait for rate limits that
    this upstream never sends, and the circuit breaker takes no repetition for a complaint.
    """
    port, rules = free_port(), folder / "rules"
    if not rules.exists():
        shutil.copytree(ROOT / "rules", rules)
        quota = rules / "10-quota-probe.toml"
        quota.write_text(quota.read_text("utf-8").replace('without = "decline"', 'without = "answer"'), "utf-8")
    settings = [
        f"listen.port={port}",
        f"upstream.url=http://127.0.0.1:{upstream_port}",
        f"rules.directory={rules}",
        f"shadow.file={folder / 'agreement.json'}",
        f"journal.path={folder / 'journal.sqlite'}",
        "log.format=json",
        "breaker.window=0.0",
    ]
    command = [sys.executable, "-m", "proxy", "--config", "config.toml"]
    with running("Sidestep", [*command, *(part for text in settings for part in ("--set", text))], port) as started:
        yield started


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(name: str, command: Sequence[str], port: int) -> Iterator[Running]:
    """Start `command`, wait until it accepts a connection; in the end SIGTERM, and SIGKILL if that is not enough.

    It may keep what it compiles, as an installed package has it: else every start would compile all modules anew.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,
    )
    try:
        _wait(name, process, port, begun + _START_SECONDS)
        yield Running(name, port, time.perf_counter() - begun, process)
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(name: str, process: "subprocess.Popen[bytes]", port: int, until: float) -> None:
    """Return when a connection is accepted; the pause between tries is what the measure of a start is exact to."""
    while time.perf_counter() < until:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        if process.poll() is not None:
            raise SystemExit(f"bench: {name} ended with exit code {process.returncode}")
        time.sleep(0.001)
    raise SystemExit(f"bench: {name} did not listen within {_START_SECONDS:.0f} s")


def _end_with_parent() -> None:
    """Between fork and exec: on Linux, have the kernel end this process should the bench be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _status(pid: int, key: str) -> int:
    """A size of `/proc/PID/status`, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    raise KeyError(key)


def raise_file_limit() -> None:
    """A thousand streams need more files than the usual soft limit; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

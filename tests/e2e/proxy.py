"""Sidestep as a person runs it: `python -m proxy` as a process, its log lines read as they come."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JOURNAL = "journal.sqlite"
_START_SECONDS = 20


@dataclass(slots=True)
class Sidestep:
    """The running proxy: its address, and every line that it has logged."""

    process: "subprocess.Popen[str]"
    url: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    listening: threading.Event = field(default_factory=threading.Event)
    changed: float = field(default_factory=time.monotonic)

    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("event") == "request"]

    def idle_for(self) -> float:
        """Seconds since the last line."""
        return time.monotonic() - self.changed

    def read(self) -> None:
        for text in self.process.stdout or ():
            line = json.loads(text)
            self.lines.append(line)
            self.changed = time.monotonic()
            if line.get("event") == "listening":
                self.url = line["address"]
                self.listening.set()


@contextmanager
def sidestep(
    upstream_url: str, folder: Path, more: Sequence[str] = (), rules: Path = Path("rules")
) -> Iterator[Sidestep]:
    """Run the proxy before `upstream_url`, on any free port, with `rules` and `more` settings.

    The scripted upstream never sends rate limits to repeat.
    """
    settings = [
        "listen.port=0",
        f"upstream.url={upstream_url}",
        "log.format=json",
        f"rules.directory={rules.absolute()}",
    ]
    settings.append("upstream.rate_limits=false")
    settings += [f"journal.path={folder / JOURNAL}", *more]
    command = [sys.executable, "-m", "proxy", "--config", "config.toml"]
    for setting in settings:
        command += ["--set", setting]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    proxy = Sidestep(process)
    threading.Thread(target=proxy.read, daemon=True).start()
    try:
        if not proxy.listening.wait(_START_SECONDS):
            raise SystemExit("e2e: the proxy did not start")
        yield proxy
    finally:
        process.terminate()
        process.wait(10)


def stats(folder: Path) -> dict[str, Any]:
    """What `stats` tells of a proxy that ran in `folder`, and has ended."""
    command = [sys.executable, "-m", "proxy", "--config", "config.toml", "stats", "--json"]
    told = subprocess.run(
        [*command, "--set", f"journal.path={folder / JOURNAL}"], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found

"""Stands in for systemd, where it cannot be the first process: starts a service unit's program as systemd would.

    python3 stand_in.py UNIT COMMAND

Run in the trial's root, by its own Python. The socket is opened and handed over by systemd-socket-activate, what the
program says to its manager is waited for here: readiness, two signs of life, a reload, and, when COMMAND is done, its
end. COMMAND's output goes on; its exit code is passed over.
"""

import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATIENCE = 30.0
"""Seconds for whatever is waited for."""

NAME = "@sidestep-trial"


def value(unit: Path, key: str) -> str:
    found = re.search(rf"^{key}=(.*)$", unit.read_text("utf-8"), re.MULTILINE)
    if not found:
        sys.exit(f"{unit}: no {key}")
    return found[1]


def until(told: socket.socket, word: str) -> None:
    """Wait until the program has said `word`."""
    while word not in told.recv(4096).decode():
        pass


def connected(address: tuple[str, int]) -> socket.socket:
    """A connection, as soon as somebody listens."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(address, PATIENCE)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def main(unit: Path, command: str) -> None:
    listen = value(unit.with_suffix(".socket"), "ListenStream")
    host, _, port = listen.rpartition(":")
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind("\0" + NAME[1:])
    told.settimeout(PATIENCE)
    runtime = tempfile.mkdtemp()
    variables = [*shlex.split(value(unit, "Environment")), f"NOTIFY_SOCKET={NAME}", "WATCHDOG_USEC=1000000"]
    variables.append(f"RUNTIME_DIRECTORY={runtime}")
    given = [part for variable in variables for part in ("-E", variable)]
    start = ["systemd-socket-activate", "-E", "HOME", "-l", listen, *given, *shlex.split(value(unit, "ExecStart"))]
    program = subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connected((host, int(port))) as client:
            client.sendall(f"GET /-/ready HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n".encode())
            until(told, "READY=1")
            head = client.recv(4096).partition(b"\r\n")[0]
        if b" 200 " not in head:
            sys.exit(f"not ready: {head!r}")
        until(told, "WATCHDOG=1")
        until(told, "WATCHDOG=1")
        reload = [word.replace("$$", "$") for word in shlex.split(value(unit, "ExecReload"))]
        subprocess.run(reload, env={"MAINPID": str(program.pid), "RUNTIME_DIRECTORY": runtime}, check=True)
        until(told, "RELOADING=1")
        until(told, "READY=1")
        subprocess.run(command, shell=True, check=False)
        program.send_signal(signal.SIGTERM)
        until(told, "STOPPING=1")
        if code := program.wait(PATIENCE):
            sys.exit(f"ended with {code}")
    finally:
        program.kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

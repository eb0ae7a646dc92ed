"""A process that has imported what every start imports, and forks for each start, which then costs a fifth.

A fork goes through `proxy/__main__.py` as `python -m proxy` does, with arguments, environment and outputs of its own,
and ends as the interpreter ends. What depends on how the interpreter itself starts (its command line and variables,
limits that are inherited, the moment of an import) is tested with a process that was executed.

One request is four bytes of length, JSON, and four files: the three standard ones, and a socket that is told the
process's number and, when it has ended, its status as waitpid(2) has it.
"""

import fcntl
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import termios
from typing import NamedTuple, TextIO

_FILES = 4


class Request(NamedTuple):
    """One start that is asked for."""

    arguments: list[str]
    environment: dict[str, str]
    files: list[int]
    """Standard input, output and error, and the socket that is told."""


def send(control: socket.socket, arguments: list[str], environment: dict[str, str], files: list[int]) -> None:
    """Ask for a start; the asker's copies of the files are the asker's to close."""
    said = json.dumps([arguments, environment]).encode()
    socket.send_fds(control, [len(said).to_bytes(4)], files)
    control.sendall(said)


def _receive(control: socket.socket) -> Request | None:
    length, files, _, _ = socket.recv_fds(control, 4, _FILES)
    if not length:
        return None
    arguments, environment = json.loads(control.recv(int.from_bytes(length), socket.MSG_WAITALL))
    return Request(arguments, environment, files)


def _ended(waiting: dict[int, int]) -> None:
    """Tell of every process that has ended."""
    while waiting and (ended := os.waitpid(-1, os.WNOHANG))[0]:
        told = waiting.pop(ended[0])
        os.write(told, f"{ended[1]}\n".encode())
        os.close(told)


def _forked(control: socket.socket) -> Request | None:
    """What a fork of this process is to become; in the process itself None, when nobody asks any more."""
    wakes, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting: dict[int, int] = {}
    with wakes, waker, selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(wakes, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if wakes in ready:
                wakes.recv(4096)
                _ended(waiting)
            if control in ready:
                request = _receive(control)
                if not request or not (number := os.fork()):
                    break
                for file in request.files[:3]:
                    os.close(file)
                waiting[number] = request.files[3]
                os.write(request.files[3], f"{number}\n".encode())
        signal.set_wakeup_fd(-1)
    for file in waiting.values():
        os.close(file)
    return request


def _anew(stream: TextIO, number: int, mode: str, buffering: int = -1) -> TextIO:
    """A standard stream on the file that has this number now: the one before knows whether its own could seek."""
    return open(number, mode, buffering, stream.encoding, stream.errors, closefd=False)  # type: ignore[return-value]


def _become(request: Request) -> None:
    """`python -m proxy`, as it is started."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # which a shell has its background jobs ignore
    for number, file in enumerate(request.files[:3]):
        os.dup2(file, number)
    for file in request.files:
        os.close(file)
    if os.isatty(0):  # which is its own: Ctrl-C is for it
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.stdin = _anew(sys.stdin, 0, "r")
    sys.stdout = _anew(sys.stdout, 1, "w")
    sys.stderr = _anew(sys.stderr, 2, "w", buffering=1)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv[1:] = request.arguments
    runpy.run_module("proxy", run_name="__main__", alter_sys=True)


def main() -> None:
    import proxy.program  # noqa: F401 - what this process is for

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks
    with socket.socket(fileno=int(sys.argv[1])) as control:
        request = _forked(control)
    if request:
        _become(request)


if __name__ == "__main__":
    main()

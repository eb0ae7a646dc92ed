"""A person at a terminal of the trial, run in its root by its own Python: `python3 terminal.py COMMAND TEXT OTHER ...`.

COMMAND runs on a terminal of 80 columns; when it has said TEXT, each OTHER is run on another one, and COMMAND gets
Ctrl-C. Prints all that was seen.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

PATIENCE = 90.0
COLUMNS = 80


def begin(command: str) -> tuple[int, int]:
    """The process, and its terminal."""
    number, terminal = pty.fork()
    if not number:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        os.environ["TERM"] = "dumb"
        os.execvp("sh", ["sh", "-c", command])
    return number, terminal


def read(terminal: int, until: str = "") -> str:
    """What it says until it has said that, or to its end."""
    said, end = "", time.monotonic() + PATIENCE
    while not (until and until in said) and time.monotonic() < end:
        try:
            if not select.select([terminal], [], [], PATIENCE)[0]:
                break
            data = os.read(terminal, 65536)
        except OSError:  # Linux's end of a terminal whose last process has gone
            data = b""
        if not data:
            return said
        said += data.decode("utf-8", "replace").replace("\r\n", "\n")
    return said


def ended(number: int) -> str:
    code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    return f"[exit code {code}]"


def main(command: str, text: str, others: list[str]) -> None:
    number, terminal = begin(command)
    print(f"% {command}\n{read(terminal, text)}", flush=True)
    for other in others:
        beside, its_terminal = begin(other)
        print(f"% {other}\n{read(its_terminal)}{ended(beside)}", flush=True)
    if text:
        os.write(terminal, b"\x03")
        print(f"% Ctrl-C\n{read(terminal)}", flush=True)
    print(ended(number))


main(sys.argv[1], sys.argv[2], sys.argv[3:])

"""A client in a terminal: keys in, a screen out."""

import signal
import time
from collections.abc import Callable

import pexpect
import pyte

from tests.e2e.clients import Client

COLUMNS, ROWS = 150, 50
_POLL_SECONDS = 0.2


class Terminal:
    """Runs one client; use as a context manager, so that it never outlives its test."""

    def __init__(self, client: Client, arguments: list[str]) -> None:
        command, *rest = [*client.command, *arguments]
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.output = b""
        self._child = pexpect.spawn(
            command,
            rest,
            cwd=str(client.work),
            env=client.env,
            dimensions=(ROWS, COLUMNS),
            timeout=None,
        )

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._child.kill(signal.SIGTERM)
        self.wait(lambda: not self._child.isalive(), 3)
        self._child.close(force=True)

    def screen(self) -> str:
        """What a person sees now."""
        self._read()
        # Some versions set a no-break space behind the prompt.
        return "\n".join(line.rstrip().replace("\xa0", " ") for line in self._screen.display)

    def shows(self, *texts: str) -> bool:
        screen = self.screen()
        return any(text in screen for text in texts)

    def type(self, text: str) -> None:
        """Type a line as a person would, and Enter."""
        self.write(text)
        self.enter()

    def write(self, text: str) -> None:
        """Type a text, again if the client was not listening yet."""
        for _ in range(5):
            self._child.send(text)
            if self.wait(lambda: self.shows(text[:40]), 3):
                break

    def enter(self) -> None:
        self.press("\r")

    def press(self, key: str) -> None:
        self._child.send(key)

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until `condition` holds; False if it does not within `seconds`."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if condition():
                return True
            self._read()
        return condition()

    def _read(self) -> None:
        try:
            data = self._child.read_nonblocking(65536, timeout=_POLL_SECONDS)
        except pexpect.TIMEOUT:
            return
        except (pexpect.EOF, OSError):
            time.sleep(_POLL_SECONDS)
            return
        self.output += data
        self._stream.feed(data)
        self._reply_to_queries(data)

    def _reply_to_queries(self, data: bytes) -> None:
        """Some clients wait until the terminal has told what it is, or where its cursor stands."""
        if b"\x1b[c" in data or b"\x1b[0c" in data:
            self._child.send("\x1b[?62;c")
        if b"\x1b[6n" in data:
            self._child.send(f"\x1b[{self._screen.cursor.y + 1};{self._screen.cursor.x + 1}R")

"""Text made safe for a terminal: whatever a file contains, it moves no cursor and hides nothing."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

# Controls except line end and tab (Unicode's C0, DEL and C1), line and paragraph separators, characters that change
# the direction of text, and lone surrogates, which stand for bytes that are not UTF-8.
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class OutputError(Exception):
    """The output of a command cannot be written. Not an OSError: commands handle these as errors of their files."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"the output cannot be written: {error.strerror}")
        self.reader_gone = isinstance(error, BrokenPipeError)


def printable(text: str) -> str:
    """`text` with such characters escaped as `\\u001b`; if it is JSON, it stays the same JSON."""
    return text if text.isascii() and text.isprintable() else _ODD.sub(lambda odd: f"\\u{ord(odd[0]):04x}", text)


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """While the context lasts, everything printed is made printable; at its end it is flushed. Raises `OutputError`."""
    out, err = _Printable(sys.stdout), _Printable(sys.stderr)
    with contextlib.redirect_stdout(cast(TextIO, out)), contextlib.redirect_stderr(cast(TextIO, err)):
        try:
            yield
        finally:
            err.flush()
            out.flush()


class _Printable:
    """Wraps a stream so that text is made printable. Output is discarded if the stream is closed, as after `>&-`."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream or open(os.devnull, "w")  # noqa: SIM115 - as long as the process lasts
        if hasattr(self._stream, "reconfigure"):
            self._stream.reconfigure(errors="backslashreplace")  # so that a terminal without UTF-8 causes no error

    def write(self, text: str) -> int:
        try:
            return self._stream.write(printable(text))
        except OSError as error:
            raise self._failed(error) from None

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> OutputError:
        """Discard what is buffered, or Python would report the error once more at exit."""
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
        return OutputError(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

"""What is known of a terminal, by convention: how wide it is, and whether it is to be written to in colour."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import TextIO


def columns() -> int | None:
    """The width of the terminal on standard output (`COLUMNS` goes first); None where that is none: no limit."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def coloured(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether colours are wanted: on a terminal, unless `NO_COLOR` (https://no-color.org) or `TERM=dumb` is set."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"

"""Properties of a terminal, by convention: its width, and whether it wants colours."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import TextIO


def columns() -> int | None:
    """The width of the terminal on standard output, or `COLUMNS`; None (no limit) if it is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def coloured(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether colours are wanted: on a terminal, unless `NO_COLOR` (https://no-color.org) or `TERM=dumb` is set."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
